"""A run from its beginning to its end: lines, checkpoints, and every way to be interrupted, without a changed bit."""

import errno
import json
import os
import signal
import threading
from pathlib import Path

import numpy as np
import pytest
from small_runs import network, run, same

from refnet.io import files
from refnet.training import checkpoints, loop, metrics
from refnet.training.loop import Watch
from refnet.training.trainer import NotFinite

STEPS = 16


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """A run that nobody disturbs."""
    ready = run(tmp_path_factory.mktemp("whole"))
    return ready, ready.go()


class At(Watch):
    """Does something at a step."""

    def __init__(self, step, deed):
        self.at, self.deed = step, deed

    def step(self, step, told, images_per_second):
        if step == self.at:
            self.deed()


def resumed(folder, **more):
    """What the same command with --resume does."""
    ready = run(folder, **more)
    if ready.checkpoint.exists():
        ready.restore(checkpoints.load(ready.checkpoint))
    return ready


def lines_of(ready):
    """Without what a clock says."""
    found = [json.loads(text) for text in (ready.folder / loop.METRICS).read_text().splitlines()]
    return [{k: v for k, v in line.items() if k not in ("seconds", "images_per_second", "waiting")} for line in found]


def interrupt():
    os.kill(os.getpid(), signal.SIGINT)


def test_it_ends_with_an_evaluation_and_a_checkpoint(whole):
    ready, outcome = whole
    assert (outcome.step, outcome.finished) == (STEPS, True)
    assert outcome.test.images == 9
    assert 0 <= outcome.waiting <= 1
    found = checkpoints.load(ready.checkpoint)
    assert same(found.arrays, ready.trainer.state())
    assert found.about._replace(seconds=0) == checkpoints.About(
        "tiny", {"model": "tiny"}, STEPS, STEPS, dict.fromkeys(metrics.SUMMED, 0.0), 0
    )
    assert outcome.seconds >= found.about.seconds > 0


def test_lines_tell_of_every_few_steps_and_every_epoch(whole):
    ready, outcome = whole
    lines = lines_of(ready)
    assert [line["step"] for line in lines if "loss" in line] == [4, 8, 10, 12, 16]
    assert [line["step"] for line in lines if "test_loss" in line] == [4, 8, 12, 16]
    assert [line["epoch"] for line in lines if "loss" in line] == [1, 2, 2.5, 3, 4]
    assert lines[-1]["test_accuracy"] == outcome.test.top1
    assert lines[-1]["test_loss"] == outcome.test.loss
    assert all(0 <= line["accuracy"] <= 1 for line in lines if "loss" in line)
    assert {"seconds", "images_per_second"} <= ready.lines[0].keys()


def test_a_loss_in_a_line_is_a_mean_over_its_steps(whole, tmp_path):
    losses = []
    ready = run(tmp_path)
    ready.watch = Watch()
    ready.watch.step = lambda step, told, speed: losses.append(told.loss)
    ready.go()
    wanted = [np.mean(losses[a:b]) for a, b in ((0, 4), (4, 8), (8, 10), (10, 12), (12, 16))]
    np.testing.assert_allclose([line["loss"] for line in lines_of(whole[0]) if "loss" in line], wanted, rtol=1e-6)


@pytest.mark.parametrize("step", [1, 4, 7, 15])
def test_control_c_saves_and_the_run_goes_on_to_the_same_bits(step, whole, tmp_path):
    ready = run(tmp_path)
    ready.watch = At(step, interrupt)
    outcome = ready.go()
    assert (outcome.step, outcome.finished) == (step, False)
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    again = resumed(tmp_path)
    assert again.trainer.step == step
    assert again.go().finished
    assert same(again.trainer.state(), whole[0].trainer.state())
    assert lines_of(again) == lines_of(whole[0])


def test_control_c_while_the_network_is_judged_ends_that(whole, tmp_path, monkeypatch):
    ready = run(tmp_path)
    evaluate, told = ready.trainer.task.evaluate, []

    def interrupted(net, weights, batches):
        def watched():
            for batch in batches:
                yield batch
                interrupt()

        return evaluate(net, weights, watched())

    monkeypatch.setattr(ready.trainer.task, "evaluate", interrupted)
    monkeypatch.setattr("refnet.training.evaluation.BATCH", 4)
    monkeypatch.setattr("refnet.training.task.BATCH", 4)
    ready.watch = Watch()
    ready.watch.stopping = lambda: told.append("stopping")
    outcome = ready.go()
    assert (outcome.step, outcome.finished, outcome.test) == (4, False, None)
    assert told == ["stopping"]
    assert checkpoints.load(ready.checkpoint).about.step == 4
    again = resumed(tmp_path)
    assert again.go().finished
    assert same(again.trainer.state(), whole[0].trainer.state())
    assert [line["step"] for line in lines_of(again) if "test_loss" in line] == [4, 8, 12, 16]


