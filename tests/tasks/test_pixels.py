"""Pixel loss and mean IoU against plain loops; what is ignored, and what is refused."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from plain import cross_entropy

from refnet.data.truth import IGNORED
from refnet.tasks.mean_iou import Pixels
from refnet.tasks.pixel_loss import pixel_cross_entropy

CLASSES = 4


def drawn(seed, ignored=0.3, dtype=np.float64):
    random = np.random.default_rng(seed)
    labels = random.integers(0, CLASSES, (2, 3, 5))
    labels[random.random(labels.shape) < ignored] = IGNORED
    return random.normal(0, 3, (*labels.shape, CLASSES)).astype(dtype), labels


@given(st.integers(0, 2**32), st.sampled_from([0.0, 0.3, 0.95, 1.0]))
def test_the_loss_is_the_mean_over_the_pixels_that_count(seed, ignored):
    logits, labels = drawn(seed, ignored)
    counted = [at for at in np.ndindex(labels.shape) if labels[at] != IGNORED]
    losses = [cross_entropy(logits[at].tolist(), labels[at]) for at in counted]
    loss, gradient = pixel_cross_entropy(logits, labels)
    assert loss == pytest.approx(sum(losses) / max(len(losses), 1), rel=1e-12)
    assert (gradient[labels == IGNORED] == 0).all()


def test_the_gradient_is_that_of_differences():
    logits, labels = drawn(1)
    _, gradient = pixel_cross_entropy(logits, labels)
    random, h = np.random.default_rng(2), 1e-6
    for _ in range(5):
        direction = random.standard_normal(logits.shape)
        up, down = (pixel_cross_entropy(logits + sign * h * direction, labels)[0] for sign in (1, -1))
        np.testing.assert_allclose((up - down) / (2 * h), (gradient * direction).sum(), rtol=1e-6)


def test_float32_stays_and_another_label_can_be_ignored():
    logits, labels = drawn(3, dtype=np.float32)
    loss, gradient = pixel_cross_entropy(logits, labels)
    assert gradient.dtype == np.float32
    again, _ = pixel_cross_entropy(logits, np.where(labels == IGNORED, -1, labels), ignored=-1)
    assert again == loss


@pytest.mark.parametrize(
    ("logits", "labels", "message"),
    [
        (np.zeros((1, 2, 2)), np.zeros((1, 2, 2), int), "logits: wanted .pictures, rows, columns, classes."),
        (np.zeros((1, 2, 2, 3)), np.zeros((1, 2), int), r"labels: wanted shape \(1, 2, 2\), got \(1, 2\)"),
        (np.zeros((1, 2, 2, 3)), np.zeros((1, 2, 2)), "labels: wanted integers, got float64"),
        (np.zeros((1, 2, 2, 3)), np.full((1, 2, 2), 3), "labels: wanted classes from 0 to 2, or 255 .*, got 3"),
        (np.zeros((1, 2, 2, 3)), np.full((1, 2, 2), -1), "labels: wanted classes from 0 to 2, or 255 .*, got -1"),
    ],
)
def test_what_does_not_fit_is_refused(logits, labels, message):
    with pytest.raises((TypeError, ValueError), match=message):
        pixel_cross_entropy(logits, labels)


@given(st.integers(0, 2**32))
def test_mean_iou_by_counted_pixels(seed):
    _, labels = drawn(seed)
    answers = np.random.default_rng(seed + 1).integers(0, CLASSES, labels.shape)
    pixels = Pixels(CLASSES)
    for one, other in zip(labels, answers, strict=True):
        pixels.add(one, other)
    places = [at for at in np.ndindex(labels.shape) if labels[at] != IGNORED]
    each = []
    for number in range(CLASSES):
        ours, theirs = ({at for at in places if what[at] == number} for what in (labels, answers))
        each.append(len(ours & theirs) / len(ours | theirs) if ours | theirs else np.nan)
    if not places:
        with pytest.raises(ValueError, match="at least one pixel that counts"):
            pixels.result()
        return
    found = pixels.result()
    np.testing.assert_array_equal(found.of_classes, each)
    assert found.mean == pytest.approx(np.nanmean(each))
    assert found.accuracy == pytest.approx(sum(labels[at] == answers[at] for at in places) / len(places))


def test_a_perfect_answer_is_one_without_the_classes_that_do_not_occur():
    labels = np.array([[0, 1], [IGNORED, 1]])
    pixels = Pixels(3)
    pixels.add(labels, np.where(labels == IGNORED, 2, labels))
    found = pixels.result()
    assert found.mean == found.accuracy == 1
    assert np.isnan(found.of_classes).tolist() == [False, False, True]


@pytest.mark.parametrize("answers", [np.full((2, 2), 3), np.full((2, 2), -1), np.full((2, 2), IGNORED)])
def test_answers_that_are_no_classes_are_refused(answers):
    with pytest.raises(ValueError, match="wanted classes from 0 to 2"):
        Pixels(3).add(np.zeros((2, 2), int), answers)


def test_what_is_ignored_is_no_class():
    with pytest.raises(ValueError, match="ignored: wanted none of the 256 classes, got 255"):
        Pixels(256).add(np.zeros((2, 2), int), np.zeros((2, 2), int))
    with pytest.raises(ValueError, match="ignored: wanted none of the 4 classes, got 3"):
        pixel_cross_entropy(np.zeros((1, 2, 2, 4)), np.zeros((1, 2, 2), int), ignored=3)
