"""The page of the audit: whole, self-contained, readable by people and by machines."""

import re
from dataclasses import replace
from importlib.resources import files

import pytest
from page_reader import Reader

from refnet.papers.audit import Audit
from refnet.papers.behind import recorded_audit
from refnet.papers.page import html_page

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


def test_the_contents_lead_to_every_part(reader, page):
    links = [given["href"][1:] for name, given, above in reader.elements if name == "a" and "nav" in above]
    around = ("errata", "unexplained", "verdicts", "conventions", "layers")
    parts = [given["id"] for given in reader.of("h2") + reader.of("h3")]
    assert set(around) < set(links)
    assert sorted(links) == sorted(parts)


def test_heads_name_no_convention_without_its_definition(page, recorded):
    audit, _ = recorded
    heads = re.findall(r"<dt>under</dt><dd><span>(.*?)</span></dd>", page)
    assert len(heads) == sum(each.convention != "-" for each in audit.results)
    for head in heads:
        assert re.fullmatch(r'<a href="#c-([^"]+)">\1</a>(, cut)?', head)


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
