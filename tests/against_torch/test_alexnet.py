"""AlexNet against torch: logits and every gradient in float64, with shared random weights."""

import numpy as np
import pytest

from refnet.models import alex_net

comparators = pytest.importorskip("torch_comparators")
pytestmark = [pytest.mark.torch, pytest.mark.jit]


def test_agrees(monkeypatch):
    """At 71 pixels all pools round up, and a map of 2x2 is flattened. Dense layers of 4096 would take most time."""
    monkeypatch.setattr(alex_net, "F", 100)
    net = alex_net.alexnet(71, 7, dropout=0.0)
    module = comparators.alexnet(4, 100, 7).double()
    comparators.randomise(module, seed=2)
    # large enough for response normalisation to matter
    images = 30 * np.random.default_rng(1).standard_normal((1, 71, 71, 3))
    assert net.shapes["pool5"] == (2, 2, 256)
    assert comparators.judged(net, module, images, flat=256) == []
    assert not comparators.same_logits(net, module, images)  # rows of fc6 in torch's order
