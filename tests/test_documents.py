"""The documents say what is so: their commands exist, their links lead somewhere, their versions agree."""

import configparser
import os
import re
import shlex
from pathlib import Path

import pytest
import yaml

import refnet

ROOT = Path(__file__).resolve().parent.parent
DOCUMENTS = sorted(ROOT.glob("*.md"))


def read(name):
    return (ROOT / name).read_text(encoding="utf-8")


def commands_of_the_table():
    return re.findall(r"^\| `([^`]+)` \|", read("CONTRIBUTING.md"), re.MULTILINE)


def pytest_marks():
    parser = configparser.ConfigParser(interpolation=None)
    parser.read(ROOT / "setup.cfg", encoding="utf-8")
    return {line.partition(":")[0] for line in parser["tool:pytest"]["markers"].strip().splitlines()}


def subcommands():
    import click

    from refnet.cli import main

    return set(main.list_commands(click.Context(main)))


def why_it_cannot_run(command):
    """What is missing for this command to exist, or None."""
    words = [word for word in shlex.split(command) if not re.match(r"[A-Z_]+=", word)]
    match words:
        case ["pytest", *options]:
            expressions = " ".join(options[i + 1] for i, option in enumerate(options) if option == "-m")
            unknown = set(re.findall(r"\w+", expressions)) - {"and", "or", "not"} - pytest_marks()
            return f"no mark {unknown}" if unknown else None
        case ["python", "-m", module, *_]:
            path = ROOT.joinpath(*module.split("."))
            found = path.with_suffix(".py").is_file() or (path / "__main__.py").is_file()
            return None if found else f"no module {module}"
        case ["bash", path]:
            return None if (ROOT / path).is_file() else f"no file {path}"
        case ["refnet", name, *_]:
            return None if name in subcommands() else f"no command {name}"
        case ["ruff", "check", "."] | ["mypy", "--strict"]:
            return None
    return "not a command that this test knows"


def test_the_table_of_commands_is_not_empty():
    assert {"pytest", "pytest -m slow", "refnet audit", "bash .ci/run"} <= set(commands_of_the_table())


@pytest.mark.parametrize("command", commands_of_the_table())
def test_each_command_of_the_table_exists(command):
    assert why_it_cannot_run(command) is None


ABSENT = ("pytest -m odd", "python -m tests.none", "bash none", "refnet none", "make")


@pytest.mark.parametrize("command", ABSENT)
def test_a_command_that_does_not_exist_is_noticed(command):
    assert why_it_cannot_run(command) is not None


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_links_within_the_repository_lead_somewhere(path):
    targets = re.findall(r"\]\((?!https?:|mailto:|#)([^)#]+)", path.read_text(encoding="utf-8"))
    assert [target for target in targets if not (path.parent / target).exists()] == []


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_files_that_are_named_exist(path):
    """Names in code marks that look like this project's files; `square` is the example of a new layer."""
    inside = r"`((?:kernels|refnet|tests|notebooks|\.ci)/[\w./-]*)`"
    named = re.findall(inside, path.read_text(encoding="utf-8"))
    assert [name for name in named if "square" not in name and not (ROOT / name).exists()] == []


def test_the_readme_has_the_two_commands_that_ci_runs():
    assert os.access(ROOT / ".ci" / "run", os.X_OK)
    for command in ("pip install . && refnet audit", "pip install -e '.[test]' && pytest"):
        assert command in read("README.md")
        assert f'"{command}"' in read(".ci/run")


def first_author(reference):
    return reference["authors"][0]["family-names"]


def identifier(reference):
    return reference["identifiers"][0]["value"]


def test_the_citation_names_this_version_and_both_papers():
    citation = yaml.safe_load(read("CITATION.cff"))
    assert citation["cff-version"] == "1.2.0"
    assert (citation["title"].partition(":")[0], citation["version"]) == ("refnet", refnet.__version__)
    assert citation["license"] == "MIT"
    v1, v2 = citation["references"]
    assert (first_author(v1), v1["year"], identifier(v1)) == ("Howard", 2017, "arXiv:1704.04861")
    assert (first_author(v2), v2["year"], identifier(v2)) == ("Sandler", 2018, "arXiv:1801.04381")
    assert (v2["start"], v2["end"]) == (4510, 4520)


def test_the_changelog_opens_with_this_version():
    first = re.search(r"^## (\S+?),? ", read("CHANGELOG.md"), re.MULTILINE)
    assert first.group(1) == refnet.__version__


def test_the_licence_is_the_one_that_the_package_declares():
    assert read("LICENSE").startswith("MIT License\n")
    assert "\nlicense = MIT\n" in read("setup.cfg")
