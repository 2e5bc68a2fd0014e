"""The command line as a user meets it: results, JSON, exit statuses, and one clear line for every misuse."""

import json
import os
import subprocess
import sys

import pytest
from click.testing import CliRunner
from refusals import refused

from refnet import models
from refnet.cli import main


def run(*words):
    return CliRunner().invoke(main, words, env={"NO_COLOR": "1", "COLUMNS": "100"})


def data_of(*words):
    result = run(*words, "--json")
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def refusal(*words, status=2):
    return refused(run(*words), status)


@pytest.fixture
def my_file(tmp_path):
    """A user's own file; its text is given to the returned function, which returns the path."""

    def write(text):
        path = tmp_path / "my_file.py"
        path.write_text("from refnet import Graph, Node\nfrom refnet.layers import Dense\n" + text)
        return str(path)

    return write


TINY = "net = Graph('tiny', {'features': (3,)}, [Node('classifier', Dense(2))])\n"


def test_count_json_has_full_integers():
    data = data_of("count", "mobilenet_v2")
    assert data["model"] == "mobilenet_v2"
    assert (data["width"], data["resolution"], data["classes"]) == (1.0, 224, 1000)
    assert data["madds"] == data["conventions"]["MADD"] == 300_774_272
    assert data["parameters"] == {
        "weights": 3_469_760,
        "biases": 1000,
        "scales": 0,
        "bn_scale_shift": 34_112,
        "bn_statistics": 34_112,
    }


def test_count_takes_settings():
    settings = ("--width", "0.5", "--resolution", "160", "--classes", "10", "--padding", "symmetric")
    data = data_of("count", "mobilenet_v1", *settings)
    assert (data["width"], data["resolution"], data["classes"]) == (0.5, 160, 10)
    assert data["parameters"]["biases"] == 10


def test_count_takes_any_setting_of_the_builder():
    assert data_of("count", "mobilenet_v2", "--set", "expand_first=True")["madds"] == 313_619_328
    words = ("--set", "shortcut=none", "--set", "bottleneck=relu6", "--width", "0.5")
    plain = data_of("count", "mobilenet_v2", "--width", "0.5")
    assert data_of("count", "mobilenet_v2", *words)["madds"] == plain["madds"]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("expand_first",), "--set: wanted NAME=VALUE, such as output_stride=8, got 'expand_first'"),
        (("=3",), "--set: wanted NAME=VALUE, such as output_stride=8, got '=3'"),
        (("a=1", "a=2"), "--set: a is given twice"),
        (("shortcut=both",), "shortcut: wanted one of bottleneck, expansion, none, got 'both'"),
        (("depth=3",), "mobilenet_v2: has no setting depth; it has width, resolution, classes, padding"),
    ],
)
def test_settings_that_cannot_be(words, message):
    assert message in refusal("count", "mobilenet_v2", *(part for word in words for part in ("--set", word)))


def test_models_lists_every_model_with_its_own_size():
    rows = {row["model"]: row for row in data_of("models")["models"]}
    assert sorted(rows) == models.__all__
    assert all(row["summary"] for row in rows.values())
    assert rows["mobilenet_v2"]["madds"] == 300_774_272
    assert rows["mobilenet_v1"]["weights"] == 4_209_088
    shown = run("models").output
    assert all(name in shown for name in models.__all__)
    assert "300,774,272" in shown
    assert max(map(len, shown.splitlines())) <= 100


def test_count_by_layer_sums_up():
    data = data_of("count", "mobilenet_v1", "--by", "layer")
    assert sum(layer["madds"] for layer in data["layers"]) == data["madds"]
    first = data["layers"][0]
    assert (first["node"], first["operation"], first["output"]) == ("conv_first", "Conv2d", [112, 112, 32])
    assert (first["parameters"], first["madds"]) == (864, 10_838_016)
    assert first["conventions"]["ACCESS-N"] == 3 * 224 * 224 + 32 * 112 * 112 + 864
    for name in ("MADD-INSIDE", "FLOP-N", "ACCESS-N", "P-SLIM"):
        assert sum(layer["conventions"][name] for layer in data["layers"]) == data["conventions"][name]


def test_count_by_type_is_table_2_of_v1():
    types = {row["operation"]: row for row in data_of("count", "mobilenet_v1", "--by", "type")["types"]}
    assert round(types["PointwiseConv2d"]["madds_percent"], 2) == 94.86
    assert round(types["PointwiseConv2d"]["weights_percent"], 2) == 74.59
    assert sum(row["madds_percent"] for row in types.values()) == pytest.approx(100)


@pytest.mark.parametrize("view", [(), ("--by", "layer"), ("--by", "type"), ("--explain", "314M")])
def test_count_tables_fit_100_columns(view):
    result = run("count", "mobilenet_v2", *view)
    assert result.exit_code == 0
    assert max(map(len, result.output.splitlines())) <= 100


