"""PASCAL VOC's folders: what is read of a small one, and what is said of broken files."""

import numpy as np
import pytest

from refnet.data.voc import CLASSES, voc_pictures

Image = pytest.importorskip("PIL.Image")

THING = """<object><name>{name}</name><difficult>{difficult}</difficult>
<bndbox><xmin>{x1}</xmin><ymin>{y1}</ymin><xmax>{x2}</xmax><ymax>{y2}</ymax></bndbox></object>"""
FILE = "<annotation><size><width>40</width><height>20</height><depth>3</depth></size>{things}</annotation>"
DOG = {"name": "dog", "difficult": 0, "x1": 11, "y1": 6, "x2": 30, "y2": 15}


@pytest.fixture
def root(tmp_path):
    for name in ("ImageSets/Main", "ImageSets/Segmentation", "JPEGImages", "Annotations", "SegmentationClass"):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / "ImageSets/Main/train.txt").write_text("one\n\ntwo  1\n")
    (tmp_path / "ImageSets/Segmentation/val.txt").write_text("one\n")
    Image.new("RGB", (40, 20), (0, 0, 255)).save(tmp_path / "JPEGImages/one.jpg", quality=100)
    Image.new("RGB", (40, 20), (0, 255, 0)).save(tmp_path / "JPEGImages/two.jpg", quality=100)
    annotate(tmp_path, THING.format(**DOG) + THING.format(**DOG | {"name": "cat", "difficult": 1, "x2": 99}))
    annotate(tmp_path, "", "two")
    labels = np.zeros((20, 40), np.uint8)
    labels[:10, :20], labels[10:, 20:] = 12, 255
    paint(tmp_path, labels)
    return tmp_path


def annotate(root, things, name="one"):
    write(root, FILE.format(things=things), name)


def write(root, text, name="one"):
    (root / f"Annotations/{name}.xml").write_text(text)


def paint(root, labels):
    image = Image.fromarray(labels, "L").convert("P")
    image.putdata(labels.reshape(-1).tolist())
    image.save(root / "SegmentationClass/one.png")


def test_things_and_boxes(root):
    """Pixels are counted from 1; what is difficult is not to be found."""
    found = voc_pictures(root, "train", resolution=16)
    assert (len(found), found.shape, found.classes[11]) == (2, (16, 16, 3), "dog")
    first, second = (found.truth(index) for index in range(2))
    np.testing.assert_allclose(first.boxes, [[0.25, 0.25, 0.75, 0.75], [0.25, 0.25, 0.75, 1]])
    assert first.things.tolist() == [CLASSES.index("dog") + 1, CLASSES.index("cat") + 1]
    assert first.ignored.tolist() == [False, True]
    assert not first.crowd.any()
    assert second.boxes.shape == (0, 4)
    assert (found.read(np.array([1]))[0, :, :, 1] > 250).all()


def test_labels_of_pixels(root):
    found = voc_pictures(root, "val", "segmentation", 8)
    truth = found.truth(0)
    wanted = np.zeros((8, 8))
    wanted[:4, :4], wanted[4:, 4:] = 12, 255
    np.testing.assert_array_equal(truth.labels, wanted)
    assert len(truth.boxes) == len(truth.things) == 0


def test_a_picture_is_turned_as_its_annotator_saw_it(root):
    """Upper half white as stored; the camera was held so that this is the picture's right."""
    stored = np.zeros((40, 20, 3), np.uint8)
    stored[:20] = 255
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.fromarray(stored).save(root / "JPEGImages/one.jpg", exif=exif, quality=100)
    turned = voc_pictures(root, "train", resolution=20).read(np.array([0]))[0, :, :, 0]  # annotated 20 x 40
    assert (turned[:, :8] < 9).all()  # orientation 6: the stored top is the picture's right
    assert (turned[:, 12:] > 246).all()
    write(root, FILE.format(things="").replace("<width>40</width><height>20<", "<width>20</width><height>40<"))
    as_stored = voc_pictures(root, "train", resolution=20).read(np.array([0]))[0, :, :, 0]
    assert (as_stored[:8] > 246).all()
    assert (as_stored[12:] < 9).all()
    write(root, FILE.format(things="").replace("40", "41"))
    with pytest.raises(ValueError, match=r"one\.jpg: wanted 20 x 41 pixels, as its annotations say, got 40 x 20"):
        voc_pictures(root, "train").read(np.array([0]))


