"""The notebooks run, say what their committed outputs say, and are fit to be read without running them."""

import re
import sys
from copy import deepcopy
from pathlib import Path

import nbformat
import pytest
from ipykernel.kernelspec import get_kernel_dict
from jupyter_client.kernelspec import KernelSpec
from jupyter_client.manager import AsyncKernelManager
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

NOTEBOOKS = sorted((Path(__file__).resolve().parent.parent / "notebooks").glob("*.ipynb"))
LARGEST = 1_200_000  # bytes
METADATA = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}
each_notebook = pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)


class ThisInterpreter(AsyncKernelManager):
    """Starts the Python of this test, whatever a notebook asks for or is installed under that name."""

    @property
    def kernel_spec(self):
        return KernelSpec(**get_kernel_dict())


@pytest.fixture
def execute(tmp_path, monkeypatch):
    """A function: notebook -> the notebook, executed, or CellExecutionError. It writes to tmp_path only."""
    import matplotlib.font_manager  # noqa: F401  the first import on a machine fills a cache and says so

    for variable in ("IPYTHONDIR", "JUPYTER_RUNTIME_DIR", "JUPYTER_CONFIG_DIR"):
        monkeypatch.setenv(variable, str(tmp_path / variable))
    monkeypatch.delenv("MPLBACKEND", raising=False)
    folder = {"metadata": {"path": str(tmp_path)}}

    def run(notebook):
        for cell in code_cells(notebook):
            cell.outputs = []  # an empty cell is not run, and would keep what it said before
        client = NotebookClient(notebook, kernel_manager_class=ThisInterpreter, timeout=300, resources=folder)
        return client.execute()

    return run


def read(path):
    notebook = nbformat.read(path, as_version=4)
    nbformat.validate(notebook)
    return notebook


def code_cells(notebook):
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def printed(cell):
    """What a cell says: its texts as they stand, and for a picture only that there is one.

    So too for a displayed table: what differs from machine to machine, such as a time, is displayed and not printed.
    """
    said = {}
    for output in cell.outputs:
        kind = output.get("name", output.output_type)
        text = output.text if output.output_type == "stream" else "".join(sorted(output.get("data", {})))
        said[kind] = said.get(kind, "") + text + output.get("data", {}).get("text/plain", "")
    return said


def stale_cells(committed, fresh):
    """Numbers of the code cells whose outputs are not those of a fresh run."""
    pairs = zip(code_cells(committed), code_cells(fresh), strict=True)
    return [number for number, (old, new) in enumerate(pairs, 1) if printed(old) != printed(new)]


def complaints(notebook, size=0):
    """What a reader of the committed file would stumble over."""
    found = [] if size <= LARGEST else [f"{size} bytes, at most {LARGEST} wanted"]
    if notebook.metadata != METADATA:
        found.append(f"metadata: wanted {METADATA}, got {notebook.metadata}")
    for number, cell in enumerate(code_cells(notebook), 1):
        kinds = {output.get("name", output.output_type) for output in cell.outputs}
        if cell.execution_count != number:
            found.append(f"code cell {number} has execution count {cell.execution_count}")
        if kinds & {"error", "stderr"}:
            found.append(f"code cell {number} has output of kind {', '.join(sorted(kinds))}")
    found += [f"cell {cell.id} has metadata {cell.metadata}" for cell in notebook.cells if cell.metadata]
    return found


def asserts(notebook):
    return sum(len(re.findall(r"^\s*assert ", cell.source, re.MULTILINE)) for cell in code_cells(notebook))


def test_there_are_notebooks():
    assert [path.name for path in NOTEBOOKS][:1] == ["01_depthwise_separable_convolution.ipynb"]


@pytest.mark.jit
@each_notebook
def test_a_notebook_runs_and_says_what_is_committed(path, execute):
    assert stale_cells(read(path), execute(read(path))) == []


@each_notebook
def test_a_notebook_reads_well_without_running_it(path):
    notebook = read(path)
    assert complaints(notebook, path.stat().st_size) == []
    assert sum("image/" in kind for cell in code_cells(notebook) for kind in printed(cell).values()) >= 5


@each_notebook
def test_a_notebook_asserts_what_it_claims(path):
    notebook = read(path)
    assert asserts(notebook) >= len(code_cells(notebook))


@pytest.fixture
def tiny():
    """A notebook of one claim, in the state in which it would be committed."""
    source = "total = 2 + 2\nprint(total)\nassert total == 4"
    cell = new_code_cell(source, execution_count=1, outputs=[new_output("stream", name="stdout", text="4\n")])
    return new_notebook(cells=[new_markdown_cell("# Sums"), cell], metadata=METADATA)


def test_a_good_notebook_passes(tiny, execute):
    assert stale_cells(tiny, execute(deepcopy(tiny))) == []
    assert complaints(tiny) == []
    assert asserts(tiny) == 1


def test_a_broken_claim_is_noticed(tiny, execute):
    tiny.cells[1].source = tiny.cells[1].source.replace("== 4", "== 5")
    with pytest.raises(CellExecutionError, match="AssertionError"):
        execute(tiny)


@pytest.mark.parametrize(
    "source",
    ["print(2 + 3)", "print(4)\n5", "import warnings\nprint(4)\nwarnings.warn('no', stacklevel=1)", ""],
    ids=["another text", "another value", "a warning", "nothing"],
)
def test_stale_output_is_noticed(source, tiny, execute):
    changed = deepcopy(tiny)
    changed.cells[1].source = source
    assert stale_cells(tiny, execute(changed)) == [1]


def test_a_picture_that_is_missing_is_noticed(tiny):
    drawn = deepcopy(tiny)
    drawn.cells[1].outputs.append(new_output("display_data", {"image/jpeg": "", "text/plain": "<Figure>"}))
    assert stale_cells(tiny, drawn) == [1]


def test_a_displayed_time_may_differ_but_must_be_there(tiny, execute):
    source = "from IPython.display import Markdown, display\ndisplay(Markdown('4 ms'))\nassert True"
    tiny.cells[1].source, tiny.cells[1].outputs = source, []
    fresh = execute(deepcopy(tiny))
    assert stale_cells(tiny, fresh) == [1]
    tiny.cells[1].outputs = [new_output("display_data", {**fresh.cells[1].outputs[0].data, "text/markdown": "5 ms"})]
    assert stale_cells(tiny, fresh) == []


def test_the_kernel_is_this_interpreter(tiny, execute):
    tiny.cells[1].source = "import sys\nprint(sys.executable)"
    assert execute(tiny).cells[1].outputs[0].text.strip() == sys.executable


ERROR = new_output("error", ename="E", evalue="no")
WARNING = new_output("stream", name="stderr", text="no")
SPOILED = {
    "a cell that was not run": lambda notebook: notebook.cells[1].update(execution_count=None),
    "an error": lambda notebook: notebook.cells[1].outputs.append(ERROR),
    "a warning": lambda notebook: notebook.cells[1].outputs.append(WARNING),
    "an interpreter's version": lambda notebook: notebook.metadata.language_info.update(version="3.11.0"),
    "times of execution": lambda notebook: notebook.cells[1].metadata.update(execution={"at": "noon"}),
}


@pytest.mark.parametrize("spoil", SPOILED.values(), ids=SPOILED)
def test_a_notebook_that_reads_badly_is_noticed(spoil, tiny):
    spoil(tiny)
    assert len(complaints(tiny)) == 1


def test_a_large_notebook_is_noticed(tiny):
    assert len(complaints(tiny, LARGEST + 1)) == 1
