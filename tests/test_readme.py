"""The README's commands print what it shows, and its examples run."""

import sys
from pathlib import Path

import pytest
import readme

TEXT = readme.README.read_text()


def test_outputs_of_commands_are_current():
    assert readme.current(TEXT) == TEXT


def test_an_outdated_output_is_noticed():
    assert readme.current(TEXT.replace("300,774,272", "300,774,273")) != TEXT.replace("300,774,272", "300,774,273")


@pytest.mark.jit
def test_python_examples_run():
    readme.run_python(TEXT)


def test_first_commands_are_there():
    assert "    pip install . && refnet audit\n" in TEXT
    assert "    pip install -e '.[test]' && pytest\n" in TEXT


def test_the_tables_of_what_was_measured_are_those_of_the_files(monkeypatch):
    monkeypatch.setattr(sys, "path", [str(Path(__file__).parent.parent / "benchmarks"), *sys.path])
    import measured

    assert measured.with_tables(TEXT) == TEXT
    assert measured.with_tables(TEXT.replace("| refnet, ms |", "| ms |")) == TEXT
