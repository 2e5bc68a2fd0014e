"""Matching against a plain oracle in exact numbers, and the rules one by one."""

from fractions import Fraction

import numpy as np
import pytest
from cases import array, boxes, exact
from hypothesis import given
from plain import match as plain_match

from refnet.tasks.matching import NOTHING, match


@given(boxes(least=1, max_size=4), boxes(least=1, min_size=1, max_size=10))
def test_matches_are_those_of_the_oracle(things, defaults):
    wanted = plain_match(exact(things), exact(defaults), Fraction(1, 2))
    found = match(array(things), array(defaults))
    np.testing.assert_array_equal(found, [NOTHING if each is None else each for each in wanted])


def test_every_thing_has_the_box_that_overlaps_it_most_below_the_threshold_too():
    defaults = array([(0, 0, 4, 4), (4, 4, 8, 8)])
    np.testing.assert_array_equal(match(array([(3, 3, 5, 6)]), defaults), [NOTHING, 0])


def test_two_things_on_one_box():
    """The better one has it; the other takes the next, though it overlaps that less."""
    defaults = array([(0, 0, 8, 4), (0, 4, 8, 8)])
    things = array([(0, 1, 8, 5), (0, 0, 8, 4)])
    np.testing.assert_array_equal(match(things, defaults), [1, 0])


def test_what_overlaps_nothing_has_no_box():
    defaults = array([(0, 0, 2, 2), (2, 2, 4, 4)])
    np.testing.assert_array_equal(match(array([(6, 6, 8, 8)]), defaults), [NOTHING, NOTHING])


@pytest.mark.parametrize(("things", "defaults"), [([], [(0, 0, 1, 1)]), ([(0, 0, 1, 1)], [])])
def test_nothing_to_match(things, defaults):
    np.testing.assert_array_equal(match(array(things), array(defaults)), [NOTHING] * len(defaults))
