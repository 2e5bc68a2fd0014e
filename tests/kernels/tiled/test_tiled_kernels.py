"""The tiled kernels against the oracles, the plain kernels, and their own adjoints; hostile shapes, guarded memory."""

import numpy as np
import pytest
from guarded import Guarded
from hypothesis import given, settings
from hypothesis import strategies as st

from refnet import kernels
from refnet.kernels import tiled
from refnet.kernels.tiled import depthwise, matmul, packing
from refnet.kernels.tiled.packing import empty
from refnet.testing import (
    Limits,
    check_conv2d,
    check_conv2d_backward,
    check_depthwise_conv2d,
    check_depthwise_conv2d_backward,
    check_pointwise_conv2d,
    check_pointwise_conv2d_backward,
    conv2d_cases,
    depthwise_conv2d_cases,
    expected_forward,
    pointwise_conv2d_cases,
)
from refnet.testing.precision import error_bound, precision

pytestmark = pytest.mark.jit

# Every memory order: packing makes its own. Few rows and many channels, as tiles do not like it.
LIMITS = Limits(batch=(1, 0, 2), max_size=7, max_channels=40, filter_size=(1, 2, 3, 4))
DTYPES = ("float32", "float64")
CHECKS = {
    "conv2d": (check_conv2d, check_conv2d_backward, conv2d_cases),
    "depthwise_conv2d": (check_depthwise_conv2d, check_depthwise_conv2d_backward, depthwise_conv2d_cases),
    "pointwise_conv2d": (check_pointwise_conv2d, check_pointwise_conv2d_backward, pointwise_conv2d_cases),
}
few = settings(max_examples=40)  # each makes several calls
PARTS = ("forward", "input_gradient", "filter_gradient")


def arguments(case, part):
    """What this part of a case's operation is called with."""
    like = {"input_gradient": case.geometry.input_hw, "filter_gradient": case.geometry.filter_hw}
    sizes = (like[part],) if part in like and case.settings else ()
    arrays = {"forward": (case.x, case.w), "input_gradient": (case.dy, case.w), "filter_gradient": (case.dy, case.x)}
    return *arrays[part], *sizes, *case.settings


def run(namespace, case, part):
    return getattr(namespace, f"{case.operation}_{part}")(*arguments(case, part))


def exact_cases(**limits):
    """Integer-valued cases of the three operations: any order of summation gives the same bits."""
    limits = Limits(**{"max_size": 7, "max_channels": 40, "batch": (1, 0, 2), "values": "integers"} | limits)
    return st.one_of([cases(limits, dtype) for _, _, cases in CHECKS.values() for dtype in DTYPES])


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("operation", CHECKS)
def test_forward_by_the_oracle(operation, dtype):
    """Exact on integers, within the bound of sums in the arrays' own dtype on reals."""
    check = CHECKS[operation][0]
    check(getattr(tiled, f"{operation}_forward"), dtype=dtype, limits=LIMITS, max_examples=25)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("operation", CHECKS)
def test_backward_by_the_oracle(operation, dtype):
    check = CHECKS[operation][1]
    check(getattr(tiled, f"{operation}_backward"), dtype=dtype, limits=LIMITS, max_examples=15)


@few
@given(exact_cases(memory_order="C"))
def test_on_integers_they_are_the_plain_kernels_to_the_last_bit(case):
    for part in PARTS:
        answer = run(tiled, case, part)
        np.testing.assert_array_equal(answer, run(kernels, case, part), strict=True)
        assert answer.flags.c_contiguous


HOSTILE = {
    "one pixel": {"max_size": 1, "filter_size": 1},
    "17 channels": {"channels_multiple": 17, "max_channels": 51},
    "one channel": {"max_channels": 1},
    "a stride larger than the filter": {"stride": (3, 4, 5), "filter_size": (1, 2), "max_size": 11},
    "dilation": {"dilation": (2, 3), "filter_size": (2, 3)},
    "odd sizes": {"max_size": 13, "stride": (1, 2, 3), "filter_size": (1, 3, 5), "max_channels": 9},
}


@pytest.mark.parametrize("what", HOSTILE)
def test_hostile_shapes_in_guarded_memory(what, monkeypatch):
    """No loop writes outside of an array, and no number from outside gets into a result."""
    loops = {name: Guarded(getattr(matmul, name)) for name in ("window_sums", "pixel_sums")}
    taps = {name: Guarded(getattr(depthwise, name)) for name in ("tap_sums", "tap_products")}
    for module, guards in ((matmul, loops), (depthwise, taps)):
        for name, guard in guards.items():
            monkeypatch.setattr(module, name, guard)

    @settings(max_examples=60)
    @given(exact_cases(memory_order="C", **HOSTILE[what]))
    def guarded(case):
        for part in PARTS:
            np.testing.assert_array_equal(run(tiled, case, part), run(kernels, case, part))

    guarded()
    assert all(guard.calls for guard in (*loops.values(), *taps.values()))


@pytest.mark.parametrize("what", HOSTILE)
def test_hostile_shapes_with_real_numbers_in_poisoned_memory(what, monkeypatch):
    """Within the bound of sums in the arrays' dtype, where all memory that is taken holds NaN at first."""

    def poisoned(numbers, dtype):
        memory = empty(numbers, dtype)
        memory[:] = np.nan
        return memory

    monkeypatch.setattr(packing, "empty", poisoned)

    @settings(max_examples=40)
    @given(exact_cases(memory_order="C", values="reals", **HOSTILE[what]))
    def bounded(case):
        for part in PARTS:
            within_the_bound(f"{case.operation}_{part}", arguments(case, part), products(case, part))

    bounded()