def test_a_run_that_was_killed_while_it_was_judged_is_judged(whole, tmp_path, monkeypatch):
    ready = run(tmp_path, every=0)
    ready.watch = Watch()
    monkeypatch.setattr(ready, "evaluation", lambda asked=None: killed())
    with pytest.raises(Killed):
        ready.go()
    again = resumed(tmp_path)
    assert again.trainer.step == 4
    again.go()
    assert lines_of(again) == lines_of(whole[0])


def test_lines_that_are_none_are_left_out(tmp_path):
    path = tmp_path / "metrics.jsonl"
    path.write_bytes(b'{"step": "x"}\n\xff\xfe\n[1]\n{"step": 3, "loss": 1}\n{"step": 9}\n')
    assert metrics.read(path, 5) == [{"step": 3, "loss": 1}]


def test_before_it_begins_a_run_has_no_lines_and_can_be_saved(tmp_path):
    ready = run(tmp_path / "new")
    assert ready.lines == []
    ready.save()
    assert checkpoints.load(ready.checkpoint).about.step == 0


def test_a_second_control_c_stops_at_once(tmp_path):
    ready = run(tmp_path)

    def twice():
        interrupt()
        interrupt()

    ready.watch = At(3, twice)
    with pytest.raises(KeyboardInterrupt):
        ready.go()
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_elsewhere_than_in_the_main_thread_it_runs_too(tmp_path):
    outcomes = []
    thread = threading.Thread(target=lambda: outcomes.append(run(tmp_path).go()))
    thread.start()
    thread.join()
    assert outcomes[0].finished


class Killed(BaseException):
    """As if the process had ended here."""


def killed():
    raise Killed


@pytest.mark.parametrize("step", [2, 5, 9, 13])
def test_what_was_killed_goes_on_from_its_last_checkpoint(step, whole, tmp_path):
    """Before the first checkpoint it begins anew. Lines behind the checkpoint are cut off, a torn one too."""
    ready = run(tmp_path)

    class Saving(At):
        def step(self, step, told, images_per_second):
            super().step(step, told, images_per_second)
            if step % 3 == 0:
                ready.save()

    ready.watch = Saving(step, killed)
    with pytest.raises(Killed):
        ready.go()
    with (tmp_path / loop.METRICS).open("a") as file:
        file.write('{"step": 1, "los')
    again = resumed(tmp_path)
    assert again.trainer.step == (step - 1) // 3 * 3
    again.go()
    assert same(again.trainer.state(), whole[0].trainer.state())
    assert [line for line in lines_of(again) if "test_loss" in line] == [
        line for line in lines_of(whole[0]) if "test_loss" in line
    ]


def test_when_checkpoints_are_written_changes_nothing(whole, tmp_path):
    ready = run(tmp_path, every=0)
    steps = []
    save = ready.save
    ready.save = lambda: (steps.append(ready.trainer.step), save())
    ready.go()
    assert steps == list(range(1, STEPS + 1))
    assert same(ready.trainer.state(), whole[0].trainer.state())


def test_the_next_batch_is_made_while_a_step_is_done(tmp_path):
    """Here a step ends only when it is there: made when asked for, it would never be."""
    ready = run(tmp_path)
    made, real = [threading.Event() for _ in range(STEPS)], ready.batches.batch

    def batch(step):
        made[step].set()
        return real(step)

    class Waits(Watch):
        def step(self, step, told, images_per_second):
            assert step == STEPS or made[step].wait(10)

    ready.batches.batch, ready.watch = batch, Waits()
    assert ready.go().finished


@pytest.mark.jit
def test_threads_change_nothing(whole, tmp_path):
    for threads in (1, 3):
        ready = run(tmp_path / str(threads), threads=threads)
        ready.go()
        assert same(ready.trainer.state(), whole[0].trainer.state())


def test_a_finished_run_is_only_judged_again(whole):
    again = resumed(whole[0].folder)
    outcome = again.go()
    assert outcome.finished
    assert (outcome.test.confusion == whole[1].test.confusion).all()
    assert lines_of(again) == lines_of(whole[0])


