"""What a program says of itself: one line for each operation, and sums that are those of the graph."""

import re

import numpy as np
import pytest
from programs import inverted_residual, weights_of
from small_models import small

import refnet
from refnet import models

NET = inverted_residual(8, 3, (9, 7))


def rows(text):
    """The table's lines, as words."""
    lines = text.splitlines()
    end = next(at for at, line in enumerate(lines) if re.match(r"\d+ operations", line))
    return [re.split(r"  +", line.strip()) for line in lines[2:end]]


@pytest.mark.jit
def test_one_line_for_each_operation():
    program = refnet.compile(NET, weights_of(NET), threads=2)
    text = program.explain()
    assert text.splitlines()[0] == "inverted: batch 1, float32, 2 thread(s)"
    assert [row[:4] for row in rows(text)] == [
        ["first", "first+relu", "window", "9x7x3 -> 9x7x8"],
        ["b", "expand+bn+relu6 > depthwise+bn+relu6 > project+bn + add", "block", "9x7x8 -> 9x7x8"],
        ["pool", "pool", "mean", "9x7x8 -> 8"],
        ["dropout", "dropout", "alias", "8 -> 8"],
        ["classifier", "classifier", "matrix", "8 -> 5"],
    ]
    assert "none runs plain" in text
    assert f"peak: {program.peak_bytes:,} bytes" in text


@pytest.mark.parametrize("name", ["mobilenet_v2", "nasnet_a_mobile", "faster_rcnn_mobilenet_v1"])
def test_the_multiply_adds_are_those_of_the_graph(name):
    net = small(name)
    program = refnet.compile(net, weights_of(net), batch=2)
    text = program.explain()
    listed = rows(text)
    assert sum(int(row[-1].replace(",", "")) for row in listed) == net.cost().madds
    assert f"{len(listed)} operations, {net.cost().madds:,} multiply-adds for each image" in text
    assert all(int(row[-3].replace(",", "")) > 0 for row in listed)


@pytest.mark.jit
def test_what_has_no_fast_kernel_is_named():
    net = models.squeezenet(resolution=47, classes=3)
    text = refnet.compile(net, weights_of(net)).explain()
    plain = [row[2] for row in rows(text) if row[2].startswith("plain")]
    assert (plain.count("plain MaxPool2d"), plain.count("plain Concat"), len(plain)) == (3, 8, 11)
    assert "11 run plain, by the loops of refnet.kernels: 3 MaxPool2d, 8 Concat." in " ".join(text.split())


def test_a_program_says_what_it_is():
    program = refnet.compile(NET, weights_of(NET, np.float64), batch=3, threads=2)
    assert repr(program).startswith("Program('inverted', batch=3, threads=2, ")
    assert (program.batch, program.threads, program.dtype) == (3, 2, np.float64)
