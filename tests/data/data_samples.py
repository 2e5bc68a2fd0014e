"""Small data sets, in memory and as files, for the tests of refnet.data."""

import gzip
import struct

import numpy as np

from refnet.data import Images


def numbered(count=24, size=6, classes=4):
    """Images that say which they are: all pixels of image i are i. Labels go round."""
    images = np.broadcast_to(np.arange(count, dtype=np.uint8)[:, None, None, None], (count, size, size, 3)).copy()
    return Images("numbered", [f"c{i}" for i in range(classes)], images, np.arange(count) % classes)


def drawn(count=6, size=8, channels=3, seed=0):
    """Images of noise."""
    images = np.random.default_rng(seed).integers(0, 256, (count, size, size, channels), np.uint8)
    return Images("noise", ["a", "b"], images, np.arange(count) % 2)


def idx(values, kind=8, magic=None):
    """The bytes of an idx file of these unsigned bytes."""
    head = bytes((0, 0, kind, values.ndim)) if magic is None else magic
    return head + struct.pack(f">{values.ndim}I", *values.shape) + values.astype(np.uint8).tobytes()


def write_mnist(folder, zipped=False, **changes):
    """Four files; `changes` replaces the content of some: train_images=b"..."."""
    random = np.random.default_rng(0)
    contents = {}
    for split, name, count in (("train", "train", 12), ("test", "t10k", 5)):
        contents[f"{split}_images"] = (f"{name}-images-idx3-ubyte", idx(random.integers(0, 256, (count, 28, 28))))
        contents[f"{split}_labels"] = (f"{name}-labels-idx1-ubyte", idx(np.arange(count) % 10))
    for key, (name, content) in contents.items():
        given = changes.get(key, content)
        if given is not None:
            (folder / f"{name}{'.gz' * zipped}").write_bytes(gzip.compress(given) if zipped else given)
    return folder


def cifar_record(label, pixels):
    """Shape: pixels (32, 32, 3)."""
    return bytes([label]) + pixels.astype(np.uint8).transpose(2, 0, 1).tobytes()


def write_cifar(folder, **changes):
    random = np.random.default_rng(0)
    for name in (*(f"data_batch_{i}" for i in range(1, 6)), "test_batch"):
        records = [cifar_record(i, random.integers(0, 256, (32, 32, 3))) for i in range(4)]
        content = changes.get(name, b"".join(records))
        if content is not None:
            (folder / f"{name}.bin").write_bytes(content)
    return folder


def write_images(root, classes=("cat", "dog"), count=3, size=(40, 30), suffix=".png"):
    """root/<class>/<i>.png: noise of that width and height."""
    from PIL import Image

    random = np.random.default_rng(1)
    for name in classes:
        (root / name).mkdir(parents=True)
        for i in range(count):
            Image.fromarray(random.integers(0, 256, (size[1], size[0], 3), np.uint8)).save(root / name / f"{i}{suffix}")
    return root