def test_explain_names_the_conventions_and_the_literal_reading():
    found = data_of("count", "mobilenet_v2", "--explain", "314M")["explain"]
    assert [(row["convention"], row["value"]) for row in found] == [("MADD-BN2", 314_130_496), ("MADD", 313_619_328)]
    assert "read literally" in found[1]["meaning"]
    assert "MADD-BN2" in run("count", "mobilenet_v2", "--explain", "314M").output


def test_explain_knows_the_resolution_multiplier():
    words = ("count", "mobilenet_v1", "--resolution", "160", "--explain", "290.M")
    assert {row["convention"]: row["value"] for row in data_of(*words)["explain"]} == {
        "MADD": 290_675_200,  # cut; the others are rounded
        "MADD-HEADLESS": 289_651_200,
        "MADD-INSIDE": 290_062_496,
        "MADD-RHO2": pytest.approx(568_740_352 * (160 / 224) ** 2),  # no whole number
    }


def test_explain_says_when_nothing_fits():
    assert data_of("count", "mobilenet_v2", "--explain", "585M")["explain"] == []
    assert "no convention gives 585M" in run("count", "mobilenet_v2", "--explain", "585M").output


@pytest.mark.parametrize(
    ("figure", "message"),
    [
        ("0.5", "0.5 stands for 0.45 to 0.55, or cut, to 0.6"),
        ("0", "0 stands for 0 to 0.5"),
        ("7m", "7m stands for 6,500,000 to 7,500,000"),
        ("1" + "0" * 400, "or cut"),
    ],
)
def test_explain_reads_any_figure(figure, message):
    result = run("count", "mobilenet_v2", "--explain", figure)
    assert result.exit_code == 0
    assert message in " ".join(result.output.split())


def test_names_that_look_like_markup_stay(my_file):
    text = TINY.replace("classifier", "[red]classifier")
    assert "[red]classifier" in run("count", f"{my_file(text)}:net", "--by", "layer").output


def test_count_a_graph_of_ones_own(my_file):
    data = data_of("count", f"{my_file(TINY)}:net")
    assert data["madds"] == 6
    assert data["width"] is data["resolution"] is data["classes"] is None


def test_count_what_a_function_returns(my_file):
    assert data_of("count", my_file(TINY + "def build():\n    return net\n") + ":build")["madds"] == 6


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("count mobilenet_v3", "no model 'mobilenet_v3'; near: mobilenet_v"),
        ("count nope", "no model 'nope'; `refnet models` lists them, or a file and a name: my_file.py:net"),
        ("count mobilenet_v1 --set width=0.5 --width 1", "--set: width is given twice"),
        ("memory mobilenet_v1 --width 1 --set width=0.5", "--set: width is given twice"),
        ("count mobilenet_v1 --width 0", "width: wanted a width multiplier above 0, got 0.0"),
        ("count mobilenet_v1 --width -1", "got -1.0"),
        ("count mobilenet_v1 --width nan", "got nan"),
        ("count mobilenet_v1 --width inf", "got inf"),
        ("count mobilenet_v2 --width 1e308", "width"),
        ("count mobilenet_v2 --resolution 31", "resolution: wanted an integer of at least 32, got 31"),
        ("count mobilenet_v2 --classes -1", "classes: wanted an integer of at least 0, got -1"),
        ("count mobilenet_v2 --width wide", "'wide' is not a valid float"),
        ("count mobilenet_v2 --padding full", "'full' is not one of"),
        ("count mobilenet_v1 --expansion 6", "mobilenet_v1: has no setting expansion"),
        ("count mobilenet_v2 --expansion 0", "expansion: wanted a factor above 0, got 0"),
        ("count mobilenet_v2 --explain many", "figure: wanted a number"),
        ("count mobilenet_v2 --explain 3X", "got '3X'"),
        (f"count mobilenet_v2 --resolution 1{'0' * 30}", "resolution: wanted an integer up to"),
        (f"count mobilenet_v2 --classes 1{'0' * 30}", "classes: wanted an integer up to"),
        ("audit --core --json", "--core: wanted alone"),
        ("audit --core --table 1", "--core: wanted alone or with --execute, got --table beside it"),
        ("audit --core --report x.html", "--core: wanted alone or with --execute, got --report beside it"),
        ("count no_such_file.py:net", "no file 'no_such_file.py'"),
        ("count no_such_file.py", "wanted a file and a name"),
        ("count", "Missing argument 'MODEL'"),
        ("cuont mobilenet_v2", "No such command 'cuont'"),
        ("audit --id V2-T4-14-X", "V2-T4-14"),
        ("audit --table 99", "table"),
        ("audit --paper v3", "'v3' is not one of"),
    ],
)
def test_misuse_gets_one_clear_line(words, message):
    assert message in refusal(*words.split())


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("net = 5\n", "wanted a refnet.Graph named 'net', got int"),
        ("nett = 5\n", "no name 'net' in it; near names: nett"),
        ("net = 1 / 0\n", "ZeroDivisionError in line 3: division by zero"),
        ("assert False\n", "AssertionError in line 3"),
        ("import sys\nsys.exit()\n", "SystemExit in line 4"),
        ("def net():\n    raise SystemExit(5)\n", "SystemExit in line 4: 5"),
        ("net =\n", "SyntaxError"),
        ("def net(width):\n    pass\n", "TypeError"),
        ("net = Graph('g', {'x': (3,)}, [Node('a', Dense(2), ('y',))])\n", "no node named 'y'"),
    ],
)
def test_a_file_that_gives_no_graph_gets_one_clear_line(my_file, text, message):
    assert message in refusal("count", f"{my_file(text)}:net")


