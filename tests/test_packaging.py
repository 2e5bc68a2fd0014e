"""What is built from the tree is the tree, and works away from it.

`refnet.kernels` lives in the top-level folder `kernels/`; a checkout sees it through a symbolic link, a wheel
through `package_dir` in setup.cfg. Each way is built here, from a copy, without network.
"""

import configparser
import importlib.metadata
import os
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

import refnet

ROOT = Path(__file__).resolve().parent.parent
FOLDERS = ("kernels", "refnet", "tests", "notebooks", ".ci")
PIP = (sys.executable, "-m", "pip", "--quiet", "--isolated")
OFFLINE = ("--no-deps", "--no-index")


def run(*command, cwd, **environment):
    """Run a command that must not see this checkout: no PYTHONPATH but the one given."""
    inherited = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    return subprocess.run(command, cwd=cwd, env=inherited | environment, capture_output=True, text=True)


def succeed(*command, cwd, **environment):
    done = run(*command, cwd=cwd, **environment)
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def listed_packages(root):
    parser = configparser.ConfigParser(interpolation=None)
    parser.read(root / "setup.cfg", encoding="utf-8")
    return set(parser["options"]["packages"].split())


def copy_tree(destination, link):
    """Copy the sources; `link` is "symlink" (a checkout), "text" (a ZIP, Windows) or "missing" (an sdist)."""
    destination.mkdir()
    for path in ROOT.iterdir():
        if path.is_file():
            shutil.copy2(path, destination)
    ignore = shutil.ignore_patterns("__pycache__", ".*_cache", ".hypothesis", ".ipynb_checkpoints")
    for folder in FOLDERS:
        shutil.copytree(ROOT / folder, destination / folder, symlinks=True, ignore=ignore)
    kernels = destination / "refnet" / "kernels"
    kernels.unlink(missing_ok=True)
    if link == "symlink":
        kernels.symlink_to("../kernels", target_is_directory=True)
    if link == "text":
        kernels.write_text("../kernels", encoding="utf-8")
    return destination


def files_below(folder):
    """Relative paths, without caches."""
    for path, names, found in os.walk(folder):
        names[:] = [name for name in names if not name.startswith((".", "__pycache__"))]
        yield from (Path(path, name).relative_to(folder).as_posix() for name in found)


def installed_files(root):
    """Path in the wheel of every file that the tree's two source folders hold."""
    package = {f"refnet/{name}" for name in files_below(root / "refnet")} - {"refnet/kernels"}
    return package | {f"refnet/kernels/{name}" for name in files_below(root / "kernels")}


def packages_in(files):
    return {Path(name).parent.as_posix().replace("/", ".") for name in files if name.endswith(".py")}


def modules_in(files):
    stems = (name.removesuffix(".py").removesuffix("/__init__") for name in files if name.endswith(".py"))
    return {stem.replace("/", ".") for stem in stems}


def wheel_files(wheel):
    with zipfile.ZipFile(wheel) as archive:
        return {name for name in archive.namelist() if ".dist-info/" not in name}


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """Folder with an sdist of this tree, and the wheel that was built from that sdist alone."""
    tree = copy_tree(tmp_path_factory.mktemp("tree") / "refnet", link="symlink")
    out = tmp_path_factory.mktemp("dist")
    succeed(sys.executable, "-m", "build", "--no-isolation", "--outdir", str(out), cwd=tree)
    return out


@pytest.fixture(scope="module")
def wheel(built):
    (path,) = built.glob("*.whl")
    return path


def test_the_listed_packages_are_the_folders():
    files = installed_files(ROOT)
    assert listed_packages(ROOT) == packages_in(files)
    assert {f"{name.replace('.', '/')}/__init__.py" for name in packages_in(files)} <= files


def test_a_folder_that_is_not_listed_is_noticed(tmp_path):
    tree = copy_tree(tmp_path / "refnet", link="symlink")
    (tree / "kernels" / "planted").mkdir()
    (tree / "kernels" / "planted" / "__init__.py").touch()
    assert packages_in(installed_files(tree)) - listed_packages(tree) == {"refnet.kernels.planted"}


def test_the_wheel_from_the_sdist_holds_exactly_the_files_of_the_tree(wheel):
    assert wheel_files(wheel) == installed_files(ROOT)


def test_the_wheel_is_typed_and_takes_no_other_name(wheel):
    assert "refnet/py.typed" in wheel_files(wheel)
    assert {name.split("/")[0] for name in wheel_files(wheel)} == {"refnet"}


def test_the_sdist_holds_the_tests_and_what_they_read(built):
    (sdist,) = built.glob("*.tar.gz")
    with tarfile.open(sdist) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    wanted = {path.relative_to(ROOT).as_posix() for path in (ROOT / "tests").rglob("*.py")}
    wanted |= {path.relative_to(ROOT).as_posix() for path in (ROOT / "notebooks").glob("*.ipynb")}
    wanted |= {"README.md", "CHANGELOG.md", "CITATION.cff", "CONTRIBUTING.md", "LICENSE", ".ci/run"}
    assert wanted <= names
    assert not [name for name in names if name.endswith(".pyc") or name.startswith("refnet/kernels")]


IMPORT_ALL = """
import importlib, pkgutil, sys
import refnet
names = {"refnet"} | {module.name for module in pkgutil.walk_packages(refnet.__path__, "refnet.")}
for name in names - {"refnet.__main__"}:
    file = importlib.import_module(name).__file__
    assert file.startswith(sys.argv[1]), f"{name} comes from {file}"
print(*names)
"""


def test_the_wheel_works_away_from_the_tree(wheel, tmp_path):
    """Every module is imported from the wheel itself: an editable install nearby would lend kernels to one
    that has none."""
    target = tmp_path / "site"
    succeed(*PIP, "install", *OFFLINE, "--target", str(target), str(wheel), cwd=tmp_path)
    imported = succeed(sys.executable, "-c", IMPORT_ALL, str(target), cwd=tmp_path, PYTHONPATH=str(target))
    assert set(imported.split()) == modules_in(wheel_files(wheel))


def test_a_checkout_without_symlinks_says_so_in_one_line_with_the_cure(tmp_path):
    done = run(sys.executable, "-c", "import refnet", cwd=copy_tree(tmp_path / "refnet", link="text"))
    assert done.returncode == 1
    message = done.stderr.splitlines()[-1]
    assert message.startswith("ImportError: refnet/kernels is a text file, not a link to ../kernels")
    assert "run `pip install .`" in message


@pytest.mark.parametrize("link", ["text", "missing"])
def test_pip_builds_the_same_wheel_without_the_link(link, wheel, tmp_path):
    tree = copy_tree(tmp_path / "refnet", link)
    succeed(*PIP, "wheel", *OFFLINE, "--no-build-isolation", "-w", str(tmp_path), ".", cwd=tree)
    (other,) = tmp_path.glob("*.whl")
    assert wheel_files(other) == wheel_files(wheel)


def test_the_link_is_committed_as_a_link():
    if not (ROOT / ".git").exists():
        pytest.skip("not a git checkout")
    assert succeed("git", "ls-files", "-s", "refnet/kernels", cwd=ROOT).startswith("120000 ")
    assert (ROOT / "refnet" / "kernels").resolve() == ROOT / "kernels"


def test_pyproject_is_three_lines_and_names_the_backend():
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8").splitlines()
    assert len(text) == 3
    assert text[2] == 'build-backend = "setuptools.build_meta"'


def test_the_version_has_one_home():
    assert importlib.metadata.version("refnet") == refnet.__version__
