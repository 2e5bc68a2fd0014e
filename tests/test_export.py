"""`refnet export` where something is missing: onnx, an argument, a folder. Nothing here needs onnx."""

import subprocess
import sys

import pytest
from click.testing import CliRunner

from refnet import mobilenet_v2
from refnet.cli import main
from refnet.io.onnx import to_onnx


def refusal(*words, status):
    result = CliRunner().invoke(main, ["export", *words], env={"NO_COLOR": "1"})
    assert result.exit_code == status, result.output
    assert not result.stdout
    return result.stderr.strip().splitlines()[-1]


@pytest.fixture
def no_onnx(monkeypatch):
    monkeypatch.setitem(sys.modules, "onnx", None)


@pytest.mark.usefixtures("no_onnx")
def test_without_onnx_one_line_names_the_extra(tmp_path):
    words = ("mobilenet_v2", "--width", "0.35", "--resolution", "32", "--out", str(tmp_path / "net.onnx"))
    assert refusal(*words, status=3) == (
        "Error: refnet.io.onnx writes its files with onnx: pip install '.[onnx]' in the folder of refnet"
    )
    assert list(tmp_path.iterdir()) == []


@pytest.mark.usefixtures("no_onnx")
def test_wrong_arguments_are_told_first():
    net = mobilenet_v2(width=0.35, resolution=32)
    with pytest.raises(ValueError, match="layout: wanted"):
        to_onnx(net, {}, layout="HWCN")
    with pytest.raises(ImportError, match="onnx"):
        to_onnx(net, {})


def test_misuse_gets_one_clear_line():
    assert "Missing option '--out'" in refusal("mobilenet_v2", status=2)
    assert "no model 'mobilenet'" in refusal("mobilenet", "--out", "net.onnx", status=2)
    assert "has no setting expansion" in refusal("mobilenet_v1", "--expansion", "2", "--out", "x.onnx", status=2)
    assert "batch: wanted" in refusal("mobilenet_v2", "--batch", "0", "--out", "x.onnx", status=2)


def test_importing_the_writer_loads_neither_onnx_nor_a_compiler():
    code = "import sys, refnet.io.onnx; print(*sorted({'onnx', 'numba', 'llvmlite'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""
