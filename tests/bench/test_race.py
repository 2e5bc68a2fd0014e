"""Who runs when, by a clock that stands still unless a contestant moves it."""

import gc

from refnet.bench.race import Race


class Clock:
    """Seconds, and what happened."""

    def __init__(self):
        self.now, self.log = 0.0, []

    def __call__(self):
        return self.now

    def sleep(self, seconds):
        self.log.append("pause")
        self.now += seconds

    def runner(self, name, seconds):
        def run():
            self.log.append(name)
            self.now += seconds

        return run


def held(race, between=None):
    clock = Clock()
    contestants = {"a": clock.runner("a", 1.0), "b": clock.runner("b", 2.0)}
    times = race.hold(contestants, between, lambda: clock.log.append("done"), clock, clock.sleep)
    return clock, times


def test_everybody_has_a_turn_in_each_block_and_another_one_begins():
    clock, times = held(Race(blocks=3, runs=2, warmups=1, pause=0.5))
    a, b = ["pause", "a", "a", "a"], ["pause", "b", "b", "b"]
    assert clock.log == [*a, *b, "done", *b, *a, "done", *a, *b, "done"]
    assert times.runs == {"a": [[1.0, 1.0]] * 3, "b": [[2.0, 2.0]] * 3}


def test_warmups_and_pauses_do_not_count():
    _, times = held(Race(blocks=1, runs=1, warmups=5, pause=9.0))
    assert times.runs == {"a": [[1.0]], "b": [[2.0]]}


def test_what_is_measured_between_is_measured_once_in_each_block():
    found = iter([10.0, 20.0])
    _, times = held(Race(blocks=2, runs=1), {"peak": lambda: next(found)})
    assert times.between == {"peak": [10.0, 20.0]}


def test_the_garbage_collector_waits_and_comes_back():
    seen = []
    race = Race(blocks=1, runs=1, warmups=1, pause=0.0)
    race.hold({"a": lambda: seen.append(gc.isenabled())})
    assert seen == [True, False]
    assert gc.isenabled()


def test_the_garbage_collector_stays_off_where_it_was():
    gc.disable()
    try:
        Race(blocks=1, runs=1, pause=0.0).hold({"a": lambda: None})
        assert not gc.isenabled()
    finally:
        gc.enable()
