"""The error bound holds for every order of summation that was tried, and is not so wide as to say nothing."""

import numpy as np
import pytest

from refnet.testing import Precision, error_bound, gamma


def sequential(values, dtype):
    total = np.zeros((), dtype)
    for value in values:
        total = (total + value).astype(dtype)
    return total


@pytest.mark.parametrize("accumulate", ["float32", "float16"])
def test_the_bound_holds_for_rounded_sums(accumulate):
    rng = np.random.default_rng(0)
    formats, worst = Precision("float16", accumulate), 0.0
    for n in (1, 3, 30, 300):
        for _ in range(20):
            x, w = (4 * rng.random(n) - 2).astype(np.float16), (4 * rng.random(n) - 2).astype(np.float16)
            exact, absolute = (x.astype(float) * w).sum(), abs(x.astype(float) * w).sum()
            bound = error_bound(np.array(exact), np.array(absolute), n, formats)
            products = (x.astype(accumulate) * w.astype(accumulate)).astype(accumulate)
            for order in (np.arange(n), rng.permutation(n), np.argsort(products), np.argsort(-abs(products))):
                error = abs(float(sequential(products[order], accumulate).astype(np.float16)) - exact)
                assert error <= bound
                worst = max(worst, error / bound)
    # one product, rounded once, comes close to its bound: it could not be much tighter
    assert worst > 0.5


def test_gamma_by_hand():
    assert gamma(1, "float64") == pytest.approx(2.0**-53, rel=1e-12)
    assert gamma(100, "float16") == (100 / 2048) / (1 - 100 / 2048)
    with pytest.raises(ValueError, match="2048 roundings in float16: .* got 1.0"):
        gamma(2048, "float16")


def test_small_numbers_may_lose_half_a_subnormal():
    formats = Precision("float16", "float32")
    assert error_bound(np.zeros(1), np.zeros(1), 1, formats).item() >= 2.0**-25


def test_integers_have_no_slack():
    assert not error_bound(np.ones(3), np.ones(3), 9, Precision("int8", "int32")).any()
    assert Precision("float16", "float32").exact_up_to == 2**11
    assert Precision("float32", "float32").exact_up_to == 2**24
    assert Precision("int8", "int32").output == "int32"
