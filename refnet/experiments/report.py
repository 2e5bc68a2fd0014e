"""An experiment as JSON: all that its tables and its findings follow from, and those."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from .experiment import Experiment, Results, Size
from .findings import judged, spread


class Done(NamedTuple):
    """An experiment whose cells are all finished. size: as it was computed, by the name that it came from."""

    experiment: Experiment
    size_name: str
    size: Size
    results: Results
    seconds: float


def to_json(done: Done, basis: Mapping[str, Any]) -> dict[str, Any]:
    """seconds: of all cells together, however many processes computed them."""
    experiment = done.experiment
    about = {name: getattr(experiment, name) for name in ("name", "source", "question")}
    size = {**done.size._asdict(), "more": dict(done.size.more)}
    about |= {"size": done.size_name, "settings": size, "basis": dict(basis), "seconds": round(done.seconds, 1)}
    return about | {"arms": _arms(done), "claims": _claims(done), "notes": list(experiment.notes)}


def _arms(done: Done) -> list[dict[str, Any]]:
    return [
        {
            "name": arm.name,
            "work": arm.work,
            "settings": dict(arm.settings),
            "columns": {
                column.title: spread(column, done.results, arm.name)._asdict() for column in done.experiment.columns
            },
            "results": [dict(result) for result in done.results[arm.name]],
        }
        for arm in done.experiment.arms(done.size)
    ]


def _claims(done: Done) -> list[dict[str, Any]]:
    return [
        {
            "claim": each.claim.text,
            "source": each.claim.source,
            "unit": each.claim.unit,
            "paper": each.claim.paper,
            "advantages": list(each.advantages),
            **each.interval._asdict(),
            "finding": each.finding,
        }
        for each in judged(done.experiment, done.results)
    ]
