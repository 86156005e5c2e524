"""Packaging: the wheel holds everything, and works where there is no checkout."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import sysconfig
import tomllib
import venv
import zipfile
from importlib.util import find_spec
from pathlib import Path

import pytest

from mapper.native.building import FILE
from mapper.version import __version__
from support.places import ROOT

CORE = f"mapper/native/{FILE}"
HOOK = "mapper/native/build_hook.py"  # for building alone

MISSING_ARROW = """\
import mapper
try:
    import mapper.arrow
except mapper.MapperError as error:
    assert isinstance(error, ImportError)
    print(error)
"""


def run(*command: str | Path, cwd: Path, **variables: str) -> str:
    """What a program prints; the test fails with its complaints where it fails."""
    outside = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "PYTHONHOME")}
    done = subprocess.run(
        [str(word) for word in command],
        cwd=cwd,
        env={**outside, "PIP_DISABLE_PIP_VERSION_CHECK": "1", **variables},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=600,
    )
    assert done.returncode == 0, done.stdout
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    run(sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "-w", folder, ROOT, cwd=folder)
    (path,) = folder.glob("*.whl")
    return path


@pytest.fixture(scope="module")
def python(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The Python of a fresh environment in which the wheel and its dependencies are installed."""
    folder = tmp_path_factory.mktemp("environment")
    venv.create(folder, with_pip=True, symlinks=os.name != "nt")
    path = folder / ("Scripts" if os.name == "nt" else "bin") / "python"
    run(path, "-m", "pip", "install", "-q", wheel, cwd=folder)
    return path


def has_core(wheel: Path) -> bool:
    return CORE in zipfile.ZipFile(wheel).namelist()


@pytest.mark.slow
@pytest.mark.parametrize(("wanted", "compiler"), [("0", "cc"), ("", "no-such-compiler"), ("1", "cc")])
def test_a_wheel_without_and_with_the_core(wanted: str, compiler: str, tmp_path: Path) -> None:
    """Without a compiler, or if the core is not wanted, the wheel is pure Python; if required, it has it."""
    if wanted == "1" and shutil.which("cc") is None:
        pytest.skip("there is no C compiler")
    command = [sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "-w", str(tmp_path), str(ROOT)]
    run(*command, cwd=tmp_path, MAPPER_CORE=wanted, CC=compiler)
    (path,) = tmp_path.glob("*.whl")
    assert has_core(path) is (wanted == "1")
    assert path.name.endswith("-py3-none-any.whl") is (wanted != "1")


@pytest.mark.slow
def test_a_required_core_that_cannot_be_built(tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match="no-such-compiler"):
        run(
            *(sys.executable, "-m", "pip", "wheel", "--no-deps", "-w", tmp_path, ROOT),
            cwd=tmp_path,
            MAPPER_CORE="1",
            CC="no-such-compiler",
        )


def shipped(folder: str) -> set[str]:
    return {
        f"mapper/shipped/{path.relative_to(ROOT).as_posix()}"
        for path in (ROOT / folder).rglob("*")
        if path.is_file()
    }


def count_of_mappings() -> int:
    return len([path for path in (ROOT / "mappings").iterdir() if path.suffix == ".yaml"])


