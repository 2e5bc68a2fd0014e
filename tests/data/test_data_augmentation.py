"""What augmentation does to an image, against plain statements of it; and its limits, for whatever chance says."""

import colorsys

import numpy as np
import pytest
from data_samples import drawn
from hypothesis import given
from hypothesis import strategies as st

from refnet.data import AUGMENTATIONS, Augmentation
from refnet.data.augmentation import (
    NUMBERS,
    central_window,
    check,
    coloured,
    varied,
    window,
)

CHANCE = st.lists(st.floats(0, 1, exclude_max=True), min_size=NUMBERS, max_size=NUMBERS).map(np.array)


def numbers(count, seed=0):
    return np.random.default_rng(seed).random((count, NUMBERS))


@given(CHANCE, st.integers(1, 400), st.integers(1, 400), st.sampled_from([(0.1, 1.0), (0.25, 1.0), (0.6, 0.7)]))
def test_a_crop_lies_inside_and_keeps_to_the_limits(u, height, width, limits):
    top, left, h, w = window(Augmentation(crop=limits, ratio=(0.75, 1.33)), u, height, width)
    assert 0 <= top <= top + h <= height
    assert 0 <= left <= left + w <= width
    assert h > 0 < w
    if (h, w) == (height, width):
        return
    area, half_a_pixel = height * width, h / 2
    assert limits[0] * area - half_a_pixel <= h * w <= limits[1] * area + half_a_pixel
    assert 0.75 * h - 0.5 <= w <= 1.33 * h + 0.5


def test_crops_reach_every_corner_and_every_size():
    kind = Augmentation(crop=(0.1, 1.0), ratio=(0.75, 1.33))
    windows = np.array([window(kind, u, 60, 80) for u in numbers(3000)])
    assert windows[:, :2].min(axis=0).tolist() == [0, 0]
    lower, narrower = windows[windows[:, 2] < 60], windows[windows[:, 3] < 80]
    assert (lower[:, 0] + lower[:, 2]).max() == 60
    assert (narrower[:, 1] + narrower[:, 3]).max() == 80
    shares = windows[:, 2] * windows[:, 3] / 4800
    assert shares.min() < 0.12
    assert shares.max() > 0.9


def test_no_ratio_fits_a_ribbon_so_all_of_it_is_taken():
    assert window(Augmentation(crop=(0.5, 1.0), ratio=(0.75, 1.33)), numbers(1)[0], 4, 100) == (0, 0, 4, 100)


@pytest.mark.parametrize(("size", "wanted"), [((224, 224), (14, 14, 196, 196)), ((9, 16), (0, 1, 9, 14))])
def test_the_middle_is_that_of_tensorflow(size, wanted):
    assert central_window(0.875, *size) == wanted


def test_a_flip_mirrors_half_of_the_images():
    images = drawn(64).images
    u = numbers(64)
    out = np.rint((varied(Augmentation(flip=True), images.copy(), u, np.float64) + 1) * 127.5)
    mirrored = (out == images[:, :, ::-1]).all(axis=(1, 2, 3))
    kept = (out == images).all(axis=(1, 2, 3))
    assert (mirrored ^ kept).all()
    assert 20 < mirrored.sum() < 44


def test_a_shift_moves_by_whole_pixels_and_fills_with_black():
    images = np.maximum(drawn(200).images, 1)
    out = np.rint((varied(Augmentation(shift=2), images.copy(), numbers(200), np.float64) + 1) * 127.5).astype(int)
    found = set()
    for image, moved in zip(images, out, strict=True):
        places = [(y, x) for y in range(-2, 3) for x in range(-2, 3) if (moved == _moved(image, y, x)).all()]
        assert len(places) == 1
        found.update(places)
    assert len(found) == 25


def _moved(image, down, right):
    out = np.zeros_like(image)
    H, W, _ = image.shape
    for y in range(H):
        for x in range(W):
            if 0 <= y - down < H and 0 <= x - right < W:
                out[y, x] = image[y - down, x - right]
    return out


def test_colours_change_as_hue_saturation_and_value_say():
    """Against the standard library's conversions, pixel by pixel."""
    images = drawn(3, 4).images
    brightness, saturation = np.array([-0.1, 0.0, 0.12]), np.array([0.5, 1.5, 1.3])
    out = coloured(images, brightness, saturation, np.float64)
    for b, y, x in np.ndindex(3, 4, 4):
        # The standard library wants [0, 1]; what brightness moved beyond it is tested below.
        rgb = images[b, y, x] / 255 + brightness[b]
        if rgb.min() < 0 or rgb.max() > 1:
            continue
        hue, s, value = colorsys.rgb_to_hsv(*rgb)
        wanted = colorsys.hsv_to_rgb(hue, min(1, s * saturation[b]), value)
        np.testing.assert_allclose((out[b, y, x] + 1) / 2, wanted, atol=1e-12)


def test_brightness_is_added_and_cut():
    images = np.array([0, 100, 250], np.uint8).reshape(1, 1, 3, 1).repeat(3, axis=3)
    out = coloured(images, np.array([0.1]), np.array([1.7]), np.float64)
    np.testing.assert_allclose((out[0, 0, :, 0] + 1) / 2, [0.1, 100 / 255 + 0.1, 1], atol=1e-12)
    assert (coloured(images, np.array([-1.0]), np.array([1.7]), np.float32) == -1).all()


@given(st.integers(0, 1000), st.sampled_from([np.float32, np.float64]))
def test_everything_stays_in_its_range(seed, dtype):
    images = drawn(4, 6, seed=seed).images
    out = varied(AUGMENTATIONS["inception"], images, numbers(4, seed), dtype)
    assert out.dtype == dtype
    assert -1 <= out.min() <= out.max() <= 1


def test_no_augmentation_changes_nothing():
    images = drawn().images
    out = varied(AUGMENTATIONS["none"], images.copy(), numbers(6), np.float64)
    assert (np.rint((out + 1) * 127.5) == images).all()


def test_the_names():
    assert set(AUGMENTATIONS) == {"none", "small", "cifar", "flip", "v1-small-models", "inception"}
    for each in AUGMENTATIONS.values():
        check(each)
    small, large = AUGMENTATIONS["v1-small-models"], AUGMENTATIONS["inception"]
    assert small.crop[0] > large.crop[0]
    assert small._replace(crop=large.crop) == large


WRONG = [
    ({"crop": (0, 1)}, "crop"),
    ({"crop": (0.9, 0.5)}, "crop"),
    ({"ratio": (0, 1)}, "ratio"),
    ({"shift": -1}, "shift"),
    ({"brightness": 2}, "brightness"),
    ({"saturation": (-1, 1)}, "saturation"),
    ({"saturation": (0, float("nan"))}, "saturation"),
    ({"central": 0}, "central"),
]


@pytest.mark.parametrize(("change", "field"), WRONG)
def test_impossible_amounts_are_refused(change, field):
    with pytest.raises(ValueError, match=rf"augmentation\.{field}: wanted .*, got"):
        check(Augmentation(**change))
