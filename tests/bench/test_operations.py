"""A program operation by operation: each once, and together they are the program."""

import numpy as np
import pytest
import small
from small_models import small as small_model

import refnet
from refnet.bench.healthy import healthy_weights, inputs_of
from refnet.bench.operations import Timed, Times, by_operation, operations_data
from refnet.bench.progress import Progress
from refnet.bench.rows import Case
from refnet.engine.compiling import compile_apart
from refnet.engine.program import Program

pytestmark = pytest.mark.jit


@pytest.mark.parametrize("name", ["small", "mobilenet_v2", "deeplab_mobilenet_v2", "ssdlite_mobilenet_v2"])
def test_the_operations_are_the_program(name):
    net = small.network() if name == "small" else small_model(name)
    weights, inputs = healthy_weights(net, 0), dict(inputs_of(net, 2, 1))
    whole, found = refnet.compile(net, weights, 2, 1), []
    apart = compile_apart(net, weights, 2, 1, lambda line, step: found.append(line) or step)
    assert isinstance(apart, Program)
    assert sum(line.madds for line in found) == net.cost().madds
    wanted, got = whole(inputs), apart(inputs)
    for key in wanted if isinstance(wanted, dict) else [None]:
        np.testing.assert_array_equal(*((each if key is None else each[key]) for each in (got, wanted)))


def test_warmups_do_not_count():
    found = by_operation(Case("small", {}, small.network(), 1, 1), small.QUICK, 0, Progress())
    assert {len(each.seconds) for each in found.operations} == {small.QUICK.blocks * small.QUICK.runs}
    assert len(found.whole) == small.QUICK.blocks * small.QUICK.runs
    assert len(found.peaks) == small.QUICK.blocks


def test_shares_follow_from_times():
    operations = [Timed("a", "block", 100, seconds=[1.0, 3.0]), Timed("b", "matrix", 300, seconds=[2.0])]
    times = Times(Case("small", {}, small.network(), 2, 1), operations, [3.0], [50.0, 150.0])
    data = operations_data(times)
    assert [row["median"] for row in data["operations"]] == [2.0, 2.0]
    assert [row["peak_percent"] for row in data["operations"]] == pytest.approx([50, 150])
    assert (data["sum_of_medians"], data["whole_program"]["median"]) == (4.0, 3.0)
    assert np.isclose(data["operations"][0]["minimum"], 1.0)
