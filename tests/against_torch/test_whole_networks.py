"""V1 and V2 as a whole against torch, on crops of real photographs: logits and every gradient.

The judges stand below as functions, and each is itself shown to notice any one gradient that is missing.
"""

import numpy as np
import pytest
from held_pieces import Held, Recording
from photographs import crops

from refnet import mobilenet_v1, mobilenet_v2

networks = pytest.importorskip("torch_networks")
steps = pytest.importorskip("torch_steps")
pytestmark = [pytest.mark.torch, pytest.mark.jit]

DECAY, CLASSES = 0.99, 10
BUILDERS = {"v1": (mobilenet_v1, networks.torch_v1), "v2": (mobilenet_v2, networks.torch_v2)}

SMALL = [
    pytest.param(name, width, 64, padding, id=f"{name}-{width}-64-{padding}")
    for name, width in (("v1", 0.25), ("v2", 0.35))
    for padding in ("same", "symmetric")
]
WIDE = [
    pytest.param("v1", 1.0, 96, "symmetric", id="v1-1.0-96-symmetric"),
    pytest.param("v2", 1.0, 96, "same", id="v2-1.0-96-same"),
]
FULL = [
    pytest.param(name, 1.0, 224, padding, id=f"{name}-1.0-224-{padding}", marks=pytest.mark.slow)
    for name in ("v1", "v2")
    for padding in ("same", "symmetric")
]
every_network = pytest.mark.parametrize(("name", "width", "resolution", "padding"), [*SMALL, *WIDE, *FULL])
small_networks = pytest.mark.parametrize(("name", "width", "resolution", "padding"), SMALL)
both_statistics = pytest.mark.parametrize("statistics", ["stored", "batch"])


class Setting:
    """One network in both libraries, with the same weights (exact in float32), images and gradient of the logits."""

    def __init__(self, name, width, resolution, padding, dropout=0.0):
        build, build_in_torch = BUILDERS[name]
        self.net = build(width, resolution, CLASSES, padding, decay=DECAY, dropout=dropout)
        self.x32 = crops(resolution).astype(np.float32)
        self.x64 = self.x32.astype(np.float64)
        module = build_in_torch(width, CLASSES, padding, 1 - DECAY).double()
        steps.randomise(module, self.x64, seed=1)
        self.module32 = module.float()
        self.module64 = steps.copy.deepcopy(self.module32).double()
        self.dy32 = np.random.default_rng(2).standard_normal((len(self.x32), CLASSES)).astype(np.float32)
        self.dy64 = self.dy32.astype(np.float64)

    def torch64(self, statistics):
        return steps.torch_step(self.net, self.module64, self.x64, self.dy64, statistics)

    def refnet64(self, statistics, **more):
        weights = steps.weights_of(self.net, self.module64)
        return steps.refnet_step(self.net, weights, self.x64, self.dy64, statistics, **more)

    def torch32(self, statistics):
        return steps.torch_step(self.net, self.module32, self.x32, self.dy32, statistics)

    def refnet32(self, statistics, **more):
        weights = steps.weights_of(self.net, self.module32)
        return steps.refnet_step(self.net, weights, self.x32, self.dy32, statistics, **more)

    def zero_by_theory(self, key, statistics):
        """A shift before a 1x1 convolution is a shift before its batch norm, which takes it out again."""
        return statistics == "batch" and key.endswith("project_bn/beta")


def kind(key):
    """block_3/depthwise/kernel -> kernel; images -> images"""
    return key.rpartition("/")[2]


def kinds(arrays):
    return sorted({kind(key) for key in arrays})


def differing(got, wanted, tolerance=1e-9):
    """Keys of the gradients that differ by more than `tolerance` of the largest gradient of their kind."""
    assert set(got) == set(wanted)
    largest = {k: max(abs(wanted[key]).max() for key in wanted if kind(key) == k) for k in kinds(wanted)}
    return [key for key in wanted if not abs(got[key] - wanted[key]).max() <= tolerance * largest[kind(key)]]


def distance(got, exact):
    """Euclidean distance of float32 arrays from their float64 originals."""
    return sum(float(((got[key].astype(np.float64) - exact[key]) ** 2).sum()) for key in exact) ** 0.5


def too_far(got, torchs, exact, times=4):
    """Kinds of gradients in which refnet's distance from the exact result exceeds `times` torch's own."""
    assert set(got) == set(torchs) == set(exact)
    of_kind = {k: [key for key in exact if kind(key) == k] for k in kinds(exact)}
    return [
        k
        for k, keys in of_kind.items()
        if not distance(got, {key: exact[key] for key in keys})
        <= times * distance(torchs, {key: exact[key] for key in keys})
    ]


def without(gradients, key):
    return {**gradients, key: np.zeros_like(gradients[key])}


@every_network
@both_statistics
def test_float64_agrees(name, width, resolution, padding, statistics):
    setting = Setting(name, width, resolution, padding)
    wanted, got = setting.torch64(statistics), setting.refnet64(statistics)
    assert differing({"logits": got.logits}, {"logits": wanted.logits}) == []
    assert differing(got.gradients, wanted.gradients) == []
    for key in ("conv_first/kernel", "classifier/kernel", "classifier_bias/bias", "images"):
        assert abs(got.gradients[key]).max() > 0
    if statistics == "batch":
        assert differing(got.statistics, wanted.statistics) == []
    else:
        assert got.statistics == {}


