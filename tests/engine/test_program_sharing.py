"""One program and several threads, several programs at once, other processes: always the same numbers."""

import copy
import multiprocessing
import os
import pickle
import subprocess
import sys
import threading

import numpy as np
import pytest
from programs import assert_same, inputs_of, inverted_residual, weights_of
from small_models import small

import refnet
from refnet.engine import tables
from refnet.models import ssdlite_mobilenet_v2

pytestmark = pytest.mark.jit
NETS = {
    "inverted": inverted_residual(16, 6, (23, 17)),
    "v1": small("mobilenet_v1"),
    "v2": small("mobilenet_v2"),
    "ssdlite": ssdlite_mobilenet_v2(width=0.25, resolution=64, classes=3),
}


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", NETS)
def test_any_number_of_threads_gives_the_same_bits(name, dtype):
    net = NETS[name]
    weights, images = weights_of(net, dtype), inputs_of(net, 2, dtype)
    wanted = refnet.compile(net, weights, batch=2, threads=1)(images)
    for threads in (2, 3, 4):
        program = refnet.compile(net, weights, batch=2, threads=threads)
        for _ in range(10):
            assert_same(program(images), wanted)


def together(*functions):
    """Run each in a thread of its own, all at once; raise what one of them raised."""
    errors, start = [], threading.Barrier(len(functions))

    def run(function):
        try:
            start.wait()
            function()
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=run, args=(each,)) for each in functions]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    if errors:
        raise errors[0]


@pytest.mark.parametrize("threads", [1, 2])
def test_one_program_called_by_several_threads(threads):
    net = NETS["v2"]
    program = refnet.compile(net, weights_of(net), threads=threads)
    images = [inputs_of(net, seed=seed) for seed in range(4)]
    wanted = [program(each) for each in images]

    def calls(number):
        for _ in range(20):
            assert_same(program(images[number]), wanted[number])

    together(*(lambda number=number: calls(number) for number in range(4)))


def test_several_programs_at_once():
    def calls(net, seed):
        weights, images = weights_of(net, seed=seed), inputs_of(net)
        program = refnet.compile(net, weights, threads=2)
        wanted = program(images)
        for _ in range(20):
            assert_same(program(images), wanted)

    together(*(lambda net=net, seed=seed: calls(net, seed) for seed, net in enumerate(NETS.values())))


@pytest.mark.parametrize("again", [copy.copy, copy.deepcopy, lambda each: pickle.loads(pickle.dumps(each))])
def test_a_copy_is_a_program_of_its_own(again):
    net = NETS["ssdlite"]
    program = refnet.compile(net, weights_of(net), threads=2)
    images = inputs_of(net)
    wanted = program(images)
    other = again(program)
    assert_same(other(images), wanted)
    assert (other.batch, other.threads, other.peak_bytes) == (program.batch, program.threads, program.peak_bytes)
    assert other.explain() == program.explain()
    assert not np.shares_memory(other._arrays.memory, program._arrays.memory)
    assert all(array.ctypes.data % 64 == 0 for array in other._arrays)
    together(lambda: assert_same(other(images), wanted), lambda: assert_same(program(images), wanted))


def test_a_program_pickled_elsewhere_is_refused(monkeypatch):
    net = NETS["v2"]
    data = pickle.dumps(refnet.compile(net, weights_of(net)))
    monkeypatch.setattr(tables, "build", lambda: "another processor")
    with pytest.raises(ValueError, match="program: wanted one made for another processor, got one .*: compile it anew"):
        pickle.loads(data)


def answer(program, images, pipe):
    pipe.send(program(images))


@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_a_child_process_has_the_program(method):
    if method not in multiprocessing.get_all_start_methods():
        pytest.skip(f"no {method} on this system")
    net = NETS["v2"]
    program = refnet.compile(net, weights_of(net), threads=2)
    images = inputs_of(net)
    wanted = program(images)
    context = multiprocessing.get_context(method)
    here, there = context.Pipe()
    child = context.Process(target=answer, args=(program, images, there))
    child.start()
    assert here.poll(120), "no answer"
    assert_same(here.recv(), wanted)
    child.join()
    assert child.exitcode == 0
    assert_same(program(images), wanted)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork")
def test_a_fork_in_the_middle_of_a_call_leaves_the_child_a_program():
    """The parent's other thread holds the lock at the moment of the fork; the child has no such thread."""
    net = NETS["v2"]
    program = refnet.compile(net, weights_of(net), threads=2)
    images = inputs_of(net)
    wanted = program(images)
    context = multiprocessing.get_context("fork")
    here, there = context.Pipe()
    with program._free:
        child = context.Process(target=answer, args=(program, images, there))
        child.start()
    assert here.poll(120), "no answer"
    assert_same(here.recv(), wanted)
    child.join()


def test_the_interpreter_ends_while_a_program_runs():
    script = """
import threading, numpy as np, refnet
net = refnet.mobilenet_v2(width=0.35, resolution=96, classes=3)
program = refnet.compile(net, net.init(0), threads=2)
images = np.zeros((1, 96, 96, 3), np.float32)
program(images)
def forever():
    while True:
        program(images)
threading.Thread(target=forever, daemon=True).start()
"""
    done = subprocess.run([sys.executable, "-c", script], timeout=300, capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, "")
