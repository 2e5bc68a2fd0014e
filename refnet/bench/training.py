"""A step of training: forward, loss, backward, RMSProp; refnet's fused graph beside torch, on the same batch.

Beforehand the logits of the whole batch, in float32 as they are timed, are held against those in float64. Gradients
cannot be judged so: where float32 rounds a value across one of ReLU6's kinks a whole path of them comes or goes, and
right ones differ by per cents. So each engine also computes the step in float64, on a few images, where its gradients
must be those of the plain graph nearly to the last digit; those of float32 must be somewhere near. Dropout is set to 0,
because everybody draws other masks.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np

from .. import kernels
from ..graph import Graph
from ..kernels import tiled
from ..layers.base import Array
from ..layers.dropout import Dropout
from ..rewrites.fusion import fuse
from ..running import maps_in_training
from ..training.losses import softmax_cross_entropy
from ..training.optimizers import RMSProp
from . import judge
from .engines import Engine, Form, Unable, load
from .growth import memory_of
from .healthy import healthy_weights, inputs_of
from .own import Refnet
from .progress import Progress
from .race import Race
from .rows import Case, Lane, Row, raced
from .torch_engine import Torch, in_format, tensors
from .torch_module import from_torch, module_of

FEW = 4  # images for the gradients
# Of float32, as a share of the length of all gradients together; kinks make it 2e-2 in networks of 53 convolutions.
NEAR = 0.1


class Setting(NamedTuple):
    """V2 section 6.1; eps is that of the papers' code. The flavor is torch's, which all can do."""

    rate: float = 0.045
    decay: float = 0.9
    momentum: float = 0.9
    eps: float = 1.0
    weight_decay: float = 0.00004


SETTING = Setting()


class Lesson(NamedTuple):
    """What is to be learned. images (B, H, W, M), labels (B,)."""

    net: Graph
    weights: Mapping[str, Array]
    images: Array
    labels: Array
    threads: int

    def few(self) -> "Lesson":
        return self._replace(images=self.images[:FEW], labels=self.labels[:FEW])

    def exact(self) -> "Lesson":
        """The same numbers in float64."""
        weights = {key: np.asarray(w, np.float64) for key, w in self.weights.items()}
        return self._replace(weights=weights, images=self.images.astype(np.float64))


@dataclass(frozen=True)
class Pupil:
    """An engine ready to train, in the dtype of its lesson. step: one whole step, which changes its weights.

    look: logits and gradients by key of a lesson of that dtype, at the weights that it has.
    """

    step: Callable[[], object]
    look: Callable[[Lesson], tuple[Array, Mapping[str, Array]]]
    settings: Mapping[str, Any]


def fast_graph(net: Graph, threads: int) -> Graph:
    """The graph whose steps are timed: `refnet.fuse(net, threads)`."""
    return fuse(net, threads)


class RefnetTraining(Refnet):
    """The fused graph on the tiled kernels; RMSProp as a loop in place."""

    def pupil(self, lesson: Lesson) -> Pupil:
        net = fast_graph(lesson.net, lesson.threads)
        weights = {key: np.array(w) for key, w in lesson.weights.items()}
        trained = {key: weights[key] for key, each in net.parameters().items() if each.trainable}
        optimizer = RMSProp(trained, "pytorch", SETTING.decay, SETTING.momentum, SETTING.eps, SETTING.weight_decay)

        def look(given: Lesson) -> tuple[Array, Mapping[str, Array]]:
            logits, tape = net.train_forward(weights, given.images, 0, kernels=tiled)
            _, dlogits = softmax_cross_entropy(logits, given.labels)
            _, gradients = net.backward(tape, dlogits, input_gradient=False)
            weights.update(tape.updates)
            return logits, gradients

        return Pupil(
            lambda: optimizer.step(weights, look(lesson)[1], SETTING.rate),
            look,
            {"threads": lesson.threads, **SETTING._asdict()},
        )


class TorchTraining(Torch):
    """Eager and channels_last, with torch's own RMSprop, the kind that updates all weights in few calls."""

    def pupil(self, lesson: Lesson) -> Pupil:
        torch = load("torch")
        torch.set_num_threads(lesson.threads)
        inputs, labels = _torch_batch(torch, lesson)
        # Made in float32, which rounds nothing: float32 is what the weights of every lesson come from.
        module = module_of(lesson.net, lesson.weights).to(next(iter(inputs.values())).dtype)
        module = in_format(torch, module, "NHWC").train()
        optimizer = torch.optim.RMSprop(
            module.parameters(),
            lr=SETTING.rate,
            alpha=SETTING.decay,
            eps=SETTING.eps,
            weight_decay=SETTING.weight_decay,
            momentum=SETTING.momentum,
            foreach=True,
        )
        (output,) = lesson.net.outputs

        def backward(inputs: Any, labels: Any) -> Any:
            optimizer.zero_grad(set_to_none=True)
            logits = module(inputs)[output]
            torch.nn.functional.cross_entropy(logits, labels).backward()
            return logits

        def step() -> None:
            backward(inputs, labels)
            optimizer.step()

        def look(given: Lesson) -> tuple[Array, Mapping[str, Array]]:
            logits = backward(*_torch_batch(torch, given))
            return logits.detach().numpy(), _gradients(lesson.net, module)

        settings = {"threads": torch.get_num_threads(), "layout": "channels_last", "foreach": True}
        return Pupil(step, look, settings | SETTING._asdict())