@every_network
def test_inference_agrees(name, width, resolution, padding):
    setting = Setting(name, width, resolution, padding)
    got = setting.net.forward(steps.weights_of(setting.net, setting.module64), setting.x64)
    assert differing({"logits": got}, {"logits": setting.torch64("stored").logits}) == []


@small_networks
@both_statistics
def test_any_missing_gradient_is_noticed_in_float64(name, width, resolution, padding, statistics):
    setting = Setting(name, width, resolution, padding)
    wanted, got = setting.torch64(statistics).gradients, setting.refnet64(statistics).gradients
    for key in got:
        noticed = differing(without(got, key), wanted)
        assert noticed == ([] if setting.zero_by_theory(key, statistics) else [key])


@every_network
@both_statistics
def test_float32_logits_are_as_near_as_torchs(name, width, resolution, padding, statistics):
    setting = Setting(name, width, resolution, padding)
    exact = {"logits": setting.torch64(statistics).logits}
    got, torchs = setting.refnet32(statistics).logits, setting.torch32(statistics).logits
    assert got.dtype == torchs.dtype == np.float32
    assert too_far({"logits": got}, {"logits": torchs}, exact) == []
    assert too_far({"logits": 1.01 * got}, {"logits": torchs}, exact) == ["logits"]


def float32_gradients(setting):
    """refnet's, torch's and the exact ones, with stored statistics and every ReLU6 on its float64 piece: which side
    of a kink a value falls on in float32 is luck, in torch as in refnet, and no matter of accuracy."""
    recording = Recording()
    exact = setting.refnet64("stored", kernels=recording).gradients
    steps.hold(setting.module32, recording.pieces)
    got = setting.refnet32("stored", kernels=Held(recording.pieces)).gradients
    return got, setting.torch32("stored").gradients, exact


@every_network
def test_float32_gradients_are_as_near_as_torchs(name, width, resolution, padding):
    got, torchs, exact = float32_gradients(Setting(name, width, resolution, padding))
    assert {gradient.dtype for gradient in got.values()} == {np.dtype(np.float32)}
    assert too_far(got, torchs, exact) == []


@small_networks
def test_any_missing_gradient_is_noticed_in_float32(name, width, resolution, padding):
    got, torchs, exact = float32_gradients(Setting(name, width, resolution, padding))
    for key in got:
        assert too_far(without(got, key), torchs, exact) == [kind(key)]


def test_dropout_with_torchs_own_mask():
    setting = Setting("v2", 0.35, 64, "same", dropout=0.2)
    kept = np.random.default_rng(5).random((4, 1280)) >= 0.2
    setting.module64.dropout = lambda features: features * steps.torch.from_numpy(kept) / 0.8
    wanted, got = setting.torch64("batch"), setting.refnet64("batch", rng=5)
    assert differing({"logits": got.logits}, {"logits": wanted.logits}) == []
    assert differing(got.gradients, wanted.gradients) == []
    assert differing(setting.refnet64("batch", rng=6).gradients, wanted.gradients) != []


@pytest.mark.parametrize("name", ["v1", "v2"])
def test_initial_weights_train_as_in_torch(name):
    """Kernels of sigma 0.09, scale 1, shift 0: the first step of a training run."""
    setting = Setting(name, 0.5, 64, "same")
    weights = setting.net.init(7, np.float64)
    state, keys = setting.module64.state_dict(), iter(weights)
    for entry in [entry for entry in state if not entry.endswith("num_batches_tracked")]:
        value = weights[next(keys)]
        value = value[None, None] if value.ndim == 2 and state[entry].ndim == 4 else value
        value = value[:, :, None] if value.ndim == 3 else value
        turned = np.moveaxis(value, (-1, -2), (0, 1)) if value.ndim > 1 else value
        state[entry] = steps.torch.from_numpy(turned.copy())
    setting.module64.load_state_dict(state)
    wanted, got = setting.torch64("batch"), setting.refnet64("batch")
    assert differing({"logits": got.logits}, {"logits": wanted.logits}) == []
    assert differing(got.gradients, wanted.gradients) == []


SUFFIXES = {"kernel": "weight", "gamma": "weight", "beta": "bias", "bias": "bias"}
SUFFIXES |= {"moving_mean": "running_mean", "moving_variance": "running_var"}


@pytest.mark.parametrize("name", ["v1", "v2"])
def test_a_state_dict_ports_by_role_and_shape_in_order(name):
    build, build_in_torch = BUILDERS[name]
    net, state = build(0.5, 64, CLASSES), build_in_torch(0.5, CLASSES, "same", 0.01).state_dict()
    entries = [entry for entry in state if not entry.endswith("num_batches_tracked")]
    roles = [SUFFIXES[parameter.role] for parameter in net.parameters().values()]
    assert [entry.rpartition(".")[2] for entry in entries] == roles
    arrays = steps.ported(net.parameters(), [state[entry] for entry in entries])
    assert {key: array.shape for key, array in arrays.items()} == {
        key: parameter.shape for key, parameter in net.parameters().items()
    }
    with pytest.raises(ValueError, match=r"wanted \d+ tensors, got"):
        steps.ported(net.parameters(), [state[entry] for entry in entries[1:]])
