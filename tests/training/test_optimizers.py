"""Each optimizer against its formula, stated independently in float64, and against torch where that is installed."""

import numpy as np
import pytest

from refnet.training import SGD, RMSProp

SHAPES = {"a/kernel": (3, 2, 5), "b/bias": (7,)}
RATES = (0.1, 0.1, 0.02, 0.05)  # changing, because it matters where the velocity holds the rate


def arrays(random, dtype):
    return {key: random.standard_normal(shape).astype(dtype) for key, shape in SHAPES.items()}


def tensorflow(w, gradients, eps, decay=0.8, momentum=0.7, weight_decay=0.02):
    """As its kernel has it: the mean square moves by a share of its distance to the squared gradient."""
    ms, mom = np.ones_like(w), np.zeros_like(w)
    for g, rate in zip(gradients, RATES, strict=True):
        g = g + weight_decay * w
        ms = ms + (g * g - ms) * (1 - decay)
        mom = mom * momentum + rate * g / np.sqrt(ms + eps)
        w = w - mom
    return w


def keras(w, gradients, eps, decay=0.8, momentum=0.7, weight_decay=0.02):
    velocity, buffer = np.zeros_like(w), np.zeros_like(w)
    for g, rate in zip(gradients, RATES, strict=True):
        g = g + weight_decay * w
        velocity = decay * velocity + (1 - decay) * np.square(g)
        buffer = momentum * buffer + (rate * g) / np.sqrt(velocity + eps)
        w = w - buffer
    return w


def pytorch(w, gradients, eps, decay=0.8, momentum=0.7, weight_decay=0.02):
    average, buffer = np.zeros_like(w), np.zeros_like(w)
    for g, rate in zip(gradients, RATES, strict=True):
        g = g + weight_decay * w
        average = decay * average + (1 - decay) * g**2
        buffer = momentum * buffer + g / (np.sqrt(average) + eps)
        w = w - rate * buffer
    return w


def sgd(w, gradients, nesterov, momentum=0.7, weight_decay=0.02):
    v = np.zeros_like(w)
    for g, rate in zip(gradients, RATES, strict=True):
        g = g + weight_decay * w
        v = momentum * v + g
        w = w - rate * (g + momentum * v if nesterov else v)
    return w


FORMULAS = {"tensorflow": (tensorflow, 1.0), "keras": (keras, 1e-7), "pytorch": (pytorch, 1e-8)}
SETTING = {"decay": 0.8, "momentum": 0.7, "weight_decay": 0.02}


def steps(optimizer, weights, gradients):
    """The weights after these steps: the same arrays, changed."""
    same = dict(weights)
    for each, rate in zip(gradients, RATES, strict=True):
        optimizer.step(weights, each, rate)
    assert all(weights[key] is w for key, w in same.items())
    return weights


def drawn(dtype=np.float64, seed=0):
    random = np.random.default_rng(seed)
    return arrays(random, dtype), [arrays(random, dtype) for _ in RATES]


def compare(found, dtype, wanted):
    for key, w in found.items():
        assert w.dtype == dtype
        np.testing.assert_allclose(w, wanted[key], rtol=200 * np.finfo(dtype).eps, atol=200 * np.finfo(dtype).eps)


def by_formula(formula, weights, gradients, setting):
    wide = {key: w.astype(np.float64) for key, w in weights.items()}
    return {key: formula(w, [each[key].astype(np.float64) for each in gradients], setting) for key, w in wide.items()}


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("eps", [None, 0.01])
@pytest.mark.parametrize("flavor", FORMULAS)
def test_rmsprop_is_its_flavor(flavor, eps, dtype):
    formula, own = FORMULAS[flavor]
    weights, gradients = drawn(dtype)
    wanted = by_formula(formula, weights, gradients, own if eps is None else eps)
    compare(steps(RMSProp(weights, flavor, eps=eps, **SETTING), weights, gradients), dtype, wanted)


def test_flavors_are_different():
    ends = []
    for flavor in FORMULAS:
        weights, gradients = drawn()
        ends.append(steps(RMSProp(weights, flavor, eps=0.01), weights, gradients)["b/bias"])
    assert min(abs(ends[i] - ends[j]).max() for i in range(3) for j in range(i)) > 1e-3


def test_tensorflow_is_the_default():
    assert RMSProp({}).eps == 1.0
    assert (RMSProp({}).decay, RMSProp({}).momentum) == (0.9, 0.9)
    weights, gradients = drawn()
    wanted = steps(RMSProp(dict(weights), "tensorflow"), {k: w.copy() for k, w in weights.items()}, gradients)
    assert all((wanted[key] == w).all() for key, w in steps(RMSProp(weights), weights, gradients).items())


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("nesterov", [False, True])
def test_sgd_is_its_formula(nesterov, dtype):
    weights, gradients = drawn(dtype)
    wanted = by_formula(sgd, weights, gradients, nesterov)
    compare(steps(SGD(weights, 0.7, nesterov, 0.02), weights, gradients), dtype, wanted)


