"""What every builder of `refnet.models` promises: a description that counts, refuses what cannot be, and moves."""

import inspect
import re

import pytest

from refnet import models
from refnet.graph import Graph

NAMES = models.__all__
# Their dense layers fix the size of the image: another size is another network, with other weights.
FIXED = {"alexnet", "vgg16"}


def settings_of(name):
    return inspect.signature(getattr(models, name)).parameters


@pytest.fixture(scope="module")
def built():
    return {name: getattr(models, name)() for name in NAMES}


@pytest.mark.parametrize("name", NAMES)
def test_it_is_a_graph_that_counts(name, built):
    net = built[name]
    assert isinstance(net, Graph)
    assert net.name.startswith(name.split("_")[0])
    cost = net.cost()
    assert cost.madds >= cost.total("MADD-INSIDE") > 0
    kinds = cost.parameters()
    trained = sum(shape_size(each.shape) for each in net.parameters().values() if each.trainable)
    assert trained == cost.total("P-TRAINABLE")
    assert sum(kinds.values()) == sum(shape_size(each.shape) for each in net.parameters().values())


def shape_size(shape):
    size = 1
    for side in shape:
        size *= side
    return size


@pytest.mark.parametrize("name", NAMES)
def test_only_the_classifier_is_the_classifier(name, built):
    """MADD-HEADLESS leaves out the node of this name; it must be the last one with weights but for its bias."""
    weighted = [row.node for row in built[name].cost() if row.terms.weights]
    assert "classifier" not in weighted[:-1]


@pytest.mark.parametrize("name", NAMES)
def test_its_documentation_names_a_source(name):
    builder = getattr(models, name)
    text = inspect.getdoc(builder) + inspect.getmodule(builder).__doc__
    assert re.search(r"\b(V[12]|arXiv|(19|20)\d\d)\b", text), text


@pytest.mark.parametrize("name", [name for name in NAMES if name not in FIXED])
def test_another_size_has_the_same_weights(name, built):
    net = built[name]
    side = settings_of(name)["resolution"].default + 64
    moved = net.at(side, side + 32)
    assert moved.parameters() == net.parameters()
    assert moved.cost().madds > net.cost().madds


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("resolution", [0, -224, 7, 224.0, "224", True, None])
def test_bad_resolution(name, resolution):
    refuse(name, "resolution", resolution)


@pytest.mark.parametrize("name", [name for name in NAMES if "classes" in settings_of(name)])
@pytest.mark.parametrize("classes", [-1, 10.0, "10", True, None])
def test_bad_classes(name, classes):
    refuse(name, "classes", classes)


@pytest.mark.parametrize("name", [name for name in NAMES if "width" in settings_of(name)])
@pytest.mark.parametrize("width", [0, -1, float("nan"), float("inf"), True, "1", None])
def test_bad_width(name, width):
    refuse(name, "width", width)


def refuse(name, argument, value):
    """One line that names the argument, what was wanted and what was given."""
    with pytest.raises(ValueError, match=f"{argument}: wanted .*got") as refused:
        getattr(models, name)(**{argument: value})
    assert "\n" not in str(refused.value)
    assert repr(value) in str(refused.value)
