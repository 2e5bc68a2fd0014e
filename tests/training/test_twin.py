"""Training beside torch: in float64 the same losses and weights, in float32 as near as torch is to itself."""

from dataclasses import replace

import digit_twins
import numpy as np
import pytest
from small_runs import RECIPE, network, pictures

from refnet import mobilenet_v1, mobilenet_v2
from refnet.data import Batches, Images
from refnet.training.recipes import RECIPES
from refnet.training.trainer import Trainer

pytestmark = pytest.mark.torch
STEPS = 50


@pytest.fixture
def twin():
    torch = pytest.importorskip("torch")
    from refnet.bench.twin import Twin

    before = torch.get_num_threads()
    torch.set_num_threads(1)  # threads that wait for each other on a busy machine would take minutes
    yield Twin
    torch.set_num_threads(before)


def squares(resolution, count=96, classes=4):
    """Pictures of a bright square in one of four corners, in noise."""
    random = np.random.default_rng(0)
    labels, half = np.arange(count) % classes, resolution // 2
    images = random.integers(0, 200, (count, resolution, resolution, 3))
    for image, label in zip(images, labels, strict=True):
        image[label // 2 * half :, label % 2 * half :][:half, :half] += 55
    return Images("squares", tuple("abcd"), images.astype(np.uint8), labels)


def pair(kind, net, recipe, dataset, dtype, **more):
    """A trainer with weights that float32 holds, and its batches in the dtype."""
    weights = {key: w.astype(dtype) for key, w in net.init(0).items()}
    batches = Batches(dataset, recipe.batch, 0, dtype=dtype)
    return kind(net, recipe, len(batches), STEPS, 0, weights=weights, **more), batches


def losses(trainer, batches, steps=STEPS):
    return np.array([trainer.advance(*batches.batch(step)).loss for step in range(steps)])


def compare_exactly(twin, net, recipe, dataset):
    (own, batches), (other, _) = (pair(kind, net, recipe, dataset, np.float64) for kind in (Trainer, twin))
    np.testing.assert_allclose(losses(own, batches), losses(other, batches), rtol=1e-8)
    found, wanted = own.state(), other.state()
    for name in wanted:
        np.testing.assert_allclose(found[name], wanted[name], rtol=1e-6, atol=1e-9, err_msg=name)
    assert any(name.endswith("moving_variance") for name in wanted)


CHANGES = {
    "TensorFlow's": {"eps": 1.0, "rate": 0.045},
    "with a small epsilon": {},
    "Keras'": {"flavor": "keras", "rate": 0.002},
    "PyTorch's": {"flavor": "pytorch", "rate": 0.002},
    "SGD": {"optimizer": "sgd", "rate": 0.05},
    "exponential, without averages": {"schedule": "exponential", "average": None, "depthwise_decay": True},
}


@pytest.mark.parametrize("name", CHANGES)
def test_fifty_steps_in_float64_are_torchs(name, twin):
    recipe = replace(RECIPE, weight_decay=0.01, **CHANGES[name])
    compare_exactly(twin, network(), recipe, pictures(24, 1))


@pytest.mark.jit
@pytest.mark.parametrize("build", [pytest.param(mobilenet_v1, marks=pytest.mark.slow), mobilenet_v2])
def test_fifty_steps_of_a_mobilenet_in_float64_are_torchs(build, twin):
    net = build(width=0.25, resolution=32, classes=4)
    recipe = replace(RECIPES["small"], schedule="constant", rate=0.00002)  # a gentle start, as that of a whole run
    compare_exactly(twin, net, replace(recipe, batch=16), squares(32))


@pytest.mark.slow
@pytest.mark.jit
@pytest.mark.parametrize("name", digit_twins.SUBJECTS)
@pytest.mark.usefixtures("twin")
def test_fifty_steps_of_the_recipe_on_digits_in_float64_are_torchs(name):
    """The absolute part is for weights that are 0 but for rounding: a shift whose gradient cancels, for example."""
    apart, found, wanted = digit_twins.exactly(name)
    assert apart <= 1e-8
    assert digit_twins.beyond(found, wanted) <= 1e-11
    assert {key.partition("/")[0] for key in wanted} == {"weights", "average"}


def test_a_planted_mistake_is_seen(twin):
    """Without its dropout masks, another decay in one batch norm: each is far beyond the tolerance."""
    for wrong in ({"batch_norm_decay": 0.7999999}, {"smoothing": 0.0500001}, {"eps": 0.0100001}):
        own, batches = pair(Trainer, network(), replace(RECIPE, **wrong), pictures(24, 1), np.float64)
        other, _ = pair(twin, network(), RECIPE, pictures(24, 1), np.float64)
        apart = np.abs(losses(own, batches) / losses(other, batches) - 1).max()
        found, wanted = own.state(), other.state()
        far = max(np.abs(found[name] - w).max() for name, w in wanted.items())
        assert apart > 1e-8 or far > 1e-8, wrong


@pytest.mark.jit
def test_float32_is_as_near_to_torch_as_torch_to_itself(twin):
    """Two torch runs that differ in the memory format drift apart; ours drifts no further than three times that."""
    net, recipe, dataset = mobilenet_v2(width=0.25, resolution=32, classes=4), RECIPES["small"], squares(32)
    recipe = replace(recipe, batch=16, schedule="constant", rate=0.0004)  # far apart soon, all three
    runs = [losses(*pair(twin, net, recipe, dataset, np.float32, layout=layout)) for layout in ("NHWC", "NCHW")]
    own = losses(*pair(Trainer, net, recipe, dataset, np.float32))
    between = np.abs(runs[0] - runs[1]).mean()
    assert min(np.abs(own - each).mean() for each in runs) <= 3 * between


@pytest.mark.slow
@pytest.mark.jit
@pytest.mark.parametrize("name", digit_twins.SUBJECTS)
@pytest.mark.usefixtures("twin")
def test_the_recipe_on_digits_in_float32_is_as_near_to_torch_as_torch_to_itself(name):
    """RMS over fifty steps: refnet's losses from those of either torch run, and these from each other."""
    ours, torchs = digit_twins.distances(name)
    assert 0 < max(ours) <= 3 * torchs


def test_float64_weights_are_taken_as_they_are(twin):
    weights = {key: w + 1e-12 for key, w in network().init(0, dtype=np.float64).items()}
    own, _ = pair(twin, network(), RECIPE, pictures(24, 1), np.float64)
    other = twin(network(), RECIPE, 4, STEPS, 0, weights=weights)
    assert own.best_weights["depthwise/kernel"].dtype == np.float64
    assert all((other.best_weights[key] == w).all() for key, w in weights.items())


def test_a_twin_does_not_go_on(twin):
    own, _ = pair(twin, network(), RECIPE, pictures(24, 1), np.float32)
    with pytest.raises(ValueError, match="the torch twin cannot go on from a checkpoint"):
        own.restore({}, 1)
