"""What `refnet audit --execute` prints, and its JSON."""

import json

import numpy as np
from counts.small_network import BY_HAND, page, small, with_kernels

from refnet.papers.executed import ModelCount, NodeCount, execute_counts, execute_models
from refnet.papers.executed_page import to_json


def not_a_number(x, w):
    return np.full((len(x), w.shape[1]), np.nan, x.dtype)


def test_one_line_per_model():
    text = page([ModelCount("small", tuple(execute_counts(small())))])
    every_tap, inside = (sum(column) for column in zip(*BY_HAND.values(), strict=True))
    (line,) = [line for line in text.splitlines() if line.startswith("small")]
    assert line.split() == ["small", "5", *[str(every_tap)] * 3, *[str(inside)] * 3, "yes"]
    assert "All counts agree (nodes: 5)." in text


def test_the_page_says_what_is_measured_and_what_is_not():
    text = " ".join(page([]).split())
    assert "the sum of the output is the number of products that reached it" in text
    assert "does not measure time or memory traffic" in text
    assert "computed and thrown away" in text


def test_a_narrow_console_cuts_no_digit():
    results = [ModelCount("shallow_mobilenet-1.0-224", (NodeCount("first", *[10**9] * 7),))]
    (line,) = [line for line in page(results, width=40).splitlines() if line.startswith("shallow")]
    assert line.split() == ["shallow_mobilenet-1.0-224", "1", *["1000000000"] * 6, "yes"]


def test_a_disagreement_is_listed_with_its_numbers():
    kernels = with_kernels(dense_forward=not_a_number)
    text = page(execute_models([small()], kernels=kernels))
    assert "Counts differ (nodes: 5, wrong: 1)." in text
    (line,) = [line for line in text.splitlines() if " classifier " in line]
    words = ["small", "classifier", "35", "35", "-", "35", "-", "35", "35"]
    assert line.replace("no integer", "-").split() == words


def test_json():
    data = to_json(execute_models([small()]))
    assert json.loads(json.dumps(data)) == data
    every_tap, inside = (sum(column) for column in zip(*BY_HAND.values(), strict=True))
    (model,) = data["models"]
    assert model == {
        "model": "small",
        "nodes": 5,
        **dict.fromkeys(("formula", "graph", "executed"), every_tap),
        **dict.fromkeys(("graph_inside", "inside", "dx", "dw"), inside),
        "equal": True,
    }
    assert data["disagreements"] == []


def test_json_of_a_disagreement():
    data = to_json(execute_models([small()], kernels=with_kernels(dense_forward=not_a_number)))
    assert not data["models"][0]["equal"]
    assert data["models"][0]["executed"] is None
    (node,) = data["disagreements"]
    assert (node["model"], node["node"]) == ("small", "classifier")
    assert (node["executed"], node["formula"]) == (None, 35)
