"""MobileNetV2, appendix A (arXiv): each lemma, theorem and inequality evaluated by `refnet.appendix`."""

from fractions import Fraction

import numpy as np

from ..appendix import chain, collapse, findings, lemmas
from ..appendix.findings import EXPANSION, LARGEST_M, LIMIT
from ..models.v2 import mobilenet_v2
from .claim import UNCOUNTED, Claim, Compute, Computed, Table, Value, formula, statement
from .convolutions import bottlenecks
from .networks import Networks
from .prose import show

APPENDIX = Table("V2 appendix A")
SOURCE = "V2 (arXiv) app A"
DRAWS, SEED = 1000, 0  # of the random cases
SHOWN = (1, 2, 3, 10)  # the n for which the audit prints where an inequality holds


def _lemma_1(networks: Networks) -> Computed:
    wrong, sets = lemmas.lemma_1_counterexamples()
    return statement(wrong == 0, refuted=wrong > 0, sets=sets)


def _lemma_2(networks: Networks) -> Computed:
    rows = findings.lemma_2()
    breaks_if, breaks_only_if = (sum(row[name] for row in rows) for name in ("breaks_if", "breaks_only_if"))
    holds = not breaks_if and not breaks_only_if
    example = next((row["example"] for row in rows if "example" in row), {"B": "", "x0": ""})
    return statement(
        holds,
        refuted=not holds,
        cases=sum(row["cases"] for row in rows),
        breaks_if=breaks_if,
        breaks_only_if=breaks_only_if,
        on_a_kink=sum(row["of_these_on_a_kink"] for row in rows),
        B=str(example["B"]),
        x0=str(example["x0"]),
    )


def _theorem(networks: Networks) -> Computed:
    rows = findings.theorem_1(DRAWS, np.random.default_rng(SEED))
    inside = sum(row["inside"] for row in rows)
    holds = inside == len(rows)
    facts: dict[str, Value | str] = {"cells": len(rows), "inside": inside, "draws": DRAWS}
    facts |= {"n": findings.LARGEST_N, "m": findings.LARGEST_M}
    return statement(holds, refuted=not holds, **facts)


def _patterns(networks: Networks) -> Computed:
    pairs = [(m, n) for m in range(1, LARGEST_M + 1) for n in range(1, m + 1)]
    holds = all(collapse.enumerated_patterns(m, n) == collapse.preserved_patterns(m, n) for m, n in pairs)
    return statement(holds, refuted=not holds, pairs=len(pairs), m=LARGEST_M)


def _wording(networks: Networks) -> Computed:
    """The theorem, which the Monte Carlo of this run agrees with, against the sentence after its proof."""
    m, n = LARGEST_M, 2
    found = collapse.estimate(m, n, DRAWS, np.random.default_rng(SEED))
    named = 1 - collapse.collapsed(m, n)  # N / 2^m
    holds = found.low <= named <= found.high
    return statement(holds, refuted=not holds, m=m, n=n, named=named, collapsed=collapse.collapsed(m, n))


def _link(step: str) -> Compute:
    """One inequality for every pair: is it so everywhere, and where else."""

    def compute(networks: Networks) -> Computed:
        found = chain.region(chain.STEPS[step], LIMIT)
        everywhere = found.holds == found.pairs
        facts: dict[str, Value | str] = {
            "true": found.holds,
            "pairs": found.pairs,
            "limit": LIMIT,
            "where": "; ".join(f"n = {n}: m = {_ranges(found.ranges[n])}" for n in SHOWN),
        }
        return statement(everywhere, refuted=not everywhere, **facts, **_meaning())

    return compute


