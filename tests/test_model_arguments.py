"""Settings that no model can have: each gives one line that names the argument, the wanted and the given."""

from fractions import Fraction

import numpy as np
import pytest

from refnet import conv_mobilenet, mobilenet_v1, mobilenet_v2, shallow_mobilenet

MODELS = (mobilenet_v1, conv_mobilenet, shallow_mobilenet, mobilenet_v2)
NUMBERS = (0, -1, -0.5, float("nan"), float("inf"), True, "1", None, 1e308, 10**400, [1.0])


@pytest.mark.parametrize("build", MODELS)
@pytest.mark.parametrize("width", NUMBERS, ids=lambda value: repr(value)[:12])
def test_bad_width(build, width):
    refuse(build, {"width": width}, "width: wanted a width multiplier (above 0|up to 1e.100)")


@pytest.mark.parametrize("expansion", NUMBERS, ids=lambda value: repr(value)[:12])
def test_bad_expansion(expansion):
    refuse(mobilenet_v2, {"expansion": expansion}, "expansion: wanted a factor (above 0|up to 1e.100)")


@pytest.mark.parametrize("build", MODELS)
@pytest.mark.parametrize("resolution", [31, 0, -224, 224.0, "224", True, None])
def test_bad_resolution(build, resolution):
    refuse(build, {"resolution": resolution}, "resolution: wanted an integer of at least 32")


@pytest.mark.parametrize("build", MODELS)
@pytest.mark.parametrize("classes", [-1, 10.0, "10", True, None])
def test_bad_classes(build, classes):
    refuse(build, {"classes": classes}, "classes: wanted an integer of at least 0")


@pytest.mark.parametrize("build", MODELS)
@pytest.mark.parametrize("padding", ["SAME", "", None, 1, (1, 1)])
def test_bad_padding(build, padding):
    refuse(build, {"padding": padding}, r"padding: wanted same, symmetric, valid, ceil or four integers \(top")


@pytest.mark.parametrize("part", [-1, 1.5, "same", True])
def test_bad_part_of_a_padding(part):
    with pytest.raises(ValueError, match=f"^padding: wanted an integer of at least 0, got {part!r}$"):
        mobilenet_v1(padding=(1, 1, 1, part))


@pytest.mark.parametrize(
    ("build", "name", "value", "wanted"),
    [
        (mobilenet_v1, "activation", "swish", "one of relu6, relu"),
        (mobilenet_v2, "activation", "swish", "one of relu6, relu"),
        (mobilenet_v2, "bottleneck", "relu", "one of linear, relu6"),
        (mobilenet_v2, "shortcut", "both", "one of bottleneck, expansion, none"),
        (mobilenet_v2, "shortcut", True, "one of bottleneck, expansion, none"),
        (mobilenet_v1, "decay", 1.1, "a number from 0 to 1"),
        (mobilenet_v2, "decay", float("nan"), "a number from 0 to 1"),
        (mobilenet_v2, "eps", -1e-3, "a finite number of at least 0"),
    ],
)
def test_bad_choice(build, name, value, wanted):
    refuse(build, {name: value}, f"{name}: wanted {wanted}")


def test_bad_dropout_rate():
    with pytest.raises(ValueError, match="^rate: wanted the share to drop, from 0 to below 1, got 1$"):
        mobilenet_v2(dropout=1)


def refuse(build, setting, start):
    """A ValueError in one line: which argument, what was wanted, what was given."""
    (value,) = setting.values()
    with pytest.raises(ValueError, match=f"^{start}") as caught:
        build(**setting)
    assert "\n" not in str(caught.value)
    assert str(caught.value).endswith(f"got {value!r}")


@pytest.mark.parametrize("width", [np.float32(0.5), np.float64(0.5), Fraction(1, 2)])
def test_a_width_of_another_numeric_type(width):
    assert mobilenet_v2(width).cost() == mobilenet_v2(0.5).cost()


def test_a_flag_is_a_bool():
    with pytest.raises(ValueError, match="expand_first: wanted True or False, got 'no'"):
        mobilenet_v2(expand_first="no")


def test_an_activation_is_a_name():
    with pytest.raises(ValueError, match=r"activation: wanted one of relu6, relu, got \[\]"):
        mobilenet_v1(activation=[])
