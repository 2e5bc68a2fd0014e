"""A batch is a function of seed and step; an epoch shows each image once; shards together are the whole."""

import numpy as np
import pytest
from data_samples import drawn, numbered
from hypothesis import given
from hypothesis import strategies as st

from refnet.data import AUGMENTATIONS, Augmentation, Batches, in_order

EVERYTHING = Augmentation(True, (0.3, 0.9), (0.75, 1.33), 2, 0.2, (0.5, 1.5))


def same(a, b):
    return a.images.tobytes() == b.images.tobytes() and a.labels.tobytes() == b.labels.tobytes()


def seen(images):
    """Which of the numbered images these are."""
    return np.rint((images[:, 0, 0, 0] + 1) * 127.5).astype(int)


@pytest.mark.parametrize("name", AUGMENTATIONS)
def test_the_same_seed_gives_the_same_bits_in_any_order_of_asking(name):
    steps = [5, 0, 13, 5, 1]
    first, second = (Batches(drawn(12), 4, 3, AUGMENTATIONS[name]) for _ in range(2))
    asked = {step: first.batch(step) for step in steps}
    assert all(same(asked[step], second.batch(step)) for step in sorted(asked))


@pytest.mark.parametrize("change", ["seed", "step", "epoch"])
def test_another_seed_step_or_epoch_gives_something_else(change):
    batches = Batches(drawn(12), 12, 3, EVERYTHING)
    other = Batches(drawn(12), 12, 4, EVERYTHING).batch(0) if change == "seed" else batches.batch(1)
    assert not same(batches.batch(0), other)
    if change == "epoch":  # an epoch is one step here: the same images in another order
        assert sorted(batches.indices(0)) == sorted(batches.indices(1))
        assert list(batches.indices(0)) != list(batches.indices(1))


@given(st.integers(1, 30), st.integers(1, 7), st.integers(0, 3))
def test_an_epoch_shows_each_image_at_most_once_and_drops_less_than_a_batch(count, batch, epoch):
    batch = min(batch, count)
    batches = Batches(numbered(count), batch, 1)
    steps = range(epoch * len(batches), (epoch + 1) * len(batches))
    shown = np.concatenate([batches.indices(step) for step in steps])
    assert len(set(shown)) == len(shown) > count - batch


def test_images_and_labels_belong_together():
    data = numbered()
    images, labels = Batches(data, 8, 0).batch(2)
    assert (images.shape, images.dtype, labels.shape, labels.dtype) == ((8, 6, 6, 3), np.float32, (8,), np.int64)
    assert (data.labels[seen(images)] == labels).all()
    assert len(set(seen(images))) == 8


@pytest.mark.parametrize("augmentation", [Augmentation(), EVERYTHING])
def test_shards_together_are_the_whole_batch(augmentation):
    whole = Batches(drawn(24), 12, 5, augmentation)
    for step in (0, 1, 2, 7):
        parts = [Batches(drawn(24), 4, 5, augmentation, (k, 3)).batch(step) for k in range(3)]
        wanted = whole.batch(step)
        assert np.concatenate([part.images for part in parts]).tobytes() == wanted.images.tobytes()
        assert np.concatenate([part.labels for part in parts]).tolist() == wanted.labels.tolist()


def test_the_augmentation_of_a_step_is_not_made_of_the_numbers_of_an_epoch():
    """The permutation of epoch 3 and the draws of step 3 come from different streams."""
    ours = Batches(drawn(12), 12, 0, EVERYTHING).numbers(3)
    assert not np.isin(ours, np.random.default_rng((0, 3)).random(1000)).any()


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_values_fill_minus_one_to_one(dtype):
    data = numbered(256)
    (images, _), = in_order(data, 256, dtype=dtype)
    assert images.dtype == dtype
    assert images[[0, 255], 0, 0, 0].tolist() == [-1, 1]
    np.testing.assert_allclose(images[:, 0, 0, 0], np.arange(256) / 127.5 - 1, rtol=0, atol=1e-7)


def test_in_order_shows_every_image_once_and_ends_with_a_smaller_batch():
    batches = list(in_order(numbered(22), 8))
    assert [len(images) for images, _ in batches] == [8, 8, 6]
    assert np.concatenate([seen(images) for images, _ in batches]).tolist() == list(range(22))
    assert np.concatenate([labels for _, labels in batches]).tolist() == [i % 4 for i in range(22)]


def test_evaluation_can_show_the_middle_alone():
    data = drawn(2, 8)
    (images, _), = in_order(data, 2, central=0.5)
    whole = np.concatenate([images for images, _ in in_order(data, 2)])
    corners = images[:, [0, 0, -1, -1], [0, -1, 0, -1]]
    np.testing.assert_allclose(corners, whole[:, [2, 2, 5, 5], [2, 5, 2, 5]], atol=1e-6)


WRONG = [
    ({"batch": 0}, ValueError, "batch: wanted an integer from 1 on, got 0"),
    ({"batch": 2.5}, TypeError, "batch: wanted an integer, got 2.5"),
    ({"batch": 25}, ValueError, "batch: wanted at most the 24 images of numbered, got 25 in each of 1"),
    ({"batch": 9, "shard": (0, 3)}, ValueError, "got 9 in each of 3 shards"),
    ({"seed": -1}, ValueError, "seed: wanted an integer from 0 on, got -1"),
    ({"shard": (2, 2)}, ValueError, r"shard: wanted \(k, n\) with k < n, got \(2, 2\)"),
    ({"dtype": np.int32}, TypeError, "dtype: wanted float32 or float64, got int32"),
    ({"augmentation": Augmentation(crop=(0.5, 1.5))}, ValueError, "augmentation.crop: wanted shares"),
]


@pytest.mark.parametrize(("given", "kind", "message"), WRONG)
def test_impossible_arguments_are_refused(given, kind, message):
    with pytest.raises(kind, match=message):
        Batches(**{"dataset": numbered(), "batch": 8} | given)


def test_a_step_before_the_first_is_refused():
    with pytest.raises(ValueError, match="step: wanted an integer from 0 on, got -1"):
        Batches(numbered(), 8).batch(-1)


@pytest.mark.parametrize("central", [0, 1.2, float("nan")])
def test_an_impossible_middle_is_refused(central):
    with pytest.raises(ValueError, match="augmentation.central: wanted more than 0, at most 1"):
        next(in_order(numbered(), 8, central=central))
