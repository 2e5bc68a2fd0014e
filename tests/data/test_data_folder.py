"""Folders of images: what is read, how it is divided, and what is wrong is named."""

import shutil
from pathlib import Path

import numpy as np
import pytest
from data_samples import write_images

from refnet.data import AUGMENTATIONS, Batches, load
from refnet.data.folder import _place

Image = pytest.importorskip("PIL.Image")


def pixels(path):
    with Image.open(path) as image:
        return np.asarray(image.convert("RGB"))


def test_train_and_test_folders(tmp_path):
    write_images(tmp_path / "train", count=3, size=(16, 16))
    write_images(tmp_path / "val", count=2, size=(16, 16))
    train, test = load(tmp_path, 16)
    assert (len(train), len(test), train.shape, train.classes) == (6, 4, (16, 16, 3), ("cat", "dog"))
    assert train.labels.tolist() == [0, 0, 0, 1, 1, 1]
    wanted = [pixels(tmp_path / "val" / name) for name in ("cat/0.png", "cat/1.png", "dog/0.png", "dog/1.png")]
    assert (test.read(np.array([3, 0, 1, 2])) == np.stack([wanted[3], *wanted[:3]])).all()
    assert train.take(np.array([4])).read(np.array([0])).shape == (1, 16, 16, 3)


def test_one_folder_is_divided_by_the_seed(tmp_path):
    write_images(tmp_path, count=21, size=(4, 4))
    write_images(tmp_path / "dog" / "more", ("small",), 2, (4, 4))
    first, again, other = (load(str(tmp_path), 8, seed=seed) for seed in (0, 0, 1))
    assert len(first.train) + len(first.test) == 21 + 23
    assert 2 <= len(first.test) <= 12  # about a tenth
    assert set(first.test.labels) == {0, 1}
    assert first.test.paths == again.test.paths != other.test.paths
    assert set(first.test.paths).isdisjoint(first.train.paths)


def test_pictures_that_come_later_never_make_one_that_was_learnt_from_a_test(tmp_path):
    learnt = set()
    for count in (2, 3, 5, 8, 13, 21, 34):
        shutil.rmtree(tmp_path / "cat", ignore_errors=True)
        shutil.rmtree(tmp_path / "dog", ignore_errors=True)
        splits = load(write_images(tmp_path, count=count, size=(4, 4)), 8)
        assert learnt.isdisjoint(splits.test.paths)
        assert set(splits.train.labels) == set(splits.test.labels) == {0, 1}
        learnt.update(splits.train.paths)
    assert len(splits.test) < 0.3 * 68


def test_a_class_on_one_side_only_gives_one_image_to_the_other(tmp_path):
    names = [str(number) for number in range(10, 300)]
    is_low = {name: _place(Path(f"cat/{name}.png"), 0) < 0.1 for name in names}
    low, high = ([name for name in names if is_low[name] == side][:3] for side in (True, False))
    for names in (low, high):
        for folder in tmp_path.iterdir():
            shutil.rmtree(folder)
        write_images(tmp_path, ("cat", "dog"), size=(4, 4))
        for i, name in enumerate(names):
            (tmp_path / "cat" / f"{i}.png").rename(tmp_path / "cat" / f"{name}.png")
        splits = load(tmp_path, 8)
        assert (splits.test.labels == 0).sum() == 1
        assert (splits.train.labels == 0).sum() == 2


def test_parts_of_other_names_are_no_classes(tmp_path):
    write_images(tmp_path / "one", ("Training", "validation"))
    with pytest.raises(ValueError, match="wanted its parts to be train and test, .*, got Training and validation"):
        load(tmp_path / "one")
    write_images(tmp_path / "two", ("valid", "defect"))
    assert load(tmp_path / "two").train.classes == ("defect", "valid")
    for part in ("train", "test"):
        write_images(tmp_path / "three" / part, ("bus", "train"))
    assert load(tmp_path / "three").train.classes == ("bus", "train")


def test_the_network_sees_224_pixels_unless_told_otherwise(tmp_path):
    assert load(write_images(tmp_path)).train.read(np.array([0, 1])).shape == (2, 224, 224, 3)