def test_classes_of_ones_own(root):
    found = voc_pictures(root, "train", classes=("dog", "cat"))
    assert found.truth(0).things.tolist() == [1, 2]
    with pytest.raises(ValueError, match="wanted one of bird, got 'dog'"):
        voc_pictures(root, "train", classes=["bird"]).truth(0)


def broken(root, change):
    change(root)
    return voc_pictures(root, "train").truth(0)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda root: annotate(root, "<object>"), r"one\.xml: wanted XML, got"),
        (lambda root: annotate(root, THING.format(**DOG | {"name": "unicorn"})), "wanted one of aeroplane.*'unicorn'"),
        (lambda root: annotate(root, THING.format(**DOG | {"x1": "left"})), "a number in bndbox/xmin, got 'left'"),
        (lambda root: annotate(root, "<object><name>dog</name></object>"), "wanted a number in bndbox/ymin, got ''"),
        (lambda root: write(root, "<annotation/>"), "wanted a number in size/height"),
        (lambda root: annotate(root, THING.format(**DOG | {"x1": "nan"})), "a number in bndbox/xmin, got 'nan'"),
        (lambda root: annotate(root, THING.format(**DOG | {"x1": 31})), "wanted ymin <= ymax, xmin <= xmax, got 6, 15"),
        (lambda root: write(root, '<?xml version="1.0" encoding="nope"?><annotation/>'), r"one\.xml: wanted XML, got"),
        (lambda root: write(root, FILE.format(things="").replace("40", "40.5")), "in whole pixels, got 40.5 x 20"),
    ],
)
def test_broken_annotations_are_refused(root, change, message):
    with pytest.raises(ValueError, match=message):
        broken(root, change)


def test_a_box_without_an_area_is_left_out(root):
    assert len(broken(root, lambda root: annotate(root, THING.format(**DOG | {"x1": 45, "x2": 50}))).boxes) == 0


def test_labels_that_are_no_classes_are_refused(root):
    paint(root, np.full((20, 40), 21, np.uint8))
    with pytest.raises(ValueError, match=r"one\.png: wanted classes from 0 to 20, or 255, got 21"):
        voc_pictures(root, "val", "segmentation").truth(0)
    Image.new("RGB", (40, 20)).save(root / "SegmentationClass/one.png")
    with pytest.raises(ValueError, match=r"one\.png: wanted a palette or a grey image of classes, got the mode RGB"):
        voc_pictures(root, "val", "segmentation").truth(0)


def test_missing_files_are_named(root):
    with pytest.raises(FileNotFoundError, match=r"test\.txt"):
        voc_pictures(root, "test")
    (root / "ImageSets/Main/empty.txt").write_text("\n")
    with pytest.raises(ValueError, match=r"empty\.txt: wanted the names of pictures, got none"):
        voc_pictures(root, "empty")
    (root / "SegmentationClass/one.png").unlink()
    with pytest.raises(FileNotFoundError, match=r"one\.png: wanted a file, one of those of .*val\.txt; there is none"):
        voc_pictures(root, "val", "segmentation")
    (root / "JPEGImages/two.jpg").unlink()
    with pytest.raises(FileNotFoundError, match=r"two\.jpg: wanted a file, one of those of .*train\.txt"):
        voc_pictures(root, "train")
    with pytest.raises(ValueError, match="task: wanted one of detection, segmentation, got 'dreaming'"):
        voc_pictures(root, task="dreaming")
