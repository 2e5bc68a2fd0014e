"""The project's own table of claims: every id of the papers and the notes, exactly once."""

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

CLAIMS = [
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
