"""Plant mistakes, one at a time, in a copy of this checkout, and see that the tests notice each.

    python -m tests.planted                 every mistake, and a harmless change under the whole suite (some minutes)
    python -m tests.planted --quick         a smaller selection, for every change
    python -m tests.planted NAME [NAME...]  only these

For each mistake it prints the test that killed it, and how long that took. The exit status is 1 if a mistake survives,
if a patch no longer applies to exactly one place, or if the harmless change turns a test red.

An edited kernel would make every kernel compile again, for it is a new build. So the tests of a mistake in a plain
kernel run without JIT, as they all can: the text that is judged is the same. Tiled kernels are compiled code.
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

from .mistakes import HARMLESS, MISTAKES, Mistake

ROOT = Path(__file__).resolve().parents[2]
# A test of the packaging, of documents or of structure could notice a patch for its letters and not for what it does.
_LETTERS = ("test_packaging", "test_documents", "test_structure", "test_readme", "test_dependencies", "test_planted")
# Which tests can run where nothing is compiled; what else would be red there has not noticed the mistake.
_COMPILED = ("kernels/tiled/", "kernels/cache.py")  # what only compiled kernels have
_INTERPRETED = "not slow and not jit and not torch and not onnx"
_VERDICT = re.compile(r"^(?:FAILED|ERROR) (.+?)(?: - |$)", re.MULTILINE)


def main(words: list[str]) -> int:
    chosen = _chosen(words)
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder, "refnet")
        ignored = shutil.ignore_patterns(".git", "__pycache__", "*.egg-info", "build", "dist", ".*cache")
        shutil.copytree(ROOT, copy, symlinks=True, ignore=ignored)
        bad = [mistake.name for mistake in chosen if not _tried(mistake, copy)]
    print(f"{len(chosen) - len(bad)} passed, {len(bad)} failed" + "".join(f"\n  {name}" for name in bad))
    return 1 if bad else 0


def _chosen(words: list[str]) -> list[Mistake]:
    everything = [*MISTAKES, replace(HARMLESS, tests=("tests",))]
    if words == ["--quick"]:
        everything[-1] = HARMLESS
        return [mistake for mistake in everything if mistake.quick]
    unknown = set(words) - {mistake.name for mistake in everything}
    if unknown:
        sys.exit(f"no mistake named {', '.join(sorted(unknown))}; known: {', '.join(each.name for each in everything)}")
    return [mistake for mistake in everything if not words or mistake.name in words]


def _tried(mistake: Mistake, copy: Path) -> bool:
    """Plant it, run its tests, take it out again; say what happened, and whether that is as it should be."""
    file = copy / mistake.file
    before = file.read_text()
    if before.count(mistake.old) != 1:
        print(f"{mistake.name}: the patch no longer applies ({before.count(mistake.old)} places in {mistake.file})")
        return False
    file.write_text(before.replace(mistake.old, mistake.new))
    begin = time.monotonic()
    try:
        status, output = _pytest(mistake, copy)
    finally:
        file.write_text(before)
    seconds = f"{time.monotonic() - begin:.0f} s"
    red = [name for name in _VERDICT.findall(output) if not any(each in name for each in _LETTERS)]
    if mistake.name == HARMLESS.name:
        print(f"{mistake.name}: {'green, as it should be' if status == 0 else output[-2000:]} ({seconds})")
        return status == 0
    killed = status == 1 and bool(red)
    print(f"{mistake.name}: {'killed by ' + red[0] if killed else 'SURVIVED' + output[-1000:]} ({seconds})", flush=True)
    return killed


def _pytest(mistake: Mistake, copy: Path) -> tuple[int, str]:
    """Run its tests in the copy, up to the first red one. The copy stands first on the path."""
    command = [sys.executable, "-m", "pytest", "-x", "-q", "-rfE", "--color=no", "-p", "no:cacheprovider"]
    command += [*mistake.tests, "--ignore=tests/test_planted.py"]  # which reads the patches, one of them planted here
    variables = {**os.environ, "PYTHONPATH": str(copy), "PYTHONDONTWRITEBYTECODE": "1", "PYTEST_ADDOPTS": ""}
    if _is_interpreted(mistake):
        command += ["-m", _INTERPRETED]
        variables["NUMBA_DISABLE_JIT"] = "1"
    done = subprocess.run(command, cwd=copy, env=variables, capture_output=True, text=True)
    return done.returncode, done.stdout + done.stderr


def _is_interpreted(mistake: Mistake) -> bool:
    """Whether its file is a plain kernel's; the whole suite is run as it is for the harmless change."""
    plain = mistake.file.startswith("kernels/") and not mistake.file.startswith(_COMPILED)
    return plain and mistake.tests != ("tests",)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