def products(case, part):
    """In one sum."""
    if part == "filter_gradient":
        return max(1, case.dy[..., 0].size)
    channels_in = part == "forward" or case.operation == "depthwise_conv2d"
    return case.w[..., 0].size if channels_in else case.w[..., 0, :].size


@few
@given(exact_cases(memory_order="C"))
def test_arrays_may_begin_at_any_byte(case):
    for part in PARTS:
        given = arguments(case, part)
        odd = [at_an_odd_byte(each) if isinstance(each, np.ndarray) else each for each in given]
        wanted = getattr(kernels, f"{case.operation}_{part}")(*given)
        np.testing.assert_array_equal(getattr(tiled, f"{case.operation}_{part}")(*odd), wanted)


def at_an_odd_byte(array):
    moved = np.zeros(array.nbytes + 1, np.uint8)[1:].view(array.dtype).reshape(array.shape)
    moved[...] = array
    assert array.size == 0 or not moved.flags.aligned
    return moved


def test_the_guard_itself_sees_a_write_and_a_read_outside():
    x = np.ones(4, np.float32)
    wide = Guarded(lambda array: array.base.__setitem__(slice(None), 1))
    with pytest.raises(AssertionError, match="written outside"):
        wide(x)
    beside = Guarded(lambda source, y: y.__setitem__(0, source.base[source.base.size - 1]))
    y = np.zeros(1, np.float32)
    beside(x, y)
    assert np.isnan(y[0])


@few
@given(exact_cases(), st.integers(0, 99))
def test_they_are_adjoints_of_each_other(case, seed):
    """No oracle: vdot(dy, f(x2, w)) == vdot(dx, x2), and the same for w, on drawn integers."""
    rng = np.random.default_rng(seed)
    forward = getattr(tiled, f"{case.operation}_forward")
    x2, w2 = (rng.integers(-4, 5, array.shape).astype(case.x.dtype) for array in (case.x, case.w))
    dx, dw = getattr(tiled, f"{case.operation}_backward")(case.dy, case.x, case.w, *case.settings)
    wide = np.float64
    assert np.vdot(case.dy.astype(wide), forward(x2, case.w, *case.settings)) == np.vdot(dx.astype(wide), x2)
    assert np.vdot(case.dy.astype(wide), forward(case.x, w2, *case.settings)) == np.vdot(dw.astype(wide), w2)


@few
@given(exact_cases(), st.integers(0, 99))
def test_a_nan_reaches_the_outputs_that_see_it_and_no_others(case, seed):
    """Outputs that see a pixel: where the oracle, on an image of zeros with a one there, is not zero."""
    if case.x.size == 0:
        return
    place = np.unravel_index(seed % case.x.size, case.x.shape)
    spot, poisoned = np.zeros_like(case.x), case.x.copy()
    spot[place], poisoned[place] = 1, np.nan
    ones = np.ones_like(case.w)
    seen = type(case)(case.geometry, case.formats, "integers", "C", 0, spot, ones, case.dy)
    answer = getattr(tiled, f"{case.operation}_forward")(poisoned, ones, *case.settings)
    np.testing.assert_array_equal(np.isnan(answer), expected_forward(seen).value != 0)


@few
@given(exact_cases())
def test_arguments_stay_as_they_were_and_answers_are_fresh(case):
    before = case.x.copy(), case.w.copy(), case.dy.copy()
    answers = [run(tiled, case, part) for part in PARTS]
    for array, copy in zip((case.x, case.w, case.dy), before, strict=True):
        np.testing.assert_array_equal(array, copy)
        assert not any(np.shares_memory(answer, array) for answer in answers)


def real(rng, *shape):
    return rng.standard_normal(shape).astype(np.float32)


LONG = {  # the accumulation is long, and what a tile covers is not a divisor of anything
    "pointwise_conv2d_forward": lambda rng: (real(rng, 1, 5, 5, 700), real(rng, 700, 37)),
    "pointwise_conv2d_filter_gradient": lambda rng: (real(rng, 2, 31, 29, 20), real(rng, 2, 31, 29, 11)),
    "conv2d_filter_gradient": lambda rng: (
        *(real(rng, 1, 40, 41, 9), real(rng, 1, 40, 41, 5)),
        *((3, 3), (1, 1), (1, 1), (1, 1, 1, 1)),
    ),
    "depthwise_conv2d_filter_gradient": lambda rng: (
        *(real(rng, 1, 40, 41, 9), real(rng, 1, 40, 41, 9)),
        *((3, 3), (1, 1), (1, 1), (1, 1, 1, 1)),
    ),
}
LENGTHS = (700, 2 * 31 * 29, 40 * 41, 40 * 41)


@pytest.mark.parametrize(("name", "length"), list(zip(LONG, LENGTHS, strict=True)), ids=list(LONG))
def test_long_sums_lie_within_their_bound_of_the_plain_kernel(name, length):
    found, wanted = within_the_bound(name, LONG[name](np.random.default_rng(5)), length)
    assert not np.array_equal(found, wanted)


def within_the_bound(name, given, length):
    """A plain kernel's sums in float64 are the truth; sums of n products in another dtype may be off by gamma(n)."""
    wide = [a.astype(np.float64) if isinstance(a, np.ndarray) else a for a in given]
    sizes = [np.abs(a) if isinstance(a, np.ndarray) else a for a in wide]
    found, wanted, absolute = (
        getattr(space, name)(*arrays) for space, arrays in ((tiled, given), (kernels, wide), (kernels, sizes))
    )
    assert found.dtype == given[0].dtype
    assert (np.abs(found - wanted) <= error_bound(wanted, absolute, length, precision(found.dtype))).all()
    return found, wanted
