"""A teacher is trained once; its file gives the same bits; what is no such file is as if it were not there."""

import numpy as np
import pytest

from refnet.experiments import teachers
from refnet.experiments.teachers import features, teacher

pytestmark = pytest.mark.jit
SETTINGS = {
    "model": "mobilenet_v1",
    "builder": {"width": 0.05},
    "changes": {"rate": 0.001},
    "seed": 0,
    "steps": 2,
    "batch": 4,
    "images": {"source": "shapes-64", "train": 24, "test": 24},
}


@pytest.fixture
def runs(tmp_path, monkeypatch):
    """The trainings that took place, with an empty cache folder."""
    counted = []

    def trained(*given):
        counted.append(given)
        return original(*given)

    original = teachers.trained
    monkeypatch.setattr(teachers, "trained", trained)
    monkeypatch.setattr(teachers, "user_cache_folder", lambda *_: tmp_path)
    forget()
    yield counted
    forget()


def forget():
    """As another process would begin."""
    teachers._teacher.cache_clear()


def same(one, other):
    return one.training_loss == other.training_loss and all(
        one.weights[key].tobytes() == other.weights[key].tobytes() for key in one.net.parameters()
    )


def files(folder):
    return sorted(path for path in folder.rglob("*") if path.is_file())


def test_it_is_trained_once_and_read_again(runs, tmp_path):
    first = teacher(**SETTINGS)
    assert teacher(**SETTINGS) is first
    forget()
    second = teacher(**SETTINGS)
    assert second is not first
    assert same(first, second)
    assert len(runs) == 1
    assert len(files(tmp_path)) == 1


def test_another_seed_is_another_teacher(runs, tmp_path):
    assert not same(teacher(**SETTINGS), teacher(**{**SETTINGS, "seed": 1}))
    assert len(runs) == len(files(tmp_path)) == 2


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 torn", "half"])
def test_a_file_that_is_torn_or_foreign_is_written_anew(runs, tmp_path, content):
    first = teacher(**SETTINGS)
    (file,) = files(tmp_path)
    whole = file.read_bytes()
    file.write_bytes(whole[: len(whole) // 2] if content == "half" else content)
    forget()
    assert same(first, teacher(**SETTINGS))
    assert len(runs) == 2
    assert len(file.read_bytes()) == len(whole)


def test_weights_of_another_network_are_no_teacher(runs, tmp_path):
    first = teacher(**SETTINGS)
    (file,) = files(tmp_path)
    with file.open("wb") as stream:
        np.savez(stream, **{"training loss": 1.0, "conv_first/kernel": np.zeros((3, 3, 3, 9), np.float32)})
    forget()
    assert same(first, teacher(**SETTINGS))


def test_without_a_folder_it_is_trained_in_each_process(runs, monkeypatch):
    monkeypatch.setattr(teachers, "user_cache_folder", lambda *_: None)
    first = teacher(**SETTINGS)
    forget()
    assert same(first, teacher(**SETTINGS))
    assert len(runs) == 2


def test_a_folder_that_cannot_be_written_does_no_harm(runs, tmp_path, monkeypatch):
    (tmp_path / "file").write_bytes(b"")
    monkeypatch.setattr(teachers, "user_cache_folder", lambda *_: tmp_path / "file")
    teacher(**SETTINGS)
    assert files(tmp_path) == [tmp_path / "file"]


def test_other_code_is_another_file(runs, tmp_path, monkeypatch):
    teacher(**SETTINGS)
    monkeypatch.setattr(teachers, "code", lambda: "0" * 24)
    forget()
    teacher(**SETTINGS)
    assert len(runs) == len(files(tmp_path)) == 2


def test_features_are_the_pooled_ones_divided_by_their_length(runs):
    found = teacher(**SETTINGS)
    images = np.random.default_rng(0).standard_normal((3, 64, 64, 3), np.float32)
    _, taps = found.net.forward(found.weights, images, taps=("pool",))
    pooled = taps["pool"].astype(float)
    wanted = pooled / np.sqrt((pooled**2).sum(1, keepdims=True))
    np.testing.assert_allclose(features(found.net).forward(found.weights, images), wanted, rtol=1e-5)
