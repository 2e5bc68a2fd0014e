"""The audit as one page that needs no network: errata first, then every claim where it stands in its paper.

page = html_page(audit, behind)          the text of the page
write_page("report.html", page)          all of it or nothing
"""

import os
from collections.abc import Collection, Container
from importlib.resources import files
from pathlib import Path

from .. import __version__
from .audit import Audit
from .behind import Network, recorded_audit
from .claim import Result
from .markup import Html, join, tag, void
from .networks import MEANINGS
from .page_entries import entry, entry_link, grid_table, prose, verdict_class, verdict_mark
from .page_layers import NOTE, network_tables
from .page_tables import PAPERS, Section, computed, heading, in_order, printed, sections_by_paper, short_name
from .verdict import VERDICTS

Behind = dict[str, tuple[Network, ...]]

HEADING = "The figures of the MobileNet papers, recomputed"
MEANS = {
    "exact": "the value under the table’s main convention, rounded to the printed digits, is the print",
    "convention": "another named convention gives the print, or cutting instead of rounding",
    "approximate": "the paper uses a round word, and the value is within the tolerance declared for it",
    "erratum": "no convention gives the print, and a check that runs with the audit proves it wrong",
    "unexplained": "no convention gives the print, and nothing proves it wrong",
    "not determinable": "the paper does not describe the network; what is missing is named",
}
CELLS = (
    "In the tables below each cell has the print, the figure that refnet computed, and the verdict, which leads to the "
    "claim in full. The word “layers” leads to the count behind a row, layer by layer."
)
POLICY = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:"


def write_report(
    path: str,
    paper: str | None = None,
    table: str | int | None = None,
    ids: Collection[str] | str | None = None,
) -> Audit:
    """Audit the chosen claims and write their page. Raises ValueError as `run_audit` does, or for the path."""
    check_path(path)
    audit, behind = recorded_audit(paper, table, ids)
    write_page(path, html_page(audit, behind))
    return audit


def check_path(path: str) -> None:
    """Raises ValueError where no file can have this name."""
    target = Path(path)
    if target.is_dir() or (target.exists() and not target.is_file()):
        raise ValueError(f"--report: wanted the name of a file, got {path!r}")
    if not target.parent.is_dir():
        raise ValueError(f"--report: no folder {str(target.parent)!r}")


def write_page(path: str, page: str) -> None:
    """Write the page under its name once all of it is on the disk. Raises ValueError where that cannot be done."""
    check_path(path)
    target = Path(path).resolve()
    draft = target.with_name(f".{target.name}.{os.getpid()}")
    try:
        draft.write_text(page, encoding="utf-8")
        draft.replace(target)
    except OSError as error:
        raise ValueError(f"--report: cannot write {path!r}: {error.strerror}") from error
    finally:
        draft.unlink(missing_ok=True)


def html_page(audit: Audit, behind: Behind) -> str:
    """The whole page."""
    head = (
        void("meta", charset="utf-8"),
        void("meta", http_equiv="Content-Security-Policy", content=POLICY),
        void("meta", name="viewport", content="width=device-width, initial-scale=1"),
        void("meta", name="color-scheme", content="light dark"),
        tag("title", HEADING),
        void("link", rel="icon", href="data:,"),
        tag("style", _asset("page.css")),
    )
    papers = sections_by_paper(audit.results)
    claims = tag("div", _filter(audit), *(_paper(name, papers[name], behind) for name in papers), class_="claims")
    main = (*_wrong(audit), _summary(audit), claims, *_back(behind))
    body = (
        tag("a", "Skip to the errata", href="#main", class_="skip"),
        _header(audit, papers, behind),
        tag("main", *main, id="main", tabindex=-1),
        _footer(),
        tag("script", _asset("page.js")),
    )
    return f"<!doctype html>\n{tag('html', tag('head', *head), tag('body', *body), lang='en')}\n"


def _asset(name: str) -> Html:
    return Html(files("refnet.papers").joinpath(name).read_text(encoding="utf-8"))


def _header(audit: Audit, papers: dict[str, list[Section]], behind: Behind) -> Html:
    counts = audit.summary()
    ends = {
        "come out as printed": sum(counts[verdict] for verdict in ("exact", "convention", "approximate")),
        "are proved wrong": counts["erratum"],
        "differ without an explanation": counts["unexplained"],
        "speak of something that the papers do not describe": counts["not determinable"],
    }
    *most, last = (f"{count} {end}" for end, count in ends.items() if count)
    lede = (
        f"{counts['claims']} figures, formulas and statements of the two MobileNet papers, held against "
        f"the networks themselves: {', '.join(most)}{', and ' if most else ''}{last}."
    )
    lists = (_contents(paper, sections) for paper, sections in papers.items())
    navigation = tag("nav", tag("ul", _around(behind), *lists), aria_label="Contents")
    return tag("header", tag("h1", HEADING), tag("p", lede, class_="lede"), navigation)


def _contents(paper: str, sections: list[Section]) -> Html:
    links = (tag("a", short_name(section.name, paper), href=f"#{_anchor(section)}") for section in sections)
    return tag("li", tag("a", tag("b", PAPERS[paper]), href=f"#{paper}"), " ", join(*links, between=" "))


def _around(behind: Behind) -> Html:
    """Links to what stands before and after the papers."""
    parts = {"unexplained": "Unexplained", "verdicts": "Verdicts", "conventions": "Conventions"}
    if any(behind.values()):
        parts["layers"] = "Layer by layer"
    links = (tag("a", text, href=f"#{name}") for name, text in parts.items())
    return tag("li", tag("a", tag("b", "Errata"), href="#errata"), " ", join(*links, between=" "))


