"""Data sets that lie in files: what is read is what was written, and what is wrong is named."""

import numpy as np
import pytest
from data_samples import cifar_record, drawn, idx, numbered, write_cifar, write_mnist

from refnet.data import SOURCES, Images, load
from refnet.data.idx import read_idx


def test_digits_are_those_of_scikit_learn():
    datasets = pytest.importorskip("sklearn.datasets")
    bunch = datasets.load_digits()
    train, test = load("digits")
    assert (len(train), len(test), train.shape, len(train.classes)) == (1437, 360, (32, 32, 3), 10)
    assert np.concatenate([train.labels, test.labels]).tolist() == bunch.target.tolist()
    images = test.read(np.arange(360))
    assert images.dtype == np.uint8
    assert (images == images[..., :1]).all()
    # Each pixel became 4 x 4. The middle of a block of four pixels is the mean of the four; the corner is the corner.
    grey = bunch.images[-360:] * 255 / 16
    four = (grey[:, :-1, :-1] + grey[:, 1:, :-1] + grey[:, :-1, 1:] + grey[:, 1:, 1:]) / 4
    middle = images[:, 3:-4:4, 3:-4:4, 0].astype(float) + images[:, 4:-3:4, 4:-3:4, 0]
    middle += images[:, 3:-4:4, 4:-3:4, 0].astype(float) + images[:, 4:-3:4, 3:-4:4, 0]
    np.testing.assert_allclose(middle / 4, four, atol=0.5)
    corners = np.ix_(range(360), [0, -1], [0, -1])
    np.testing.assert_allclose(images[..., 0][corners], grey[corners], atol=0.5)
    assert load("digits", 48).test.shape == (48, 48, 3)


@pytest.mark.parametrize("zipped", [False, True])
def test_mnist_is_what_was_written(tmp_path, zipped):
    train, test = load("mnist", root=write_mnist(tmp_path, zipped))
    assert (len(train), len(test), test.shape) == (12, 5, (28, 28, 3))
    written = np.random.default_rng(0).integers(0, 256, (12, 28, 28))
    assert (train.read(np.arange(12)) == written[..., None]).all()
    assert test.labels.tolist() == [0, 1, 2, 3, 4]
    assert load("mnist", 32, tmp_path).train.read(np.array([3, 1])).shape == (2, 32, 32, 3)


def test_mnist_under_its_other_names(tmp_path):
    write_mnist(tmp_path)
    for path in list(tmp_path.iterdir()):
        path.rename(path.with_name(path.name.replace("-idx", ".idx")))
    assert len(load("mnist", root=tmp_path).test) == 5


def test_cifar_is_what_was_written(tmp_path):
    random = np.random.default_rng(5)
    pixels = random.integers(0, 256, (3, 32, 32, 3))
    records = b"".join(map(cifar_record, (9, 0, 4), pixels))
    (tmp_path / "cifar-10-batches-bin").mkdir()
    write_cifar(tmp_path / "cifar-10-batches-bin", test_batch=records)
    train, test = load("cifar10", root=tmp_path)
    assert (len(train), [test.classes[label] for label in test.labels]) == (20, ["truck", "airplane", "deer"])
    assert (test.read(np.arange(3)) == pixels).all()


def test_fewer_images_are_chosen_by_the_seed(tmp_path):
    write_mnist(tmp_path)
    all_images = load("mnist", root=tmp_path).train.read(np.arange(12))
    chosen = [load("mnist", root=tmp_path, seed=seed, counts=(7, 5)).train for seed in (0, 0, 1)]
    assert [len(each) for each in chosen] == [7, 7, 7]
    assert chosen[0].labels.tolist() == chosen[1].labels.tolist() != chosen[2].labels.tolist()
    found = [np.flatnonzero((all_images == image).all(axis=(1, 2, 3))) for image in chosen[0].read(np.arange(7))]
    assert [len(places) for places in found] == [1] * 7
    assert [places[0] % 10 for places in found] == chosen[0].labels.tolist()


CUT = idx(np.zeros((12, 28, 28)))[:-100]
BROKEN_MNIST = [
    ({"train_images": None}, FileNotFoundError, "train-images-idx3-ubyte: wanted this file of MNIST"),
    ({"test_labels": None}, FileNotFoundError, "t10k-labels-idx1-ubyte: wanted this file"),
    ({"train_images": CUT}, ValueError, "images-idx3-ubyte.*: wanted 12 x 28 x 28 = 9408 bytes of values, got 9308: "),
    ({"train_images": CUT[:9]}, ValueError, "wanted 16 bytes of header, got 9: the file is cut short"),
    ({"train_images": b""}, ValueError, "magic number 00000803, got nothing"),
    ({"train_images": b"\x89PNG...."}, ValueError, "wanted an idx file with the magic number 00000803, got 89504e47"),
    ({"train_labels": idx(np.arange(12), kind=13)}, ValueError, "labels-idx1.*: wanted .* 00000801, got 00000d01"),
    ({"train_labels": idx(np.arange(9))}, ValueError, "wanted 12 labels, as many as .*images.* has images, got 9"),
    ({"test_labels": idx(np.array([0, 1, 12, 3, 4]))}, ValueError, "t10k-labels.*: wanted labels from 0 to 9, got 12"),
    ({"train_labels": idx(np.full(12, 3))}, ValueError, "mnist train: wanted .* at least two classes, got only '3'"),
    ({"train_images": idx(np.zeros((0, 28, 28))), "train_labels": idx(np.zeros(0))}, ValueError, "at least one image"),
]


