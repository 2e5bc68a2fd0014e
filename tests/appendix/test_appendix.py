"""V2's appendix A: what the code finds, against other ways to find it."""

import json
from fractions import Fraction
from io import StringIO
from itertools import pairwise, product
from math import comb, factorial, log, log2

import numpy as np
import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.console import Console

from refnet import mobilenet_v2
from refnet.appendix import chain, collapse, findings, folding, lemmas, page, spirals
from refnet.cli import main


@given(st.integers(1, 11), st.data())
def test_patterns_are_counted_alike_by_formula_and_by_writing_them_down(m, data):
    n = data.draw(st.integers(1, m))
    written = sum(sum(sigma) >= n for sigma in product((0, 1), repeat=m))
    assert collapse.preserved_patterns(m, n) == collapse.enumerated_patterns(m, n) == written
    assert collapse.collapsed(m, n) == Fraction(sum(comb(m, k) for k in range(n)), 2**m)


@pytest.mark.parametrize(("m", "n"), [(2, 1), (5, 2), (8, 3), (12, 4)])
def test_what_is_drawn_agrees_with_the_theorem_and_not_with_its_neighbours(m, n):
    found = collapse.estimate(m, n, 4000, np.random.default_rng(1))
    assert found.low <= collapse.collapsed(m, n) <= found.high
    assert not found.low <= collapse.collapsed(m, n + 1) <= found.high
    assert found.low <= found.share <= found.high


def test_ranks_of_the_jacobian():
    B = np.array([[[1.0, 0.0], [0.0, 1.0], [1.0, 1.0]]] * 3)
    x = np.array([[[1.0], [1.0]], [[1.0], [-2.0]], [[-1.0], [-1.0]]])
    assert collapse.jacobian_ranks(B, x).tolist() == [2, 1, 0]


def test_the_interval_is_wilsons():
    low, high = collapse.wilson(0, 100)
    assert low == pytest.approx(0, abs=1e-12)
    assert 0.13 < high < 0.14
    assert collapse.wilson(50, 100) == pytest.approx((1 - collapse.wilson(50, 100)[1], collapse.wilson(50, 100)[1]))


PAIRS = [(m, n) for n in range(1, 9) for m in range(n, 40)]


@pytest.mark.parametrize(("m", "n"), PAIRS[::7])
def test_the_links_are_the_papers_inequalities(m, n):
    """With fractions instead of multiplied out; the third and the last with the root squared away."""
    kept = Fraction(collapse.preserved_patterns(m, n), 2**m)
    second = 1 - Fraction(m ** (n + 1), 2**m * factorial(n))
    third = 1 - Fraction(m ** (n + 1), 2**m)
    assert chain.first(m, n) == (kept >= second)
    assert chain.second(m, n) == (second >= third)
    assert chain.third(m, n) == ((1 - third) ** 2 <= Fraction(1, 2**m))
    assert chain.end_to_end(m, n) == ((1 - kept) ** 2 <= Fraction(1, 2**m))


def test_where_the_links_hold():
    assert chain.region(chain.first, 60).holds == chain.region(chain.second, 60).holds == 60 * 61 // 2
    assert chain.region(chain.third, 60).ranges[1] == [(1, 1), (16, 60)]  # 16^4 = 2^16
    assert chain.region(chain.third, 60).ranges[5] == []
    assert [n for n in range(1, 40) if chain.end_to_end(6 * n, n)] == [1, 2, 3, 4, 5]


def test_the_natural_logarithm_fails_where_floating_point_says_so_clearly():
    for m, n in PAIRS:
        distance = (n + 1) * log(m) * (1 - log(2)) - log(factorial(n))
        if abs(distance) > 0.1 * (n + 1) * log(max(m, 2)):
            assert chain.second_fails_with_natural_logarithm(m, n) == (distance > 0)


@pytest.mark.parametrize("n", [1, 2, 16, 64])
def test_least_width_is_where_the_third_link_begins_to_hold(n):
    least = chain.least_width(n)
    assert not chain.third(least - 1, n)
    assert all(chain.third(m, n) for m in range(least, 2 * least))


@pytest.mark.parametrize("n", [1, 5, 6, 16, 64])
def test_least_expansion(n):
    t = chain.least_expansion(n)
    assert all(chain.end_to_end(each * n, n) for each in range(t, t + 16))
    assert t == 1 or not chain.end_to_end((t - 1) * n, n)


@pytest.mark.parametrize("n", [*range(1, 12), 64])
def test_from_4n_on_the_bound_once_true_stays_true(n):
    """One more in m makes the sum of its square root less than 4/3 as large."""
    lost = [2**m - collapse.preserved_patterns(m, n) for m in range(4 * n, 8 * n)]
    assert all(3 * after < 4 * before for before, after in pairwise(lost))


