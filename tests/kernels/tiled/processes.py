"""Python in processes of its own."""

import os
import subprocess
import sys


def start(code, **environment):
    """A process in which warnings are errors. Numba's settings are those of `environment` alone."""
    command = [sys.executable, "-W", "error", "-c", code]
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("NUMBA_")}
    paths = os.pathsep.join(path for path in sys.path if path)
    variables = inherited | {"PYTHONPATH": paths, "NUMBA_CACHE_DIR": os.environ.get("NUMBA_CACHE_DIR", "")}
    pipe = subprocess.PIPE
    return subprocess.Popen(command, env=variables | environment, stdout=pipe, stderr=pipe, text=True)


def lines(process):
    """What it prints until its end, which must be a good one."""
    out, err = process.communicate()
    assert process.returncode == 0, err
    return out.splitlines()


def python(code, **environment):
    return lines(start(code, **environment))
