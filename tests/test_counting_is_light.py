"""Counting allocates no weights, creates no array and loads no compiler."""

import subprocess
import sys
import tracemalloc

import numpy as np
import pytest

from refnet import Graph, Node, mobilenet_v2
from refnet.layers import Dense


def peak(function):
    """Most bytes allocated at a time, NumPy's arrays included, while the function runs."""
    tracemalloc.start()
    try:
        function()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def enormous():
    """2 * 10^14 weights."""
    nodes = [Node("a", Dense(10**7)), Node("b", Dense(10**7))]
    return Graph("enormous", {"images": (10**7,)}, nodes)


def test_counting_allocates_no_weights():
    build_and_count = {
        "mobilenet_v2": lambda: mobilenet_v2(1.4).cost().totals(),
        "enormous": lambda: enormous().cost().totals(),
    }
    for name, function in build_and_count.items():
        assert peak(function) < 2**20, name
    assert enormous().cost().total("P-WEIGHTS") == 2 * 10**14


def test_the_bound_on_memory_would_notice_the_weights():
    assert peak(lambda: mobilenet_v2(1.4).init(0)) > 2**20


def test_describing_a_network_creates_no_array(monkeypatch):
    def forbidden(*_, **__):
        raise AssertionError("an array was created")

    for name in ("zeros", "ones", "empty", "full", "array", "asarray", "ascontiguousarray"):
        monkeypatch.setattr(np, name, forbidden)
    net = mobilenet_v2().at(96, 128)
    assert "mobilenet_v2" in str(net)
    assert net.parameters()["classifier/kernel"].shape == (1280, 1000)
    assert net.cost().totals()["P-WEIGHTS"] == 3_469_760
    with pytest.raises(AssertionError, match="an array was created"):
        net.init(0)


def test_counting_loads_no_compiler():
    code = (
        "import sys, refnet;"
        "[print(build().cost().totals()) for build in"
        " (refnet.mobilenet_v1, refnet.conv_mobilenet, refnet.shallow_mobilenet, refnet.mobilenet_v2)];"
        "print(refnet.mobilenet_v2());"
        "sys.exit(str([name for name in ('numba', 'llvmlite') if name in sys.modules] or ''))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stderr.strip() == ""
    assert "300774272" in done.stdout