def test_the_least_expansion_is_no_island(monkeypatch):
    """Three in a row are not enough below 4."""
    monkeypatch.setattr(chain, "end_to_end", lambda m, n: m // n != 4)
    assert chain.least_expansion(2) == 5


def test_the_share_that_collapses_as_a_logarithm():
    assert chain.collapsed_log2(12, 2) == pytest.approx(log2(13 / 4096))


def test_lemma_1_on_every_set_of_cells():
    assert lemmas.lemma_1_counterexamples(1) == (0, 16)
    assert lemmas.lemma_1_counterexamples() == (0, 65536)


def test_lemma_1_would_find_a_map_that_moves_cells(monkeypatch):
    monkeypatch.setattr(lemmas, "relu", lambda x: tuple(each + 1 for each in x))
    assert lemmas.lemma_1_counterexamples(1)[0] > 0


def _solutions(case):
    """Other points of a fine grid with the same ReLU(Bx): a search that knows nothing of directions."""
    n, y0 = len(case.x0), lemmas.relu([4 * lemmas.dot(row, case.x0) for row in case.B])
    near = product(*(range(4 * each - 3, 4 * each + 4) for each in case.x0))
    return sum(lemmas.relu([lemmas.dot(row, x) for row in case.B]) == y0 for x in near if len(x) == n)


@pytest.mark.parametrize(("m", "n"), [(1, 1), (3, 1), (1, 2), (2, 2), (3, 2)])
def test_uniqueness_by_searching_a_grid(m, n):
    cases = list(lemmas.lemma_2_cases(m, n))
    for case in cases[:: max(1, len(cases) // 400)]:
        assert case.unique == (_solutions(case) == 1), case


def test_lemma_2_holds_one_way_and_fails_the_other_only_on_kinks():
    breaks_if, breaks_only_if, cases = lemmas.lemma_2_counterexamples(3, 2)
    assert (len(breaks_if), cases) == (0, 3 ** (3 * 2 + 2))
    assert breaks_only_if
    assert all(case.on_a_kink for case in breaks_only_if)
    with pytest.raises(ValueError, match="n: wanted 1 or 2, got 3"):
        next(lemmas.lemma_2_cases(2, 3))


@given(st.fractions(0, 1), st.integers(2, 6))
def test_a_fold_is_a_zigzag(x, p):
    place = p * x - (p * x).__floor__()
    assert folding.fold(x, p) == (1 - place if (p * x).__floor__() % 2 else place)


def test_layers_fold_p_to_the_n_l_cells():
    assert folding.folded_cells(3, 2, 2) == 3**4
    assert folding.folded_cells(2, 3, 2) == 2**6


def test_the_spiral_is_decoded_where_nothing_is_lost():
    T = np.array([[1.0, 0.0], [-1.0, 0.0], [0.0, 1.0], [0.0, -1.0]])
    x = spirals.spiral()
    decoded, determined = spirals.decode(T, np.maximum(x @ T.T, 0))
    assert determined.mean() > 0.99
    np.testing.assert_allclose(decoded, x, atol=1e-12)
    decoded, determined = spirals.decode(T[:1], np.maximum(x @ T[:1].T, 0))
    assert not determined.any()
    np.testing.assert_allclose(decoded[:, 0], np.maximum(x[:, 0], 0), atol=1e-12)


def test_figure_1_information_is_lost_for_2_and_3_and_kept_for_15_and_30():
    rng = np.random.default_rng(0)
    found = {n: spirals.reconstruction(n, 40, rng) for n in spirals.DIMENSIONS}
    assert found[2].error > 0.5
    assert found[3].error > 0.3
    assert found[15].error < 0.02
    assert found[30].error < 1e-12
    for n, each in found.items():
        assert each.lost == pytest.approx(float(collapse.collapsed(n, 2)), abs=0.1)


def test_the_page_speaks_of_the_widths_of_v2():
    net = mobilenet_v2()
    inputs = {net.shapes[node.inputs[0]][2] for node in net.nodes if node.name.endswith("/expand")}
    assert sorted(inputs) == sorted(findings.WIDTHS)


@settings(max_examples=5)
@given(st.integers(0, 2**32))
def test_the_same_seed_gives_the_same_numbers(seed):
    one, two = (collapse.estimate(6, 2, 50, np.random.default_rng(seed)) for _ in range(2))
    assert one == two


def test_the_command():
    """Its JSON, and the page made of it."""
    run = CliRunner().invoke(main, ["appendix", "--draws", "200", "--json"])
    assert run.exit_code == 0, run.output
    data = json.loads(run.stdout)
    out = Console(file=StringIO(), width=100, markup=False)
    page.render(data, out)
    shown = out.file.getvalue()
    assert max(map(len, shown.splitlines())) <= 100
    for part in ("Lemma 1", "Lemma 2", "Theorem 1", "chain of inequalities", "expansion 6", "Figure 1"):
        assert part in shown
    assert data["spirals"][0]["n"] == 2
    assert data["chain"]["links"][0]["holds"] == 45_150
    assert all(row["inside"] for row in data["theorem_1"])
