"""The page of the audit: whole, self-contained, readable by people and by machines."""

import re
import subprocess
import sys
from dataclasses import replace
from importlib.resources import files
from pathlib import Path

import pytest
from click.testing import CliRunner
from page_reader import Reader

from refnet.cli import main
from refnet.models.v1 import mobilenet_v1
from refnet.papers import CLAIMS, run_audit
from refnet.papers.audit import Audit
from refnet.papers.behind import Recorder, recorded_audit
from refnet.papers.page import html_page, write_page
from refnet.papers.page_layers import FAMILY, anchor, layers_of
from refnet.papers.page_tables import PAPERS, heading, in_order, sections_by_paper

CSS = files("refnet.papers").joinpath("page.css").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def reader(page):
    return Reader(page)


# The whole page


def test_tags_match_and_links_lead_somewhere(reader):
    assert reader.complaints == []


PLANTED = [
    ("<p>a", "<p> is not closed"),
    ("<p><b>a</p></b>", "</p> in line 1 closes something else"),
    ('<p id="a"></p><p id="a"></p>', "id a stands twice"),
    ('<a href="#b">b</a>', "<a> leads to #b, which is not there"),
    ('<p class="a" class="b"></p>', "<p> has an attribute twice"),
]


@pytest.mark.parametrize(("text", "complaint"), PLANTED)
def test_the_reader_notices(text, complaint):
    assert complaint in Reader(text).complaints


def test_every_claim_is_on_the_page_with_its_verdict(reader, recorded):
    entries = {given["id"]: given["data-v"] for given in reader.by_class("li", "entry")}
    audit, _ = recorded
    assert entries == {each.claim.id: each.verdict.replace(" ", "-") for each in audit.results}
    assert len(entries) == 281


def test_the_page_is_small(page):
    assert len(page.encode()) < 2_000_000


def test_the_page_loads_nothing(reader, page):
    for name, given, _ in reader.elements:
        assert not {"src", "srcset", "action", "data", "poster"} & set(given), name
        assert given.get("href", "#").startswith("#") or given["href"] == "data:,", given
    assert not re.search(r"url\(|@import|@font-face|https?:|fetch\(|XMLHttp", page)
    (policy,) = [given["content"] for given in reader.of("meta") if "http-equiv" in given]
    assert policy.startswith("default-src 'none';")


def test_errata_come_first(page):
    places = [page.index(f'id="{name}"') for name in ("errata", "unexplained", "verdicts", "V1", "V2", "conventions")]
    assert places == sorted(places)


def test_what_does_not_add_up_is_listed_first(reader, recorded):
    audit, _ = recorded
    wrong = [each for each in audit.results if each.verdict in ("erratum", "unexplained")]
    assert sum("findings" in str(given) for given in reader.of("ul")) == 2
    listed = [given for name, given, above in reader.elements if name == "li" and given == {} and "nav" not in above]
    assert len(listed) == len(wrong)


def test_screen_readers_find_their_way(reader):
    assert reader.of("html") == [{"lang": "en"}]
    for name in ("h1", "header", "nav", "main", "footer", "title"):
        assert len(reader.of(name)) == 1, name
    first = next(given for name, given, above in reader.elements if above[-1:] == ("body",))
    assert (first["class"], first["href"]) == ("skip", "#main")
    assert all("scope" in given for given in reader.of("th"))
    assert len(reader.of("caption")) == len(reader.by_class("table", "print"))
    for given in reader.by_class("div", "scroll"):
        assert given["tabindex"] == "0"
        assert given.get("aria-label") or given.get("aria-labelledby")


def test_headings_leave_no_level_out(reader):
    levels = [int(name[1]) for name, _, _ in reader.elements if re.fullmatch(r"h[1-6]", name)]
    assert all(after <= before + 1 for before, after in zip(levels, levels[1:], strict=False))


def test_the_filter_needs_its_script(reader):
    """Without a script there are no dead buttons, and nothing is hidden but they."""
    assert [given for _, given, _ in reader.elements if "hidden" in given] == [{"class": "filter", "hidden": None}]
    buttons = reader.of("button")
    assert [given["aria-pressed"] for given in buttons] == ["true", *["false"] * (len(buttons) - 1)]
    assert [given["id"] for _, given, _ in reader.elements if given.get("role") == "status"] == ["shown"]


def test_a_print_cannot_break_the_page():
    audit, behind = recorded_audit(ids="V1-T6-0.5-M")
    (result,) = audit.results
    evil = replace(result, claim=replace(result.claim, printed="</li><script>alert(1)</script>", what='"&<'))
    text = html_page(Audit((evil,)), behind)
    assert Reader(text).complaints == []
    assert "<script>alert" not in text
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in text


# Colours


def channels(colour):
    return [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]


def luminance(colour):
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels(colour)]
    return sum(weight * c for weight, c in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def contrast(one, other):
    dark, light = sorted(map(luminance, (one, other)))
    return (light + 0.05) / (dark + 0.05)


def schemes():
    """The colours of the light and of the dark scheme by name."""
    blocks = re.findall(r":root \{(.*?)\}", CSS, re.DOTALL)
    return [dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6})", block)) for block in blocks]


def test_contrast_by_known_values():
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.478, abs=1e-3)


