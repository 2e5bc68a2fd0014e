"""Suppression against a plain oracle in exact numbers; classes do not suppress each other."""

from fractions import Fraction

import numpy as np
from cases import array, box, exact
from hypothesis import given
from hypothesis import strategies as st
from plain import suppress as plain_suppress

from refnet.tasks.suppression import best_of, suppress

SCORED = st.lists(st.tuples(box(least=1), st.integers(0, 8)), max_size=12)


@given(SCORED, st.sampled_from([Fraction(1, 4), Fraction(1, 2), Fraction(3, 4), Fraction(1)]), st.integers(1, 12))
def test_what_stays_is_what_the_oracle_keeps(scored, overlap, most):
    """Scores repeat: of equals the first comes first."""
    boxes, scores = [each[0] for each in scored], [each[1] for each in scored]
    found = suppress(array(boxes), np.array(scores) / 8, float(overlap), most)
    assert found.tolist() == plain_suppress(exact(boxes), scores, overlap, most)


def test_overlap_at_the_limit_stays():
    boxes = array([(0, 0, 4, 8), (0, 0, 8, 8)])
    assert suppress(boxes, np.array([0.9, 0.8]), overlap=0.5).tolist() == [0, 1]
    assert suppress(boxes, np.array([0.9, 0.8]), overlap=0.49).tolist() == [0]


def test_each_class_by_itself_the_surest_first():
    boxes = array([(0, 0, 4, 4), (0, 0, 4, 4), (4, 4, 8, 8)])
    probabilities = np.array([[0.1, 0.2, 0.7], [0.0, 0.9, 0.1], [0.95, 0.05, 0.0]])
    found = best_of(boxes, probabilities, least=0.06)
    assert found.classes.tolist() == [1, 2]
    assert found.scores.tolist() == [0.9, 0.7]
    np.testing.assert_array_equal(found.boxes, boxes[[1, 0]])


def test_only_so_many():
    boxes = array([(0, 0, 1, 1), (1, 1, 2, 2), (2, 2, 3, 3)])
    probabilities = np.array([[0, 0.3, 0.3], [0, 0.5, 0.5], [0, 0.4, 0.4]])
    found = best_of(boxes, probabilities, most=4)
    assert found.scores.tolist() == [0.5, 0.5, 0.4, 0.4]
    assert found.classes.tolist() == [1, 2, 1, 2]


def test_a_box_without_an_area_is_nothing():
    found = best_of(array([(0, 0, 0, 4), (0, 0, 4, 4)]), np.array([[0.0, 1.0], [0.5, 0.5]]))
    assert found.scores.tolist() == [0.5]


def test_nothing_sure_enough_is_nothing():
    found = best_of(array([(0, 0, 1, 1)]), np.array([[0.9, 0.1]]), least=0.5)
    assert found.boxes.shape == (0, 4)
    assert found.classes.shape == found.scores.shape == (0,)
