"""The page of errata is what the audit computes, and names everything that does not add up."""

import re
from dataclasses import replace

from errata_file import ERRATA

from refnet.papers import errata_page, run_audit
from refnet.papers.audit import Audit
from refnet.papers.errata import BESIDE


def test_the_page_is_current(recorded):
    audit, _ = recorded
    assert ERRATA.read_text(encoding="utf-8") == errata_page(audit), "run `python tests/audit/errata_file.py --write`"


def test_a_changed_result_changes_the_page():
    audit = run_audit(ids="V2-19")
    (result,) = audit.results
    assert errata_page(Audit((replace(result, value=18),))) != errata_page(audit)


def test_everything_that_does_not_add_up_is_named_once(recorded):
    audit, _ = recorded
    named = re.findall(r"\(`([\w.-]+)`\)$", errata_page(audit), re.MULTILINE)
    wrong = [each.claim.id for each in audit.results if each.verdict in ("erratum", "unexplained")]
    assert sorted(named) == sorted([*wrong, *BESIDE])


def test_what_is_proved_comes_first(recorded):
    audit, _ = recorded
    verdicts = {each.claim.id: each.verdict for each in audit.results}
    for part in errata_page(audit).split("\n## ")[1:]:
        ids = re.findall(r"\(`([\w.-]+)`\)$", part, re.MULTILINE)
        found = ["~" if id in BESIDE else verdicts[id] for id in ids]
        assert found == sorted(found)  # "erratum" before "unexplained", what is at odds with its neighbours last


def entry(id):
    (line,) = [line for line in errata_page(run_audit(ids=id)).splitlines() if line.startswith("- ")]
    return line


def test_an_entry_has_print_right_figure_and_proof():
    assert entry("V2-19").startswith(
        "- **V2 (both printings) 4**, residual bottleneck layers: printed 19; right 17. Column n"
    )
    assert "printed 585 M; computed 582,195,824 under MADD, 0.479% below the print" in entry("V2-585")
    assert "printed K^\\[i,j\\]; it does not hold. The kernel has 3 sizes" in entry("V1-EQ3")


def test_memory_is_printed_in_kilobytes_and_computed_in_bytes():
    assert "printed 199 Kb; right 100,352 bytes under MEM-16." in entry("V2-T3-7-V1")


def test_an_entry_says_where_the_scan_may_be_wrong():
    remark = "*Perhaps the scan's error, not the paper's.*"
    assert remark in entry("V1-T1-5X")
    assert remark not in entry("V1-T1-S2")
    assert remark not in entry("V2-NOTE-96")


def test_hand_notes_are_no_errors_of_the_papers():
    page = errata_page(run_audit(ids="V2-NOTE-96"))
    assert "## Hand notes\n\nWhat readers noted by hand in the scans. These are no errors of the papers." in page
    assert "## MobileNet" not in page
