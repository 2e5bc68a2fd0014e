"""The multibox loss against a plain oracle, its gradients against differences; what is to be learnt of a picture."""

import numpy as np
import pytest
from cases import array
from hypothesis import given
from hypothesis import strategies as st
from plain import multibox_loss as plain_loss

from refnet.tasks.boxes import to_centres
from refnet.tasks.coding import decode, encode
from refnet.tasks.multibox import WHATEVER, Targets, hard_negatives, multibox_loss, smooth_l1, targets_of
from refnet.tasks.things import Things

SLOTS = 4


def drawn(seed, pictures=3, boxes=9, positives=0.3, dtype=np.float64):
    random = np.random.default_rng(seed)
    others = np.where(random.random((pictures, boxes)) < 0.8, 0, WHATEVER)
    slots = np.where(random.random((pictures, boxes)) < positives, random.integers(1, SLOTS, (pictures, boxes)), others)
    codes, wanted = (random.normal(0, 2, (pictures, boxes, 4)) for _ in range(2))
    logits = random.normal(0, 2, (pictures, boxes, SLOTS))
    wanted[slots <= 0] = 0
    return codes.astype(dtype), logits.astype(dtype), Targets(wanted.astype(dtype), slots)


@given(st.integers(0, 2**32), st.sampled_from([0.0, 0.1, 0.5, 1.0]), st.sampled_from([0, 1, 2.5, 3]))
def test_the_loss_is_that_of_the_oracle(seed, positives, negatives):
    codes, logits, targets = drawn(seed, positives=positives)
    found = multibox_loss(codes, logits, targets, negatives)
    lists = (each.tolist() for each in (codes, logits, targets.codes, targets.slots))
    places, classes = plain_loss(*lists, negatives)
    np.testing.assert_allclose((found.places, found.classes), (places, classes), rtol=1e-12)
    assert found.loss == found.places + found.classes


@pytest.mark.parametrize("which", ["codes", "logits"])
def test_gradients_are_those_of_differences(which):
    """The same negatives are the hardest on both sides, and no difference crosses 1 in size: h is that small."""
    codes, logits, targets = drawn(1)
    found = multibox_loss(codes, logits, targets)
    gradient = found.dcodes if which == "codes" else found.dlogits
    random, h = np.random.default_rng(2), 1e-6
    for _ in range(5):
        direction = random.standard_normal(gradient.shape)
        steps = []
        for sign in (1, -1):
            moved = {"codes": codes, "logits": logits}
            moved[which] = moved[which] + sign * h * direction
            steps.append(multibox_loss(**moved, targets=targets).loss)
        np.testing.assert_allclose((steps[0] - steps[1]) / (2 * h), (gradient * direction).sum(), rtol=1e-6)


def test_gradients_of_what_does_not_count_are_zero():
    codes, logits, targets = drawn(3)
    found = multibox_loss(codes, logits, targets, negatives=0)
    background = targets.slots <= 0
    assert (found.dcodes[background] == 0).all()
    assert (found.dlogits[background] == 0).all()
    assert (np.abs(found.dlogits[~background]).sum(-1) > 0).all()


def test_without_a_thing_there_is_nothing_to_learn():
    codes, logits, targets = drawn(4, positives=0)
    found = multibox_loss(codes, logits, targets)
    assert found.loss == 0
    assert not found.dcodes.any()
    assert not found.dlogits.any()


def test_smooth_l1_by_hand():
    np.testing.assert_array_equal(smooth_l1(np.array([0, 0.5, -0.5, 1, -1, 3])), [0, 0.125, 0.125, 0.5, 0.5, 2.5])


def test_the_hardest_negatives_are_chosen_picture_by_picture():
    losses = np.array([[1.0, 9, 3, 3, 2, 0], [5, 5, 5, 5, 5, 5]])
    positive = np.array([[1, 0, 0, 0, 0, 0], [0, 0, 0, 0, 0, 0]], bool)
    np.testing.assert_array_equal(hard_negatives(losses, positive, ~positive, 2), [[0, 1, 1, 0, 0, 0], [0] * 6])
    negative = ~positive & (losses != 9)
    np.testing.assert_array_equal(hard_negatives(losses, positive, negative, 2), [[0, 0, 1, 1, 0, 0], [0] * 6])


def test_float32_stays():
    found = multibox_loss(*drawn(5, dtype=np.float32))
    assert found.dcodes.dtype == found.dlogits.dtype == np.float32


