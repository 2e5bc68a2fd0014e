"""VGG 16 against torch: logits and every gradient in float64, with shared random weights."""

import numpy as np
import pytest

from refnet import Graph
from refnet.models import vgg

comparators = pytest.importorskip("torch_comparators")
pytestmark = [pytest.mark.torch, pytest.mark.jit]


def test_agrees(monkeypatch):
    """At 32x64 pixels a map of 1x2 is flattened. Dense layers of 4096 would take most of the time."""
    monkeypatch.setattr(vgg, "F", 100)
    net = Graph("vgg16", {"images": (32, 64, 3)}, vgg.vgg16(64, 7, dropout=0.0).nodes)
    module = comparators.vgg16(2, 100, 7).double()
    comparators.randomise(module, seed=2)
    images = np.random.default_rng(1).standard_normal((1, 32, 64, 3))
    assert net.shapes["pool5"] == (1, 2, 512)
    assert comparators.judged(net, module, images, flat=512) == []
