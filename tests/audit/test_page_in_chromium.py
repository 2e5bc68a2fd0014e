"""The page in a browser: narrow screens, the filter, the keyboard, folded claims, paper, darkness, silence."""

import json

import browser
import pytest
from test_page import contrast

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(browser.why_not() is not None, reason=browser.why_not() or "a browser is here"),
]


@pytest.fixture(scope="module")
def path(page, tmp_path_factory):
    path = tmp_path_factory.mktemp("page") / "report.html"
    path.write_text(page, encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def chromium():
    with browser.Browser() as running:
        yield running


@pytest.fixture
def opened(chromium, path):
    """The page on a desk, light, nothing pressed."""
    chromium.size(1280, 900)
    chromium.media()
    chromium.open(path)
    return chromium


def too_wide(chromium, width):
    """By how much; a phone's own innerWidth grows with what does not fit."""
    return chromium.script("return document.documentElement.scrollWidth") - width


@pytest.mark.parametrize("width", [320, 360, 390, 768, 1280])
def test_the_page_never_scrolls_sideways(opened, width):
    opened.size(width, 800)
    assert too_wide(opened, width) <= 0
    opened.script("for (const fold of document.querySelectorAll('details')) fold.open = true")
    assert too_wide(opened, width) <= 0


def test_something_wide_would_be_noticed(opened):
    opened.size(320, 800)
    opened.script("document.body.insertAdjacentHTML('beforeend', '<div style=\"width: 400px\">wide</div>')")
    assert too_wide(opened, 320) > 0


def test_wide_tables_scroll_by_themselves(opened):
    opened.size(320, 800)
    inside = (
        "return [...document.querySelectorAll('.part > .scroll')].filter((e) => e.scrollWidth > e.clientWidth).length"
    )
    assert opened.script(inside) > 0


UNREADABLE = """
for (const fold of document.querySelectorAll("details")) fold.open = true;
const visible = (text) => text.data.trim() && !text.parentElement.closest(".hidden") &&
  text.parentElement.checkVisibility();
const boxes = (cell) => {
  const walker = document.createTreeWalker(cell, NodeFilter.SHOW_TEXT), found = [];
  while (walker.nextNode()) if (visible(walker.currentNode)) {
    const range = document.createRange();
    range.selectNodeContents(walker.currentNode);
    found.push([...range.getClientRects()]);
  }
  return found;
};
const meet = (a, b) => Math.min(a.right, b.right) - Math.max(a.left, b.left) > 1 &&
  Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top) > 1;
const bad = (cell) => {
  const texts = boxes(cell), own = cell.getBoundingClientRect();
  const outside = (box) => box.left < own.left - 1 || box.right > own.right + 1;
  const meeting = (one, at) => texts.slice(at + 1).some((two) => one.some((a) => two.some((b) => meet(a, b))));
  return cell.scrollWidth > cell.clientWidth + 1 || texts.flat().some(outside) || texts.some(meeting);
};
const cells = [...document.querySelectorAll(":is(td, th)")].filter((cell) => cell.checkVisibility());
return [cells.length, cells.filter(bad).map((cell) => cell.textContent)]"""


@pytest.mark.parametrize("width", [320, 390, 768, 1280])
def test_no_figure_runs_into_another(opened, width):
    """Every text stands inside its cell, and no two texts of a cell overlap."""
    opened.size(width, 800)
    cells, unreadable = opened.script(UNREADABLE)
    assert cells > 1000
    assert unreadable == []


SQUEEZE = ".f { grid-template-columns: 1fr !important } .f > * { min-width: 0 !important }"
PILE = ".f > * { grid-area: 1 / 1 !important }"


@pytest.mark.parametrize("style", [SQUEEZE, PILE])
def test_figures_that_run_into_each_other_would_be_noticed(opened, style):
    opened.size(390, 800)
    opened.script("document.head.insertAdjacentHTML('beforeend', `<style>${arguments[0]}</style>`)", style)
    _, unreadable = opened.script(UNREADABLE)
    assert unreadable


@pytest.mark.parametrize("width", [390, 1280])
def test_a_convention_leads_to_its_definition(opened, width):
    opened.size(width, 800)
    opened.script("document.querySelector('.figures a[href=\"#c-MADD-TFPROF\"]').click()")
    opened.script("return new Promise((done) => setTimeout(done, 50))")
    colour = "return getComputedStyle(document.querySelector(arguments[0])).backgroundColor"
    assert opened.script("return document.querySelector(':target').id") == "c-MADD-TFPROF"
    assert opened.script("const box = document.querySelector(':target').getBoundingClientRect(); "
                         "return box.top >= 0 && box.bottom <= innerHeight")  # fmt: skip
    assert opened.script(colour, ":target") != opened.script(colour, "html")
    assert opened.script("return document.querySelector(':target dd').checkVisibility()")


VISIBLE = "[...document.querySelectorAll('.entry')].filter((e) => !e.closest('[hidden]'))"


def filtered(chromium, key):
    chromium.script("document.querySelector(`button[data-filter='${arguments[0]}']`).click()", key)
    shown = chromium.script(f"return {VISIBLE}.map((e) => e.dataset.v)")
    pressed = "return [...document.querySelectorAll('button[aria-pressed=true]')].map((e) => e.dataset.filter)"
    return shown, chromium.script("return document.getElementById('shown').textContent"), chromium.script(pressed)


def test_each_button_shows_its_verdict_alone(opened, recorded):
    audit, _ = recorded
    counts = audit.summary()
    buttons = opened.script("return [...document.querySelectorAll('button')].map((e) => e.dataset.filter)")
    for key in buttons[1:]:
        name = key.replace("-", " ")
        shown, said, pressed = filtered(opened, key)
        assert shown == [key] * counts[name]
        assert said == f"{counts[name]} of 281 claims shown: {name}."
        assert pressed == [key]
        cells = "return [...document.querySelectorAll('td[data-v]')].filter((e) => e.checkVisibility() && " \
            "e.firstElementChild.checkVisibility({visibilityProperty: true})).map((e) => e.dataset.v)"  # fmt: skip
        assert all(key in verdicts.split() for verdicts in opened.script(cells))
    shown, said, pressed = filtered(opened, "")
    assert (len(shown), said, pressed) == (281, "All 281 claims are shown.", [""])


def test_hidden_claims_take_no_room(opened):
    filtered(opened, "erratum")
    assert opened.script(f"return {VISIBLE}.every((e) => e.dataset.v === 'erratum')")
    hidden = "return [...document.querySelectorAll('[hidden]')].every((e) => e.getBoundingClientRect().height === 0)"
    assert opened.script(hidden)


FOCUSED = """
const e = document.activeElement, style = getComputedStyle(e), box = e.getBoundingClientRect();
return [e.localName, e.textContent.trim().slice(0, 40), style.outlineStyle, parseFloat(style.outlineWidth),
        box.top < innerHeight && box.bottom > 0, scrollY + box.top]"""


def test_the_keyboard_goes_from_the_top_to_the_bottom(opened):
    opened.press(browser.TAB)
    assert opened.script(FOCUSED)[:2] == ["a", "Skip to the errata"]
    opened.script("window.passed = [document.activeElement]")
    for _ in range(60):
        opened.press(browser.TAB)
        _, _, style, width, in_sight, _ = opened.script(FOCUSED)
        assert style == "solid"
        assert width >= 2
        assert in_sight
        behind = "passed.at(-1).compareDocumentPosition(document.activeElement) & Node.DOCUMENT_POSITION_FOLLOWING"
        assert opened.script(f"const ok = {behind}; passed.push(document.activeElement); return ok")


def test_the_first_link_skips_the_contents(opened):
    opened.press(browser.TAB, browser.ENTER)
    assert opened.script("return document.activeElement.id") == "main"
    opened.press(browser.TAB)
    assert opened.script("return document.activeElement.closest('main') !== null")


def test_the_space_bar_presses_a_button(opened):
    opened.script("document.querySelector('button[data-filter=erratum]').focus()")
    opened.press(browser.SPACE)
    assert opened.script("return document.activeElement.getAttribute('aria-pressed')") == "true"


SEEN = """
const box = document.getElementById(arguments[0]).getBoundingClientRect();
const at = document.elementFromPoint(box.left + 5, box.top + 12);
return at !== null && at.closest('.entry') !== null && at.closest('.entry').id === arguments[0]"""


@pytest.mark.parametrize("width", [390, 1280])
def test_a_link_leads_to_a_folded_claim(opened, path, width):
    opened.size(width, 800)
    opened.open(path, "#V1-T6-0.5-M")
    assert opened.script(SEEN, "V1-T6-0.5-M")
    filtered(opened, "erratum")
    opened.script("location.hash = '#V1-T7-128-M'")
    opened.script("return new Promise((done) => setTimeout(done, 50))")
    assert opened.script(SEEN, "V1-T7-128-M")


def test_a_row_leads_to_its_layers(opened):
    opened.script("document.querySelector('#s-V1-Table-6').closest('.part').querySelector('.layers-of a').click()")
    opened.script("return new Promise((done) => setTimeout(done, 50))")
    assert opened.script("return document.querySelector(':target').checkVisibility()")
    assert opened.script("return document.querySelector(':target').id") == "net-mobilenet_v1"


def test_the_page_says_nothing_to_the_console_and_asks_nobody(chromium, path):
    chromium.log("browser"), chromium.log("performance")
    chromium.open(path)
    assert chromium.log("browser") == []
    events = [json.loads(each["message"])["message"] for each in chromium.log("performance")]
    asked = {each["params"]["request"]["url"] for each in events if each["method"] == "Network.requestWillBeSent"}
    assert path.as_uri() in asked
    assert asked <= {path.as_uri(), "about:blank", "data:,"}


def ground(chromium):
    """Background and text as #rrggbb."""
    colours = "const s = getComputedStyle(document.documentElement); return [s.backgroundColor, s.color]"
    return [as_hex(each) for each in chromium.script(colours)]


def as_hex(colour):
    numbers = [float(each) for each in colour[colour.index("(") + 1 : -1].split(",")]
    if numbers[3:] == [0]:
        return "#ffffff"  # transparent: the paper's own white
    return "#" + "".join(f"{int(each):02x}" for each in numbers[:3])


def test_light_and_dark(opened):
    light = ground(opened)
    opened.media(scheme="dark")
    dark = ground(opened)
    assert light[0] > "#f0" > "#50" > dark[0]
    assert min(contrast(*light), contrast(*dark)) > 7


def test_paper_is_white_even_in_the_dark(opened):
    opened.media("print", "dark")
    background, text = ground(opened)
    assert background == "#ffffff"
    assert contrast(background, text) > 7
    assert not opened.script("return document.querySelector('nav').checkVisibility()")
    assert opened.script("return document.querySelector('.findings').checkVisibility()")
    assert too_wide(opened, 1280) <= 0


def test_without_scripts_everything_is_there(opened, path):
    opened.command("Emulation.setScriptExecutionDisabled", value=True)
    try:
        opened.open(path)
        root = opened.command("DOM.getDocument")["root"]["nodeId"]
        nodes = opened.command("DOM.querySelectorAll", nodeId=root, selector=".entry:not([hidden])")["nodeIds"]
        bars = opened.command("DOM.querySelectorAll", nodeId=root, selector=".filter[hidden]")["nodeIds"]
    finally:
        opened.command("Emulation.setScriptExecutionDisabled", value=False)
    assert (len(nodes), len(bars)) == (281, 1)
