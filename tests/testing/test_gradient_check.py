"""check_gradients lets right gradients pass and names the wrong one."""

import numpy as np
import pytest

from refnet.testing import (
    check_gradients,
    naive_conv2d,
    naive_conv2d_filter_gradient,
    naive_conv2d_input_gradient,
)

RNG = np.random.default_rng(0)
X, W = RNG.standard_normal((1, 4, 4, 2)), RNG.standard_normal((3, 3, 2, 3))
PADS = (1, 0, 1, 1)


def conv(x, w):
    return naive_conv2d(x, w, pads=PADS)


def conv_backward(dy, x, w):
    dx = naive_conv2d_input_gradient(dy, w, x.shape[1:3], pads=PADS)
    return dx, naive_conv2d_filter_gradient(dy, x, w.shape[:2], pads=PADS)


@pytest.mark.parametrize("linear", [None, True, False])
def test_a_right_gradient_passes_either_way(linear):
    check_gradients(conv, conv_backward, [X, W], linear=linear)


def test_linear_operations_are_found():
    calls = []

    def counted(x, w):
        calls.append(x)
        return conv(x, w)

    check_gradients(counted, conv_backward, [X, W])
    assert all((x == np.round(x)).all() for x in calls), "an exact check draws integers only"


def test_nonlinear_operations_are_found():
    # (x * x is linear in neither; a check by adjoint would fail it)
    check_gradients(lambda x: x * x, lambda dy, x: 2 * x * dy, [RNG.standard_normal(5)])
    check_gradients(np.tanh, lambda dy, x: dy * (1 - np.tanh(x) ** 2), [RNG.standard_normal((2, 3))])
    check_gradients(lambda x: np.maximum(x, 0), lambda dy, x: dy * (x > 0), [RNG.standard_normal(9) + 0.01])


@pytest.mark.parametrize("linear", [True, False])
@pytest.mark.parametrize(
    ("wrong", "named"),
    [
        (lambda dx, dw: (dx[:, ::-1], dw), "gradient of x"),
        (lambda dx, dw: (dx, dw.swapaxes(0, 1)), "gradient of w"),
        (lambda dx, dw: (dx, 0 * dw), "gradient of w"),
        (lambda dx, dw: (dx, -dw), "gradient of w"),
        (lambda dx, dw: (dx * np.nan, dw), "gradient of x"),
    ],
)
def test_the_wrong_gradient_is_named(linear, wrong, named):
    with pytest.raises(
        AssertionError, match=rf"{named} .*wanted .*got .*first wrong entry \[.*\]: wanted .*, got"
    ):
        check_gradients(conv, lambda *a: wrong(*conv_backward(*a)), [X, W], names=("x", "w"), linear=linear)


def test_one_wrong_entry_is_found_exactly():
    def backward(dy, x, w):
        dx, dw = conv_backward(dy, x, w)
        dw[1, 2, 0, 1] += 1
        return dx, dw

    with pytest.raises(AssertionError, match=r"gradient of input 1 .*first wrong entry \[1, 2, 0, 1\]"):
        check_gradients(conv, backward, [X, W])


def test_a_small_relative_error_is_found_and_no_size_escapes():
    for size in (1e-12, 1.0, 1e12):
        x = size * (1 + RNG.random(4))
        step = 1e-3 * size
        check_gradients(lambda x: x**3, lambda dy, x: 3 * x**2 * dy, [x], step=step)
        with pytest.raises(AssertionError, match="allowed relative difference 1e-07"):
            check_gradients(lambda x: x**3, lambda dy, x: 3.00001 * x**2 * dy, [x], step=step)


def test_a_zero_gradient_is_right_only_for_a_constant():
    check_gradients(lambda x: np.ones(3) + 0 * x, lambda dy, x: 0 * x, [np.ones(3)])
    with pytest.raises(AssertionError, match="input 0 is wrong"):
        check_gradients(np.exp, lambda dy, x: 0 * x, [np.ones(3)])


def test_dy_is_never_all_ones():
    seen = []

    def backward(dy, x, w):
        seen.append(dy)
        return conv_backward(dy, x, w)

    for linear in (True, False):
        check_gradients(conv, backward, [X, W], linear=linear)
    assert all(dy.std() > 0.5 for dy in seen)
    with pytest.raises(AssertionError, match="gradient of"):
        check_gradients(conv, lambda dy, x, w: conv_backward(np.ones_like(dy), x, w), [X, W])


def test_shapes_and_numbers_of_gradients():
    with pytest.raises(AssertionError, match=r"wanted 2 gradients \(input 0, input 1\), got 1"):
        check_gradients(conv, lambda *a: conv_backward(*a)[:1], [X, W])
    with pytest.raises(
        AssertionError, match=r"gradient of input 0: wanted shape \(1, 4, 4, 2\), got \(3, 3, 2, 3\)"
    ):
        check_gradients(conv, lambda *a: conv_backward(*a)[::-1], [X, W])
    with pytest.raises(ValueError, match="got 1 names for 2 inputs"):
        check_gradients(conv, conv_backward, [X, W], names=["x"])
    with pytest.raises(TypeError, match=r"^forward: wanted a callable, got 3$"):
        check_gradients(3, conv_backward, [X, W])
    with pytest.raises(TypeError, match=r"^backward: wanted a callable, got 3$"):
        check_gradients(conv, 3, [X, W])