def test_a_file_may_import_its_neighbours(my_file, tmp_path):
    my_file(TINY)
    (tmp_path / "other.py").write_text("from my_file import net\n")
    assert data_of("count", f"{tmp_path}/other.py:net")["madds"] == 6
    assert str(tmp_path) not in sys.path


def test_what_a_file_prints_is_not_json(my_file):
    assert data_of("count", f"{my_file(TINY + 'print(1)')}:net")["madds"] == 6


def test_interruption_has_a_status_of_its_own(my_file):
    result = run("count", f"{my_file('raise KeyboardInterrupt')}:net")
    assert (result.exit_code, result.stderr) == (130, "Aborted!\n")


def test_settings_do_not_go_with_a_file(my_file):
    assert "width" in refusal("count", f"{my_file(TINY)}:net", "--width", "1")


def test_version_and_help():
    assert run("--version").output.startswith("refnet, version ")
    for command in ("count", "audit", "testcases"):
        assert command in run("--help").output
        assert run(command, "--help").exit_code == 0


def test_counting_imports_no_compiler():
    code = "import sys; from refnet.cli import main; main(['count', 'mobilenet_v2'], standalone_mode=False)"
    check = "; assert 'numba' not in sys.modules and 'refnet.kernels.jit' not in sys.modules, 'numba was imported'"
    subprocess.run([sys.executable, "-c", code + check], check=True, stdout=subprocess.DEVNULL)


def test_python_dash_m():
    done = subprocess.run([sys.executable, "-m", "refnet", "count", "nothing"], capture_output=True, text=True)
    assert done.returncode == 2
    assert done.stderr.startswith("Error: ")
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("words", ["models", "count mobilenet_v2 --json", "audit", "audit --json"])
def test_where_nobody_reads_it_ends_quietly(words):
    """As `refnet audit | head -1` does, where `head` is gone before the first line."""
    read, write = os.pipe()
    os.close(read)
    command = [sys.executable, "-m", "refnet", *words.split()]
    done = subprocess.run(command, stdout=write, stderr=subprocess.PIPE, text=True)
    os.close(write)
    assert (done.stderr, done.returncode) == ("", 141)


def test_execution_without_compiler_is_refused(monkeypatch):
    monkeypatch.setenv("NUMBA_DISABLE_JIT", "1")
    assert "NUMBA_DISABLE_JIT=1, where it would take hours" in refusal("audit", "--table", "6", "--execute")


def test_audit_json_has_the_claim_and_a_summary():
    data = data_of("audit", "--id", "V1-T6-0.5-M")
    (claim,) = data["claims"]
    assert claim["value"] == 149_497_088
    assert (claim["convention"], claim["verdict"], claim["printed"]) == ("MADD", "exact", "149")
    assert data["summary"]["exact"] == 1


def test_audit_ends_with_the_line_that_names_execute():
    assert "--execute" in run("audit", "--table", "6").output.strip().splitlines()[-1]
    assert "--execute" not in run("audit", "--id", "V1-T6-1-M").output


def test_a_changed_verdict_is_status_1(monkeypatch):
    from refnet.models import v1

    monkeypatch.setattr(v1, "FIRST", 40)
    result = run("audit", "--table", "6")
    assert result.exit_code == 1
    assert "CHANGED V1-T6-1-M" in result.output


def test_testcases_are_written_once(tmp_path):
    folder = str(tmp_path / "cases")
    result = run("testcases", "--out", folder, "--count", "1")
    assert result.exit_code == 0
    assert json.loads((tmp_path / "cases" / "index.json").read_text())
    assert "wanted a new or empty folder" in refusal("testcases", "--out", folder)


def test_a_node_that_nothing_reads_is_counted_with_a_note(my_file):
    text = "net = Graph('x', {'f': (3,)}, [Node('lost', Dense(9)), Node('classifier', Dense(2), ('f',))])\n"
    result = run("count", my_file(text) + ":net")
    assert result.exit_code == 0
    assert result.stderr.strip() == "Note: nothing reads 'lost', and it is no output; it is counted all the same."
    assert run("count", "mobilenet_v2").stderr == ""


@pytest.mark.parametrize(
    ("words", "convention"),
    [
        (("deeplab_mobilenet_v2", "--explain", "2.75B"), "MADD-TFPROF"),
        (("mobilenet_v1", "--width", "0.25", "--explain", "45M"), "MADD-MIN16"),
    ],
)
def test_explain_knows_the_conventions_that_only_the_audit_uses(words, convention):
    assert convention in {row["convention"] for row in data_of("count", *words)["explain"]}