@pytest.mark.parametrize(("changes", "kind", "message"), BROKEN_MNIST)
@pytest.mark.parametrize("zipped", [False, True])
def test_what_is_wrong_with_mnist_is_named(tmp_path, changes, kind, message, zipped):
    write_mnist(tmp_path, zipped, **changes)
    with pytest.raises(kind, match=message):
        load("mnist", root=tmp_path)


def test_a_gzip_file_that_is_cut_or_broken(tmp_path):
    write_mnist(tmp_path, zipped=True)
    file = tmp_path / "train-images-idx3-ubyte.gz"
    content = file.read_bytes()
    for wrong in (content[:-300], content[:40] + bytes(200) + content[240:], content[:12]):
        file.write_bytes(wrong)
        with pytest.raises(ValueError, match=r"train-images-idx3-ubyte\.gz: wanted a whole gzip file"):
            read_idx(file, 3)


BROKEN_CIFAR = [
    ({"data_batch_3": None}, FileNotFoundError, "data_batch_3.bin: wanted this file of CIFAR-10's binary version"),
    ({"data_batch_2": bytes(3073 + 5)}, ValueError, "data_batch_2.bin: wanted records of 3073 bytes, got 3078"),
    ({"test_batch": b""}, ValueError, "test_batch.bin: wanted records of 3073 bytes, got 0"),
    ({"test_batch": bytes(3073) + bytes([10]) + bytes(3072)}, ValueError, "labels from 0 to 9, got 10 for image 1"),
    ({f"data_batch_{i}": bytes(3073) for i in range(1, 6)}, ValueError, "two classes, got only 'airplane'"),
]


@pytest.mark.parametrize(("changes", "kind", "message"), BROKEN_CIFAR)
def test_what_is_wrong_with_cifar_is_named(tmp_path, changes, kind, message):
    write_cifar(tmp_path, **changes)
    with pytest.raises(kind, match=message):
        load("cifar10", root=tmp_path)


WRONG = [
    ({"source": "imagenet"}, ValueError, "source: wanted digits, shapes-64, mnist, cifar10 or the path of a folder"),
    ({"source": "mnist"}, ValueError, "root: wanted the folder that holds the files of mnist, got none"),
    ({"source": "shapes-64", "root": "x"}, ValueError, "root: wanted none for shapes-64"),
    ({"source": "shapes-64", "resolution": 0}, ValueError, "resolution: wanted an integer from 1 on, got 0"),
    ({"source": "shapes-64", "resolution": 3.5}, TypeError, "resolution: wanted an integer, got 3.5"),
    ({"source": "shapes-64", "counts": (0, 5)}, ValueError, "counts: wanted an integer from 1 on, got 0"),
    ({"source": "shapes-64", "counts": (30, 5), "seed": -1}, ValueError, "seed: wanted an integer from 0 on, got -1"),
]


@pytest.mark.parametrize(("arguments", "kind", "message"), WRONG)
def test_impossible_arguments_are_refused(arguments, kind, message):
    with pytest.raises(kind, match=message):
        load(**arguments)


def test_more_images_than_there_are(tmp_path):
    with pytest.raises(ValueError, match="counts: wanted at most the 5 images of mnist test, got 6"):
        load("mnist", root=write_mnist(tmp_path), counts=(12, 6))


def test_a_missing_extra_is_named(monkeypatch, tmp_path):
    for module in ("sklearn.datasets", "PIL"):
        monkeypatch.setitem(__import__("sys").modules, module, None)
    for source in ("digits", tmp_path):
        with pytest.raises(ImportError, match=r"pip install '\.\[data\]'"):
            load(source)


def test_the_names_are_listed():
    assert SOURCES == ("digits", "shapes-64", "mnist", "cifar10")


IMAGES = np.zeros((4, 5, 5, 3), np.uint8)
WRONG_IMAGES = [
    ((IMAGES[0], np.zeros(4, int)), ValueError, r"images: wanted \(N, H, W, 1\) or \(N, H, W, 3\), got \(5, 5, 3\)"),
    ((IMAGES.astype(float), np.zeros(4, int)), TypeError, "images: wanted uint8, got float64"),
    ((IMAGES, np.zeros(4)), TypeError, "mine: wanted one integer label for each image, got float64"),
    ((IMAGES, np.zeros(3, int)), ValueError, "mine: wanted one label for each image, got 4 images, 3 labels"),
    ((IMAGES, np.array([0, 1, 2, 0])), ValueError, "mine: wanted labels from 0 to 1, got 2 for image 2"),
    ((IMAGES, np.array([0, -1, 1, 0])), ValueError, "mine: wanted labels from 0 to 1, got -1 for image 1"),
]


@pytest.mark.parametrize(("arguments", "kind", "message"), WRONG_IMAGES)
def test_arrays_that_are_no_data_set_are_refused(arguments, kind, message):
    with pytest.raises(kind, match=message):
        Images("mine", ["a", "b"], *arguments)


def test_a_view_shows_a_part_and_grey_becomes_three_channels():
    data = drawn(4, 8, channels=1)
    part = data.read(np.array([2, 0]), lambda i, h, w: (i, 2 * i, h // 2, w // 2))
    assert part.shape == (2, 8, 8, 3)
    assert (part == part[..., :1]).all()
    assert (part[1, ::7, ::7, 0] == data.images[0, 1:5:3, 2:6:3, 0]).all()


def test_taking_some_keeps_images_and_labels_together():
    some = numbered().take(np.array([7, 3]))
    assert some.labels.tolist() == [3, 3]
    assert some.read(np.arange(2))[:, 0, 0, 0].tolist() == [7, 3]
