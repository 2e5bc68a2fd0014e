"""Without a compiler programs are plain steps, and say so."""

import subprocess
import sys

SCRIPT = """
import numpy as np, refnet
net = refnet.mobilenet_v2(width=0.35, resolution=32, classes=3)
weights, images = net.init(0, np.float64), np.random.default_rng(0).uniform(-1, 1, (1, 32, 32, 3))
program = refnet.compile(net, weights)
wanted = net.forward(weights, images)
assert abs(program(images) - wanted).max() <= 1e-12 * abs(wanted).max()
print(program.explain())
"""


def test_a_program_runs_plain(monkeypatch):
    monkeypatch.setenv("NUMBA_DISABLE_JIT", "1")
    done = subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, text=True, check=True)
    assert "34 PointwiseConv2d" in " ".join(done.stdout.split())
    assert not {"block", "window", "matrix"} & set(done.stdout.split())
