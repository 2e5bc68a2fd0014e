"""The project's own table of claims: every id of the papers and the notes, covered or not, exactly once."""

import csv
from importlib.resources import files

from . import (
    notes,
    v1_comparisons,
    v1_faces,
    v1_formulas,
    v1_planet,
    v1_ratios,
    v1_table_1,
    v1_table_2,
    v1_table_10,
    v1_table_13,
    v1_table_14,
    v1_tables,
    v1_text,
    v2_appendix,
    v2_blocks,
    v2_detection,
    v2_formulas,
    v2_memory,
    v2_segmentation,
    v2_table_3,
    v2_table_3_maps,
    v2_table_4,
    v2_table_7,
    v2_tables,
)
from .claim import Claim, Table
from .verdict import NOT_COVERED

_LATER = Table("not covered")


def _not_covered() -> list[Claim]:
    """Claims on which the work is not done: where they stand and what is printed."""
    text = files("refnet.papers").joinpath("not_covered.csv").read_text(encoding="utf-8")
    why = "The work on this place of the paper is not done."
    return [
        Claim(row["id"], row["source"], row["printed"], row["unit"], _LATER, "", None, NOT_COVERED, why)
        for row in csv.DictReader(text.splitlines())
    ]


COVERED = [
    claim
    for module in (
        v1_formulas,
        v1_text,
        v1_table_1,
        v1_table_2,
        v1_tables,
        v1_comparisons,
        v1_ratios,
        v1_table_10,
        v1_planet,
        v1_faces,
        v1_table_13,
        v1_table_14,
        v2_formulas,
        v2_blocks,
        v2_tables,
        v2_table_3,
        v2_table_3_maps,
        v2_table_4,
        v2_memory,
        v2_detection,
        v2_table_7,
        v2_segmentation,
        v2_appendix,
        notes,
    )
    for claim in module.CLAIMS
]
CLAIMS = [*COVERED, *_not_covered()]
