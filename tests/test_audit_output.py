"""What the audit gives out: a choice of claims, JSON, the page, the tables for documents."""

import io
import subprocess
import sys

import pytest
from rich.console import Console

from refnet.counting import CONVENTIONS
from refnet.models import v1
from refnet.papers import CLAIMS, core_tables, render, run_audit
from refnet.papers.audit import choose


@pytest.fixture(scope="module")
def audit():
    return run_audit()


def ids_of(**choice):
    return [claim.id for claim in choose(CLAIMS, **choice)]


def test_choices():
    assert len(ids_of()) == 281
    assert set(ids_of(paper="v1")) | set(ids_of(paper="v2")) | set(ids_of(paper="notes")) == set(ids_of())
    assert ids_of(paper="notes") == [
        "V2-NOTE-BLK", "V2-NOTE-96", "N-P", "N-F", "N-F1", "N-M", "N-FCP", "N-FCF", "N-FCM",
    ]  # fmt: skip
    assert all(id.startswith("V1-T7-") for id in ids_of(paper="v1", table=7))
    assert {id[:5] for id in ids_of(table="7")} == {"V1-T7", "V2-T7", "V2-51"}  # V2-512 is in a caption
    assert ids_of(ids="V1-T6-0.5-M") == ["V1-T6-0.5-M"]
    assert ids_of(ids=["V2-34", "V1-EQ1"]) == ["V1-EQ1", "V2-34"]


def test_ids_in_any_case():
    assert ids_of(ids="v1-t6-0.5-m") == ["V1-T6-0.5-M"]


REFUSED = [
    ({"ids": "v2-t7"}, "id: no claim 'v2-t7' here; near ids: V2-T7-V1-16-P, .*V2-T7-R-8-M"),
    ({"ids": "V2-T4-14-X"}, "id: no claim 'V2-T4-14-X' here; near ids: .*V2-T4-14-P"),
    ({"ids": "V1-T6-1-M", "paper": "v2"}, "id: no claim 'V1-T6-1-M' here"),
    ({"table": 99}, "table: wanted one of .*4, 5, 6, .*; got '99'"),
    ({"table": 13, "paper": "v2"}, "table: wanted one of .*; got '13'"),
    ({"table": 1, "paper": "notes"}, r"table: wanted none \(.*\); got '1'"),
    ({"paper": "v3"}, "paper: wanted one of v1, v2, notes; got 'v3'"),
]


@pytest.mark.parametrize(("choice", "message"), REFUSED)
def test_choices_that_no_claim_meets(choice, message):
    with pytest.raises(ValueError, match=message):
        run_audit(**choice)


def printed_page(audit, width=100):
    console = Console(width=width, record=True, color_system=None, file=io.StringIO())
    render(audit, console)
    return console.export_text()


def test_json_holds_what_other_programs_need(audit):
    data = audit.to_json()
    wanted = {"id", "source", "printed", "unit", "value", "convention", "verdict", "explanation"}
    assert all(wanted <= set(claim) for claim in data["claims"])
    by_id = {claim["id"]: claim for claim in data["claims"]}
    assert by_id["V1-T6-0.5-M"]["value"] == 149_497_088
    assert by_id["V1-EQ3"]["value"] is False
    assert by_id["V1-8TO9"]["value"] == pytest.approx([7.8904, 8.9216], abs=1e-4)
    assert by_id["V1-T2-PW-M"]["value"] == pytest.approx(94.8574, abs=1e-4)
    assert by_id["V1-T14-FN"]["value"] is None
    assert by_id["V1-T7-160-M"]["fits"][0] == {"convention": "MADD", "reading": "cut", "value": 290_675_200}
    for claim in data["claims"]:
        if claim["unit"] in ("M", "MAC") and claim["value"] is not None:
            numbers = claim["value"] if isinstance(claim["value"], list) else [claim["value"]]
            assert all(type(number) is int for number in numbers), claim["id"]


def test_the_page(audit):
    page = printed_page(audit)
    lines = page.splitlines()
    assert max(map(len, lines)) <= 100
    counts = ", ".join(f"{count} {verdict}" for verdict, count in list(audit.summary().items())[:6])
    assert f"281 claims recomputed: {counts}." in " ".join(page.split())
    assert lines[-1].endswith("refnet audit --execute")
    for name in ("V1 Table 4", "V1 Table 7", "V2 section 4", "V2 Table 4", "Hand notes (V1 scan)"):
        assert sum(line.startswith(name) for line in lines) == 1


def test_the_page_of_one_claim_shows_all_conventions():
    page = printed_page(run_audit(ids="V1-T6-0.5-M"))
    names = [name for name, each in CONVENTIONS.items() if each.quantity in ("multiply-adds", "FLOPs")]
    names.remove("MADD-S2B")  # nothing is dilated
    assert all(f"\n{name} " in page for name in names)
    assert "MADD           149,497,088  rounded" in page
    assert "Digits of the print taken as significant: 3" in page


def test_core_tables_are_plain_and_narrow(audit):
    text = core_tables(audit)
    assert max(map(len, text.splitlines())) <= 100
    assert 40 <= len(text.splitlines()) <= 60
    assert "1.0 MobileNet-160, mult-adds            290 M    290,675,200  MADD, cut       convention" in text
    assert text.isascii()


def test_the_audit_imports_no_compiler():
    code = "import sys, refnet.papers; refnet.papers.run_audit(); print('numba' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


def test_a_changed_verdict_is_told(monkeypatch):
    monkeypatch.setattr(v1, "FIRST", 64)
    audit = run_audit(table=4, paper="v1")
    assert audit.summary()["changed"] == len(audit.changed) > 0
    assert "CHANGED V1-T4-MN-M: recorded exact, now unexplained." in printed_page(audit)