def _anchor(section: Section) -> str:
    return "s-" + "".join(letter if letter.isalnum() else "-" for letter in section.name)


def _wrong(audit: Audit) -> list[Html]:
    """What does not add up: first what is proved wrong, then what nobody can explain."""
    kinds = (
        ("erratum", "errata", "Errata", "What is proved wrong by a check that ran with this page."),
        ("unexplained", "unexplained", "Unexplained", "What no convention gives, and nothing proves wrong."),
    )
    ids, parts = {result.claim.id for result in audit.results}, []
    for verdict, name, title, what in kinds:
        found = [_finding(result, ids) for result in in_order(audit.results) if result.verdict == verdict]
        text = tag("p", what if found else "None among these claims.")
        listed = tag("ul", *found, class_="findings") if found else Html()
        parts.append(tag("section", tag("h2", title, id=name), text, listed, aria_labelledby=name))
    return parts


def _finding(result: Result, ids: Container[str]) -> Html:
    said = "in truth " if result.verdict == "erratum" else "computed "
    figures = (
        tag("span", tag("span", "printed ", class_="hidden"), printed(result.claim), class_="printed"),
        tag("span", "→", aria_hidden="true"),
        tag("b", tag("span", said, class_="hidden"), computed(result)),
    )
    place = tag("p", result.claim.source, ": ", result.claim.what, class_="place")
    fact = tag("div", place, tag("p", join(*figures, between=" "), class_="change"), class_="fact")
    more = entry_link(result, result.claim.id)
    why = tag("div", tag("p", prose(result.explanation, ids)), tag("p", more, class_="more"), class_="why")
    return tag("li", fact, why)


def _summary(audit: Audit) -> Html:
    counts = audit.summary()
    found = [verdict for verdict in VERDICTS if counts[verdict]]
    rows = (
        tag("div", tag("dt", verdict_mark(name), " ", tag("b", str(counts[name]))), tag("dd", MEANS[name]))
        for name in found
    )
    changed = [f"{each.claim.id}: recorded {each.claim.recorded}, now {each.verdict}." for each in audit.changed]
    alarm = tag("p", tag("b", "Verdicts that changed: "), " ".join(changed)) if changed else Html()
    title, counted = tag("h2", "Verdicts", id="verdicts"), tag("dl", *rows, class_="counts")
    return tag("section", title, counted, alarm, tag("p", CELLS), aria_labelledby="verdicts")


def _filter(audit: Audit) -> Html:
    """Buttons that the script brings to life; without it all claims are shown and no buttons."""
    counts = audit.summary()
    found = [verdict for verdict in VERDICTS if counts[verdict]]
    names = {"": ("all", counts["claims"])} | {name.replace(" ", "-"): (name, counts[name]) for name in found}
    buttons = (
        tag("button", f"{name} ", tag("span", str(count)), type="button", data_filter=key, aria_pressed=_pressed(key),
            class_=verdict_class(name))
        for key, (name, count) in names.items()
    )  # fmt: skip
    group = tag("div", *buttons, role="group", aria_label="Show claims by verdict")
    live = tag("p", role="status", aria_live="polite", id="shown")
    return tag("div", group, live, class_="filter", hidden=True)


def _pressed(key: str) -> str:
    return "false" if key else "true"


def _paper(paper: str, sections: list[Section], behind: Behind) -> Html:
    parts = (_section(section, paper, behind) for section in sections)
    return tag("section", tag("h2", PAPERS[paper], id=paper), *parts, class_="paper", aria_labelledby=paper)


def _section(section: Section, paper: str, behind: Behind) -> Html:
    """A table as in print, then the claims in full; exact ones of a table are folded away."""
    name, title = _anchor(section), heading(section, paper)
    parts = [tag("h3", title, id=name)]
    folded: list[Result] = []
    if section.grid is not None:
        parts.append(grid_table(f"{PAPERS[paper]}, {title}", section.grid, behind, name))
        folded = [result for result in section.grid.results if result.verdict == "exact"]
    parts.append(_entries([result for result in section.results if result not in folded], behind))
    return tag("section", *parts, _folded(folded, behind), class_="part", aria_labelledby=name)


def _entries(results: list[Result], behind: Behind) -> Html:
    if not results:
        return Html()
    return tag("ul", *(entry(result, behind) for result in results), class_="entries")


def _folded(results: list[Result], behind: Behind) -> Html:
    if not results:
        return Html()
    what = "The exact figure in full" if len(results) == 1 else f"The {len(results)} exact figures in full"
    return tag("details", tag("summary", what), _entries(results, behind), class_="exact")


def _back(behind: Behind) -> list[Html]:
    """The conventions, and the layers of every network."""
    meanings = (tag("div", tag("dt", name), tag("dd", text), id=f"c-{name}") for name, text in MEANINGS.items())
    conventions = (tag("h2", "Conventions", id="conventions"), tag("dl", *meanings, class_="meanings"))
    parts = [tag("section", *conventions, aria_labelledby="conventions")]
    if any(behind.values()):
        title = tag("h2", "Layer by layer", id="layers")
        parts.append(tag("section", title, tag("p", NOTE), network_tables(behind.values()), aria_labelledby="layers"))
    return parts


def _footer() -> Html:
    command = tag("code", "refnet audit --report report.html")
    single = tag("code", "refnet audit --id V1-T6-0.5-M")
    return tag(
        "footer", tag("p", f"Made by refnet {__version__}: ", command, ". One claim in the terminal: ", single, ".")
    )
