"""Default boxes: how many, where, in which order; those of every detector of refnet."""

from math import sqrt

import numpy as np
import pytest

from refnet import models
from refnet.tasks.boxes import to_centres
from refnet.tasks.defaults import RATIOS, default_boxes, default_boxes_of, forms

DETECTORS = ("ssdlite_mobilenet_v1", "ssdlite_mobilenet_v2", "ssd_mobilenet_v1", "ssd_mobilenet_v2", "ssd_inception_v2")
MAPS = [(20, 20), (10, 10), (5, 5), (3, 3), (2, 2), (1, 1)]


def test_scales_are_those_of_the_sample_configurations():
    """0.2 to 0.95 in six steps of 0.15, and 1 behind the last."""
    found = forms(6)
    assert [round(own[0].scale, 12) for own in found] == [0.1, 0.35, 0.5, 0.65, 0.8, 0.95]
    assert [(form.scale, form.ratio) for form in found[0]] == [(0.1, 1.0), (0.2, 2.0), (0.2, 0.5)]
    for own, following in zip(found[1:], [0.5, 0.65, 0.8, 0.95, 1.0], strict=True):
        assert [form.ratio for form in own] == [*RATIOS, 1.0]
        assert own[-1].scale == pytest.approx(sqrt(own[0].scale * following))


def test_boxes_by_hand():
    """A picture twice as wide as high, a map of 1 x 2 pixels: scales are shares of its height."""
    found = to_centres(default_boxes([(1, 2)], (100, 200)))
    assert found.shape == (6, 4)
    r = sqrt(2)
    wanted = [(0.1, 0.05), (0.2 / r, 0.2 * r / 2), (0.2 * r, 0.2 / r / 2)]
    np.testing.assert_allclose(found[:3], [(0.5, 0.25, *sides) for sides in wanted], rtol=1e-12)
    np.testing.assert_allclose(found[3:], [(0.5, 0.75, *sides) for sides in wanted], rtol=1e-12)


def test_order_is_map_row_column_form():
    found = to_centres(default_boxes(MAPS, (320, 320)))
    row = 0
    for (H, W), own in zip(MAPS, forms(6), strict=True):
        for y in range(H):
            for x in range(W):
                for scale, ratio in own:
                    h, w = scale / sqrt(ratio), scale * sqrt(ratio)
                    np.testing.assert_allclose(found[row], ((y + 0.5) / H, (x + 0.5) / W, h, w), rtol=1e-12)
                    row += 1
    assert row == len(found)


@pytest.mark.parametrize("name", DETECTORS)
def test_every_detector_has_a_box_for_each_of_its_codes(name):
    """1917 boxes at 300 pixels, 2034 at 320."""
    net = getattr(models, name)()
    found = default_boxes_of(net)
    codes = sum(np.prod(net.shapes[each]) for each in net.outputs if each.startswith("boxes_"))
    assert len(found) == codes // 4 == {300: 1917, 320: 2034}[net.inputs["images"][0]]


def test_a_network_that_is_no_such_detector_is_refused():
    with pytest.raises(ValueError, match=r"mobilenet_v2-1.0-224: wanted boxes_1 .*, got classifier"):
        default_boxes_of(models.mobilenet_v2())


@pytest.mark.parametrize(("maps", "picture", "what"), [([(0, 1)], (8, 8), "H"), ([(1, 1)], (0, 8), "picture")])
def test_sides_that_are_none_are_refused(maps, picture, what):
    with pytest.raises(ValueError, match=f"{what}: wanted an integer of at least 1, got 0"):
        default_boxes(maps, picture)