@pytest.mark.slow
def test_the_wheel_holds_code_and_data_and_nothing_else(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    package = {
        path.relative_to(ROOT).as_posix()
        for path in (ROOT / "mapper").rglob("*")
        if path.is_file() and path.suffix != ".pyc" and not path.name.startswith(FILE)
    }
    assert "mapper/py.typed" in package
    package = (package | {CORE} if has_core(wheel) else package) - {HOOK}
    assert {name for name in names if ".dist-info/" not in name} == (
        package | shipped("mappings") | shipped("schemas")
    )


@pytest.mark.slow
def test_the_metadata_tells_version_and_dependencies(wheel: Path) -> None:
    platform = sysconfig.get_platform().replace("-", "_").replace(".", "_")
    tag = f"cp311-abi3-{platform}" if has_core(wheel) else "py3-none-any"
    assert wheel.name == f"mapper-{__version__}-{tag}.whl"
    archive = zipfile.ZipFile(wheel)
    metadata = archive.read(f"mapper-{__version__}.dist-info/METADATA").decode()
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    required = [line for line in metadata.splitlines() if line.startswith("Requires-Dist: ")]
    assert len([line for line in required if "extra ==" not in line]) == len(project["dependencies"])
    assert "License-Expression: MIT" in metadata
    assert f"mapper-{__version__}.dist-info/licenses/LICENSE" in archive.namelist()


@pytest.mark.slow
def test_the_wheel_works_unpacked(wheel: Path, tmp_path: Path) -> None:
    """The short form of the tests below: the files of the wheel beside the packages of this environment."""
    zipfile.ZipFile(wheel).extractall(tmp_path / "unpacked")
    program = (
        f"import sys; sys.path[0] = {str(tmp_path / 'unpacked')!r}\n"
        "import mapper\n"
        "from mapper.cli import main\n"
        "print(mapper.__file__)\n"
        "sys.exit(main(['test']))"
    )
    out = run(sys.executable, "-c", program, cwd=tmp_path).splitlines()
    assert Path(out[0]).is_relative_to(tmp_path / "unpacked")
    assert out[-1].startswith(f"{count_of_mappings()} mappings, ")
    assert "all passed" in out[-1]


@pytest.mark.slow
def test_the_installed_command_tests_the_shipped_mappings(python: Path, tmp_path: Path) -> None:
    out = run(python.with_name("mapper"), "test", cwd=tmp_path)
    closing = out.splitlines()[-1]
    assert closing.startswith(f"{count_of_mappings()} mappings, ")
    assert "all passed" in closing


@pytest.mark.slow
def test_the_installed_library_works_from_anywhere(python: Path, tmp_path: Path) -> None:
    program = (
        "import json, mapper, pathlib\n"
        "transform = mapper.load('segment')\n"
        "print(json.dumps([mapper.__file__, transform.name, transform(b'[').rejected[0].codes]))"
    )
    file, name, codes = json.loads(run(python, "-c", program, cwd=tmp_path))
    assert Path(file).is_relative_to(python.parents[1])
    assert (name, codes) == ("segment", ["M601"])


@pytest.mark.slow
def test_every_import_is_a_declared_dependency(python: Path, wheel: Path, tmp_path: Path) -> None:
    """The fresh environment has no test tools, so a module that needs one cannot be imported there."""

    def count_of_modules(*left_out: str) -> int:
        program = (
            "import importlib, pkgutil, mapper\n"
            "names = [m.name for m in pkgutil.walk_packages(mapper.__path__, 'mapper.')]\n"
            f"names = [n for n in names if not n.endswith('__main__') and not n.startswith({left_out!r})]\n"
            "print(len([importlib.import_module(n) for n in names]))"
        )
        return int(run(python, "-W", "error", "-c", program, cwd=tmp_path))

    without_extras = count_of_modules("mapper.receiver", "mapper.arrow", "mapper.spark")
    assert without_extras > 40
    run(python, "-m", "pip", "install", "-q", f"{wheel}[receiver]", cwd=tmp_path)
    without_postgres = count_of_modules(
        "mapper.receiver.destinations.postgres", "mapper.arrow", "mapper.spark"
    )
    assert without_postgres > without_extras
    run(python, "-m", "pip", "install", "-q", f"{wheel}[receiver,postgres]", cwd=tmp_path)
    without_arrow = count_of_modules("mapper.arrow", "mapper.spark")
    assert without_arrow > without_postgres
    said = run(python, "-c", MISSING_ARROW, cwd=tmp_path)
    assert "pip install 'mapper[arrow]'" in said
    run(python, "-m", "pip", "install", "-q", f"{wheel}[arrow]", cwd=tmp_path)
    without_spark = count_of_modules("mapper.spark")
    assert without_spark > without_arrow
    said = run(python, "-c", MISSING_ARROW.replace("arrow", "spark"), cwd=tmp_path)
    assert "pip install 'mapper[spark]'" in said
    # Spark is half a gigabyte: that of this environment is lent, if it has one.
    for name in ("pyspark", "py4j"):
        if (found := find_spec(name)) is None or found.submodule_search_locations is None:
            return
        (tmp_path / name).symlink_to(next(iter(found.submodule_search_locations)))
    assert count_of_modules("mapper.nothing") > without_spark
