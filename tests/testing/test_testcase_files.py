"""Written cases: complete or absent, the same bytes for the same seed, right when read with NumPy alone."""

import hashlib
import json
import zipfile

import numpy as np
import pytest
import sample_kernels as sample

from refnet.testing import Limits, naive_relu6, write_testcases

SMALL = Limits(max_size=5, filter_size=(1, 2, 3))


def contents(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def read(folder):
    """The index, and each case's entry with its arrays, checked against the index."""
    index = json.loads((folder / "index.json").read_text())
    found = []
    for entry in index["cases"]:
        assert hashlib.sha256((folder / entry["file"]).read_bytes()).hexdigest() == entry["sha256"]
        with np.load(folder / entry["file"], allow_pickle=False) as arrays:
            found.append((entry, dict(arrays)))
    return index, found


def test_the_same_seed_gives_the_same_bytes(tmp_path):
    for name, seed in (("a", 7), ("b", 7), ("c", 8)):
        assert write_testcases(tmp_path / name, seed, count=2, limits=SMALL) == tmp_path / name / "index.json"
    assert contents(tmp_path / "a") == contents(tmp_path / "b")
    assert contents(tmp_path / "a").keys() == contents(tmp_path / "c").keys()
    assert contents(tmp_path / "a") != contents(tmp_path / "c")
    assert len(contents(tmp_path / "a")) == 5 * 2 + 1


def test_neither_the_time_nor_the_platform_is_in_the_bytes(tmp_path):
    write_testcases(tmp_path / "cases", operations=["relu6"], count=1)
    with zipfile.ZipFile(tmp_path / "cases" / "relu6_0000.npz") as archive:
        members = archive.infolist()
    assert [member.filename for member in members] == ["x.npy", "dy.npy", "y.npy", "dx.npy"]
    assert {(member.date_time, member.create_system) for member in members} == {((1980, 1, 1, 0, 0, 0), 3)}


def test_a_case_does_not_depend_on_the_others(tmp_path):
    write_testcases(tmp_path / "all", 7, count=2, limits=SMALL)
    write_testcases(tmp_path / "one", 7, ["depthwise_conv2d"], count=1, limits=SMALL)
    name = "depthwise_conv2d_0000.npz"
    assert (tmp_path / "all" / name).read_bytes() == (tmp_path / "one" / name).read_bytes()


@pytest.mark.parametrize("dtype", ["float64", "float32", "float16", "int8"])
def test_right_kernels_are_within_the_stored_bounds(tmp_path, dtype):
    write_testcases(tmp_path / "cases", 1, dtype=dtype, count=6, limits=SMALL)
    index, cases = read(tmp_path / "cases")
    sums = {"float64": np.float64, "int8": np.int32}.get(dtype, np.float32)
    assert index["accumulate"] == np.dtype(sums).name
    forwards = {name: getattr(sample, name) for name in index["filter_layouts"]}
    exact = set()
    for entry, a in cases:
        if entry["operation"] == "relu6":
            np.testing.assert_array_equal(a["y"], naive_relu6(a["x"]))
            continue
        exact.add(entry["exact"])
        settings = [tuple(a[key].tolist()) for key in ("stride", "dilation", "pads")] + [int(a["groups"])]
        taken = {"pointwise_conv2d": 0, "grouped_conv2d": 4}.get(entry["operation"], 3)
        y = forwards[entry["operation"]](a["x"], a["w"], *settings[:taken], sums=sums)
        assert a["x"].dtype == a["w"].dtype == dtype
        assert (abs(y.astype(float) - a["y"]) <= a["y_bound"]).all()
        assert entry["exact"] == (not a["y_bound"].any())
        if dtype != "int8":
            backward = getattr(sample, f"{entry['operation']}_backward")
            for name, got in zip(
                ("dx", "dw"), backward(a["dy"], a["x"], a["w"], *settings[:taken]), strict=True
            ):
                assert (abs(got.astype(float) - a[name]) <= a[f"{name}_bound"]).all()
        assert entry["shapes"] == {name: list(array.shape) for name, array in a.items()}
    assert exact == ({True} if dtype == "int8" else {True, False})


def test_layouts(tmp_path):
    for layout in ("NHWC", "NCHW"):
        write_testcases(tmp_path / layout, 3, layout=layout, count=2, limits=SMALL)
    (plain, nhwc), (index, nchw) = read(tmp_path / "NHWC"), read(tmp_path / "NCHW")
    assert plain["filter_layouts"]["conv2d"] == "HWIO"
    assert index["filter_layouts"]["depthwise_conv2d"] == "C1HW"
    for (entry, a), (_, b) in zip(nhwc, nchw, strict=True):
        if entry["operation"] == "conv2d":
            for name in ("x", "y", "dy", "dx", "y_bound"):
                np.testing.assert_array_equal(a[name].transpose(0, 3, 1, 2), b[name])
            np.testing.assert_array_equal(a["dw"].transpose(3, 2, 0, 1), b["dw"])
        if entry["operation"] == "depthwise_conv2d":
            np.testing.assert_array_equal(a["w"].transpose(2, 0, 1)[:, None], b["w"])


def test_an_empty_folder_is_used_and_a_full_one_refused(tmp_path):
    (tmp_path / "new").mkdir()
    write_testcases(tmp_path / "new", operations="relu6", count=1)
    before = contents(tmp_path / "new")
    with pytest.raises(FileExistsError, match="new: wanted a new or empty folder, got one that is not empty"):
        write_testcases(tmp_path / "new", operations="relu6", count=1)
    assert contents(tmp_path / "new") == before
    with pytest.raises(NotADirectoryError, match="wanted a new or empty folder, got a file"):
        write_testcases(tmp_path / "new" / "index.json")


def test_nothing_is_left_where_writing_fails(tmp_path, monkeypatch):
    calls = iter(range(100))

    def failing(self, data):
        if next(calls) == 2:
            raise OSError(28, "No space left on device")
        return None

    monkeypatch.setattr("pathlib.Path.write_bytes", failing)
    with pytest.raises(OSError, match="cases: wanted a folder that can be written, got: No space left"):
        write_testcases(tmp_path / "cases", count=2, limits=SMALL)
    assert list(tmp_path.iterdir()) == []


def test_a_read_only_place_is_one_clear_error(tmp_path, monkeypatch):
    def refused(*arguments, **options):
        raise PermissionError(13, "Permission denied", "inner name")

    monkeypatch.setattr("tempfile.mkdtemp", refused)
    with pytest.raises(PermissionError) as failure:
        write_testcases(tmp_path / "cases", count=1)
    wanted = f"{tmp_path / 'cases'}: wanted a folder that can be written, got: Permission denied"
    assert str(failure.value) == wanted


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"operations": ["conv3d"]}, "operations: wanted some of conv2d, .* got conv3d"),
        ({"operations": []}, "got none"),
        ({"operations": ["relu6"], "dtype": "int8"}, "wanted a convolution for int8, got relu6"),
        ({"dtype": "float8"}, "dtype: wanted one of float64, .* got 'float8'"),
        ({"layout": "CHWN"}, "layout: wanted NHWC or NCHW, got 'CHWN'"),
        ({"count": 0}, "wanted a count of at least 1 .* got count 0"),
        ({"seed": -1}, "seed of at least 0, got count 20, seed -1"),
    ],
)
def test_wrong_arguments_say_wanted_and_got(tmp_path, options, message):
    with pytest.raises(ValueError, match=message):
        write_testcases(tmp_path / "cases", **options)
    assert list(tmp_path.iterdir()) == []
