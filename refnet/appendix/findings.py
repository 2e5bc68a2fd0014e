"""Everything that appendix A claims, evaluated once, as plain data: what `refnet appendix --json` prints."""

from typing import Any

import numpy as np

from . import chain, collapse, folding, lemmas, spirals

LARGEST_N, LARGEST_M = 4, 12  # Theorem 1 is drawn up to here
LIMIT = 300  # the inequalities are evaluated for 1 <= n <= m <= LIMIT
EXPANSION = 6  # of V2's blocks; their inputs have these widths
WIDTHS = (16, 24, 32, 64, 96, 160)
SHAPES = tuple((m, n) for n in (1, 2) for m in (1, 2, 3))  # of the matrices that Lemma 2 is tried on
FOLDS = tuple((p, n, layers) for p in (2, 3) for n in (1, 2) for layers in (1, 2, 3))


def findings(draws: int, seed: int) -> dict[str, Any]:
    """draws: random matrices and points per case of Theorem 1, and a fortieth of it for each spiral."""
    rng = np.random.default_rng(seed)
    wrong, sets = lemmas.lemma_1_counterexamples()
    return {
        "draws": draws,
        "seed": seed,
        "lemma_1": {"sets": sets, "counterexamples": wrong},
        "lemma_2": lemma_2(),
        "theorem_1": theorem_1(draws, rng),
        "chain": {"limit": LIMIT, "links": [link(name) for name in chain.STEPS]},
        "expansion": [block(n) for n in WIDTHS],
        "folding": folds(),
        "spirals": [spiral(n, max(1, draws // 40), rng) for n in spirals.DIMENSIONS],
    }


def lemma_2() -> list[dict[str, Any]]:
    """For each shape of B: cases, those that break "if", those that break "only if", and one of the latter."""
    rows = []
    for m, n in SHAPES:
        breaks_if, breaks_only_if, cases = lemmas.lemma_2_counterexamples(m, n)
        row: dict[str, Any] = {"m": m, "n": n, "cases": cases, "breaks_if": len(breaks_if)}
        row |= {"breaks_only_if": len(breaks_only_if), "of_these_on_a_kink": sum(c.on_a_kink for c in breaks_only_if)}
        if breaks_only_if:
            row["example"] = {"B": [list(each) for each in breaks_only_if[0].B], "x0": list(breaks_only_if[0].x0)}
        rows.append(row)
    return rows


def theorem_1(draws: int, rng: np.random.Generator) -> list[dict[str, Any]]:
    """The collapsed share, exactly and drawn, with the 99.99 % interval of what was drawn."""
    rows = []
    for n in range(1, LARGEST_N + 1):
        for m in range(max(n, 2), LARGEST_M + 1):
            exact, drawn = collapse.collapsed(m, n), collapse.estimate(m, n, draws, rng)
            inside = bool(drawn.low <= exact <= drawn.high)
            row = {"n": n, "m": m, "exact": float(exact), "lost_patterns": 2**m - collapse.preserved_patterns(m, n)}
            rows.append(row | {"drawn": drawn.share, "low": drawn.low, "high": drawn.high, "inside": inside})
    return rows


def folds() -> list[dict[str, Any]]:
    """For some p, n and L: the cells that are folded onto the cube, counted and as claimed."""
    return [
        {"p": p, "n": n, "layers": L, "cells": folding.folded_cells(p, n, L), "claimed": p ** (n * L)}
        for p, n, L in FOLDS
    ]


def link(name: str) -> dict[str, Any]:
    """Where one inequality holds: of how many pairs, and the ranges of m for each n."""
    found = chain.region(chain.STEPS[name], LIMIT)
    ranges = {str(n): [list(each) for each in found.ranges[n]] for n in found.ranges}
    return {"link": name, "holds": found.holds, "pairs": found.pairs, "ranges": ranges}


def block(n: int) -> dict[str, Any]:
    """The chain at V2's expansion, for a block on n channels; shares as their logarithm to base 2."""
    m = EXPANSION * n
    return {
        "n": n,
        "m": m,
        "collapsed_log2": chain.collapsed_log2(m, n),
        "bound_log2": -m / 2,
        "bound_holds": chain.end_to_end(m, n),
        "least_expansion": chain.least_expansion(n),
        "third_link_from": chain.least_width(n),
    }


def spiral(n: int, matrices: int, rng: np.random.Generator) -> dict[str, Any]:
    """Figure 1 as numbers, beside the share that Theorem 1 expects to be lost."""
    found = spirals.reconstruction(n, matrices, rng)
    return {**found._asdict(), "expected_lost": float(collapse.collapsed(n, 2)), "matrices": matrices}
