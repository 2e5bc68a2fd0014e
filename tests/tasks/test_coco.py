"""COCO's annotations: what is read of a small file, and what is said of broken ones."""

import json

import numpy as np
import pytest

from refnet.data.coco import coco_pictures

Image = pytest.importorskip("PIL.Image")


def content():
    return {
        "images": [
            {"id": 7, "file_name": "a.png", "width": 40, "height": 20},
            {"id": 3, "file_name": "b.png", "width": 10, "height": 10},
        ],
        "annotations": [
            {"id": 1, "image_id": 7, "category_id": 90, "bbox": [10, 5, 20, 10], "iscrowd": 0},
            {"id": 2, "image_id": 7, "category_id": 2, "bbox": [30.0, -5, 20, 10], "iscrowd": 1},
            {"id": 3, "image_id": 7, "category_id": 2, "bbox": [50, 5, 20, 10]},
            {"id": 4, "image_id": 7, "category_id": 2, "bbox": [5, 5, 0, 10]},
        ],
        "categories": [{"id": 90, "name": "toothbrush"}, {"id": 2, "name": "bicycle"}],
    }


@pytest.fixture
def folder(tmp_path):
    Image.new("RGB", (40, 20), (255, 0, 0)).save(tmp_path / "a.png")
    Image.new("L", (10, 10), 128).save(tmp_path / "b.png")
    return tmp_path


def written(folder, told):
    path = folder / "instances.json"
    path.write_text(told if isinstance(told, str) else json.dumps(told))
    return path


def test_what_is_read(folder):
    found = coco_pictures(written(folder, content()), folder, 32)
    assert (found.name, found.classes) == ("instances", ("bicycle", "toothbrush"))
    assert (found.shape, len(found)) == ((32, 32, 3), 2)
    first, second = (found.truth(index) for index in range(2))
    np.testing.assert_allclose(first.boxes, [[0.25, 0.25, 0.75, 0.75], [0, 0.75, 0.25, 1]])
    assert first.things.tolist() == [2, 1]
    assert first.crowd.tolist() == first.ignored.tolist() == [False, True]
    assert first.labels is None
    assert second.boxes.shape == (0, 4)
    assert second.things.shape == second.crowd.shape == (0,)
    assert [text.split(": ", 1)[1] for text in found.left_out] == [
        "annotation 3: no part of its box [50, 5, 20, 10] lies in its picture",
        "annotation 4: no part of its box [5, 5, 0, 10] lies in its picture",
    ]
    pixels = found.read(np.array([1, 0]))
    assert (pixels[0] == 128).all()
    assert (pixels[1] == (255, 0, 0)).all()


def without(name):
    return {key: value for key, value in content().items() if key != name}


def spoilt(part, **changes):
    told = content()
    told[part][0] |= changes
    return told


@pytest.mark.parametrize(
    ("told", "message"),
    [
        ("{", r"instances.json: wanted JSON, got Expecting"),
        ([], "wanted an object with images, annotations, categories, got list"),
        (without("images"), "wanted a list of objects 'images', got NoneType"),
        (without("categories") | {"categories": []}, "wanted at least one category, got none"),
        (without("images") | {"images": [], "annotations": []}, "wanted at least one image, got none"),
        (spoilt("annotations", image_id=5), "annotation 1: wanted the image_id of one that is in the file, got 5"),
        (spoilt("annotations", category_id=[]), r"annotation 1: wanted the category_id of one .*, got \[\]"),
        (spoilt("annotations", bbox=[1, 2, 3]), r"annotation 1: wanted bbox = .*, got \[1, 2, 3\]"),
        (spoilt("annotations", bbox=[1, 2, -3, 4]), r"annotation 1: wanted bbox = .*, got \[1, 2, -3, 4\]"),
        (spoilt("annotations", bbox=[1, 2, float("nan"), 4]), "annotation 1: wanted bbox = .*nan"),
        (spoilt("annotations", bbox=[1, 2, 10**400, 4]), "annotation 1: wanted bbox = "),
        (spoilt("annotations", iscrowd="0"), "annotation 1: wanted iscrowd = 0 or 1, got '0'"),
        (spoilt("categories", name=None), "categories: wanted a name for each, and different ones, got None"),
        (spoilt("categories", name="bicycle"), "categories: wanted a name for each, .*, got 'bicycle'"),
        (spoilt("images", width=40.5), "image 7: wanted file_name, width and height"),
        (spoilt("images", width=0), "image 7: wanted file_name, width and height"),
        (spoilt("images", file_name=None), "image 7: wanted file_name, width and height"),
        (spoilt("images", id=3), "image: wanted an id of its own, an integer, got 3"),
        (spoilt("categories", id="x"), "category: wanted an id of its own, an integer, got 'x'"),
    ],
)
def test_broken_files_are_refused(folder, told, message):
    with pytest.raises(ValueError, match=message):
        coco_pictures(written(folder, told), folder)


def test_missing_files_are_named(folder):
    with pytest.raises(FileNotFoundError, match=r"nothing\.json"):
        coco_pictures(folder / "nothing.json", folder)
    with pytest.raises(FileNotFoundError, match="nowhere: wanted the folder of the images"):
        coco_pictures(written(folder, content()), folder / "nowhere")
    with pytest.raises(FileNotFoundError, match=r"lost\.png: wanted a file, one of images of .*instances\.json"):
        coco_pictures(written(folder, spoilt("images", file_name="lost.png")), folder)
    found = coco_pictures(written(folder, spoilt("images", width=41)), folder)
    with pytest.raises(ValueError, match=r"a\.png: wanted 20 x 41 pixels, as its annotations say, got 20 x 40"):
        found.read(np.array([0]))
