"""`refnet audit --report`: a file that is whole or not there, one line where it cannot be written."""

import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from refnet.cli import main
from refnet.papers.page import write_page


def run(*options):
    return CliRunner().invoke(main, ["audit", *options])


def test_the_command_writes_the_page(tmp_path):
    path = tmp_path / "report.html"
    done = run("--report", str(path), "--table", "6", "--paper", "v1")
    assert (done.exit_code, done.stdout) == (0, "")
    assert done.stderr == f"{path}: 8 claims\n"
    assert 'id="V1-T6-0.5-M"' in path.read_text(encoding="utf-8")
    assert [each.name for each in tmp_path.iterdir()] == ["report.html"]


def test_the_command_can_print_json_beside_the_page(tmp_path):
    done = run("--report", str(tmp_path / "report.html"), "--id", "V1-T6-0.5-M", "--json")
    assert '"V1-T6-0.5-M"' in done.stdout


@pytest.mark.parametrize("path", ["no/such/folder.html", ".", "/dev/null"])
def test_a_page_that_cannot_be_written(path, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    done = run("--report", path, "--table", "6")
    assert done.exit_code == 2
    assert done.stderr.startswith("Error: --report: ")
    assert done.stderr.count("\n") == 1


def test_a_page_is_whole_or_not_there(tmp_path, monkeypatch):
    path = tmp_path / "report.html"
    path.write_text("before")

    def full(*_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(ValueError, match=r"--report: cannot write .*report.html': No space left on device"):
        write_page(str(path), "after")
    assert path.read_text() == "before"
    assert [each.name for each in tmp_path.iterdir()] == ["report.html"]


def test_a_link_stays_a_link(tmp_path):
    target, link = tmp_path / "target.html", tmp_path / "link.html"
    target.write_text("before")
    link.symlink_to(target)
    write_page(str(link), "after")
    assert link.is_symlink()
    assert target.read_text() == "after"


def test_the_page_needs_no_compiler():
    make = "from refnet.papers.page import *; html_page(*recorded_audit(table=6))"
    code = f"import sys; {make}; print('numba' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout == "False\n"
