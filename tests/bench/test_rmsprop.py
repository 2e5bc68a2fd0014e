"""RMSProp: its formulas by NumPy, and torch's optimizer step by step."""

import numpy as np
import pytest

from refnet.bench.rmsprop import RMSProp, Setting

SETTING = Setting(rate=0.1, decay=0.8, momentum=0.7, eps=0.01, weight_decay=0.02)
SHAPES = {"a/kernel": (3, 2, 5), "b/bias": (7,)}


def arrays(random, dtype):
    return {key: random.standard_normal(shape).astype(dtype) for key, shape in SHAPES.items()}


def by_numpy(w, gradients):
    """One weight after these gradients, in float64."""
    s = v = 0
    for g in gradients:
        slope = g + 0.02 * w
        s = 0.8 * s + 0.2 * slope**2
        v = 0.7 * v + slope / (np.sqrt(s) + 0.01)
        w = w - 0.1 * v
    return w


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_steps_are_those_of_the_formulas(dtype):
    random = np.random.default_rng(0)
    weights = arrays(random, dtype)
    gradients = [arrays(random, dtype) for _ in range(4)]
    exact = [{key: g.astype(np.float64) for key, g in each.items()} for each in (weights, *gradients)]
    wanted = {key: by_numpy(exact[0][key], [each[key] for each in exact[1:]]) for key in weights}
    same, optimizer = dict(weights), RMSProp(weights, SETTING)
    for each in gradients:
        optimizer.step(weights, each)
    for key, w in weights.items():
        assert w is same[key]
        assert w.dtype == dtype
        np.testing.assert_allclose(w, wanted[key], rtol=200 * np.finfo(dtype).eps, atol=200 * np.finfo(dtype).eps)


def test_what_has_no_gradient_stays():
    weights = arrays(np.random.default_rng(0), np.float32)
    before = weights["b/bias"].copy()
    RMSProp(weights, SETTING).step(weights, {"a/kernel": np.ones(SHAPES["a/kernel"], np.float32)})
    assert (weights["b/bias"] == before).all()


@pytest.mark.torch
def test_steps_are_torchs():
    torch = pytest.importorskip("torch")
    random = np.random.default_rng(1)
    weights = arrays(random, np.float64)
    theirs = {key: torch.nn.Parameter(torch.from_numpy(w.copy())) for key, w in weights.items()}
    setting = {"lr": 0.1, "alpha": 0.8, "momentum": 0.7, "eps": 0.01, "weight_decay": 0.02, "foreach": True}
    optimizer, judge = RMSProp(weights, SETTING), torch.optim.RMSprop(theirs.values(), **setting)
    for _ in range(4):
        gradients = arrays(random, np.float64)
        for key, parameter in theirs.items():
            parameter.grad = torch.from_numpy(gradients[key])
        judge.step()
        optimizer.step(weights, gradients)
    for key, parameter in theirs.items():
        np.testing.assert_allclose(weights[key], parameter.detach().numpy(), rtol=1e-12)
