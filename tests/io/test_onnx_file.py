"""What stands in an ONNX file: names, types, borders; and files that are written whole or not at all."""

from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from graph_samples import chain, drawn, forked, shared, tail, two_by_two

from refnet import Graph, Node, mobilenet_v1, mobilenet_v2
from refnet.cli import main
from refnet.io import onnx as written
from refnet.io.onnx import save, to_onnx
from refnet.layers import BatchNorm, BiasAdd, Conv2d, Dense, Dropout, PointwiseConv2d, Relu

onnx = pytest.importorskip("onnx")
judges = pytest.importorskip("onnx_judges")
pytestmark = pytest.mark.onnx


def agree(net, **options):
    """Write the graph, compare it with itself -> the model."""
    net = judges.with_rounded(net)
    weights, inputs = drawn(net)
    model = to_onnx(net, weights, **options)
    got = judges.reference(model, inputs)
    wanted = judges.outputs_of(net, weights, inputs)
    assert judges.distance(got, wanted) <= 1e-13
    return model


def initializers(model):
    return {each.name: onnx.numpy_helper.to_array(each) for each in model.graph.initializer}


def kinds(model):
    return [node.op_type for node in model.graph.node]


def names(model):
    return [node.name for node in model.graph.node]


@pytest.fixture(scope="module")
def small():
    net = mobilenet_v2(width=0.35, resolution=32, classes=5)
    return net, net.init(0)


def test_it_declares_operator_set_18_and_its_own_dtype(small):
    net, weights = small
    model = to_onnx(net, weights)
    assert [(each.domain, each.version) for each in model.opset_import] == [("", 18)]
    assert model.ir_version == onnx.helper.find_min_ir_version_for(model.opset_import) == 8
    assert (model.producer_name, model.graph.name) == ("refnet", net.name)
    for dtype, wanted in ((np.float32, onnx.TensorProto.FLOAT), (np.float64, onnx.TensorProto.DOUBLE)):
        model = to_onnx(net, {key: w.astype(dtype) for key, w in weights.items()})
        assert {each.type.tensor_type.elem_type for each in (*model.graph.input, *model.graph.output)} == {wanted}
        assert {each.data_type for each in model.graph.initializer} == {wanted}


def test_operators_are_called_as_nodes_and_initializers_as_weights(small):
    net, weights = small
    model = to_onnx(net, weights)
    own = {name: w for name, w in initializers(model).items() if not name.startswith("constant")}
    assert own.keys() == weights.keys()
    assert all(own[key].size == w.size for key, w in weights.items())
    np.testing.assert_array_equal(own["conv_first/kernel"], weights["conv_first/kernel"].transpose(3, 2, 0, 1))
    said, nodes = set(names(model)), {node.name for node in net.nodes}
    assert said - nodes == {"images/Transpose", "pool/GlobalAveragePool"}
    assert nodes - said == {"dropout", "classifier_bias"}  # the bias is an input of the classifier
    assert [node.name for node in model.graph.node if node.output[0] == "classifier_bias"] == ["classifier"]


def test_channels_last_is_turned_at_the_borders_only(small):
    assert kinds(to_onnx(*small)).count("Transpose") == 1
    assert kinds(to_onnx(*small, layout="NCHW")).count("Transpose") == 0


def test_folding_leaves_convolutions_with_a_bias(small):
    net, weights = small
    model = to_onnx(net, weights, fold_batch_norm=True)
    assert {"BatchNormalization"}.isdisjoint(kinds(model))
    assert all(len(node.input) == 3 for node in model.graph.node if node.op_type == "Conv")
    constants = sum(w.size for name, w in initializers(model).items() if name.startswith("constant"))
    assert sum(w.size for w in initializers(model).values()) - constants == net.cost().total("P-FOLDED")


@pytest.mark.parametrize("build", [forked, shared, two_by_two, tail])
@pytest.mark.parametrize("fold", [False, True])
def test_forks_joins_and_several_outputs(build, fold):
    agree(build(), fold_batch_norm=fold)


def test_a_shared_kernel_is_stored_once():
    assert set(initializers(agree(shared()))) == {"common/kernel"}


def test_a_kernel_that_a_convolution_and_a_dense_layer_share_is_stored_as_each_wants_it():
    kernel = {"kernel": "common/kernel"}
    nodes = [
        Node("conv", PointwiseConv2d(3), ("images",), kernel),
        Node("dense", Dense(3), ("features",), kernel),
    ]
    net = Graph("both", {"images": (2, 3, 3), "features": (3,)}, nodes, ("conv", "dense"))
    assert sorted(w.ndim for w in initializers(agree(net)).values()) == [2, 4]


BORDERS = {
    "a convolution that comes out, and its bias": ([Node("conv", Conv2d(2, 3)), Node("bias", BiasAdd())], None),
    "an input": ([Node("bias", BiasAdd())], ("images", "bias")),
    "dropout": ([Node("bias", BiasAdd()), Node("dropout", Dropout(0.5))], ("bias", "dropout")),
    "dropout of an input": ([Node("dropout", Dropout(0.5)), Node("bias", BiasAdd())], ("dropout", "bias")),
    "one output twice": ([Node("bias", BiasAdd())], ("bias", "bias")),
    "a weight called as a node": (
        [Node("a", BiasAdd()), Node("a/bias", Relu()), Node("b", BiasAdd(), weights={"bias": "images"})],
        ("b", "a"),
    ),
    "a node called as an operator inside": ([Node("bias", BiasAdd()), Node("images/Transpose", Relu())], None),
}


