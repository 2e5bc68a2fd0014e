"""Run what the README shows, and write the outputs of its commands into it.

    python tests/readme.py          check that every output is current (exit status 1 if not)
    python tests/readme.py --write  bring them up to date

A block fenced as `console` is a line `$ refnet ...` and its output; blocks fenced as `python` are run one by one, each
as a reader would paste it. A python block below the words "Put this into `my_file.py`" also becomes that file.
"""

import os
import re
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from pathlib import Path

from click.testing import CliRunner

from refnet.cli import main

README = Path(__file__).parent.parent / "README.md"
_BLOCK = re.compile(r"```(?P<kind>console|python)\n(?P<body>.*?)```", re.DOTALL)


@contextmanager
def folder_with(name, text):
    """A temporary working folder that holds one file."""
    before = Path.cwd()
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, name).write_text(text)
        os.chdir(folder)
        try:
            yield folder
        finally:
            os.chdir(before)


def output_of(command):
    """What `refnet ...` prints, without trailing blanks."""
    words = command.split()
    assert words[0] == "refnet", command
    result = CliRunner().invoke(main, words[1:], env={"NO_COLOR": "1", "COLUMNS": "100"})
    assert result.exit_code == 0, result.output
    return "".join(line.rstrip() + "\n" for line in result.output.strip("\n").splitlines())


def python_blocks(text):
    return [match["body"] for match in _BLOCK.finditer(text) if match["kind"] == "python"]


def current(text):
    """The README's text with the output of every command as it is now."""
    own = text.split("Put this into `my_file.py`")[1]

    def fresh(match):
        if match["kind"] == "python":
            return match[0]
        command = match["body"].splitlines()[0].removeprefix("$ ")
        return f"```console\n$ {command}\n{output_of(command)}```"

    with folder_with("my_file.py", python_blocks(own)[0]):
        return _BLOCK.sub(fresh, text)


def run_python(text):
    """Run each python block as a script of its own, beside my_file.py. Raises CalledProcessError if one fails."""
    own = python_blocks(text.split("Put this into `my_file.py`")[1])[0]
    with folder_with("my_file.py", own) as folder:
        for body in python_blocks(text):
            script = Path(folder, "example.py")
            script.write_text(body)
            subprocess.run([sys.executable, str(script)], check=True)


if __name__ == "__main__":
    old = README.read_text()
    new = current(old)
    if "--write" in sys.argv:
        README.write_text(new)
    elif new != old:
        sys.exit("README.md: an output is out of date; run `python tests/readme.py --write`")
