"""The files of compiled code: whole or missing, never half; and which folders stay."""

import errno
import os
from pathlib import Path

import pytest

from refnet.kernels import store

DAY = 24 * 3600


@pytest.mark.parametrize(
    ("platform", "environment", "wanted"),
    [
        ("linux", {"HOME": "/me"}, "/me/.cache"),
        ("linux", {"HOME": "/me", "XDG_CACHE_HOME": "/fast"}, "/fast"),
        ("linux", {"HOME": "/me", "XDG_CACHE_HOME": "relative"}, "/me/.cache"),
        ("linux", {"XDG_CACHE_HOME": "/fast"}, "/fast"),
        ("linux", {"XDG_CACHE_HOME": ""}, None),
        ("linux", {}, None),
        ("darwin", {"HOME": "/me", "XDG_CACHE_HOME": "/fast"}, "/me/Library/Caches"),
        ("darwin", {}, None),
        ("win32", {"LOCALAPPDATA": "C:/x", "HOME": "/me"}, "C:/x"),
        ("win32", {"HOME": "/me"}, None),
    ],
)
def test_each_platform_has_its_cache_folder(platform, environment, wanted):
    assert store.user_cache_folder(platform, environment) == (wanted and Path(wanted))


def test_the_digest_sees_where_parts_end():
    assert store.digest(b"ab", b"c") != store.digest(b"a", b"bc")
    assert store.digest(b"ab", b"c") == store.digest(b"ab", b"c")


def test_the_source_digest_sees_every_python_file_and_nothing_else(tmp_path):
    (tmp_path / "deep").mkdir()
    (tmp_path / "a.py").write_text("1")
    (tmp_path / "deep" / "b.py").write_text("2")
    first = store.source_digest(tmp_path)
    (tmp_path / "notes.txt").write_text("3")
    assert store.source_digest(tmp_path) == first
    (tmp_path / "deep" / "b.py").write_text("3")
    assert store.source_digest(tmp_path) != first
    (tmp_path / "deep" / "b.py").write_text("2")
    (tmp_path / "a.py").rename(tmp_path / "c.py")
    assert store.source_digest(tmp_path) != first


def test_a_folder_without_sources_has_no_digest(tmp_path):
    with pytest.raises(OSError, match="no source files in"):
        store.source_digest(tmp_path)


def test_what_was_written_is_read(tmp_path):
    store.write(tmp_path / "f.bin", b"body")
    store.write(tmp_path / "f.bin", b"other body")
    assert store.read(tmp_path / "f.bin") == b"other body"
    assert [path.name for path in tmp_path.iterdir()] == ["f.bin"]


def test_a_missing_file_is_no_error(tmp_path):
    assert store.read(tmp_path / "f.bin") is None
    assert store.read(tmp_path) is None


def test_every_truncation_and_every_flipped_byte_is_noticed(tmp_path):
    path = tmp_path / "f.bin"
    store.write(path, b"body")
    content = path.read_bytes()
    for i in range(len(content)):
        path.write_bytes(content[:i])
        assert store.read(path) is None
        path.write_bytes(content[:i] + bytes([content[i] ^ 1]) + content[i + 1 :])
        assert store.read(path) is None
    path.write_bytes(content + b"x")
    assert store.read(path) is None


def test_a_failed_write_leaves_nothing_and_keeps_the_old_file(tmp_path, monkeypatch):
    path = tmp_path / "f.bin"
    store.write(path, b"old")

    def full(self, data):
        with self.open("wb") as file:
            file.write(data[:10])
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(OSError, match="No space left"):
        store.write(path, b"new")
    assert store.read(path) == b"old"
    assert [path.name for path in tmp_path.iterdir()] == ["f.bin"]


def folder(root, number, age, now):
    """A build's folder that was used `age` seconds ago."""
    path = root / f"{number:024x}"
    path.mkdir()
    (path / "f.bin").write_bytes(b"")
    os.utime(path, (now - age, now - age))
    return path


def test_old_folders_go_and_recent_ones_stay(tmp_path):
    now = 1e9
    recent = [folder(tmp_path, i, DAY - 1 - i, now) for i in range(store.KEPT_FOLDERS + 3)]
    old = [folder(tmp_path, 100 + i, DAY + 1 + i, now) for i in range(3)]
    store.prune(tmp_path, now)
    assert all(path.exists() for path in recent)
    assert not any(path.exists() for path in old)


def test_some_folders_stay_whatever_their_age(tmp_path):
    now = 1e9
    folders = [folder(tmp_path, i, (100 + i) * DAY, now) for i in range(store.KEPT_FOLDERS + 3)]
    store.prune(tmp_path, now)
    assert [path.exists() for path in folders] == [True] * store.KEPT_FOLDERS + [False] * 3


def test_only_our_folders_are_removed(tmp_path):
    now = 1e9
    for i in range(store.KEPT_FOLDERS):
        folder(tmp_path, i, 0, now)
    for name in ("notes", "0" * 23, "0" * 25, "g" * 24):
        (tmp_path / name).mkdir()
        os.utime(tmp_path / name, (1, 1))
    (tmp_path / ("f" * 24)).write_text("a file")
    os.utime(tmp_path / ("f" * 24), (1, 1))
    store.prune(tmp_path, now)
    assert len(list(tmp_path.iterdir())) == store.KEPT_FOLDERS + 5


def test_reading_counts_as_use(tmp_path):
    path = folder(tmp_path, 1, 0, 10.0)
    store.write(path / "f.bin", b"body")
    os.utime(path, (10, 10))
    store.read(path / "f.bin")
    assert path.stat().st_mtime > 10


def test_a_new_folder_prunes_and_an_existing_one_does_not(tmp_path):
    for i in range(store.KEPT_FOLDERS + 2):
        folder(tmp_path, i, 0, 10.0 + i)
    store.make_folder(tmp_path / f"{1:024x}")
    assert len(list(tmp_path.iterdir())) == store.KEPT_FOLDERS + 2
    store.make_folder(tmp_path / ("a" * 24))
    assert len(list(tmp_path.iterdir())) == store.KEPT_FOLDERS
    assert (tmp_path / ("a" * 24)).exists()
