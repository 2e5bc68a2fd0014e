"""How long it takes from nothing to the first result, with an empty cache of compiled kernels and with a full one.

    python benchmarks/begin.py

A fresh process each time, with a cache folder of its own. Only `refnet.compile` and the first call of the program are
timed, beyond importing Numba and making weights.
"""

import os
import statistics
import subprocess
import sys
import tempfile

ROUNDS = 3
CODE = """
import time
import numba, numpy as np
import refnet
net = refnet.mobilenet_v2()
weights, images = net.init(rng=0), np.zeros((1, 224, 224, 3), np.float32)
begin = time.perf_counter()
refnet.compile(net, weights)(images)
print(time.perf_counter() - begin)
"""


def first_result(cache: str) -> float:
    """Seconds."""
    variables = os.environ | {"NUMBA_CACHE_DIR": cache}
    done = subprocess.run([sys.executable, "-c", CODE], env=variables, capture_output=True, text=True, check=True)
    return float(done.stdout)


def main() -> None:
    empty, full = [], []
    for _ in range(ROUNDS):
        with tempfile.TemporaryDirectory() as cache:
            empty.append(first_result(cache))
            full.append(first_result(cache))
    for name, seconds in (("empty", empty), ("full", full)):
        listed = ", ".join(f"{each:.2f}" for each in seconds)
        print(f"{name} cache: {statistics.median(seconds):.2f} s to the first result, the median of {listed}")


if __name__ == "__main__":
    main()
