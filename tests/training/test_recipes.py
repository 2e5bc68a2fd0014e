"""Recipes hold what their sources say, and tell where they differ from the papers."""

from dataclasses import asdict, fields, replace

import numpy as np
import pytest

from refnet import mobilenet_v1, mobilenet_v2
from refnet.data import AUGMENTATIONS
from refnet.training import SGD, RMSProp
from refnet.training.recipes import PAPER, RECIPES, Recipe, described, recipe
from refnet.training.statistics import decays

SMALL = {"width": 0.25, "resolution": 32, "classes": 3}


def differing(name):
    rows = {row.field: (row.value, row.paper) for row in described(RECIPES[name]) if row.differs}
    rows.pop("epochs", None)  # neither paper says
    return rows


def test_the_papers_recipes_are_the_papers():
    """V2 section 6.1, V1 section 3.2."""
    for name in ("paper-v1", "paper-v2"):
        given = RECIPES[name]
        assert differing(name) == {}
        assert (given.optimizer, given.decay, given.momentum, given.weight_decay) == ("rmsprop", 0.9, 0.9, 4e-5)
        assert (given.rate, given.factor, given.epochs_per_decay, given.batch) == (0.045, 0.98, 1, 96)
        assert (given.smoothing, given.depthwise_decay) == (0, False)


def test_slims_recipes_differ_where_its_programs_do():
    assert differing("slim-v2") == {
        "epochs_per_decay": (2.5, 1.0),
        "smoothing": (0.1, 0.0),
        "average": (0.9999, None),
        "augmentation": ("inception", "v1-small-models"),
    }
    assert differing("slim-v1") == {
        "optimizer": ("sgd", "rmsprop"),
        "momentum": (0.0, 0.9),
        "factor": (0.94, 0.98),
        "epochs_per_decay": (2.5, 1.0),
        "augmentation": ("inception", "v1-small-models"),
        "batch": (64, 96),
    }


@pytest.mark.parametrize("name", RECIPES)
def test_every_row_has_a_source_and_epsilon_is_always_told(name):
    rows = described(RECIPES[name])
    assert all(row.source for row in rows)
    assert all((row.value != row.paper) == row.differs for row in rows)
    assert RECIPES[name].optimizer == "sgd" or any(row.field == "eps" for row in rows)
    assert RECIPES[name].augmentation in AUGMENTATIONS


def test_the_paper_is_compared_in_every_field():
    assert set(PAPER) == {field.name for field in fields(Recipe)} - {"name"}


def test_settings_that_take_no_part_are_not_told():
    told = {row.field for row in described(RECIPES["slim-v1"])}
    assert told.isdisjoint({"flavor", "decay", "eps", "warmup_epochs"})
    assert "factor" in told
    assert "factor" not in {row.field for row in described(RECIPES["small"])}


def test_a_recipe_with_changes():
    changed = recipe("paper-v2", {"batch": 32, "rate": 0.01})
    assert asdict(changed) == asdict(RECIPES["paper-v2"]) | {"batch": 32, "rate": 0.01}
    for flavor, eps in (("pytorch", 1e-8), ("keras", 1e-7)):
        assert recipe("paper-v2", {"flavor": flavor}).eps == eps  # 1 is TensorFlow's
    assert recipe("paper-v2", {"flavor": "pytorch", "eps": 0.5}).eps == 0.5
    assert recipe("small", {"flavor": "keras"}).eps == RECIPES["small"].eps
    with pytest.raises(ValueError, match="flavor: wanted one of tensorflow, pytorch, keras, got 'torch'"):
        recipe("small", {"flavor": "torch"})
    with pytest.raises(ValueError, match="recipe: wanted one of small, scenes, paper-v1, .*, got 'large'"):
        recipe("large")
    with pytest.raises(ValueError, match="recipe: no setting name, colour; it has optimizer"):
        recipe("small", {"name": "x", "colour": 1})