@pytest.mark.parametrize("kind", [RMSProp, SGD])
def test_weight_decay_is_for_its_group(kind):
    weights = {"a": np.ones(3), "b": np.ones(3)}
    kind(weights, weight_decay=0.5, decayed=["a"]).step(weights, {key: np.zeros(3) for key in weights}, 0.1)
    assert (weights["a"] < 1).all()
    assert (weights["b"] == 1).all()


@pytest.mark.parametrize("kind", [RMSProp, SGD])
def test_what_has_no_gradient_stays(kind):
    weights, (gradients, *_) = drawn()
    before = weights["b/bias"].copy()
    kind(weights).step(weights, {"a/kernel": gradients["a/kernel"]}, 0.1)
    assert (weights["b/bias"] == before).all()


@pytest.mark.parametrize("kind", [RMSProp, SGD])
def test_restored_it_goes_on_bit_for_bit(kind):
    weights, gradients = drawn(np.float32)
    optimizer = kind(weights)
    optimizer.step(weights, gradients[0], 0.1)
    other = {key: w.copy() for key, w in weights.items()}
    again = kind(other)
    again.restore({name: array.copy() for name, array in optimizer.state().items()})
    optimizer.step(weights, gradients[1], 0.1)
    again.step(other, gradients[1], 0.1)
    assert all((other[key] == w).all() for key, w in weights.items())


def test_a_state_that_does_not_fit_is_refused():
    weights, _ = drawn()
    optimizer = SGD(weights)
    with pytest.raises(ValueError, match="state: wanted 2 arrays, 1 missing, first 'velocity/b/bias'"):
        optimizer.restore({"velocity/a/kernel": np.zeros(30)})
    with pytest.raises(ValueError, match=r"state\['velocity/a/kernel'\]: wanted shape \(30,\), got \(3,\)"):
        optimizer.restore({name: np.zeros(3) for name in optimizer.state()})


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ({"flavor": "torch"}, "flavor: wanted one of tensorflow, pytorch, keras, got 'torch'"),
        ({"decay": 1}, "decay: wanted a finite number from 0 to below 1, got 1"),
        ({"momentum": float("nan")}, "momentum: wanted a finite number from 0 to below 1, got nan"),
        ({"eps": -1}, "eps: wanted a finite number of at least 0, got -1"),
        ({"weight_decay": "much"}, "weight_decay: wanted a finite number of at least 0, got 'much'"),
    ],
)
def test_bad_settings(setting, message):
    with pytest.raises(ValueError, match=f"^{message}$"):
        RMSProp({"a": np.ones(2)}, **setting)


@pytest.mark.parametrize("rate", [float("nan"), float("inf"), -0.1, True])
def test_a_rate_that_is_none(rate):
    weights, (gradients, *_) = drawn()
    before = {key: w.copy() for key, w in weights.items()}
    with pytest.raises(ValueError, match=f"^rate: wanted a finite number of at least 0, got {rate}$"):
        RMSProp(weights).step(weights, gradients, rate)
    assert all((weights[key] == w).all() for key, w in before.items())


def test_weights_that_cannot_be_changed_in_place_are_refused():
    with pytest.raises(ValueError, match=r"weights\['a'\]: wanted a contiguous array that can be written to"):
        SGD({"a": np.ones((4, 6))[:, ::2]})


def test_gradients_of_another_shape_are_refused():
    weights = {"a": np.ones(2)}
    with pytest.raises(ValueError, match=r"gradients\['a'\]: wanted shape \(2,\), got \(3,\)"):
        SGD(weights).step(weights, {"a": np.ones(3)}, 0.1)


@pytest.mark.torch
@pytest.mark.parametrize("kind", ["RMSprop", "SGD", "Nesterov"])
def test_steps_are_torchs(kind):
    torch = pytest.importorskip("torch")
    weights, gradients = drawn(seed=1)
    theirs = {key: torch.nn.Parameter(torch.from_numpy(w.copy())) for key, w in weights.items()}
    common = {"lr": 0.1, "momentum": 0.7, "weight_decay": 0.02}
    if kind == "RMSprop":
        judge = torch.optim.RMSprop(theirs.values(), alpha=0.8, eps=0.01, **common)
        own = RMSProp(weights, "pytorch", 0.8, 0.7, 0.01, 0.02)
    else:
        judge = torch.optim.SGD(theirs.values(), nesterov=kind == "Nesterov", **common)
        own = SGD(weights, 0.7, kind == "Nesterov", 0.02)
    for each, rate in zip(gradients, RATES, strict=True):
        for key, parameter in theirs.items():
            parameter.grad = torch.from_numpy(each[key])
        judge.param_groups[0]["lr"] = rate
        judge.step()
        own.step(weights, each, rate)
    for key, parameter in theirs.items():
        np.testing.assert_allclose(weights[key], parameter.detach().numpy(), rtol=1e-12)


@pytest.mark.torch
def test_pytorchs_own_epsilon():
    torch = pytest.importorskip("torch")
    assert RMSProp({}, "pytorch").eps == torch.optim.RMSprop([torch.zeros(1)]).defaults["eps"]
