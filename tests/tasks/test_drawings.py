"""Boxes and labels on pictures: in their places, in colours of their own, all of them within the picture."""

import numpy as np
import pytest
from cases import picture

from refnet.tasks import drawings
from refnet.tasks.drawings import colour_of, draw_boxes, draw_labels
from refnet.tasks.suppression import Found

pytest.importorskip("matplotlib")
Image = pytest.importorskip("PIL.Image")
BLACK = np.zeros((80, 160, 3), np.uint8)
NAMES = [f"class {number}" for number in range(1, 22)]


def pixels(path):
    return np.asarray(Image.open(path).convert("RGB")).astype(int)


def place(found, colour):
    """Top, left, bottom, right of what is nearly of this colour, in the picture's pixels."""
    rows, columns = np.nonzero(abs(found - np.round(255 * np.array(colour))).max(2) < 40)
    scale = found.shape[1] / BLACK.shape[1]
    return np.array([rows.min(), columns.min(), rows.max() + 1, columns.max() + 1]) / scale


def test_a_box_is_drawn_where_it_is(tmp_path):
    found = Found(np.array([[30.0, 20, 70, 100]]), np.array([2]), np.array([0.75]))
    draw_boxes(tmp_path / "boxes.png", BLACK, found, NAMES)
    drawn = pixels(tmp_path / "boxes.png")
    assert drawn.shape[1] == 2 * drawn.shape[0] == 800
    top, left, bottom, right = place(drawn[int(30 * 5) - 5 :], colour_of(2)) + [29, 0, 29, 0]
    np.testing.assert_allclose([left, bottom, right], [20, 70, 100], atol=1)
    assert 20 < top <= 30.5  # the name stands above


@pytest.mark.parametrize("box", [(0.0, 0, 40, 40), (0.0, 130, 79, 160), (70.0, 150, 80, 160)])
def test_a_name_lies_within_the_picture(box, tmp_path, monkeypatch):
    places = []
    inside = drawings._inside

    def watched(axes, text):
        inside(axes, text)
        extent, whole = (each.get_window_extent() for each in (text, axes))
        places.append((extent.x0 - whole.x0, whole.x1 - extent.x1, extent.y0 - whole.y0, whole.y1 - extent.y1))

    monkeypatch.setattr(drawings, "_inside", watched)
    draw_boxes(tmp_path / "boxes.png", BLACK, Found(np.array([box]), np.array([1]), np.array([1.0])), NAMES)
    assert len(places) == 1
    assert min(places[0]) > -1


def test_labels_have_the_colour_of_their_class_in_every_picture(tmp_path):
    labels = np.zeros(BLACK.shape[:2], np.uint8)
    labels[:40, :80], labels[40:, 80:], labels[:40, 80:] = 7, 15, 255
    draw_labels(tmp_path / "labels.png", BLACK, labels, NAMES)
    drawn = pixels(tmp_path / "labels.png")
    height, width, _ = drawn.shape
    for number, (y, x) in {7: (0.25, 0.25), 15: (0.9, 0.75)}.items():
        wanted = 255 * drawings.SEEN_THROUGH * np.array(colour_of(number))
        np.testing.assert_allclose(drawn[int(y * height), int(x * width)], wanted, atol=3)
    assert not drawn[int(0.75 * height), int(0.25 * width)].any()  # background


def test_twenty_classes_have_colours_that_differ():
    colours = np.array([colour_of(number) for number in range(1, 21)])
    apart = abs(colours[:, None] - colours).sum(2) + 9 * np.eye(20)
    assert apart.min() > 0.1
    assert colours.min() >= 0
    assert colours.max() <= 1


def test_labels_of_another_picture_are_refused(tmp_path):
    with pytest.raises(ValueError, match=r"labels: wanted those of the picture's \(40, 50\) pixels, got \(50, 40\)"):
        draw_labels(tmp_path / "x.png", picture((40, 50, 3)), np.zeros((50, 40), np.uint8), NAMES)
