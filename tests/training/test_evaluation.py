"""Top-1, top-5 and the confusion matrix, by hand; ties and NaN are no hits."""

import numpy as np
import pytest
import small_runs

from refnet import Graph, Node
from refnet.layers import Softmax
from refnet.training.evaluation import evaluate, ranks

NET = Graph("logits", {"z": (6,)}, [Node("softmax", Softmax())])  # what comes out is as its input is ordered


def test_ranks():
    z = np.array([[3.0, 1.0, 2.0], [1.0, 1.0, 1.0], [1.0, 1.0, 1.0], [0.0, np.nan, -1.0], [np.inf, 0.0, 0.0]])
    assert ranks(z, np.array([2, 0, 2, 0, 0])).tolist() == [1, 0, 2, 3, 0]


def test_every_figure_by_hand():
    z = np.zeros((5, 6))
    z[0, 0] = z[1, 1] = 3  # right
    z[2] = [0, 5, 4, 3, 2, 1]  # class 5: the fifth; taken for 1
    z[3] = [0, 5, 4, 3, 2, 1]  # class 0: the last
    z[4] = [9, 0, 8, 0, 0, 0]  # class 2: the second; taken for 0
    labels = np.array([0, 1, 5, 0, 2])
    found = evaluate(NET, {}, [(z[:2], labels[:2]), (z[2:], labels[2:])])
    assert (found.images, found.top1, found.top5) == (5, 2 / 5, 4 / 5)
    wanted = np.zeros((6, 6), int)
    for label, taken in zip(labels, [0, 1, 1, 1, 0], strict=True):
        wanted[label, taken] += 1
    assert (found.confusion == wanted).all()
    p = np.exp(z) / np.exp(z).sum(1, keepdims=True)  # softmax, whose output the loss takes for logits
    log = np.log(np.exp(p) / np.exp(p).sum(1, keepdims=True))
    np.testing.assert_allclose(found.loss, -log[np.arange(5), labels].mean(), rtol=1e-12)


def test_a_network_that_always_says_the_same_is_not_always_right():
    z, labels = np.zeros((6, 6)), np.arange(6)
    assert evaluate(NET, {}, [(z, labels)]).top1 == 1 / 6


def test_parts_of_any_size_give_the_same():
    z, labels = np.random.default_rng(0).standard_normal((10, 6)), np.arange(10) % 6
    whole = evaluate(NET, {}, [(z, labels)])
    parts = evaluate(NET, {}, [(z[:7], labels[:7]), (z[7:], labels[7:])])
    assert (whole.confusion == parts.confusion).all()
    np.testing.assert_allclose(whole.loss, parts.loss, rtol=1e-12)


def test_json_holds_it_all():
    data = evaluate(NET, {}, [(np.eye(6), np.arange(6))]).to_json(tuple("abcdef"))
    assert (data["top1"], data["top5"], data["images"]) == (1.0, 1.0, 6)
    assert data["classes"] == list("abcdef")
    assert data["confusion"] == np.eye(6).tolist()


def test_bad_labels_and_no_images():
    with pytest.raises(ValueError, match="labels: wanted classes from 0 to 5, got 6 to 6"):
        evaluate(NET, {}, [(np.eye(6)[:1], np.array([6]))])
    with pytest.raises(ValueError, match="batches: wanted at least one image, got none"):
        evaluate(NET, {}, [])


def test_a_whole_network():
    net = small_runs.network()
    found = evaluate(net, net.init(0), [(np.zeros((4, 6, 6, 3), np.float32), np.array([0, 1, 2, 0]))])
    assert found.confusion.sum() == 4
    assert found.top5 == 1  # of three classes