def test_a_full_disk_loses_no_earlier_checkpoint(tmp_path, monkeypatch):
    ready = run(tmp_path)
    real = Path.write_bytes

    def full(path, content):
        if "checkpoint" in path.name and ready.trainer.step > 4:
            real(path, content[: len(content) // 2])
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path))
        return real(path, content)

    monkeypatch.setattr(files.Path, "write_bytes", full)
    ready.watch = At(4, ready.save)
    with pytest.raises(OSError, match=r"No space left on device; that of step 4 is as it was: '.*checkpoint") as caught:
        ready.go()
    assert caught.value.errno == errno.ENOSPC
    assert checkpoints.load(ready.checkpoint).about.step == 4
    assert sorted(path.name for path in tmp_path.iterdir()) == [loop.CHECKPOINT, loop.METRICS]


def test_a_full_disk_at_the_first_checkpoint(tmp_path, monkeypatch):
    def full(path, array, metadata):
        raise OSError(errno.ENOSPC, "No space left on device", str(path))

    monkeypatch.setattr(checkpoints, "save_tensors", full)
    with pytest.raises(OSError, match="No space left on device; there is none before"):
        run(tmp_path).go()


def test_numbers_that_are_not_finite_end_it_and_are_not_saved(tmp_path):
    ready = run(tmp_path)

    def spoil():
        ready.save()
        ready.trainer.weights["conv_first/kernel"][0, 0, 0, 0] = np.nan

    ready.watch = At(5, spoil)
    with pytest.raises(NotFinite, match="step 6: the loss is nan; .* weight 'conv_first/kernel'"):
        ready.go()
    assert checkpoints.load(ready.checkpoint).about.step == 5


def test_weights_that_broke_in_the_last_step_are_not_saved(tmp_path):
    ready = run(tmp_path)
    ready.watch = At(STEPS, lambda: ready.trainer.weights["classifier/kernel"].fill(np.inf))
    with np.errstate(all="ignore"), pytest.raises(NotFinite, match="step 16: weight 'classifier/kernel' is not finite"):
        ready.go()
    assert not ready.checkpoint.exists()


def test_what_reading_raises_comes_through(tmp_path):
    ready = run(tmp_path)

    def unreadable(step):
        raise ValueError("cat.png: not a picture")

    ready.batches.batch = unreadable
    with pytest.raises(ValueError, match=r"cat\.png: not a picture"):
        ready.go()


def test_a_checkpoint_of_another_network_names_both(whole, tmp_path):
    other = run(tmp_path, net=network(5, "wider"))
    with pytest.raises(ValueError, match=r"checkpoint\.safetensors: wanted a checkpoint of wider, got one of tiny"):
        other.restore(checkpoints.load(whole[0].checkpoint))


def test_halves_that_a_killed_process_left_are_removed(tmp_path):
    others = [".checkpoint.safetensors.part", ".other.12.part", "checkpoint.safetensors.12.part"]
    for name in (".checkpoint.safetensors.12.part", ".metrics.jsonl.345.part", *others):
        (tmp_path / name).touch()
    run(tmp_path).go()
    assert {path.name for path in tmp_path.iterdir()} == {loop.CHECKPOINT, loop.METRICS, *others}


def test_curves_are_drawn(whole, tmp_path):
    pytest.importorskip("matplotlib")
    from refnet.training.curves import draw

    draw(tmp_path / "curves.png", whole[0].lines, "tiny")
    assert (tmp_path / "curves.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize(("smoothing", "told"), [(0.1, "training, labels smoothed by 0.1"), (0.0, "training")])
def test_curves_tell_the_training_loss_from_the_test_loss(smoothing, told, whole, monkeypatch):
    """The one is that of smoothed labels, where the recipe has them; accuracies are of labels as they are."""
    figure = pytest.importorskip("matplotlib.figure").Figure
    from refnet.training.curves import draw

    drawn = []
    monkeypatch.setattr(figure, "savefig", lambda figure, path, dpi: drawn.append(figure))
    draw("curves.png", whole[0].lines, "tiny", smoothing)
    loss, accuracy, _ = drawn[0].axes
    assert [text.get_text() for text in loss.get_legend().get_texts()] == [told, "test"]
    assert [text.get_text() for text in accuracy.get_legend().get_texts()] == ["training", "test"]
