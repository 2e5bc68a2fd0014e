"""What is kept of a cell comes back for that cell alone, whole or not at all."""

import json
import os
import re

import pytest
from made_up import BASIS, toy

from refnet.experiments import basis, learning
from refnet.experiments.cells import Cells, Finished
from refnet.experiments.experiment import Cell

FOUND = Finished({"accuracy": 0.1 + 0.2, "losses": [1.0, 0.5]}, 2.5)


@pytest.fixture
def kept(tmp_path):
    return Cells(tmp_path / "made" / "when needed", BASIS)


def test_what_was_kept_comes_back(kept):
    cell = toy("double", 0, builder={"width": 0.35})
    assert kept.find(cell) is None
    kept.keep(cell, FOUND)
    assert kept.find(cell) == FOUND
    assert [path.name.split("-")[0] for path in kept.folder.iterdir()] == [cell.key]


def test_another_versions_cells_stay_beside_ours(kept):
    cell, other = toy("double", 0), Cells(kept.folder, {**BASIS, "refnet": "another"})
    kept.keep(cell, FOUND)
    other.keep(cell, FOUND._replace(seconds=1.0))
    assert kept.find(cell) == FOUND
    assert other.find(cell).seconds == 1


def test_a_folder_is_made_and_left_empty(kept):
    kept.prepare()
    kept.prepare()
    assert not list(kept.folder.iterdir())


@pytest.mark.skipif(os.name != "posix" or not os.getuid(), reason="nobody may write to a folder of this mode but root")
def test_a_folder_that_nobody_may_write_to_is_named(kept):
    kept.folder.mkdir(parents=True)
    kept.folder.chmod(0o500)
    with pytest.raises(PermissionError, match=re.escape(repr(str(kept.folder)))):
        kept.prepare()


def test_a_file_that_cannot_be_made_names_the_folder(kept, monkeypatch):
    def refuse(dir):
        raise PermissionError(13, "Permission denied", f"{dir}/a name that nobody gave")

    monkeypatch.setattr("tempfile.TemporaryFile", refuse)
    with pytest.raises(PermissionError, match=re.escape(f"Permission denied: {str(kept.folder)!r}")):
        kept.prepare()


def test_a_file_says_what_it_is_of(kept):
    cell = toy("double", 3)
    kept.keep(cell, FOUND)
    told = json.loads(kept.path(cell).read_text())
    about = {"work": "toy:double", "settings": {"seed": 3}, "basis": BASIS}
    assert told == about | {"result": FOUND.result, "seconds": 2.5}


def test_a_torn_file_is_none(kept):
    cell = toy("double", 0)
    kept.keep(cell, FOUND)
    whole = kept.path(cell).read_bytes()
    for length in range(0, len(whole), 7):
        kept.path(cell).write_bytes(whole[:length])
        assert kept.find(cell) is None, length
    kept.path(cell).write_bytes(b"\xff" + whole)
    assert kept.find(cell) is None


@pytest.mark.parametrize("text", ["[]", "3", '{"result": {}}', "null"])
def test_a_foreign_file_is_none(kept, text):
    cell = toy("double", 0)
    kept.folder.mkdir(parents=True)
    kept.path(cell).write_text(text)
    assert kept.find(cell) is None


def test_the_file_of_another_cell_is_none(kept):
    cell, other = toy("double", 0), toy("double", 1)
    kept.keep(other, FOUND)
    kept.path(other).rename(kept.path(cell))
    assert kept.find(cell) is None


@pytest.mark.parametrize("basis", [BASIS | {"refnet": "1"}, BASIS | {"recipe": {"rate": 0.2}}])
def test_what_was_computed_on_another_basis_is_none(kept, basis):
    cell = toy("double", 0)
    kept.keep(cell, FOUND)
    assert Cells(kept.folder, basis).find(cell) is None


def test_a_number_that_json_does_not_have_is_refused_and_the_file_before_stays(kept):
    cell = toy("double", 0)
    kept.keep(cell, FOUND)
    with pytest.raises(ValueError, match="JSON"):
        kept.keep(cell, Finished({"accuracy": float("nan")}, 1.0))
    assert kept.find(cell) == FOUND


def test_a_key_is_that_of_the_settings_in_any_order():
    settings = {"seed": 0, "width": 0.35, "builder": {"a": 1, "b": 2}}
    turned = {"builder": {"b": 2, "a": 1}, "width": 0.35, "seed": 0}
    cell = Cell("toy:double", settings)
    assert Cell("toy:double", turned).key == cell.key
    others = [{**settings, "seed": 1}, {**settings, "width": 0.36}, {**settings, "builder": {"a": 1}}, {"seed": 0}]
    keys = {cell.key, Cell("toy:fail", settings).key, *(Cell("toy:double", other).key for other in others)}
    assert len(keys) == 6


def test_the_basis_names_the_code_and_the_recipe(monkeypatch, tmp_path):
    """An edit of any file of the package is another basis: here, another package."""
    known = basis.basis()
    assert known["recipe"]["rate"] == learning.RECIPE["rate"]
    (tmp_path / "kernels").mkdir()
    for name in ("data.py", "kernels/loop.py"):
        (tmp_path / name).write_text("x = 1\n")
    monkeypatch.setattr(basis, "PACKAGE", tmp_path)
    codes = {known["code"], basis.code.__wrapped__()}
    for name in ("data.py", "kernels/loop.py"):
        (tmp_path / name).write_text("x = 2\n")
        codes.add(basis.code.__wrapped__())
    assert len(codes) == 4
    monkeypatch.setattr(basis, "PACKAGE", tmp_path / "nowhere")
    assert basis.code.__wrapped__() is None