Trainer = RefnetTraining | TorchTraining


def trainers(peers: Sequence[Engine]) -> list[Trainer]:
    """refnet, and torch if it is among the peers: the others do not train."""
    return [RefnetTraining(), *(TorchTraining() for peer in peers if type(peer) is Torch)]


def compare_steps(case: Case, engines: Sequence[Trainer], race: Race, seed: int, bar: Progress) -> Row:
    """One network, one batch. Raises ValueError for a graph that no labels fit."""
    lesson = _lesson(case, seed)
    bar.say("the true results, in float64")
    true = _truth(lesson)
    lanes: dict[str, Lane] = {}
    steps: dict[str, Callable[[], object]] = {}
    absent = {engine.name: f"not installed: {', '.join(engine.missing())}" for engine in engines if engine.missing()}
    for engine in engines:
        if engine.name not in absent:
            bar.say(f"preparing {engine.name}, measuring its memory")
            try:
                pupil = engine.pupil(lesson)
                memory = memory_of(type(engine), lesson)
                gradients = _gradient_distance(engine, pupil, lesson, true)
            except Unable as reason:
                absent[engine.name] = str(reason)
                continue
            distance = judge.distance({"logits": pupil.look(lesson)[0]}, {"logits": true.logits})
            settings = pupil.settings
            lanes[engine.name] = Lane(engine, Form(), settings, distance, {}, memory, gradients=gradients)
            steps[engine.name] = pupil.step
    madds = case.net.cost().total("MADD-STEP") * case.batch
    return raced(Row(case, lanes, absent, int(madds)), steps, race, bar)


def _lesson(case: Case, seed: int) -> Lesson:
    nodes = [replace(node, layer=Dropout(0.0)) if type(node.layer) is Dropout else node for node in case.net.nodes]
    net = Graph(case.net.name, case.net.inputs, nodes, case.net.outputs)
    shape = net.shapes[net.outputs[0]]
    if len(net.inputs) != 1 or len(net.outputs) != 1 or len(shape) != 1:
        wanted = "one input and one output (classes,)"
        got = f"{len(net.inputs)} and {len(net.outputs)}, the first of shape {shape}"
        raise ValueError(f"--training: wanted a network with {wanted}, got {net.name} with {got}")
    (images,) = inputs_of(net, case.batch, seed + 2).values()
    labels = np.random.default_rng(seed + 3).integers(0, shape[0], case.batch)
    return Lesson(net, healthy_weights(net, seed), images, labels, case.threads)


class Truth(NamedTuple):
    """In float64: logits of the whole batch, gradients of a few images."""

    logits: Array
    gradients: Mapping[str, Array]


def _truth(lesson: Lesson) -> Truth:
    few = lesson.few().exact()
    logits, tape = lesson.net.train_forward(few.weights, few.images, 0, kernels=kernels)
    _, dlogits = softmax_cross_entropy(logits, few.labels)
    _, gradients = lesson.net.backward(tape, dlogits, input_gradient=False)
    return Truth(_train_logits(lesson.net, few.weights, lesson.images.astype(np.float64)), gradients)


def _train_logits(net: Graph, weights: Mapping[str, Array], images: Array) -> Array:
    """What `train_forward` returns, without a tape: a large batch would take gigabytes of it in float64."""
    maps = maps_in_training(net.nodes, weights, {next(iter(net.inputs)): images}, kernels)
    return next(y for node, _, y in maps if node.name == net.outputs[0])


def _gradient_distance(engine: Trainer, pupil: Pupil, lesson: Lesson, true: Truth) -> float:
    """From the true gradients, in float64; infinite where those of float32 are not even near."""
    few, exact = lesson.few(), lesson.few().exact()
    _, rough = pupil.look(few)
    if not judge.gradient_distance(rough, true.gradients, least=1) <= NEAR:
        return float("inf")
    _, gradients = engine.pupil(exact).look(exact)
    return judge.gradient_distance(gradients, true.gradients)


def _torch_batch(torch: Any, lesson: Lesson) -> tuple[Any, Any]:
    name = next(iter(lesson.net.inputs))
    return tensors(torch, {name: lesson.images}, "NHWC"), torch.from_numpy(lesson.labels)


def _gradients(net: Graph, module: Any) -> dict[str, Array]:
    """Key -> gradient of every trainable weight, in refnet's layout."""
    shapes = {key: each.shape for key, each in net.parameters().items() if each.trainable}
    held = {
        key: getattr(part, name).grad
        for part in module.modules()
        for name, key in getattr(part, "keys", {}).items()
        if key in shapes
    }
    return {key: from_torch(grad.numpy(), shapes[key]) for key, grad in held.items()}
