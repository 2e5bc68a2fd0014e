"""What an experiment is: arms that are compared, cells that are computed, and claims that follow from them.

    arm     one of the things that are compared: a network, a setting of the optimizer
    cell    one arm with one seed: what is computed once, kept in a file, and never computed again
    result  what a cell found, as JSON gives it back

Two experiments whose arms say the same have the same cells: the baseline of one is the baseline of another.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from hashlib import sha256
from typing import Any, NamedTuple

Result = Mapping[str, Any]
ByArm = Mapping[str, Result]  # of one seed
Results = Mapping[str, Sequence[Result]]  # arm -> its results in the order of the seeds


class Cell(NamedTuple):
    """work: "module:function" in refnet.experiments. settings: its keyword arguments, in values that JSON has.

    A result depends on nothing else.
    """

    work: str
    settings: Mapping[str, Any]

    @property
    def key(self) -> str:
        """A name that no other cell has."""
        text = json.dumps([self.work, dict(self.settings)], sort_keys=True, allow_nan=False)
        return sha256(text.encode()).hexdigest()[:24]


class Arm(NamedTuple):
    """name: as tables and figures have it. work, settings: of its cells, but for the seed."""

    name: str
    work: str
    settings: Mapping[str, Any]

    def cell(self, seed: int) -> Cell:
        return Cell(self.work, {**self.settings, "seed": seed})


class Claim(NamedTuple):
    """A statement of the paper that can turn out otherwise.

    text       what the paper says, in our words         source  where
    unit       of the advantage, such as "points"
    advantage  from the results of one seed, arm by arm, to a number: above 0 where the paper is right
    paper      the advantage that the paper's own figures give, where it prints them
    """

    text: str
    source: str
    unit: str
    advantage: Callable[[ByArm], float]
    paper: float | None = None


class Column(NamedTuple):
    """One column of figures, a line per arm. value: of one result. form: of the mean over the seeds, for format()."""

    title: str
    value: Callable[[Result], float]
    form: str = ".2f"


class Size(NamedTuple):
    """How much is computed.

    seeds   0 to seeds - 1        steps, batch  of each training run     train, test  images of the data set
    source  as for `refnet.data.load`, with its folder `root` where it has one
    more    what only this experiment has
    """

    seeds: int
    steps: int = 0
    batch: int = 64
    train: int = 20_000
    test: int = 4_000
    source: str = "shapes-64"
    root: str | None = None
    more: Mapping[str, Any] = {}

    @property
    def learning(self) -> dict[str, Any]:
        """The settings of a cell that learns: how long, and which images, as `learning.images_of` wants them."""
        names = ("source", "root", "train", "test")
        images = {name: getattr(self, name) for name in names}
        return {"steps": self.steps, "batch": self.batch, "images": images}


class Experiment(NamedTuple):
    """name: on the command line. source: section, figure or table. question: what it is about, in a sentence.

    sizes   "quick", which the tests run, and "full", which says something
    arms    for a size                   columns, claims  what is told of the results
    draw    puts the results on a matplotlib figure
    notes   what differs from the paper's setting, a sentence each
    """

    name: str
    source: str
    question: str
    sizes: Mapping[str, Size]
    arms: Callable[[Size], Sequence[Arm]]
    columns: Sequence[Column]
    claims: Sequence[Claim]
    draw: Callable[[Any, Results], None]
    notes: Sequence[str] = ()
