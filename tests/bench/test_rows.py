"""One row: wrong engines are refused before anybody is timed; what is said of times follows from them."""

from dataclasses import replace

import numpy as np
import pytest
import small

from refnet.bench import judge, rows, tables
from refnet.bench.engines import Engine, Form, Task, Unable
from refnet.bench.healthy import healthy_weights, inputs_of
from refnet.bench.progress import Progress
from refnet.bench.race import Times
from refnet.bench.report import row_data
from refnet.bench.rows import OWN, Case, Lane, Row, compare

pytestmark = pytest.mark.jit


def case(batch=2, threads=1):
    return Case("small", {}, small.network(), batch, threads)


def compared(*engines):
    return compare(case(), [small.Plain(OWN), *engines], small.QUICK, 0, Progress())


def test_a_right_engine_is_timed():
    row = compared(small.Plain("other", 1 + 5e-5))
    assert not row.refused
    assert [len(block) for block in row.lanes["other"].blocks] == [2, 2]
    assert len(row.peaks) == 2
    assert row.lanes[OWN].distance < 1e-5 < row.lanes["other"].distance
    assert row.madds == 2 * row.case.net.cost().madds


@pytest.mark.parametrize("factor", [1 + 3e-4, 1 - 3e-4, np.nan, np.inf, 0.0])
@pytest.mark.parametrize("name", [OWN, "other"])
def test_a_wrong_engine_is_refused_and_nobody_timed(name, factor):
    engines = [small.Plain(each, factor if each == name else 1.0) for each in (OWN, "other")]
    row = compare(case(), engines, small.QUICK, 0, Progress())
    assert row.refused
    assert [lane.engine.name for lane in row.lanes.values() if lane.wrong] == [name]
    assert not any(lane.blocks for lane in row.lanes.values())
    assert f"{name} is" in tables.refusal(row)
    assert "median" not in row_data(row)["engines"][0]


def test_a_wrong_shape_or_name_is_infinitely_far():
    y = np.ones((2, 3))
    assert judge.distance({"y": y[:1]}, {"y": y}) == judge.distance({"z": y}, {"y": y}) == float("inf")
    assert judge.distance({"y": y * [1, 1, 1.5]}, {"y": y}) == 0.5
    assert judge.distance({"y": y, "z": 0 * y}, {"y": y, "z": 0 * y}) == 0


def test_zeros_are_right_only_where_zeros_are_wanted():
    zeros, ones = np.zeros((1, 2)), np.ones((1, 2))
    assert judge.distance({"y": ones}, {"y": zeros}) == float("inf")


class TwoForms(Engine):
    """`wrong` is the form that computes nonsense."""

    name, distribution = "forms", "numpy"
    forms = (Form(call="slow"), Form(call="quick"))

    def __init__(self, wrong=None):
        self.wrong = wrong

    def prepare(self, task, form):
        return small.Plain("forms", 2.0 if form.call == self.wrong else 1.0).prepare(task, form)


class Trial:
    """A race whose outcome is known."""

    def hold(self, contestants):
        return Times({name: [[1.0 if "quick" in name else 2.0] * 3] for name in contestants}, {})


def test_an_engine_runs_in_its_fastest_form(monkeypatch):
    monkeypatch.setattr(rows, "TRIAL", Trial())
    lane = compared(TwoForms()).lanes["forms"]
    assert lane.form.call == "quick"
    assert lane.trials == {"folded, NHWC, slow": 2.0, "folded, NHWC, quick": 1.0}


@pytest.mark.parametrize("wrong", ["slow", "quick"])
def test_a_wrong_form_is_refused_even_if_it_is_not_the_fastest(wrong):
    lane = compared(TwoForms(wrong)).lanes["forms"]
    assert lane.wrong
    assert lane.form.call == wrong


class Absent(small.Plain):
    packages = ("no_package_of_this_name",)


class Helpless(small.Plain):
    def prepare(self, task, form):
        raise Unable("no layers here")


def test_who_is_missing_or_unable_is_said():
    row = compared(Absent("absent"), Helpless("helpless"))
    assert set(row.lanes) == {OWN}
    assert row.absent == {"absent": "not installed: no_package_of_this_name", "helpless": "no layers here"}
    notes = ["absent: not installed: no_package_of_this_name.", "helpless: no layers here."]
    assert list(tables.notes([row, row])) == notes


def made(**seconds):
    """A row with given seconds; every block is as given, and the peak is one million multiply-adds per second."""
    lanes = {name: Lane(small.Plain(name), Form(), {}, 0.0, {}, None, blocks) for name, blocks in seconds.items()}
    return Row(case(1), lanes, {}, case(1).net.cost().madds, [1e6] * len(next(iter(seconds.values()))), 100)


def test_numbers_follow_from_the_times():
    own, slow, quick = [[1.0, 3.0, 2.0], [4.0, 4.0, 4.0]], [[8.0] * 3] * 2, [[4.0] * 3, [2.0] * 3]
    row = made(refnet=own, slow=slow, quick=quick)
    assert row.lanes[OWN].median == 3.5
    assert row.lanes[OWN].minimum == 1.0
    assert row.fastest_peer() == "quick"
    assert row.ratio("quick")[:3] == (1.25, 0.5, 2.0)
    madds = row.case.net.cost().madds
    assert row.share(OWN) == pytest.approx(100 * (madds / 2e6 + madds / 4e6) / 2)
    data = row_data(row)
    assert data["fastest_peer"] == "quick"
    assert data["ratio"]["median"] == 1.25
    assert data["engines"][1]["blocks"] == [[8.0] * 3] * 2


def test_memory_is_said_where_it_is_known():
    row = made(refnet=[[1.0]])
    assert list(tables.memory(row)) == []
    known = replace(row, lanes={OWN: replace(row.lanes[OWN], bytes=1_234_567)})
    assert list(tables.memory(known)) == ["refnet's activations take at most 1,234,567 bytes."]


def test_bytes_are_those_that_must_be_read_or_written():
    row = compared()
    net = row.case.net
    assert row.bytes_read == 4 * (net.cost().total("P-FOLDED") + 2 * 12 * 10 * 3 + 2 * 5)


def test_the_true_result_is_in_float64():
    net = small.network()
    task = Task(net, healthy_weights(net, 0), inputs_of(net, 1, 1), 1)
    (y,) = judge.true_outputs(task).values()
    assert y.dtype == np.float64


def test_times_are_printed_with_three_digits():
    seconds = (0.0123456, 0.123456, 1.23456, 0.00123456, 0.0000123456, 0.0)
    assert [tables.milliseconds(each) for each in seconds] == ["12.3", "123", "1235", "1.23", "0.0123", "0"]
