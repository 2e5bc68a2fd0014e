"""The loops of the ceilings compute what they say, as often as they say. No rate is asserted."""

import numpy as np
import pytest

pytestmark = pytest.mark.jit


def test_the_tile_loop_does_every_multiply_add():
    from refnet.bench.peak import peak_loop, peak_task
    from refnet.kernels.tiled.shapes import TileShape, lanes

    shape, steps = TileShape(2, 1, lanes(np.float32), "float32"), 10
    rows = np.arange(2) * shape.channels
    x, w = np.full(2 * shape.channels + 8, 0.5, np.float32), np.full(shape.channels + 8, 3, np.float32)
    y = np.zeros(2 * shape.channels + 8, np.float32)
    peak_loop(shape, x, w, rows, steps, y)
    assert (y[: 2 * shape.channels] == steps * 1.5).all()
    assert (y[2 * shape.channels :] == 0).all()
    assert peak_task(shape, steps)[1] == steps * 2 * shape.channels


def test_reading_reads_every_number():
    from refnet.bench.peak import read_loop, read_task

    x = np.arange(100, dtype=np.float32)
    assert read_loop(x) == x.sum()
    task, size = read_task(2**26)
    assert size == 2**26
    assert task() == [2**24]


@pytest.mark.parametrize("threads", [1, 2])
def test_the_ceiling_is_the_best_try_of_all_threads_together(threads):
    from refnet.bench.peak import Ceiling

    made = []

    def make():
        made.append(1)
        return lambda: None, 1000

    ceiling = Ceiling(make, threads)
    try:
        spans = iter([(0.0, 2.0), (1.0, 2.0), (5.0, 6.0), (5.5, 5.6)])
        ceiling._timed = lambda task: next(spans)
        rates = {1: [500.0, 1000.0], 2: [1000.0, 2000.0]}[threads]
        assert [ceiling._try() for _ in range(2)] == rates
    finally:
        ceiling.close()
    assert len(made) == threads


def test_rates_are_finite():
    from refnet.bench.peak import bandwidth, multiply_adds

    ceiling = multiply_adds(2)
    assert 0 < ceiling.rate(tries=1) < float("inf")
    ceiling.close()
    assert 0 < bandwidth(2**16, 2) < float("inf")
