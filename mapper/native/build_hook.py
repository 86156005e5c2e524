"""The build hook: a wheel has the native core if there is a C compiler, and is pure Python otherwise.

`MAPPER_CORE=0` leaves the core out, `MAPPER_CORE=1` makes it an error if it cannot be built.
"""

from __future__ import annotations

import os
import shutil
import sysconfig
import tempfile
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class CoreHook(BuildHookInterface):
    """Compiles `mapper/native/core.c`: into the wheel, or in place for an editable installation."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Before a wheel is made."""
        wanted = os.environ.get("MAPPER_CORE", "")
        if self.target_name != "wheel" or wanted == "0":
            return
        building = _building(Path(self.root))
        self.folder = Path(tempfile.mkdtemp(prefix="mapper-core-"))
        try:
            if version == "editable":
                building.build_in_place()
                return
            building.build_core(self.folder / building.FILE)
        except building.NotBuilt as reason:
            if wanted == "1":
                raise
            self.app.display_warning(f"mapper is installed without its native core: {reason}")
            return
        build_data["force_include"][str(self.folder / building.FILE)] = f"mapper/native/{building.FILE}"
        build_data["pure_python"] = False
        platform = sysconfig.get_platform().replace("-", "_").replace(".", "_")
        build_data["tag"] = f"cp311-abi3-{platform}"

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:
        """After a wheel is made."""
        folder = getattr(self, "folder", None)
        if folder is not None:
            shutil.rmtree(folder, ignore_errors=True)


def _building(root: Path) -> ModuleType:
    """`mapper.native.building`, without the package around it, which needs the dependencies of mapper."""
    spec = spec_from_file_location("building", root / "mapper" / "native" / "building.py")
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