@pytest.mark.parametrize(("nodes", "outputs"), BORDERS.values(), ids=BORDERS.keys())
@pytest.mark.parametrize("shape", [(2, 3, 4), (3, 4), (5,)], ids=str)
def test_borders(nodes, outputs, shape):
    if len(shape) < 3 and isinstance(nodes[0].layer, Conv2d):
        nodes = [Node("conv", Dense(3)), nodes[1]] if len(shape) == 1 else nodes[1:]
    agree(Graph("borders", {"images": shape}, nodes, outputs or [node.name for node in nodes]))


def test_an_output_that_is_read_again_keeps_its_value():
    nodes = [Node("conv", Conv2d(2, 3)), Node("bias", BiasAdd()), Node("relu", Relu())]
    agree(Graph("read", {"images": (3, 4, 2)}, nodes, ("conv", "bias", "relu")))
    model = agree(Graph("unread", {"images": (3, 4, 2)}, nodes))
    assert kinds(model) == ["Transpose", "Conv", "Relu", "Transpose"]


def test_the_same_network_is_the_same_file(tmp_path, small):
    for name in ("a.onnx", "b.onnx"):
        save(tmp_path / name, *small, batch=2)
    assert (tmp_path / "a.onnx").read_bytes() == (tmp_path / "b.onnx").read_bytes()
    assert onnx.load(tmp_path / "a.onnx") == to_onnx(*small, batch=2)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.onnx", "b.onnx"]


def test_a_failure_leaves_the_old_file_and_no_other(tmp_path, small, monkeypatch):
    def full(self, target):
        raise OSError(28, "No space left on device", str(self))

    path = tmp_path / "net.onnx"
    path.write_text("old")
    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(OSError, match="No space left on device: '.*net.onnx'"):
        save(path, *small)
    assert [each.read_text() for each in tmp_path.iterdir()] == ["old"]


@pytest.mark.parametrize(
    ("name", "error"), [("", ValueError), ("no/net.onnx", FileNotFoundError), ("file/net.onnx", NotADirectoryError)]
)
def test_paths_that_cannot_be(tmp_path, small, name, error, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("file").touch()
    with pytest.raises(error, match="wanted the name of a file, got ''" if not name else f"'{name}'"):
        save(name, *small)
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_a_folder_is_no_file(tmp_path, small):
    with pytest.raises(OSError, match=tmp_path.name):
        save(tmp_path, *small)
    assert list(tmp_path.iterdir()) == []
    assert not list(tmp_path.parent.glob(".*.part"))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"batch": 0}, "batch: wanted an integer of at least 1, got 0"),
        ({"batch": True}, "batch: wanted an integer of at least 1, got True"),
        ({"batch": 1.0}, "batch: wanted an integer of at least 1, got 1.0"),
        ({"fold_batch_norm": "no"}, "fold_batch_norm: wanted True or False, got 'no'"),
        ({"layout": "NWHC"}, "layout: wanted NHWC or NCHW, got 'NWHC'"),
        ({"layout": None}, "layout: wanted NHWC or NCHW, got None"),
    ],
)
def test_wrong_options(small, options, message):
    with pytest.raises(ValueError, match=message):
        to_onnx(*small, **options)


def test_wrong_graphs_and_weights(small):
    net, weights = small
    with pytest.raises(TypeError, match="net: wanted a refnet.Graph, got str"):
        to_onnx("mobilenet_v2", weights)
    with pytest.raises(ValueError, match="wanted .* keys, .* missing, first 'conv_first/kernel'"):
        to_onnx(net, {})
    with pytest.raises(TypeError, match="weights: wanted a dict of arrays, got NoneType"):
        to_onnx(net, None)
    with pytest.raises(TypeError, match="wanted dtype float32, got float64"):
        to_onnx(net, weights | {"classifier/kernel": weights["classifier/kernel"].astype(np.float64)})
    with pytest.raises(ValueError, match=r"'classifier/kernel'.*wanted shape \(1280, 5\), got \(5, 1280\)"):
        to_onnx(net, weights | {"classifier/kernel": weights["classifier/kernel"].T})


def test_weights_beyond_what_a_file_can_hold(small, monkeypatch):
    monkeypatch.setattr(written, "LARGEST", 1000)
    with pytest.raises(ValueError, match="weights: wanted up to 1000 bytes, .*got [0-9]+"):
        to_onnx(*small)


def test_a_graph_without_weights_is_float32():
    net = Graph("relu", {"x": (3,)}, [Node("relu", Relu())])
    assert to_onnx(net, {}).graph.input[0].type.tensor_type.elem_type == onnx.TensorProto.FLOAT


def test_more_weights_than_the_graph_has_are_left_out():
    net, more = chain(2), {"other/kernel": np.ones(3, np.float32)}
    weights, _ = drawn(net)
    assert set(initializers(to_onnx(net, weights | more))) == set(weights)


def test_norms_that_cannot_be_folded_are_written_as_such():
    net = Graph("norm", {"images": (3, 4, 2)}, [Node("norm", BatchNorm()), Node("relu", Relu())])
    assert kinds(agree(net, fold_batch_norm=True)) == ["Transpose", "BatchNormalization", "Relu", "Transpose"]


def test_the_command_writes_what_save_writes(tmp_path):
    words = "--width 0.25 --resolution 64 --classes 3 --seed 4 --batch 2 --fold --layout NCHW --set dropout=0.5"
    path = tmp_path / "v1.onnx"
    result = CliRunner().invoke(main, ["export", "mobilenet_v1", "--out", str(path), *words.split()])
    assert (result.exit_code, result.stdout) == (0, f"{path}\n"), result.output
    net = mobilenet_v1(0.25, 64, 3, dropout=0.5)
    assert onnx.load(path) == to_onnx(net, net.init(4), 2, True, "NCHW")
