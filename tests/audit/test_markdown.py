"""The audit as Markdown: tables that GitHub reads, with every claim, and no letter that means something else."""

import re

import pytest
from click.testing import CliRunner

from refnet.cli import main
from refnet.papers import markdown_tables, run_audit
from refnet.papers.markdown import COLUMNS, plain_text

_CELL = re.compile(r"(?<!\\)\|")


@pytest.fixture(scope="module")
def text(recorded):
    audit, _ = recorded
    return markdown_tables(audit)


def tables(text):
    """Each table as rows of cells, without its head and the line below."""
    found = re.findall(r"(?:^\|.*\n)+", text, re.MULTILINE)
    return [[[cell.strip() for cell in _CELL.split(line)[1:-1]] for line in each.splitlines()] for each in found]


def read(cell):
    """What a reader sees of escaped text."""
    return re.sub(r"\\(.)", r"\1", cell).replace("&amp;", "&")


def test_every_table_is_whole(text):
    for head, below, *rows in tables(text):
        assert tuple(head) == COLUMNS
        assert len(below) == len(head)
        assert all(re.fullmatch(r":?-+:?", cell) for cell in below)
        assert rows
        assert all(len(row) == len(COLUMNS) for row in rows)


def test_every_claim_has_its_row(text, recorded):
    audit, _ = recorded
    rows = {row[-1]: row for _, _, *rows in tables(text) for row in rows}
    assert rows.keys() == {each.claim.id for each in audit.results}
    for result in audit.results:
        row = rows[result.claim.id]
        assert row[-2] == result.verdict
        assert read(row[1]).startswith(result.claim.printed)
        assert read(row[0]) == (result.claim.what or result.claim.source)


def test_what_is_not_exact_is_explained(text, recorded):
    audit, _ = recorded
    notes = dict(re.findall(r"^- ([\w.-]+): (.*)$", text, re.MULTILINE))
    for result in audit.results:
        if result.verdict != "exact":
            assert read(notes[result.claim.id]) == result.explanation


def test_text_means_itself():
    for hard in ("a|b", "a*b*c", "_x_", "`x`", "<b>", "[a](b)", "K^[i,j]", "~~a~~", "back\\slash", "a & b"):
        assert read(plain_text(hard)) == hard
        assert not re.search(r"(?<!\\)(?:\\\\)*[*_`<|\[~]", plain_text(hard))


def test_the_command_prints_it(recorded):
    done = CliRunner().invoke(main, ["audit", "--markdown", "--table", "6", "--paper", "v1"])
    assert done.exit_code == 0
    assert done.stdout == markdown_tables(run_audit("v1", 6))
    assert done.stdout.startswith("## MobileNets\n\n### Table 6. Width multiplier\n\n| claim | printed |")
    assert "| 0.5 MobileNet-224, mult-adds | 149 M | 149,497,088 | MADD | exact | V1-T6-0.5-M |" in done.stdout
    assert done.stdout.endswith("8 claims recomputed: 8 exact.\n")


@pytest.mark.parametrize("other", ["--json", "--core", "--execute"])
def test_two_outputs_at_once(other):
    done = CliRunner().invoke(main, ["audit", "--markdown", other])
    assert (done.exit_code, done.stdout) == (2, "")
    assert done.stderr == "Error: --markdown: wanted without --json, --core and --execute\n"
