"""Bilinear resampling against its definition, and what must not change under it."""

import numpy as np
import pytest
from data_samples import drawn
from hypothesis import given
from hypothesis import strategies as st

from refnet.data.resampling import resample, resized, stretched

SIDES = st.integers(1, 9)


def naive(image, window, size):
    """Pixel by pixel: the corners of the window lie on the corners of the result."""
    top, left, height, width = window
    out = np.empty((*size, image.shape[2]))
    for y in range(size[0]):
        for x in range(size[1]):
            sy = min(max((y + 0.5) * height / size[0] - 0.5, 0), height - 1) + top
            sx = min(max((x + 0.5) * width / size[1] - 0.5, 0), width - 1) + left
            y0, x0 = int(sy), int(sx)
            y1, x1 = min(y0 + 1, top + height - 1), min(x0 + 1, left + width - 1)
            above = image[y0, x0] * (1 - (sx - x0)) + image[y0, x1] * (sx - x0)
            below = image[y1, x0] * (1 - (sx - x0)) + image[y1, x1] * (sx - x0)
            out[y, x] = above * (1 - (sy - y0)) + below * (sy - y0)
    return out


@given(SIDES, SIDES, st.integers(0, 9), st.integers(0, 9))
def test_stretched_to_more_pixels_it_is_the_same(h, w, more, other):
    image = np.random.default_rng(h * 100 + w).integers(0, 256, (h, w, 3)).astype(np.uint8)
    size = h + more, w + other
    found = stretched(image, size)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, naive(image.astype(float), (0, 0, h, w), size), atol=2e-3)


@given(st.integers(1, 40), st.integers(1, 40), st.integers(1, 40), st.integers(1, 40))
def test_stretched_to_fewer_it_is_pillows_but_for_rounding(h, w, H, W):
    Image = pytest.importorskip("PIL.Image")
    image = np.random.default_rng(h * 100 + w).integers(0, 256, (h, w, 3)).astype(np.uint8)
    wanted = np.asarray(Image.fromarray(image).resize((W, H), Image.Resampling.BILINEAR))
    assert abs(stretched(image, (H, W)) - wanted).max() < 1.02  # Pillow rounds rows, and then columns


def test_stretched_to_half_a_pixel_is_a_mean_by_a_triangle():
    found = stretched(np.array([[[0.0], [8], [16], [80]]]), (1, 2))
    np.testing.assert_allclose(found[0, :, 0], [(3 * 0 + 3 * 8 + 16) / 7, (8 + 3 * 16 + 3 * 80) / 7], rtol=1e-6)


@given(st.data())
def test_it_is_what_the_definition_says(data):
    h, w, H, W = (data.draw(SIDES) for _ in range(4))
    images = np.random.default_rng(h * 100 + w).integers(0, 256, (2, h, w, 3)).astype(np.uint8)
    windows = []
    for _ in images:
        height, width = data.draw(st.integers(1, h)), data.draw(st.integers(1, w))
        windows.append((data.draw(st.integers(0, h - height)), data.draw(st.integers(0, w - width)), height, width))
    out = resample(images, np.array(windows), (H, W))
    assert out.dtype == np.float32
    for image, window, found in zip(images.astype(float), windows, out, strict=True):
        np.testing.assert_allclose(found, naive(image, window, (H, W)), atol=255 * 3e-7 * max(h, w))


@given(SIDES, SIDES, SIDES, SIDES)
def test_mirror_images_stay_mirror_images(h, w, H, W):
    images = np.random.default_rng(0).integers(0, 256, (1, h, w, 1)).astype(np.float64)
    whole = np.array([[0, 0, h, w]])
    straight = resample(images, whole, (H, W))
    mirrored = resample(images[:, ::-1, ::-1], whole, (H, W))
    np.testing.assert_allclose(mirrored[:, ::-1, ::-1], straight, atol=1e-3)


def test_half_the_size_is_the_mean_of_four():
    images = drawn(3, 8).images
    means = images.reshape(3, 4, 2, 4, 2, 3).astype(float).mean(axis=(2, 4))
    assert (resized(images, (4, 4)) == np.rint(means)).all()


@pytest.mark.parametrize("count", [1, 7])
def test_many_images_are_resized_as_one_is(count, monkeypatch):
    monkeypatch.setattr("refnet.data.resampling._AT_ONCE", 3 * 100 * 3)
    images = drawn(count, 10).images
    assert (resized(images, (5, 7)) == np.concatenate([resized(image[None], (5, 7)) for image in images])).all()
    assert resized(images, (10, 10)) is images
