"""A step of a run is the sum of its parts; its state is all that it depends on; what is not finite is named."""

import re
from dataclasses import replace

import numpy as np
import pytest
import small_runs
from small_runs import RECIPE, network, pictures, same, trainer

from refnet import Graph, Node
from refnet.data import Batches
from refnet.layers import Relu6
from refnet.training import ExponentialMovingAverage, RMSProp, decayed, softmax_cross_entropy, with_decay
from refnet.training.classifiers import check_classifier
from refnet.training.task import Lesson
from refnet.training.trainer import DROPOUT, NotFinite, Trainer

BATCHES = Batches(pictures(24, 1), 6)


def test_steps_are_what_their_parts_say():
    """The same by hand, on the plain graph."""
    own = trainer(seed=3)
    net = with_decay(network(), 0.8)
    weights = net.init(3)
    trained = {key: weights[key] for key, each in net.parameters().items() if each.trainable}
    optimizer = RMSProp(trained, "tensorflow", 0.9, 0.9, 0.01, 0.00004, decayed(net))
    average = ExponentialMovingAverage(weights, 0.9)
    for step in range(5):
        images, labels = BATCHES.batch(step)
        logits, tape = net.train_forward(weights, images, np.random.default_rng((3, step, DROPOUT)))
        loss, dlogits = softmax_cross_entropy(logits, labels, 0.05)
        _, gradients = net.backward(tape, dlogits)
        weights.update(tape.updates)
        optimizer.step(weights, gradients, 0.02 * (1 + np.cos(np.pi * step / 16)) / 2)
        average.update(weights)
        told = own.advance(images, labels)
        assert told.loss == pytest.approx(loss, rel=1e-4)
        assert told.correct == (logits.argmax(1) == labels).sum()
    assert own.step == 5
    for key, w in weights.items():
        np.testing.assert_allclose(own.weights[key], w, rtol=1e-3, atol=1e-4, err_msg=key)
        np.testing.assert_allclose(own.best_weights[key], average.weights[key], rtol=1e-3, atol=1e-4, err_msg=key)


def test_without_averages_the_weights_themselves_are_the_best():
    one = trainer(replace(RECIPE, average=None))
    assert one.best_weights is one.weights


def taken(own, steps):
    for step in range(own.step, own.step + steps):
        own.advance(*BATCHES.batch(step))
    return own


@pytest.mark.parametrize("average", [None, 0.9])
@pytest.mark.parametrize("optimizer", ["rmsprop", "sgd"])
def test_restored_it_takes_the_same_steps_to_the_last_bit(optimizer, average):
    recipe = replace(RECIPE, optimizer=optimizer, average=average)
    whole = taken(trainer(recipe), 7)
    first = taken(trainer(recipe), 3)
    other = trainer(recipe, seed=0)
    other.restore({name: array.copy() for name, array in first.state().items()}, 3)
    assert same(taken(other, 4).state(), whole.state())


@pytest.mark.jit
def test_threads_change_no_bit():
    assert same(taken(trainer(threads=1), 3).state(), taken(trainer(threads=2), 3).state())


def test_another_seed_is_another_run():
    assert not same(taken(trainer(seed=0), 1).state(), taken(trainer(seed=1), 1).state())


def test_given_weights_are_trained_in_place():
    weights = network().init(5)
    before = weights["classifier/kernel"].copy()
    own = taken(trainer(weights=weights), 1)
    assert own.weights is weights
    assert (weights["classifier/kernel"] != before).any()


def test_a_state_of_other_shapes_is_refused():
    state = trainer(net=network(5)).state()
    with pytest.raises(ValueError, match=r"weights\['conv_first/kernel'\]: wanted shape \(3, 3, 3, 4\), got"):
        trainer().restore(state, 1)


def broken(key, value):
    own = taken(trainer(), 2)
    own.weights[key].reshape(-1)[0] = value
    return own


@pytest.mark.parametrize(
    ("key", "value", "named"),
    [
        ("conv_first/kernel", np.nan, "weight 'conv_first/kernel'"),
        ("depthwise_bn/beta", np.nan, "weight 'depthwise_bn/beta'"),
        ("classifier/kernel", np.inf, "weight 'classifier/kernel'"),
        ("conv_first/kernel", 3e38, "the output of 'conv_first'"),
        ("classifier/kernel", 3e38, "the output of 'classifier'"),
    ],
)
def test_the_first_tensor_that_is_not_finite_is_named(key, value, named):
    own = broken(key, value)
    if named.startswith("the output"):
        own.weights[key][...] = value
    images, labels = BATCHES.batch(2)
    message = rf"^step 3: the loss is (nan|inf); .*not finite: {re.escape(named)}$"
    with np.errstate(all="ignore"), pytest.raises(NotFinite, match=message):
        own.advance(np.ascontiguousarray(images + 2), labels)
    assert own.step == 2


def test_images_that_are_not_finite_are_named():
    images, labels = BATCHES.batch(0)
    images = images.copy()
    images[0, 0, 0, 0] = np.nan
    own = trainer()
    before = {name: array.copy() for name, array in own.state().items()}
    with pytest.raises(NotFinite, match="^step 1: the loss is nan; the first tensor that is not finite: images$"):
        own.advance(images, labels)
    assert same(own.state(), before)


def test_weights_are_looked_at_before_they_are_kept():
    with pytest.raises(NotFinite, match="^step 2: weight 'depthwise_bn/beta' is not finite any more$"):
        broken("depthwise_bn/beta", np.inf).check_finite()
    trainer().check_finite()


def test_a_network_that_no_labels_fit_is_refused():
    maps = Graph("maps", {"images": (6, 6, 3)}, [Node("relu6", Relu6())])
    with pytest.raises(ValueError, match=r"maps: wanted a network with one input and one output \(classes,\), got 1"):
        Trainer(maps, RECIPE, 1, 1)
    assert check_classifier(network()) == 3


class Contrary(Trainer):
    """Wants the class behind the right one."""

    def lesson(self, images, labels, logits):
        return Lesson(*softmax_cross_entropy(logits, (labels + 1) % 3), correct=17)


def test_a_subclass_may_learn_from_another_loss():
    """The same steps as with other labels and no smoothing."""
    contrary = Contrary(network(), RECIPE, 4, 16)
    plain = Trainer(network(), replace(RECIPE, smoothing=0.0), 4, 16)
    for step in range(3):
        images, labels = BATCHES.batch(step)
        told, wanted = contrary.advance(images, labels), plain.advance(images, (labels + 1) % 3)
        assert told.loss == wanted.loss
        assert told.correct == 17
    assert same(contrary.state(), plain.state())


def test_it_learns():
    own = small_runs.trainer(replace(RECIPE, smoothing=0.0, rate=0.1))
    losses = [own.advance(*BATCHES.batch(step)).loss for step in range(16)]
    assert np.mean(losses[-4:]) < 0.6 * np.mean(losses[:4])
