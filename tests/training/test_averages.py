"""The moving average of the weights: its warm-up, its formula, and going on from a state."""

import numpy as np
import pytest

from refnet.training import ExponentialMovingAverage


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_it_is_the_formula(dtype):
    random = np.random.default_rng(0)
    path = [random.standard_normal((3, 4)).astype(dtype) for _ in range(30)]
    average, wanted = ExponentialMovingAverage({"w": path[0]}, 0.75), path[0].astype(np.float64)
    for n, w in enumerate(path[1:]):
        average.update({"w": w})
        share = min(0.75, (1 + n) / (10 + n))
        wanted = share * wanted + (1 - share) * w
    assert average.weights["w"].dtype == dtype
    np.testing.assert_allclose(average.weights["w"], wanted, rtol=50 * np.finfo(dtype).eps, atol=1e-6)


def test_the_warm_up_ends_where_the_decay_begins():
    """(1 + n) / (10 + n) is 0.75 at n = 26: from then on a constant share stays of what was there before."""
    average = ExponentialMovingAverage({"w": np.zeros(1)}, 0.75)
    shares = []
    for _ in range(40):
        average.restore({"w": np.ones(1)}, average.updates)
        average.update({"w": np.zeros(1)})
        shares.append(float(average.weights["w"][0]))
    assert shares[0] == pytest.approx(0.1)
    assert shares[25] == pytest.approx(26 / 35)
    assert shares[26:] == pytest.approx([0.75] * 14)


def test_the_weights_stay_as_they_are():
    w = np.ones(3)
    average = ExponentialMovingAverage({"w": w}, 0.9)
    w[:] = 2
    assert (average.weights["w"] == 1).all()
    average.update({"w": w})
    assert (w == 2).all()


def test_restored_it_goes_on():
    random = np.random.default_rng(1)
    path = [random.standard_normal(5) for _ in range(6)]
    one = ExponentialMovingAverage({"w": path[0]}, 0.9)
    for w in path[1:4]:
        one.update({"w": w})
    other = ExponentialMovingAverage({"w": path[5]}, 0.9)
    other.restore({key: w.copy() for key, w in one.weights.items()}, one.updates)
    for w in path[4:]:
        one.update({"w": w})
        other.update({"w": w})
    assert (one.weights["w"] == other.weights["w"]).all()


def test_an_average_that_is_missing_is_named():
    with pytest.raises(ValueError, match="average: wanted 1 arrays, 1 missing, first 'w'"):
        ExponentialMovingAverage({"w": np.ones(2)}, 0.9).restore({}, 1)


@pytest.mark.parametrize("decay", [1, -0.1, float("nan")])
def test_a_decay_that_is_none(decay):
    with pytest.raises(ValueError, match="decay: wanted a finite number from 0 to below 1"):
        ExponentialMovingAverage({}, decay)


def test_weights_of_another_shape_are_refused():
    with pytest.raises(ValueError, match=r"weights\['w'\]: wanted shape \(2,\), got \(3,\)"):
        ExponentialMovingAverage({"w": np.ones(2)}, 0.9).update({"w": np.ones(3)})
