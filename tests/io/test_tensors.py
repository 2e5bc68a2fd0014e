"""Files of tensors: there and back, whatever the memory order, and every way to be broken."""

import numpy as np
import pytest

from refnet.io.tensors import load_tensors, save_tensors

ARRAYS = {
    "a/kernel": np.arange(24, dtype=np.float32).reshape(2, 3, 4),
    "number": np.array(0.1),
    "none": np.zeros((0, 3), np.float32),
    "count": np.array([2**62, -1]),
    "pixels": np.arange(5, dtype=np.uint8),
    "sum": np.array([np.nan, np.inf, -0.0]),
}


def same(found, wanted):
    assert found.keys() == wanted.keys()
    for name, array in wanted.items():
        assert (found[name].dtype, found[name].shape) == (array.dtype, array.shape)
        assert found[name].tobytes() == array.tobytes()


def test_there_and_back(tmp_path):
    save_tensors(tmp_path / "x.safetensors", ARRAYS, {"note": "é"})
    found, metadata = load_tensors(tmp_path / "x.safetensors")
    same(found, ARRAYS)
    assert metadata == {"note": "é"}
    assert all(array.flags.writeable for array in found.values())
    save_tensors(tmp_path / "x.safetensors", {})
    assert load_tensors(tmp_path / "x.safetensors") == ({}, {})


def test_memory_order_and_byte_order_do_not_matter(tmp_path):
    plain = ARRAYS["a/kernel"]
    given = {"turned": np.asfortranarray(plain), "cut": np.repeat(plain, 2, 2)[..., ::2], "big": plain.astype(">f4")}
    save_tensors(tmp_path / "x", given)
    same(load_tensors(tmp_path / "x")[0], dict.fromkeys(given, plain))


def test_a_file_cut_short_anywhere_is_refused(tmp_path):
    path = tmp_path / "x.safetensors"
    save_tensors(path, ARRAYS)
    whole = path.read_bytes()
    for content in (*(whole[:length] for length in range(len(whole))), whole + b"x", b"\x89PNG\r\n\x1a\n" + bytes(50)):
        path.write_bytes(content)
        with pytest.raises(ValueError, match=r"x\.safetensors: wanted a whole file of tensors"):
            load_tensors(path)


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(FileNotFoundError, match="none"):
        load_tensors(tmp_path / "none")


def test_what_has_no_place_in_the_format_is_refused(tmp_path):
    with pytest.raises(TypeError, match="x: wanted numbers, got complex128"):
        save_tensors(tmp_path / "x", {"x": np.zeros(2, complex)})
    assert not list(tmp_path.iterdir())


def test_without_the_library_the_extra_is_named(tmp_path, monkeypatch):
    def missing(name):
        raise ImportError(name)

    monkeypatch.setattr("refnet.io.tensors.import_module", missing)
    for call in (lambda: load_tensors(tmp_path / "x"), lambda: save_tensors(tmp_path / "x", ARRAYS)):
        with pytest.raises(ImportError, match=r"pip install '\.\[weights\]'"):
            call()
