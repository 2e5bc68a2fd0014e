"""Average precision against a plain oracle in exact numbers, and by hand."""

from fractions import Fraction

import numpy as np
import pytest
from cases import array, box, boxes, exact
from hypothesis import given
from hypothesis import strategies as st
from plain import CROWD, HARD, THING
from plain import average_precision as plain_precision

from refnet.tasks.precision import HUNDREDTHS, average_precision
from refnet.tasks.suppression import Found
from refnet.tasks.things import Things

PICTURES = st.lists(
    st.tuples(
        st.lists(st.tuples(box(least=1), st.integers(1, 2), st.integers(0, 6)), max_size=6),
        st.lists(st.tuples(box(least=1), st.integers(1, 2), st.sampled_from([THING, HARD, CROWD])), max_size=4),
    ),
    min_size=1,
    max_size=3,
)


def arrays(pictures):
    found, there = [], []
    for detections, things in pictures:
        own, classes, scores = ([each[i] for each in detections] for i in range(3))
        found.append(Found(array(own), np.array(classes, int), np.array(scores, float)))
        own, classes, kinds = ([each[i] for each in things] for i in range(3))
        ignored, crowd = (np.array([kind in those for kind in kinds], bool) for those in ((HARD, CROWD), (CROWD,)))
        there.append(Things(array(own), np.array(classes, int), ignored, crowd))
    return found, there


def by_oracle(pictures):
    """Class -> AP at each t, for classes of which there is something to be found."""
    known = {}
    for number in (1, 2):
        found = {
            i: [(exact([own])[0], score) for own, of, score in detections if of == number]
            for i, (detections, _) in enumerate(pictures)
        }
        there = {
            i: [(exact([own])[0], kind) for own, of, kind in things if of == number]
            for i, (_, things) in enumerate(pictures)
        }
        each = [plain_precision(found, there, Fraction(t, 100)) for t in HUNDREDTHS]
        if each[0] is not None:
            known[number] = each
    return known


@given(PICTURES)
def test_it_is_what_the_oracle_says(pictures):
    """Overlaps and scores repeat, pictures are without things and without detections; crowds and hard ones occur."""
    wanted = by_oracle(pictures)
    if not wanted:
        with pytest.raises(ValueError, match="there: wanted at least one thing that can be found, got none"):
            average_precision(*arrays(pictures), classes=2)
        return
    found = average_precision(*arrays(pictures), classes=2)
    assert found.ap == pytest.approx(float(np.mean([float(one) for each in wanted.values() for one in each])))
    assert found.ap50 == pytest.approx(float(np.mean([float(each[0]) for each in wanted.values()])))
    assert found.ap75 == pytest.approx(float(np.mean([float(each[5]) for each in wanted.values()])))
    assert found.of_classes == pytest.approx({n: float(np.mean([float(x) for x in e])) for n, e in wanted.items()})


@given(boxes(least=1, min_size=1, max_size=5))
def test_the_truth_itself_is_perfect(things):
    own, classes = array(things), np.ones(len(things), int)
    found = average_precision([Found(own, classes, np.ones(len(things)))], [Things(own, classes)], 1)
    assert found.ap == found.ap50 == found.ap75 == 1
    assert found.of_classes == {1: 1.0}


def test_a_wrong_one_before_the_right_one_by_hand():
    """Precision is 1/2 at the only recall above 0, and from there on down to 0."""
    there = [Things(array([(0, 0, 4, 4)]), np.array([1]))]
    found = [Found(array([(4, 4, 8, 8), (0, 0, 4, 4)]), np.array([1, 1]), np.array([0.9, 0.8]))]
    assert average_precision(found, there, 1).ap == pytest.approx(0.5)


def test_half_of_the_things_by_hand():
    """Recall reaches 0.5: 51 of the 101 recalls have precision 1, the others none."""
    there = [Things(array([(0, 0, 4, 4), (4, 4, 8, 8)]), np.array([1, 1]))]
    found = [Found(array([(0, 0, 4, 4)]), np.array([1]), np.array([0.9]))]
    assert average_precision(found, there, 1).ap == pytest.approx(51 / 101)


def test_a_thing_is_found_once():
    there = [Things(array([(0, 0, 4, 4), (4, 4, 8, 8)]), np.array([1, 1]))]
    found = [Found(array([(0, 0, 4, 4)] * 2 + [(4, 4, 8, 8)]), np.ones(3, int), np.array([0.9, 0.8, 0.7]))]
    assert average_precision(found, there, 1).ap == pytest.approx((51 + 50 * 2 / 3) / 101)


def test_what_lies_in_a_crowd_is_neither_right_nor_wrong():
    there = [Things(array([(0, 0, 4, 4), (4, 4, 8, 8)]), np.array([1, 1]), crowd=np.array([False, True]))]
    found = [Found(array([(4, 4, 6, 6), (6, 6, 8, 8), (0, 0, 4, 4)]), np.ones(3, int), np.array([0.9, 0.8, 0.7]))]
    assert average_precision(found, there, 1).ap == 1


def test_what_is_hard_to_see_is_ignored_once_and_as_a_whole():
    """Half of it is another thing, and so is a second detection of it."""
    there = [Things(array([(0, 0, 4, 4), (4, 4, 8, 8)]), np.array([1, 1]), np.array([False, True]))]
    right = [(4, 4, 8, 8), (0, 0, 4, 4)]
    scores = np.array([0.9, 0.8, 0.7])
    assert average_precision([Found(array(right), np.ones(2, int), scores[:2])], there, 1).ap == 1
    for wrong in ((4, 4, 6, 6), (4, 4, 8, 8)):
        found = [Found(array([right[0], wrong, right[1]]), np.ones(3, int), scores)]
        assert average_precision(found, there, 1).ap == pytest.approx(1 / 2)


def test_another_class_is_wrong_and_a_class_of_nothing_does_not_count():
    there = [Things(array([(0, 0, 4, 4)]), np.array([1]))]
    found = [Found(array([(0, 0, 4, 4)]), np.array([2]), np.array([0.9]))]
    known = average_precision(found, there, 2)
    assert known.ap == 0
    assert known.of_classes == {1: 0.0}


EMPTY = Found(np.zeros((0, 4)), np.zeros(0, int), np.zeros(0))
ONE = Things(array([(0, 0, 4, 4)]), np.array([1]))


@pytest.mark.parametrize(
    ("found", "there", "message"),
    [
        ([], [ONE], "found: wanted that of 1 pictures, got 0"),
        ([EMPTY._replace(scores=np.ones(1))], [ONE], "scores of picture 0: wanted 0 numbers"),
        ([EMPTY], [ONE._replace(classes=np.array([3]))], "classes of picture 0: wanted numbers from 1 to 2, got 3"),
        ([EMPTY], [ONE._replace(crowd=np.zeros(2, bool))], "crowd of picture 0: wanted one for each of 1 boxes"),
        ([EMPTY], [ONE._replace(ignored=np.zeros(0, bool))], "ignored of picture 0: wanted one for each of 1 boxes"),
        ([Found(ONE.boxes, ONE.classes, np.array([np.nan]))], [ONE], "scores of picture 0: .* got .*nan"),
    ],
)
def test_what_does_not_fit_is_refused(found, there, message):
    with pytest.raises((TypeError, ValueError), match=message):
        average_precision(found, there, 2)
