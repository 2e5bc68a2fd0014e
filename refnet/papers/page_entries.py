"""One claim on the page: as a cell of its paper's table, and in full."""

import re
from collections.abc import Container

from .behind import Network
from .claim import UNCOUNTED, Fit, Result, Value
from .markup import Html, join, tag
from .page_layers import anchor, network_link
from .page_tables import Grid, computed, printed, under
from .prose import show

PARTS = ("print", "refnet", "verdict")  # of a cell
_FEW = 3  # so many networks of a row are named beside its label; of more, the claims in full name them


def verdict_class(verdict: str) -> str:
    return "v-" + verdict.replace(" ", "-")


def verdict_mark(verdict: str) -> Html:
    """The verdict as a word; colour only repeats it."""
    return tag("span", verdict, class_=f"v {verdict_class(verdict)}")


def entry_link(result: Result, text: str | Html) -> Html:
    return tag("a", text, href=f"#{result.claim.id}")


def prose(text: str, ids: Container[str]) -> Html:
    """An explanation; ids of other claims in it become links."""
    pieces = re.split(r"((?:V[12]|N)-[\w.-]*\w)", text)
    return join(*(tag("a", each, href=f"#{each}") if each in ids else each for each in pieces))


def grid_table(caption: str, grid: Grid, behind: dict[str, tuple[Network, ...]], heading: str) -> Html:
    """A table as the paper sets it; each cell holds the print, what the code computed, and the verdict.

    caption: for those who do not see the heading above; heading: its id
    """
    heads = (tag("th", tag("span", _capital(column), class_="over"), _parts(), scope="col") for column in grid.columns)
    head = tag("tr", tag("td", class_="corner"), *heads)
    rows = (
        tag("tr", tag("th", row, _layers(cells, behind), scope="row"), *map(_cell, cells))
        for row, cells in grid.rows.items()
    )
    said = tag("caption", caption, class_="hidden")
    table = tag("table", said, tag("thead", head), tag("tbody", *rows), class_="print", style=_widths(grid.results))
    return tag("div", table, class_="scroll", role="group", tabindex=0, aria_labelledby=heading)


def _parts() -> Html:
    return tag("span", *(tag("span", part) for part in PARTS), class_="f parts", aria_hidden="true")


def _layers(cells: tuple[tuple[Result, ...], ...], behind: dict[str, tuple[Network, ...]]) -> Html:
    """Links from a row to the layers of the network that each of its claims was computed from first."""
    found = (each for cell in cells for result in cell for each in behind[result.claim.id][:1])
    networks = {each.call: each for each in found}
    if not networks or len(networks) > _FEW:
        return Html()
    links = (_layers_link(each, number) for number, each in enumerate(networks.values(), 1))
    return tag("span", join(*links, between=" "), class_="layers-of")


def _layers_link(network: Network, number: int) -> Html:
    """A word, or a number behind the first; the network's name is for screen readers."""
    text = join("layers" if number == 1 else f"{number}", _hidden(f" of {network.call}"))
    return tag("a", text, href=f"#{anchor(network)}", title=network.call)


def _cell(results: tuple[Result, ...]) -> Html:
    if not results:
        return tag("td", tag("span", "nothing claimed", class_="hidden"))
    verdicts = " ".join(result.verdict.replace(" ", "-") for result in results)
    return tag("td", *map(figure, results), data_v=verdicts)


def _widths(results: list[Result]) -> str:
    """Letters in the longest print, value and verdict, so that they stand below one another in all cells."""
    texts = ((printed(each.claim), computed(each, in_cell=True), each.verdict) for each in results)
    return ";".join(
        f"--{name}:{max(map(len, column))}" for name, column in zip("pov", zip(*texts, strict=True), strict=True)
    )


def figure(result: Result) -> Html:
    """Print, value and verdict in one line; the verdict leads to the claim in full."""
    found = computed(result, in_cell=True)
    value = join(_hidden("computed "), found) if found else _hidden("nothing computed")
    mark = entry_link(result, join(verdict_mark(result.verdict), _hidden(f": {result.claim.id}")))
    parts = (tag("span", _hidden("printed "), printed(result.claim)), tag("span", value), mark)
    return tag("span", join(*parts, between=" "), class_="f")


def entry(result: Result, behind: dict[str, tuple[Network, ...]]) -> Html:
    """A claim in full: print, value and verdict beside the explanation, every convention, the networks behind it."""
    claim = result.claim
    head = join(tag("b", claim.what or claim.source), verdict_mark(result.verdict), between=" ")
    own = tag("a", claim.id, href=f"#{claim.id}", class_="id")
    fact = tag("div", tag("p", head, class_="head"), _figures(result), tag("p", own), class_="fact")
    why = tag(
        "div",
        tag("p", prose(result.explanation, behind)),
        _conventions(result),
        _behind(behind[claim.id]),
        class_="why",
    )
    return tag("li", fact, why, id=claim.id, data_v=result.verdict.replace(" ", "-"), class_="entry")


def _figures(result: Result) -> Html:
    """Print, value, convention and place, a line each."""
    lines = {"printed": tag("b", printed(result.claim))}
    if computed(result):
        lines["computed"] = tag("b", computed(result))
    if under(result):
        rest = under(result).removeprefix(result.convention)
        lines["under"] = tag("span", _convention_link(result.convention), rest)
    lines["in"] = Html(tag("span", result.claim.source))
    return tag("dl", *(tag("div", tag("dt", name), tag("dd", text)) for name, text in lines.items()), class_="figures")


def _conventions(result: Result) -> Html:
    """Every convention side by side, for what is counted."""
    if not set(result.values) - {UNCOUNTED}:
        return Html()
    fits = {fit.convention: fit for fit in result.fits}
    heads = tag("tr", *(tag("th", text, scope="col") for text in ("convention", "computed", "gives the print")))
    rows = (_convention(name, value, fits, result) for name, value in result.values.items())
    table = tag("table", tag("thead", heads), tag("tbody", *rows), class_="conventions")
    label = f"Every convention for {result.claim.id}"
    scroll = tag("div", table, class_="scroll", role="group", tabindex=0, aria_label=label)
    return tag("details", tag("summary", "Every convention"), scroll)


def _convention(name: str, value: Value, fits: dict[str, Fit], result: Result) -> Html:
    other = "" if result.claim.word else "no"  # a round word is judged by the main convention alone
    reading = (fits[name].reading or "yes") if name in fits else other
    main = tag("span", " main", class_="soft") if name == result.claim.main else Html()
    label = join("uncounted" if name == UNCOUNTED else _convention_link(name), main)
    row = (tag("th", label, scope="row"), tag("td", show(value)), tag("td", reading))
    return tag("tr", *row, class_="fits" if name in fits else None)


def _convention_link(name: str) -> Html:
    """To the convention's definition."""
    return tag("a", name, href=f"#c-{name}")


def _behind(networks: tuple[Network, ...]) -> Html:
    """Links to the layers of every network that the claim was computed from."""
    if not networks:
        return Html()
    links = join(*map(network_link, networks), between=", ")
    if len(networks) <= _FEW:
        return tag("p", _soft("Layer by layer: "), links, class_="behind")
    return tag("details", tag("summary", f"Layer by layer: {len(networks)} networks"), tag("p", links))


def _hidden(text: str) -> Html:
    """For screen readers."""
    return tag("span", text, class_="hidden")


def _soft(text: str) -> Html:
    return tag("span", text, class_="soft")


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
