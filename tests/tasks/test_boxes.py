"""Areas and overlaps against counted pixels; forms and parts of boxes."""

import numpy as np
import pytest
from cases import array, boxes
from hypothesis import given
from plain import pixels

from refnet.tasks.boxes import area, check_boxes, clipped, intersection, iou, to_centres, to_corners


@given(boxes(max_size=6), boxes(max_size=6))
def test_areas_and_overlaps_are_those_of_counted_pixels(first, second):
    a, b = (np.array(each, float).reshape(-1, 4) for each in (first, second))
    shared = np.array([[len(pixels(one) & pixels(other)) for other in second] for one in first]).reshape(len(a), len(b))
    either = np.array([[len(pixels(one) | pixels(other)) for other in second] for one in first]).reshape(len(a), len(b))
    np.testing.assert_array_equal(area(a), [len(pixels(one)) for one in first])
    np.testing.assert_array_equal(intersection(a, b), shared)
    np.testing.assert_array_equal(iou(a, b), np.where(either > 0, shared / np.maximum(either, 1), 0))


@given(boxes(min_size=1, max_size=6))
def test_centres_and_corners_are_two_ways_to_say_it(found):
    corners = array(found)
    centres = to_centres(corners)
    np.testing.assert_array_equal(to_corners(centres), corners)
    np.testing.assert_array_equal(centres[:, 2] * centres[:, 3], area(corners))


def test_centres_by_hand():
    np.testing.assert_array_equal(to_centres(np.array([[1.0, 2.0, 5.0, 12.0]])), [[3, 7, 4, 10]])


def test_clipped_is_what_lies_in_the_picture():
    given_boxes = np.array([[-0.5, 0.25, 0.5, 1.5], [1.25, 0, 2, 1], [0.1, 0.2, 0.3, 0.4]])
    np.testing.assert_array_equal(clipped(given_boxes), [[0, 0.25, 0.5, 1], [1, 0, 1, 1], [0.1, 0.2, 0.3, 0.4]])


@pytest.mark.parametrize("given_boxes", [[], np.zeros((0, 4)), np.zeros((0, 4), np.float32)])
def test_no_box_is_fine(given_boxes):
    assert check_boxes(given_boxes, "boxes").shape == (0, 4)


def test_integers_become_float64_and_float32_stays():
    assert check_boxes([[0, 0, 1, 1]], "boxes").dtype == np.float64
    assert check_boxes(np.zeros((1, 4), np.float32), "boxes").dtype == np.float32


@pytest.mark.parametrize(
    ("wrong", "error", "message"),
    [
        ([[0, 0, 1]], ValueError, r"boxes: wanted boxes \(N, 4\), got shape \(1, 3\)"),
        ([[0, 0, 1], [1]], TypeError, r"boxes: wanted boxes \(N, 4\), got rows of different lengths"),
        ([["a"] * 4], TypeError, "boxes: wanted numbers, got <U1"),
        ([[0, 0, 1, 1], [0.5, 0, 0.25, 1]], ValueError, r"y1 <= y2 and x1 <= x2, got \(0.5, 0, 0.25, 1\) at 1"),
        ([[0, 0, 1, np.nan]], ValueError, r"got \(0, 0, 1, nan\) at 0"),
        ([[0, 0, np.inf, 1]], ValueError, r"got \(0, 0, inf, 1\) at 0"),
    ],
)
def test_what_are_no_boxes_is_refused(wrong, error, message):
    with pytest.raises(error, match=message):
        check_boxes(wrong, "boxes")
