"""What random expansion and ReLU destroy: the cells, and the claims on made-up results."""

from math import comb

import numpy as np
import pytest
from cells import computed

from refnet.appendix import spirals
from refnet.experiments import relu_collapse
from refnet.experiments.relu_collapse import EXPERIMENT, named
from refnet.figures import load_matplotlib


@pytest.fixture(scope="module")
def quick():
    """arm -> its results as they come back from a file."""
    size = EXPERIMENT.sizes["quick"]
    return {arm.name: [computed(arm.cell(seed)) for seed in range(size.seeds)] for arm in EXPERIMENT.arms(size)}


def test_the_cells_say_what_the_theorem_and_the_dimensions_want(quick):
    for seeds in quick.values():
        for found in seeds:
            m, k = found["channels"], found["dimension"]
            assert found["expected"] == sum(comb(m, lost) for lost in range(k)) / 2**m
            assert found["bound"] ** 2 == pytest.approx(2.0**-m, rel=1e-12)
            assert found["low"] - 1e-9 <= found["drawn"] <= found["high"] + 1e-9
            assert found["lost"] == pytest.approx(found["expected"], abs=0.3)


def test_a_seed_gives_the_same_numbers_and_another_gives_others():
    settings = {"dimension": 2, "channels": 5, "matrices": 3, "draws": 50}
    one, two, other = (relu_collapse.collapse(**settings, seed=seed) for seed in (0, 0, 1))
    assert one == two
    assert one["error"] != other["error"]


@pytest.mark.parametrize("k", [1, 3, 5])
def test_a_set_of_any_dimension_is_decoded_where_its_coordinates_are_doubled(k):
    """With both signs of each coordinate nothing is lost; with one sign, only where all coordinates are positive."""
    x = np.random.default_rng(k).uniform(-1, 1, (50, k))
    both = np.concatenate([np.eye(k), -np.eye(k)])
    decoded, determined = spirals.decode(both, np.maximum(x @ both.T, 0))
    assert determined.all()
    np.testing.assert_allclose(decoded, x, atol=1e-12)
    decoded, determined = spirals.decode(np.eye(k), np.maximum(x, 0))
    assert determined.tolist() == (x > 0).all(axis=1).tolist()
    np.testing.assert_allclose(decoded, np.maximum(x, 0), atol=1e-12)


@pytest.mark.parametrize("k", [1, 3])
def test_what_is_not_determined_has_another_point_with_the_same_image(k):
    """Lemma 2 by construction: a short step across the active rows changes nothing that ReLU lets through."""
    rng = np.random.default_rng(k)
    T, x = rng.standard_normal((k + 1, k)), rng.uniform(-1, 1, (40, k))
    y = np.maximum(x @ T.T, 0)
    _, determined = spirals.decode(T, y)
    assert 0 < determined.sum() < len(x)
    for point, image in zip(x[~determined], y[~determined], strict=True):
        across = np.linalg.svd(T * (image > 0)[:, None])[2][-1]
        step = 0.5 * min(-T[i] @ point / abs(T[i] @ across) for i in np.flatnonzero(image == 0))
        np.testing.assert_allclose(np.maximum(T @ (point + step * across), 0), image, atol=1e-12)


def made_up(**changes):
    """Results of one seed in which the paper is right."""
    lost = {2: 0.75, 3: 0.5, 5: 0.2, 15: 0.0, 30: 0.0}
    spiral = {named(2, m): _result(2, m, share) for m, share in lost.items()}
    cube = {named(4, m): _result(4, m, share) for m, share in {4: 0.9, 8: 0.4, 12: 0.1, 24: 0.0}.items()}
    found = spiral | cube
    for name, change in changes.items():
        found[name.replace("_", " ")] |= change
    return found


def _result(k, m, share):
    found = {"dimension": k, "channels": m, "lost": share, "error": share, "picture": 1.0, "draws": 100}
    around = {"drawn": share, "low": share - 0.02, "high": share + 0.02, "expected": share + 0.01}
    return found | around | {"bound": 2 ** (-m / 2)}


def test_the_claims_where_the_paper_is_right():
    found = made_up()
    advantages = [claim.advantage(found) for claim in EXPERIMENT.claims]
    assert advantages == pytest.approx([1, 1, 1])


@pytest.mark.parametrize(
    ("which", "changes", "advantage"),
    [
        (0, {"2_in_30": {"lost": 0.06}}, -5),
        (0, {"2_in_15": {"lost": 0.004}}, 0.6),
        (0, {"2_in_3": {"lost": 0.0}}, -1),
        (1, {"4_in_24": {"drawn": 0.95}}, -94),
        (1, {"2_in_15": {"drawn": 0.02}}, -1),
        (1, {"4_in_4": {"drawn": 0.007}}, -0.3),
        (2, {"2_in_5": {"expected": 0.25}}, -3),
        (2, {"4_in_8": {"expected": 0.35}}, -3),
    ],
)
def test_the_claims_where_something_else_is_found(which, changes, advantage):
    assert EXPERIMENT.claims[which].advantage(made_up(**changes)) == pytest.approx(advantage)


@pytest.mark.parametrize("expansion", [2, 3])
def test_sets_between_narrow_and_wide_are_of_no_claim_on_the_volume(expansion):
    between = made_up(**{f"4_in_{4 * expansion}": {"drawn": 0.5, "expected": 0.5}})
    assert EXPERIMENT.claims[1].advantage(between) == pytest.approx(1)


def test_the_figure(quick):
    figure = load_matplotlib("figures are").Figure(figsize=(9, 5), layout="constrained")
    EXPERIMENT.draw(figure, quick)
    *pictures, volume, errors = figure.get_axes()
    assert len(pictures) == 1 + len(spirals.DIMENSIONS)
    (marks,) = [line for line in volume.get_lines() if line.get_marker() == "s"]
    drawn = [[m / 4, np.mean([100 * each["drawn"] for each in quick[named(4, m)]])] for m in (4, 8, 12, 24)]
    np.testing.assert_allclose(marks.get_xydata(), [[at, share] for at, share in drawn if share], rtol=1e-12)
    assert [line.get_label() for line in errors.get_lines()] == ["the spiral, 2 dimensions", "a cube of 4 dimensions"]