def test_targets_of_pictures():
    defaults = array([(0, 0, 4, 4), (4, 4, 8, 8), (0, 4, 4, 8)])
    things = [array([(4, 4, 8, 7), (1, 1, 1, 5)]), []]  # the second thing of the first picture has no area
    there = [Things(*each) for each in zip(things, [[2, 1], []], strict=True)]
    found = targets_of(there, defaults, SLOTS, np.float64)
    np.testing.assert_array_equal(found.slots, [[0, 2, 0], [0, 0, 0]])
    np.testing.assert_allclose(found.codes[0, 1], encode(things[0][:1], defaults[1:2])[0])
    np.testing.assert_allclose(decode(found.codes[0, 1:2], defaults[1:2]), things[0][:1])
    assert not found.codes[0, [0, 2]].any()
    assert not found.codes[1].any()
    assert (to_centres(defaults)[:, 2:] > 0).all()


def test_default_boxes_on_what_is_ignored_learn_nothing():
    """Of one that is hard to see, those that overlap it by half; of a crowd, those of which half lies in it."""
    defaults = array([(0, 0, 4, 4), (0, 0, 2, 2), (4, 4, 8, 8), (4, 4, 6, 6), (0, 4, 4, 8)])
    boxes, classes = array([(0, 0, 4, 4), (4, 4, 8, 8)]), [1, 2]
    hard = targets_of([Things(boxes, classes, np.array([True, False]))], defaults, SLOTS)
    np.testing.assert_array_equal(hard.slots, [[WHATEVER, 0, 2, 0, 0]])
    crowd = targets_of([Things(boxes, classes, crowd=np.array([True, False]))], defaults, SLOTS)
    np.testing.assert_array_equal(crowd.slots, [[WHATEVER, WHATEVER, 2, 0, 0]])
    both = targets_of([Things(boxes[[0, 0]], classes, np.array([True, False]))], defaults, SLOTS)
    np.testing.assert_array_equal(both.slots, [[2, 0, 0, 0, 0]])  # a thing of its own comes first


SQUARE = array([(0, 0, 4, 4)])
WRONG = {
    "classes of picture 0: wanted numbers from 1 to 3, got 4 to 4": [(SQUARE, [4])],
    "classes of picture 0: wanted numbers from 1 to 3, got 0 to 0": [(SQUARE, [0])],
    "classes of picture 0: wanted integers, got float64": [(SQUARE, [1.5])],
    "classes of picture 0: wanted one for each of 1 boxes": [(SQUARE, [1, 2])],
    "classes of picture 0: wanted one for each of 0 boxes": [([], [1])],
    "ignored of picture 0: wanted one for each of 1 boxes": [(SQUARE, [1], [True, False])],
    "boxes of picture 1: wanted .*, got .* at 0": [([], []), ([[1, 0, 0, 1]], [1])],
}


@pytest.mark.parametrize("message", WRONG)
def test_truth_that_is_none_is_refused_and_names_the_picture(message):
    with pytest.raises((TypeError, ValueError), match=message):
        targets_of([Things(*each) for each in WRONG[message]], SQUARE, SLOTS)


@pytest.mark.parametrize("negatives", [-1, float("nan"), float("inf")])
def test_a_number_of_negatives_that_is_none_is_refused(negatives):
    with pytest.raises(ValueError, match="negatives: wanted a number of at least 0"):
        multibox_loss(*drawn(7), negatives)


def changed(what, how):
    codes, logits, targets = drawn(6)
    parts = {"codes": codes, "logits": logits, "targets": targets}
    parts[what] = how(parts[what])
    return parts


@pytest.mark.parametrize(
    ("what", "how", "message"),
    [
        ("codes", lambda x: x[:, 1:], r"codes: wanted shape \(3, 9, 4\), got \(3, 8, 4\)"),
        ("codes", lambda x: x.astype(np.float32), "codes: wanted dtype float64, got float32"),
        ("logits", lambda x: x[..., :1], "logits: wanted .* with at least two slots"),
        ("targets", lambda t: t._replace(codes=t.codes[:1]), "targets.codes: wanted shape"),
        ("targets", lambda t: t._replace(slots=t.slots + SLOTS), "targets.slots: wanted numbers from -1 to 3"),
        ("targets", lambda t: t._replace(slots=t.slots * 1.0), "targets.slots: wanted .* integers"),
    ],
)
def test_what_does_not_fit_is_refused(what, how, message):
    with pytest.raises((TypeError, ValueError), match=message):
        multibox_loss(**changed(what, how))
