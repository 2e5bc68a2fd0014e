"""How the page sets the papers' tables, and which networks it finds behind the claims."""

import re

import pytest
from page_reader import Reader

from refnet.models.v1 import mobilenet_v1
from refnet.papers import run_audit
from refnet.papers.behind import Recorder, recorded_audit
from refnet.papers.page_layers import FAMILY, anchor, layers_of
from refnet.papers.page_tables import PAPERS, heading, in_order, sections_by_paper


@pytest.fixture(scope="module")
def reader(page):
    return Reader(page)


# How tables are set


def grid_of(name):
    (section,) = [
        each for sections in sections_by_paper(run_audit(table=name[-1]).results).values() for each in sections
        if each.name == name
    ]  # fmt: skip
    return section


def test_a_table_is_set_as_in_print():
    section = grid_of("V1 Table 6")
    assert section.grid.columns == ("mult-adds", "parameters")
    assert list(section.grid.rows) == [f"{width} MobileNet-224" for width in ("1.0", "0.75", "0.5", "0.25")]
    ids = [[[each.claim.id for each in cell] for cell in cells] for cells in section.grid.rows.values()]
    assert ids[2] == [["V1-T6-0.5-M"], ["V1-T6-0.5-P"]]
    assert section.others == ()
    assert heading(section, "V1") == "Table 6. Width multiplier"


def test_what_the_text_says_stands_beside_the_table():
    section = grid_of("V1 Table 2")
    assert {"V1-95", "V1-75", "V1-T2-SUM"} == {each.claim.id for each in section.others}
    assert len(section.grid.results) == 8


def test_sizes_are_rows_and_a_cell_has_all_that_is_claimed_of_it():
    section = grid_of("V2 Table 3")
    assert section.grid.columns == ("MobileNetV1", "MobileNetV2", "ShuffleNet (2x, g=3)")
    sides = [f"{side}x{side}" for side in (112, 56, 28, 14, 7, 1)]
    assert [row for row in section.grid.rows if "max" not in row] == sides
    assert [each.claim.id for each in section.grid.rows["56x56"][1]] == ["V2-T3-56-V2", "V2-T3-56-V2ch"]


def test_other_shapes_are_lists():
    assert grid_of("V1 Table 1").grid is None


def test_every_result_has_one_place(recorded):
    audit, _ = recorded
    placed = [each.claim.id for each in in_order(audit.results)]
    assert sorted(placed) == sorted(each.claim.id for each in audit.results)
    assert set(sections_by_paper(audit.results)) == set(PAPERS)


def test_tables_stand_in_the_order_of_their_numbers(recorded):
    audit, _ = recorded
    for sections in sections_by_paper(audit.results).values():
        numbers = [int(found[1]) for each in sections if (found := re.search(r"Table (\d+)", each.name))]
        assert numbers == sorted(numbers)


# The networks behind


def test_a_claim_names_its_networks(recorded):
    _, behind = recorded
    assert [each.call for each in behind["V1-T6-0.5-M"]] == ["mobilenet_v1(width=0.5)"]
    assert [each.call for each in behind["V1-T7-192-M"]] == ["mobilenet_v1(resolution=192)", "mobilenet_v1()"]
    assert behind["V1-T4-ACC"] == ()


def test_figures_of_networks_have_layers_behind_them(recorded):
    audit, behind = recorded
    counted = [each.claim.id for each in audit.results if re.match("MADD|P-", each.claim.main)]
    assert len(counted) > 50
    assert [id for id in counted if not behind[id]] == []


def test_one_network_for_all_ways_to_ask():
    networks = Recorder()
    networks.graph(mobilenet_v1)
    networks.cost(mobilenet_v1, width=1.0, resolution=224)
    networks.madds(mobilenet_v1, resolution=192)
    assert [each.call for each in networks.take()] == ["mobilenet_v1()", "mobilenet_v1(resolution=192)"]
    assert networks.take() == ()


def test_the_recorded_audit_is_the_audit(recorded):
    recorded_table, _ = recorded_audit(table=6, paper="v1")
    assert recorded_table == run_audit(table=6, paper="v1")


def networks_of(behind):
    return list({each.call: each for networks in behind.values() for each in networks}.values())


def test_lines_add_up_to_the_network(recorded):
    """What a page folds into other lines is not lost."""
    _, behind = recorded
    for network in networks_of(behind):
        cost = network.graph.cost()
        lines = layers_of(network.graph, cost.rows)
        sums = [sum(getattr(line, name) for line in lines) for name in ("madds", "weights", "other")]
        weights = cost.total("P-WEIGHTS")
        assert sums == [cost.madds, weights, cost.total("P-ALL") - weights], network.call


def test_each_network_has_one_place(recorded, reader):
    _, behind = recorded
    anchors = [anchor(network) for network in networks_of(behind)]
    assert sorted(each for each in reader.ids if each.startswith("net-")) == sorted(anchors)


def test_only_families_go_without_layers(recorded, reader):
    _, behind = recorded
    sums_only = {given["id"] for given in reader.of("tr") if "id" in given}
    for networks in behind.values():
        if len(networks) <= FAMILY:
            assert not sums_only & {anchor(network) for network in networks}