def _meaning() -> dict[str, str]:
    """What the chain says of the paper's own expansion, and what it needs."""
    n = 16
    return {
        "t": show(EXPANSION),
        "third": show(sum(chain.third(EXPANSION * each, each) for each in range(1, LIMIT // EXPANSION + 1))),
        "n": show(n),
        "width": show(chain.least_width(n)),
        "natural": show(min(m for m in range(1, LIMIT) if chain.second_fails_with_natural_logarithm(m, 1))),
    }


def _expansion(networks: Networks) -> Computed:
    """The chain from end to end at m = 6 n, for every n with m up to the limit, and for the widths of V2."""
    dimensions = range(1, LIMIT // EXPANSION + 1)
    true = [n for n in dimensions if chain.end_to_end(EXPANSION * n, n)]
    blocks = [block for block in bottlenecks(networks, mobilenet_v2).values() if block.t == EXPANSION]
    inputs = sorted({block.d_in for block in blocks})
    lost = {n: chain.collapsed_log2(EXPANSION * n, n) for n in inputs}
    everywhere = len(true) == len(dimensions)
    return statement(
        everywhere,
        refuted=not everywhere,
        last=max(true),
        up_to=dimensions[-1],
        t=EXPANSION,
        narrow=inputs[0],
        wide=inputs[-1],
        in_network=sum(chain.end_to_end(EXPANSION * n, n) for n in inputs),
        inputs=len(inputs),
        most=f"2^{max(lost.values()):.1f}",
        bound=f"2^{-EXPANSION * inputs[0] / 2:.0f}",
        enough=max(chain.least_expansion(n) for n in inputs),
    )


def _threshold(networks: Networks) -> Computed:
    """Channels into a block over channels that its ReLU6 sees, in every block of V2."""
    blocks = bottlenecks(networks, mobilenet_v2).values()
    shares = {Fraction(block.d_in, block.t * block.d_in): block.t for block in blocks}
    wanted = Fraction(1, EXPANSION)
    others = sorted(set(shares) - {wanted})
    facts: dict[str, Value | str] = {"t": EXPANSION, "others": "; ".join(map(show, others))}
    facts["first"] = min(shares.values())
    return formula(UNCOUNTED, wanted, wanted in shares and all(shares[each] == 1 for each in others), **facts)


def _folding(networks: Networks) -> Computed:
    tried = findings.folds()
    holds = all(each["cells"] == each["claimed"] for each in tried)
    return statement(holds, refuted=not holds, tried=len(tried))


def _ranges(ranges: list[tuple[int, int]]) -> str:
    return " and ".join(f"{low}" if low == high else f"{low} to {high}" for low, high in ranges) or "none"


_NOT_EVERYWHERE = "Of the {pairs} pairs 1 <= n <= m <= {limit} it holds in {true} ({where})."

# id, source, printed, unit, label, what computes it, verdict, explanation
_ROWS: tuple[tuple[str, str, str, str, str, Compute, str, str], ...] = (
    (
        "V2-L1",
        f"{SOURCE} Lemma 1",
        "lemma",
        "-",
        "interior of ReLU(X) lies in X",
        _lemma_1,
        "exact",
        "No counter-example among {sets} sets of unit cells of a square. The proof is sound: an interior point has "
        "only positive coordinates, and ReLU leaves those alone. The volume that it asks for is not needed.",
    ),
    (
        "V2-L2",
        f"{SOURCE} Lemma 2",
        "iff",
        "-",
        "when ReLU(Bx) has one solution",
        _lemma_2,
        "erratum",
        '"If" holds in all {cases} small cases ({breaks_if} exceptions); "only if" fails in {breaks_only_if}. With '
        "B = {B} and x0 = {x0}, for one, ReLU(B x0) has too few non-zero values, yet no other x gives it. All "
        "{on_a_kink} have a coordinate of B x0 that is exactly zero; where none is, the lemma holds both ways.",
    ),
    (
        "V2-TH1",
        f"{SOURCE} Theorem 1",
        "theorem",
        "-",
        "collapsed volume V - N_{m,n} V/2^m",
        _theorem,
        "exact",
        "For n to {n} and m to {m}, in {inside} of {cells} cases the exact share lies in the 99.99 % interval of "
        "{draws} drawn matrices and points, at which the rank of the Jacobian was found.",
    ),
    (
        "V2-SIG",
        SOURCE,
        "identity",
        "-",
        "|Sigma_n| = sum_{k=0}^{m-n} C(m,k)",
        _patterns,
        "exact",
        "True for all {pairs} pairs up to m = {m}, by writing down every pattern.",
    ),
    (
        "V2-COL",
        SOURCE,
        "wording",
        "-",
        "the fraction of collapsed space N_{m,n}/2^m",
        _wording,
        "erratum",
        "By the theorem itself N/2^m is the share that is kept. For m = {m}, n = {n} it is {named}; what collapses, in "
        "this run's draws too, is {collapsed}. The inequalities that follow mean the share that is kept.",
    ),
    (
        "V2-INEQ1",
        f"{SOURCE} chain",
        "inequality",
        "-",
        "N/2^m >= 1 - m^(n+1)/(2^m n!)",
        _link("first"),
        "exact",
        "True for all {pairs} pairs 1 <= n <= m <= {limit}, in integers.",
    ),
    (
        "V2-INEQ2",
        f"{SOURCE} chain",
        "inequality",
        "-",
        "1 - m^(n+1)/(2^m n!) >= 1 - 2^((n+1) log m - m)",
        _link("second"),
        "exact",
        "True for all {pairs} pairs with the logarithm to base 2, which turns it into n! >= 1. The paper does not name "
        "the base; with the natural logarithm it fails for n = 1 from m = {natural} on.",
    ),
    (
        "V2-INEQ3",
        f"{SOURCE} chain",
        "inequality",
        "-",
        "1 - 2^((n+1) log m - m) >= 1 - 2^(-m/2)",
        _link("third"),
        "erratum",
        f"It says m >= 2 (n+1) log2 m, which m much larger than n does not grant. {_NOT_EVERYWHERE} With n = {{n}} it "
        "takes m = {width}; with m = {t} n it holds for {third} values of n.",
    ),
    (
        "V2-INEQE",
        f"{SOURCE} chain",
        "inequality",
        "-",
        "N/2^m >= 1 - 2^(-m/2) at m = 6n",
        _expansion,
        "erratum",
        "At m = {t} n it holds up to n = {last} and for no larger n up to {up_to}: for {in_network} of the {inputs} "
        "block widths of V2 ({narrow} to {wide} channels). Their blocks would need an expansion of {enough}. The "
        "conclusion stands all the same: at most {most} of the space collapses in them; the bound promised {bound}.",
    ),
    (
        "V2-16TH",
        "V2 (arXiv) fig 7",
        "1/6",
        "-",
        "invertibility threshold",
        _threshold,
        "exact",
        "Channels in over channels expanded, in every block with t = {t}. The first block, with t = {first}, has the "
        "threshold {others}: there all channels would have to be positive.",
    ),
    (
        "V2-PNL",
        SOURCE,
        "p^(nL)",
        "-",
        "cells that L layers map onto one",
        _folding,
        "exact",
        "Built and counted with fractions for {tried} small choices of p, n and L: a fold of p hinges per coordinate. "
        "The hinges are biases, which A ReLU(Bx) has where one channel is constant.",
    ),
)

CLAIMS = [
    Claim(id, source, printed, unit, APPENDIX, what, compute, verdict, note)
    for id, source, printed, unit, what, compute, verdict, note in _ROWS
]
