"""Words of names as attributes, what a classifier says of them, and average precision beside scikit-learn's."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from refnet.data.scenes import CLASSES
from refnet.experiments.attributes import attributes, average_precision, mean_average_precision, probabilities_of


def test_words_and_which_class_has_which():
    words, table = attributes(("plain disc", "striped disc", "plain star"))
    assert words == ("plain", "disc", "striped", "star")
    np.testing.assert_array_equal(table, [[1, 1, 0, 0], [0, 1, 1, 0], [1, 0, 0, 1]])
    assert table.dtype == np.float32


def test_classes_of_shapes_64_are_a_texture_and_a_shape():
    words, table = attributes(CLASSES)
    assert len(words) == 3 + 8
    assert (table.sum(1) == 2).all()
    assert sorted(table.sum(0)) == [3] * 8 + [8] * 3
    assert len({tuple(row) for row in table}) == 24


def test_single_words_are_the_classes():
    words, table = attributes(("0", "1", "2"))
    assert words == ("0", "1", "2")
    np.testing.assert_array_equal(table, np.eye(3))


def test_probabilities_are_sums_of_probabilities():
    random = np.random.default_rng(0)
    z, (_, table) = random.standard_normal((5, 24)) * 3, attributes(CLASSES)
    p = np.array([[np.exp(each) / sum(np.exp(row)) for each in row] for row in z])
    wanted = [[sum(row[k] for k in range(24) if table[k, a]) for a in range(11)] for row in p]
    np.testing.assert_allclose(probabilities_of(z, table), wanted, rtol=1e-12)


def test_probabilities_stay_between_0_and_1_without_overflow():
    _, table = attributes(CLASSES)
    z = np.zeros((2, 24), np.float32)
    z[0, 3] = 1e30
    found = probabilities_of(z, table)
    assert found.dtype == np.float32
    np.testing.assert_array_equal(found[0], table[3])
    z = np.random.default_rng(0).standard_normal((200, 24)).astype(np.float32)
    assert (probabilities_of(z, np.ones((24, 1), np.float32)) <= 1).all()


def test_average_precision_by_hand():
    scores, truth = np.array([0.9, 0.8, 0.7, 0.6]), np.array([True, False, True, False])
    assert average_precision(scores, truth) == pytest.approx((1 / 1 + 2 / 3) / 2)
    assert average_precision(-scores, truth) == pytest.approx((1 / 2 + 2 / 4) / 2)
    assert average_precision(np.zeros(4), truth) == 0.5  # the share that has it


@given(st.lists(st.tuples(st.integers(0, 5), st.booleans()), max_size=30), st.integers(0, 5))
def test_average_precision_is_scikit_learns(pairs, one):
    metrics = pytest.importorskip("sklearn.metrics")
    scores, truth = (np.array(each) for each in zip(*pairs, (one, True), strict=True))
    assert average_precision(scores, truth) == pytest.approx(metrics.average_precision_score(truth, scores))


def test_an_attribute_that_no_image_has_is_left_out_of_the_mean():
    scores = np.array([[3.0, 1.0], [2.0, 2.0], [1.0, 3.0]])
    truth = np.array([[False, False], [True, False], [True, False]])
    assert mean_average_precision(scores, truth) == average_precision(scores[:, 0], truth[:, 0])
    with pytest.raises(ValueError, match="truth: wanted at least one image that has the attribute, got none"):
        average_precision(scores[:, 1], truth[:, 1])
