"""Python in a process of its own."""

import os
import subprocess
import sys


def python(code, **environment):
    """The lines that a program prints; warnings are errors. Numba's settings are those of `environment` alone."""
    command = [sys.executable, "-W", "error", "-c", code]
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("NUMBA_")}
    paths = os.pathsep.join(path for path in sys.path if path)
    variables = inherited | {"PYTHONPATH": paths, "NUMBA_CACHE_DIR": os.environ.get("NUMBA_CACHE_DIR", "")}
    done = subprocess.run(command, env=variables | environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()