@pytest.mark.parametrize("scheme", schemes(), ids=["light", "dark"])
def test_text_stands_out_in_both_schemes(scheme):
    texts = set(scheme) - {"paper", "tint", "line"}
    assert len(texts) == 9
    for ground in ("paper", "tint"):
        assert min(contrast(scheme[text], scheme[ground]) for text in texts) >= 4.5
    assert contrast(scheme["paper"], scheme["ink"]) >= 7


# How tables are set


def grid_of(name):
    (section,) = [
        each for sections in sections_by_paper(run_audit(table=name[-1]).results).values() for each in sections
        if each.name == name
    ]  # fmt: skip
    return section


def test_a_table_is_set_as_in_print():
    section = grid_of("V1 Table 6")
    assert section.grid.columns == ("mult-adds", "parameters")
    assert list(section.grid.rows) == [f"{width} MobileNet-224" for width in ("1.0", "0.75", "0.5", "0.25")]
    ids = [[[each.claim.id for each in cell] for cell in cells] for cells in section.grid.rows.values()]
    assert ids[2] == [["V1-T6-0.5-M"], ["V1-T6-0.5-P"]]
    assert section.others == ()
    assert heading(section, "V1") == "Table 6. Width multiplier"


def test_what_the_text_says_stands_beside_the_table():
    section = grid_of("V1 Table 2")
    assert {"V1-95", "V1-75", "V1-T2-SUM"} == {each.claim.id for each in section.others}
    assert len(section.grid.results) == 8


def test_sizes_are_rows_and_a_cell_has_all_that_is_claimed_of_it():
    section = grid_of("V2 Table 3")
    assert section.grid.columns == ("MobileNetV1", "MobileNetV2", "ShuffleNet (2x, g=3)")
    sides = [f"{side}x{side}" for side in (112, 56, 28, 14, 7, 1)]
    assert [row for row in section.grid.rows if "max" not in row] == sides
    assert [each.claim.id for each in section.grid.rows["56x56"][1]] == ["V2-T3-56-V2", "V2-T3-56-V2ch"]


def test_other_shapes_are_lists():
    assert grid_of("V1 Table 1").grid is None


def test_every_result_has_one_place(recorded):
    audit, _ = recorded
    placed = [each.claim.id for each in in_order(audit.results)]
    assert sorted(placed) == sorted(each.claim.id for each in audit.results)
    assert set(sections_by_paper(audit.results)) == set(PAPERS)


def test_tables_stand_in_the_order_of_their_numbers(recorded):
    audit, _ = recorded
    for sections in sections_by_paper(audit.results).values():
        numbers = [int(found[1]) for each in sections if (found := re.search(r"Table (\d+)", each.name))]
        assert numbers == sorted(numbers)


# The networks behind


def test_a_claim_names_its_networks(recorded):
    _, behind = recorded
    assert [each.call for each in behind["V1-T6-0.5-M"]] == ["mobilenet_v1(width=0.5)"]
    assert [each.call for each in behind["V1-T7-192-M"]] == ["mobilenet_v1(resolution=192)", "mobilenet_v1()"]
    assert behind["V1-T4-ACC"] == ()


def test_figures_of_networks_have_layers_behind_them(recorded):
    audit, behind = recorded
    counted = [each.claim.id for each in audit.covered if re.match("MADD|P-", each.claim.main)]
    assert len(counted) > 50
    assert [id for id in counted if not behind[id]] == []


def test_one_network_for_all_ways_to_ask():
    networks = Recorder()
    networks.graph(mobilenet_v1)
    networks.cost(mobilenet_v1, width=1.0, resolution=224)
    networks.madds(mobilenet_v1, resolution=192)
    assert [each.call for each in networks.take()] == ["mobilenet_v1()", "mobilenet_v1(resolution=192)"]
    assert networks.take() == ()


def test_the_recorded_audit_is_the_audit(recorded):
    recorded_table, _ = recorded_audit(table=6, paper="v1")
    assert recorded_table == run_audit(table=6, paper="v1")


def networks_of(behind):
    return list({each.call: each for networks in behind.values() for each in networks}.values())


def test_lines_add_up_to_the_network(recorded):
    """What a page folds into other lines is not lost."""
    _, behind = recorded
    for network in networks_of(behind):
        cost = network.graph.cost()
        lines = layers_of(network.graph, cost.rows)
        sums = [sum(getattr(line, name) for line in lines) for name in ("madds", "weights", "other")]
        weights = cost.total("P-WEIGHTS")
        assert sums == [cost.madds, weights, cost.total("P-ALL") - weights], network.call


def test_each_network_has_one_place(recorded, reader):
    _, behind = recorded
    anchors = [anchor(network) for network in networks_of(behind)]
    assert sorted(each for each in reader.ids if each.startswith("net-")) == sorted(anchors)


def test_only_families_go_without_layers(recorded, reader):
    _, behind = recorded
    sums_only = {given["id"] for given in reader.of("tr") if "id" in given}
    for networks in behind.values():
        if len(networks) <= FAMILY:
            assert not sums_only & {anchor(network) for network in networks}


# Writing


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


def test_claims_that_are_not_covered_are_shown_too():
    """An audit of a work in progress has a page as well."""
    audit, behind = recorded_audit(ids="V1-EQ1")
    claim = replace(CLAIMS[0], compute=None, what="", recorded="not covered", explanation="Not done.")
    (result,) = audit.results
    bare = replace(result, claim=claim, verdict="not covered", value=None, fits=(), values={}, explanation="Not done.")
    assert Reader(html_page(Audit((bare,)), behind)).complaints == []
