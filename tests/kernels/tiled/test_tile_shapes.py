"""Tile shapes follow the processor, fit into its registers, and cover every number of channels."""

import numpy as np
import pytest

from refnet.kernels.cache import processor
from refnet.kernels.tiled import shapes

FEATURES = {
    "-avx,-avx512f,+sse2": (4, 16),
    "": (4, 16),
    "+64bit,+avx,-avx512f,+fma": (8, 16),
    "+avx,+avx2,+avx512f": (16, 32),
    "+fp-armv8,+neon": (4, 32),
}


@pytest.fixture(params=FEATURES)
def elsewhere(request, monkeypatch):
    """As if on another processor: its registers."""
    found = shapes.vectors(request.param)
    monkeypatch.setattr(shapes, "vectors_here", lambda: found)
    return found


@pytest.mark.parametrize(("features", "wanted"), FEATURES.items())
def test_the_widest_registers_are_used(features, wanted):
    assert shapes.vectors(features)[1:] == wanted


def test_the_features_are_those_that_numba_compiles_for():
    assert shapes.vectors_here() == shapes.vectors(processor()[2])
    assert shapes.lanes(np.float32) == 2 * shapes.lanes(np.float64) == shapes.vectors_here().lanes


def test_a_tile_leaves_registers_for_weights_and_a_scalar(elsewhere):
    rows_of = shapes.MATRIX_ROWS[elsewhere.registers]
    assert list(rows_of) == list(range(1, len(rows_of) + 1))
    for vectors, rows in rows_of.items():
        assert rows * vectors + vectors + 1 <= elsewhere.registers
    assert max(shapes.DEPTHWISE_ROWS, shapes.TAP_ROWS) + 2 <= elsewhere.registers


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_strips_cover_the_channels_and_no_more_than_one_vector_beyond(elsewhere, dtype):
    width = shapes.lanes(dtype)
    for channels in (*range(1, 70), 1000, 1280):
        covered, strips = 0, shapes.matrix_strips(channels, dtype)
        assert len(strips) <= 2
        for shape, tiles, channel in strips:
            assert (shape.lanes, shape.dtype) == (width, dtype)
            assert tiles > 0
            assert channel == covered
            covered += tiles * shape.channels
        assert covered == shapes.padded(channels, dtype)
        assert channels <= covered < channels + width
        assert strips[0].shape.vectors - strips[-1].shape.vectors in (0, 1)


def test_no_channels_need_no_tile(elsewhere):
    assert shapes.matrix_strips(0, np.float32) == []
    assert shapes.padded(0, np.float32) == 0
