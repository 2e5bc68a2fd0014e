"""Files of tensors: there and back, as the library of safetensors reads and writes them, and every way to be broken."""

import json

import numpy as np
import pytest

from refnet.io.tensors import DTYPES, load_tensors, save_tensors

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


@pytest.mark.parametrize("name", DTYPES)
def test_every_dtype(name, tmp_path):
    array = np.array([[0, 1, 7]], DTYPES[name])
    save_tensors(tmp_path / "x", {"x": array})
    same(load_tensors(tmp_path / "x")[0], {"x": array})


def test_memory_order_and_byte_order_do_not_matter(tmp_path):
    plain = ARRAYS["a/kernel"]
    given = {"turned": np.asfortranarray(plain), "cut": np.repeat(plain, 2, 2)[..., ::2], "big": plain.astype(">f4")}
    save_tensors(tmp_path / "x", given)
    same(load_tensors(tmp_path / "x")[0], dict.fromkeys(given, plain))


def test_the_arrays_begin_at_a_multiple_of_eight(tmp_path):
    for length in range(9):
        save_tensors(tmp_path / "x", {"n" * (length + 1): np.zeros(1)})
        assert int.from_bytes((tmp_path / "x").read_bytes()[:8], "little") % 8 == 0


def test_the_library_reads_them_and_we_read_its(tmp_path):
    library = pytest.importorskip("safetensors.numpy")
    save_tensors(tmp_path / "ours", ARRAYS, {"note": "text"})
    same(library.load_file(tmp_path / "ours"), ARRAYS)
    library.save_file(ARRAYS, tmp_path / "theirs", {"note": "text"})
    found, metadata = load_tensors(tmp_path / "theirs")
    same(found, ARRAYS)
    assert metadata == {"note": "text"}


def test_a_file_cut_short_anywhere_is_refused(tmp_path):
    path = tmp_path / "x.safetensors"
    save_tensors(path, ARRAYS)
    whole = path.read_bytes()
    for length in range(len(whole)):
        path.write_bytes(whole[:length])
        with pytest.raises(ValueError, match=r"x\.safetensors: wanted"):
            load_tensors(path)
    path.write_bytes(whole[:-1])
    with pytest.raises(ValueError, match=rf"wanted {len(whole)} bytes, as its header says, got {len(whole) - 1}"):
        load_tensors(path)
    path.write_bytes(whole + b"x")
    with pytest.raises(ValueError, match="cut short or added to"):
        load_tensors(path)


def header(**entry):
    text = json.dumps({"x": {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]} | entry}).encode()
    return len(text).to_bytes(8, "little") + text + bytes(8)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"\x89PNG\r\n\x1a\n" + bytes(50), "wanted a file of tensors"),
        (b"", "wanted a file of tensors"),
        (header(dtype="F3"), "wanted a header as safetensors has it"),
        (header(shape=[3]), "x: wanted 3 values of float32, got 8 bytes"),
        (header(shape=2), "wanted a header as safetensors has it"),
        (header(data_offsets=[-8, 0]), "cut short or added to"),
        (header(data_offsets=[8, 8]), "x: wanted 2 values of float32, got 0 bytes"),
        (header(data_offsets=None), "wanted a header as safetensors has it"),
        (b"\x03" + bytes(7) + b"{x}", "wanted a header as safetensors has it"),
    ],
)
def test_other_files_are_refused(content, message, tmp_path):
    (tmp_path / "x").write_bytes(content)
    with pytest.raises(ValueError, match=message):
        load_tensors(tmp_path / "x")


def test_what_has_no_place_in_the_format_is_refused(tmp_path):
    with pytest.raises(TypeError, match="x: wanted a dtype of F64, F32, .*, got complex128"):
        save_tensors(tmp_path / "x", {"x": np.zeros(2, complex)})
    assert not list(tmp_path.iterdir())
