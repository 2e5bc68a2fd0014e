"""Pictures of shapes: boxes and labels belong to what is drawn, and pictures to their seed."""

import numpy as np
import pytest

from refnet.data.drawing import PLAIN, Objects, coverage, paint
from refnet.data.shape_scenes import CHUNK, CLASSES, LARGEST, THINGS, _seen, draw_scenes
from refnet.data.truth import IGNORED


@pytest.fixture(scope="module")
def found():
    return draw_scenes(2 * CHUNK, 64, seed=3)


def test_shapes_and_dtypes(found):
    N = 2 * CHUNK
    assert len(found) == len(found.boxes) == len(found.things) == N
    assert (found.images.shape, found.images.dtype) == ((N, 64, 64, 3), np.uint8)
    assert (found.labels.shape, found.labels.dtype) == ((N, 64, 64), np.uint8)
    assert found.classes == CLASSES
    assert set(np.unique(found.labels)) <= {*range(len(CLASSES) + 1), IGNORED}
    assert all(len(boxes) == len(things) <= THINGS[1] for boxes, things in zip(found.boxes, found.things, strict=True))


def test_every_box_lies_around_labels_of_its_class(found):
    """Pixels on the edge are ignored, and a neighbour of the same class may reach farther."""
    for labels, boxes, things in zip(found.labels, found.boxes, found.things, strict=True):
        for box, thing in zip(boxes, things, strict=True):
            y1, x1, y2, x2 = (box * 64).astype(int)
            assert 0 <= y1 < y2 <= 64
            assert 0 <= x1 < x2 <= 64
            inside = labels[y1:y2, x1:x2]
            assert (inside == thing).any()
            for side in (inside[0], inside[-1], inside[:, 0], inside[:, -1]):
                assert np.isin(side, (thing, IGNORED)).any()


def test_every_class_and_many_sizes_occur(found):
    assert set(np.concatenate(found.things)) == set(range(1, len(CLASSES) + 1))
    heights = np.concatenate(found.boxes)[:, 2] - np.concatenate(found.boxes)[:, 0]
    assert heights.min() < 0.25 < 0.4 < heights.max()


@pytest.mark.parametrize("size", [33, 129, LARGEST])
def test_any_size_has_shapes_of_a_size_to_match(size):
    found = draw_scenes(2, size)
    assert found.shape == (size, size, 3)
    for boxes in found.boxes:
        sides = (boxes[:, 2:] - boxes[:, :2]).max(1)
        assert (sides < 0.6).all()
        assert sides.max() > 0.15


def test_hardly_visible_things_have_no_box():
    """A third of a thing is seen at the least."""
    owner = np.full((64, 64), -1)
    owner[10:20, 10:20] = 0
    owner[10:20, 10:17] = 1
    boxes, things = _seen(owner, np.array([3, 4]), np.array([100, 70]))
    assert things.tolist() == [4]  # 30 of the first thing's 100 pixels are seen
    np.testing.assert_allclose(boxes * 64, [[10, 10, 20, 17]])
    assert _seen(owner, np.array([3, 4]), np.array([90, 70]))[1].tolist() == [3, 4]


def test_a_picture_depends_on_its_seed_split_and_size_alone(found):
    few = draw_scenes(3, 64, seed=3)
    for name in ("images", "labels"):
        np.testing.assert_array_equal(getattr(few, name), getattr(found, name)[:3])
    assert all((one == other).all() for one, other in zip(few.boxes, found.boxes[:3], strict=True))
    for other in (draw_scenes(3, 64, seed=4), draw_scenes(3, 64, seed=3, split=1)):
        assert (other.images != few.images).any()


def test_coverage_is_what_paint_covers():
    """White on black: a pixel's colour is its cover."""
    n, S = 8, 48
    random = np.random.default_rng(0)
    numbers = {"x": (64, 320), "y": (64, 320), "radius": (64, 120), "turn": (0, 255), "pitch": (9, 16), "phase": (0, 9)}
    drawn = {name: random.integers(*limits, n).astype(np.int32) for name, limits in numbers.items()}
    shape, texture = np.arange(n, dtype=np.int32), np.full(n, PLAIN, np.int32)
    colours = np.full((n, 3), 255, np.int32)
    objects = Objects(shape=shape, texture=texture, colour=colours, second_colour=colours, **drawn)
    canvas = np.zeros((n, 3, S, S), np.uint16)
    paint(canvas, objects, np.ones(n, bool))
    np.testing.assert_array_equal(canvas[:, 0], 255 * coverage(objects, S) >> 8)
    assert canvas.any((1, 2, 3)).all()


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"count": 0}, "count: wanted an integer from 1 on, got 0"),
        ({"count": 1, "size": 31}, "size: wanted an integer from 32 on, got 31"),
        ({"count": 1, "size": 642}, "size: wanted at most 641, got 642"),
        ({"count": 1, "seed": -1}, "seed: wanted an integer from 0 on, got -1"),
    ],
)
def test_settings_that_are_none_are_refused(settings, message):
    with pytest.raises(ValueError, match=message):
        draw_scenes(**settings)