def test_shrinking_takes_the_mean(tmp_path):
    """Black and white columns in turn become grey; one column of every five would be black or white."""
    write_images(tmp_path)
    columns = np.tile(np.array([0, 255], np.uint8), (40, 20))
    for path in tmp_path.rglob("*.png"):
        Image.fromarray(columns).save(path)
    assert abs(load(tmp_path, 8).train.read(np.array([0]))[0, 2:-2, 2:-2].astype(int) - 127).max() < 15


def test_a_window_is_cut_before_it_is_stretched(tmp_path):
    write_images(tmp_path, size=(40, 30))
    train = load(tmp_path, 10).train
    seen = []

    def view(i, height, width):
        seen.append((i, height, width))
        return 5 + i, 7, 10, 10

    out = train.read(np.array([1, 0]), view)
    assert seen == [(0, 30, 40), (1, 30, 40)]
    assert (out[0] == pixels(train.paths[1])[5:15, 7:17]).all()
    assert (out[1] == pixels(train.paths[0])[6:16, 7:17]).all()


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_photograph_is_turned_as_the_camera_was_held(tmp_path, orientation):
    """Exif's eight orientations; the window is of the picture as a person sees it."""
    write_images(tmp_path)
    picture = np.zeros((32, 48, 3), np.uint8)  # red left half, blue lower right quarter
    picture[:, :24], picture[16:, 24:] = (250, 0, 0), (0, 0, 250)
    turns = {1: lambda a: a, 2: lambda a: a[:, ::-1], 3: lambda a: a[::-1, ::-1], 4: lambda a: a[::-1]}
    turns |= {5: lambda a: a.swapaxes(0, 1), 6: lambda a: np.rot90(a, 1), 7: lambda a: np.rot90(a, 2).swapaxes(0, 1)}
    stored = (turns | {8: lambda a: np.rot90(a, -1)})[orientation](picture)
    exif = Image.Exif()
    exif[0x0112] = orientation
    photograph = Image.fromarray(np.ascontiguousarray(stored))
    photograph.save(tmp_path / "cat" / "0.jpg", exif=exif, quality=100, subsampling=0)
    train = load(tmp_path, 16).train
    out = train.read(np.array([place(train, "0.jpg")]), lambda i, h, w: (h // 2, 0, h // 2, w))[0].astype(int)
    assert abs(out[3:-3, 2:6] - (250, 0, 0)).max() < 12
    assert abs(out[3:-3, 10:14] - (0, 0, 250)).max() < 12


def place(dataset, name):
    """Of a file in a data set; the seeds of these tests are such that it is there."""
    return [path.name for path in dataset.paths].index(name)


BOTH_LEARNT = 4  # a seed with which neither is for testing


def test_a_large_photograph_is_decoded_small_and_looks_the_same(tmp_path):
    write_images(tmp_path, suffix=".png")
    small = np.random.default_rng(0).integers(0, 256, (8, 8, 3), np.uint8)
    large = Image.fromarray(small).resize((512, 512), Image.Resampling.BICUBIC)
    for name in ("big.jpg", "big.png"):
        large.save(tmp_path / "cat" / name, quality=95)
    train = load(tmp_path, 32, seed=BOTH_LEARNT).train
    places = [place(train, name) for name in ("big.jpg", "big.png")]
    for view in (None, lambda i, h, w: (h // 4, w // 8, h // 2, w // 2)):
        jpeg, png = train.read(np.array(places), view).astype(int)
        assert abs(jpeg - png).mean() < 2
        assert abs(jpeg - png).max() < 20


@pytest.mark.parametrize(("mode", "grey"), [("L", 7), ("P", 204), ("RGBA", 9), ("LA", 70), ("CMYK", 90), ("1", 255)])
def test_other_kinds_of_pixels_become_red_green_and_blue(tmp_path, mode, grey):
    """What is transparent is black."""
    write_images(tmp_path, size=(8, 8))
    source = Image.fromarray(np.full((8, 8, 3), grey, np.uint8)).convert(mode)
    if mode == "RGBA":
        source.putalpha(0)
    suffix = ".tif" if mode == "CMYK" else ".png"
    for name in ("cat", "dog"):
        for i in range(3):
            (tmp_path / name / f"{i}.png").unlink()
            source.save(tmp_path / name / f"{i}{suffix}")
    out = load(tmp_path, 8).train.read(np.arange(2))
    assert (out == (0 if mode == "RGBA" else grey)).all()


def test_batches_of_files_are_functions_of_seed_and_step(tmp_path):
    write_images(tmp_path, count=5, suffix=".jpg")
    batches = [Batches(load(tmp_path, 24).train, 4, 1, AUGMENTATIONS["inception"]) for _ in range(2)]
    assert batches[0].batch(3).images.tobytes() == batches[1].batch(3).images.tobytes()


def test_an_empty_folder_is_named(tmp_path):
    with pytest.raises(ValueError, match=rf"{tmp_path}: wanted a folder of images for each .* two classes, got none"):
        load(tmp_path)


def test_a_folder_that_is_not_there_is_named(tmp_path):
    with pytest.raises(ValueError, match="source: wanted digits, .* or the path of a folder of images, got .*nowhere"):
        load(tmp_path / "nowhere")


def test_one_class_is_named(tmp_path):
    write_images(tmp_path, ("cat",))
    with pytest.raises(ValueError, match=r"at least two classes, got only 'cat'"):
        load(tmp_path)


def test_a_class_without_images_is_named(tmp_path):
    write_images(tmp_path)
    (tmp_path / "owl").mkdir()
    (tmp_path / "owl" / "notes.txt").write_text("none yet")
    (tmp_path / "owl" / ".hidden.png").write_text("none yet")
    with pytest.raises(ValueError, match=r"owl: wanted images \(.jpg, .* got none"):
        load(tmp_path)


def test_a_class_with_one_image_cannot_be_divided(tmp_path):
    write_images(tmp_path)
    write_images(tmp_path, ("owl",), 1)
    with pytest.raises(ValueError, match="owl: wanted at least two images, one of them for testing, got 1"):
        load(tmp_path)


def test_classes_that_differ_are_named(tmp_path):
    write_images(tmp_path / "train", ("cat", "dog", "owl"))
    write_images(tmp_path / "test", ("cat", "dog", "elk"))
    with pytest.raises(ValueError, match="test: wanted the classes of .*train; only one of both has elk, owl"):
        load(tmp_path)


def test_training_without_testing_is_named(tmp_path):
    write_images(tmp_path / "train")
    with pytest.raises(ValueError, match="wanted one of test and val beside train, got 0 of them"):
        load(tmp_path)


@pytest.mark.parametrize("content", [b"", b"not an image", b"\x89PNG\r\n\x1a\n"])
def test_a_file_that_is_no_image_is_named_before_training(tmp_path, content):
    write_images(tmp_path)
    (tmp_path / "dog" / "1.png").write_bytes(content)
    with pytest.raises(ValueError, match=r"1\.png: wanted an image that Pillow can read, got"):
        load(tmp_path)


@pytest.mark.parametrize("suffix", [".png", ".jpg"])
def test_a_file_that_is_cut_short_is_named_when_it_is_read(tmp_path, suffix):
    write_images(tmp_path, suffix=suffix)
    train = load(tmp_path, 16).train
    whole = train.paths[2].read_bytes()
    train.paths[2].write_bytes(whole[: len(whole) // 2])
    with pytest.raises(ValueError, match=rf"{train.paths[2]}: wanted an image that Pillow can read, got OSError"):
        train.read(np.arange(4))
    train.paths[2].unlink()
    with pytest.raises(FileNotFoundError, match=str(train.paths[2])):
        train.read(np.arange(4))


def test_sixteen_bits_are_refused_and_not_cut(tmp_path):
    write_images(tmp_path)
    Image.fromarray(np.full((8, 8), 3000, np.uint16)).save(tmp_path / "dog" / "1.png")
    with pytest.raises(ValueError, match=r"1\.png: wanted an image with 8 bits for each channel, got the mode I;16"):
        load(tmp_path)
