"""The page of errata: what in the two papers does not add up, each with its proof, from one run of the audit."""

from .audit import Audit
from .claim import Result
from .markdown import plain_text
from .page_tables import computed, in_order, paper_of, printed, under
from .prose import amount, printed_amount

PAPERS = {
    "V1": (
        "MobileNets",
        "Howard et al., 2017 (V1). Its text and tables were read from a scan, so that a single wrong digit or a lost "
        "mark may be the scan's; an entry for which that is likely says so.",
    ),
    "V2": (
        "MobileNetV2",
        "Sandler et al., 2018 (V2), in two printings that differ: the conference's (CVPR), read from a scan too, and "
        "the later one on arXiv, which has the appendix.",
    ),
    "Notes": ("Hand notes", "What readers noted by hand in the scans. These are no errors of the papers."),
}
KINDS = {
    "erratum": ("Proved wrong", "No convention gives the print, and a check that runs with the audit refutes it."),
    "unexplained": (
        "Unexplained",
        "No convention gives the print, and nothing proves it wrong; distances are those of the main convention.",
    ),
}

# Their prints hold, or cannot be checked, but do not go with what the paper puts beside them, as they explain.
BESIDE = (
    "V1-T4-CONV-M",
    "V1-T9-SQ-M",
    "V1-T10-1-224-M",
    "V1-T12-0.25-224-M",
    "V1-T14-a-P",
    "V1-T14-c-P",
    "V1-PL-52",
    "V1-FA-75",
    "V2-T5-LITE-M",
    "V2-T6-YO-P",
    "V2-BLK",
    "V2-EQ2",
    "V2-SPLIT",
    "V2-20X",
    "V2-INEQ2",
)
AT_ODDS = (
    "At odds with what stands beside it",
    "The print holds, or there is nothing to compare it with; but the paper puts something beside it that does not go "
    "with it.",
)


def errata_page(audit: Audit) -> str:
    """The page as Markdown, by paper and place: what is proved wrong, what nobody can explain, what is at odds."""
    counts = audit.summary()
    intro = (
        f"Of {counts['claims']} figures, formulas and statements about size and cost in the two papers, "
        f"{counts['erratum']} are proved wrong, {counts['unexplained']} remain without an explanation, and "
        f"{len(BESIDE)} hold or cannot be checked but are at odds with what stands beside them. Every number below was "
        "computed by `refnet audit`; `refnet audit --id ID` shows one entry under every convention. This page is "
        "generated, and a test holds it to what the audit computes: `python tests/audit/errata_file.py --write`."
    )
    results = in_order(audit.results)
    papers = (_paper(name, [each for each in results if paper_of(each.claim) == name]) for name in PAPERS)
    return "\n\n".join(["# Errata of the MobileNet papers", intro, *(paper for paper in papers if paper)]) + "\n"


def _paper(name: str, results: list[Result]) -> str:
    title, about = PAPERS[name]
    kinds = [(kind, [_entry(each) for each in results if each.verdict == verdict]) for verdict, kind in KINDS.items()]
    kinds.append((AT_ODDS, [_beside(each) for each in results if each.claim.id in BESIDE]))
    parts = []
    for (kind, meaning), found in kinds:
        if found:
            parts += [f"### {title}: {kind.lower()}", meaning, "\n".join(found)]
    return "\n\n".join([f"## {title}", about, *parts]) if parts else ""


def _entry(result: Result) -> str:
    text = plain_text(f"printed {printed(result.claim)}; {_instead(result)} {_proof(result)}")
    return f"- {_place(result)}: {text}{_of_scan(result)} (`{result.claim.id}`)"


def _beside(result: Result) -> str:
    text = plain_text(f"printed {printed(result.claim)}. {result.explanation}")
    return f"- {_place(result)}: {text} (`{result.claim.id}`)"


def _place(result: Result) -> str:
    return f"**{plain_text(result.claim.source)}**, {plain_text(result.claim.what)}"


def _instead(result: Result) -> str:
    """What the print should say, or what the main convention gives and how far that is from the print."""
    if isinstance(result.value, bool):
        return f"it {computed(result)}."
    convention = f" under {under(result)}" if under(result) else ""
    if result.verdict == "erratum":
        return f"right {computed(result)}{convention}."
    return f"computed {computed(result)}{convention},"


def _proof(result: Result) -> str:
    """The explanation without its opening, which says once more what was printed and what is right."""
    claim, value = result.claim, amount(result.claim, result.value)
    opening = f"It is {value}, not {printed_amount(claim)}. ", f"{result.convention} gives {value}, "
    return result.explanation.removeprefix(opening[0]).removeprefix(opening[1])


def _of_scan(result: Result) -> str:
    """A remark where the proof itself brings up the scan; hand notes only stand in one."""
    likely = result.verdict == "erratum" and "scan" in result.explanation and paper_of(result.claim) != "Notes"
    return " *Perhaps the scan's error, not the paper's.*" if likely else ""
