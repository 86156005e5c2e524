"""Requirements: `.ci/lowest.txt` pins each requirement of pyproject.toml at its lower bound."""

from __future__ import annotations

import tomllib
from typing import Any

from packaging.requirements import Requirement

from support.golden import Golden
from support.places import ROOT

HEAD = """\
# The lowest versions that pyproject.toml allows, for a run of the tests with them.
# `pytest --update tests/whole/test_requirements.py` writes this file; without `--update` it compares.
"""


def requirements(pyproject: dict[str, Any]) -> list[Requirement]:
    """The requirements of the build, the package, the extras that are tested, and the tests; not `bench`."""
    project = pyproject["project"]
    lines = [
        *pyproject["build-system"]["requires"],
        *project["dependencies"],
        *project["optional-dependencies"]["receiver"],
        *project["optional-dependencies"]["postgres"],
        *project["optional-dependencies"]["arrow"],
        *project["optional-dependencies"]["test"],
    ]
    return [Requirement(line) for line in lines]


def lower_bound(requirement: Requirement) -> str:
    """The version after `>=`; every requirement has exactly one."""
    bounds = [part.version for part in requirement.specifier if part.operator == ">="]
    assert len(bounds) == 1, f"`{requirement}` needs one lower bound, as `>=`"
    return bounds[0]


def test_the_lowest_versions_are_those_of_pyproject(golden: Golden) -> None:
    pyproject = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    pins = [f"{found.name}=={lower_bound(found)}" for found in requirements(pyproject)]
    assert len(pins) > 10
    golden(ROOT / ".ci" / "lowest.txt", HEAD + "\n".join(pins) + "\n")