@pytest.mark.parametrize(
    ("field", "value", "wanted"),
    [
        ("rate", float("nan"), "rate: wanted a finite number of at least 0, got nan"),
        ("rate", "fast", "rate: wanted a finite number of at least 0, got 'fast'"),
        ("decay", 1.0, "decay: wanted a finite number from 0 to below 1, got 1.0"),
        ("average", 1.5, "average: wanted a finite number from 0 to below 1, got 1.5"),
        ("epochs_per_decay", 0, "epochs_per_decay: wanted a number of epochs above 0, got 0"),
        ("batch", 0, "batch: wanted an integer of at least 1, got 0"),
        ("schedule", "linear", "schedule: wanted one of exponential, cosine, constant, got 'linear'"),
        ("depthwise_decay", "no", "depthwise_decay: wanted True or False, got 'no'"),
    ],
)
def test_values_that_cannot_be(field, value, wanted):
    with pytest.raises(ValueError, match=f"^{wanted}$"):
        replace(RECIPES["small"], **{field: value})


def test_rates_follow_the_sources():
    per_epoch = 100
    paper = RECIPES["paper-v2"].rates(per_epoch, 10_000)
    assert [paper(step) for step in (0, 99)] == [0.045] * 2
    assert paper(250) == pytest.approx(0.045 * 0.98**2)
    slim = RECIPES["slim-v1"].rates(per_epoch, 10_000)
    assert [slim(step) for step in (249, 250)] == pytest.approx([0.045, 0.045 * 0.94])
    small = RECIPES["small"].rates(per_epoch, 3000)
    assert max(map(small, range(3000))) == pytest.approx(RECIPES["small"].rate)
    assert small(2999) < 1e-3 * RECIPES["small"].rate
    assert replace(RECIPES["small"], schedule="constant").rates(7, 9)(8) == RECIPES["small"].rate


def test_a_warm_up_longer_than_the_run_is_half_of_it():
    """With the rate falling again before the end: else a short run would stop at its highest rate."""
    for epochs, warmup in ((40, 200), (21, 200), (20, 100), (10, 50), (1, 5)):
        rates = [*map(RECIPES["small"].rates(10, 10 * epochs), range(10 * epochs))]
        assert max(rates) == pytest.approx(RECIPES["small"].rate)
        assert rates.index(max(rates)) == warmup - 1 or rates[warmup - 1] == rates[warmup]
        assert rates[-1] < 0.2 * max(rates)
    assert RECIPES["small"].rates(1, 1)(0) == RECIPES["small"].rate


def test_optimizers_are_made_as_told():
    net = mobilenet_v2(**SMALL)
    weights = net.init(0)
    own = RECIPES["paper-v2"].optimizer_of(net, weights)
    assert isinstance(own, RMSProp)
    assert (own.eps, own.decay, own.momentum, own.weight_decay) == (1.0, 0.9, 0.9, 4e-5)
    assert own.flavor.first == 1
    assert "block_1/depthwise/kernel" not in own.decayed
    assert "block_1/project/kernel" in own.decayed
    assert "velocity/block_1/depthwise_bn/moving_mean" not in own.state()
    wide = replace(RECIPES["paper-v2"], depthwise_decay=True).optimizer_of(net, weights)
    assert "block_1/depthwise/kernel" in wide.decayed
    plain = RECIPES["slim-v1"].optimizer_of(net, weights)
    assert isinstance(plain, SGD)
    assert plain.momentum == 0
    before = weights["classifier/kernel"].copy()
    plain.step(weights, {"classifier/kernel": np.ones_like(before)}, 0.5)
    np.testing.assert_allclose(weights["classifier/kernel"], before - 0.5 * (1 + 4e-5 * before), rtol=1e-5)


def test_batch_norm_is_the_familys_own_unless_the_run_is_short():
    for build, decay in ((mobilenet_v1, 0.9997), (mobilenet_v2, 0.997)):
        net = build(**SMALL)
        assert decays(RECIPES["paper-v1"].network(net)) == [decay]
        assert decays(RECIPES["small"].network(net)) == [RECIPES["small"].batch_norm_decay]
