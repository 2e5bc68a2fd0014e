"""check_relu6 and its backward: right functions pass, mistakes at the kinks are found and named."""

import numpy as np
import pytest

from refnet.testing import check_relu6, check_relu6_backward


def relu6(x):
    return np.minimum(np.maximum(x, x.dtype.type(0)), x.dtype.type(6))


def relu6_backward(dy, x):
    return np.where((x > 0) & (x < 6), dy, dy.dtype.type(0))


@pytest.mark.parametrize("dtype", ["float64", "float32", "float16"])
def test_right_functions_pass(dtype):
    check_relu6(relu6, dtype=dtype, max_examples=50)
    check_relu6_backward(relu6_backward, dtype=dtype, max_examples=50)
    # frameworks differ on the gradient at NaN: both are let through
    check_relu6_backward(
        lambda dy, x: np.where((x <= 0) | (x >= 6), dy.dtype.type(0), dy), dtype=dtype, max_examples=50
    )


FORWARD_MISTAKES = {
    "plain ReLU": lambda x: np.maximum(x, np.float32(0)),
    "nothing is cut at 0": lambda x: np.minimum(x, np.float32(6)),
    "NaN becomes 0": lambda x: np.nan_to_num(relu6(x)),
    "NaN becomes 6": lambda x: np.where(np.isnan(x), np.float32(6), relu6(x)),
}
BACKWARD_MISTAKES = {
    "the gradient at exactly 0 is not 0": lambda dy, x: np.where((x >= 0) & (x < 6), dy, np.float32(0)),
    "the gradient at exactly 6 is not 0": lambda dy, x: np.where((x > 0) & (x <= 6), dy, np.float32(0)),
    "plain ReLU": lambda dy, x: np.where(x > 0, dy, np.float32(0)),
    "multiplied by a mask": lambda dy, x: dy * ((x > 0) & (x < 6)).astype(dy.dtype),
    "dy is passed on everywhere": lambda dy, x: dy.copy(),
    "dy is left out": lambda dy, x: ((x > 0) & (x < 6)).astype(dy.dtype),
}


@pytest.mark.filterwarnings("ignore:invalid value encountered in multiply:RuntimeWarning")
@pytest.mark.parametrize(
    ("check", "function", "named"),
    [(check_relu6, f, n) for n, f in FORWARD_MISTAKES.items()]
    + [(check_relu6_backward, f, n) for n, f in BACKWARD_MISTAKES.items()],
)
def test_mistakes_are_found_and_named(check, function, named):
    with pytest.raises(
        AssertionError, match=f"(?s)wrong: .*x = .*wanted: .*got: .*likely mistake: .*{named}"
    ):
        check(function)


@pytest.mark.parametrize(
    ("function", "message"),
    [
        (
            lambda x: relu6(x).astype(np.float64),
            r"y: wanted float32 \(1, 1, 1, 1\), got float64 \(1, 1, 1, 1\)",
        ),
        (lambda x: relu6(x).ravel(), r"y: wanted float32 \(1, 1, 1, 1\), got float32 \(1,\)"),
        (lambda x: None, "got NoneType"),
        (lambda x: np.clip(x, 0, 6, out=x), "the function changed its argument x"),
        (lambda x: x[1000], "the function raised IndexError"),
    ],
)
def test_answers_of_the_wrong_kind(function, message):
    with pytest.raises(AssertionError, match=f"check_relu6: .*{message}"):
        check_relu6(function)


def test_wrong_dtypes_say_wanted_and_got():
    with pytest.raises(ValueError, match="dtype: wanted one of float64, float32, float16, got 'int8'"):
        check_relu6(relu6, dtype="int8")
