"""GoogLeNet, as published and as torchvision has it, against torch: logits and every gradient in float64."""

import numpy as np
import pytest
from models.wiring import with_swapped_branches

from refnet.models import googlenet

comparators = pytest.importorskip("torch_comparators")
steps = pytest.importorskip("torch_steps")
pytestmark = [pytest.mark.torch, pytest.mark.jit]

IMAGES = np.random.default_rng(1).standard_normal((2, 64, 64, 3))


def published():
    module = comparators.googlenet(comparators.Biased, comparators.response_norm, 5, 3, 7).double()
    comparators.randomise(module, seed=2)
    return googlenet(64, 7, dropout=0.0), module


def torchvisions():
    """Batch norm, 3x3 for 5x5, a 2x2 pool, no response normalisation."""
    module = comparators.googlenet(comparators.Normalised, steps.nn.Identity, 3, 2, 7).double()
    steps.randomise(module, IMAGES, seed=2)
    return googlenet(64, 7, variant="torchvision", dropout=0.0), module


def test_as_published():
    assert comparators.judged(*published(), IMAGES[:1]) == []


@pytest.mark.parametrize("statistics", ["stored", "batch"])
def test_as_torchvision_has_it(statistics):
    assert comparators.judged(*torchvisions(), IMAGES, statistics) == []


def test_swapped_branches_are_noticed():
    net, module = published()
    assert comparators.same_logits(net, module, IMAGES[:1])
    assert not comparators.same_logits(with_swapped_branches(net, "inception_4e/output"), module, IMAGES[:1])
