"""Building of the core: one call of the C compiler. The build hook loads this module by its path."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
import sysconfig
from pathlib import Path

FILE = "_core.abi3.so"
SOURCE = Path(__file__).with_name("core.c")
FLAGS = ("-O3", "-fPIC", "-shared", "-fvisibility=hidden")


class NotBuilt(Exception):
    """Raised if the core cannot be built here; the message is the reason."""


def build_core(path: Path, *flags: str) -> None:
    """Compile the core to a file, whole or not at all; raises NotBuilt."""
    if sys.implementation.name != "cpython" or os.name == "nt" or sysconfig.get_config_var("Py_GIL_DISABLED"):
        raise NotBuilt("it is for CPython with its lock, on a system with a Unix compiler")
    compiler = shlex.split(os.environ.get("CC") or sysconfig.get_config_var("CC") or "cc")
    more = ("-undefined", "dynamic_lookup") if sys.platform == "darwin" else ()
    include = f"-I{sysconfig.get_paths()['include']}"
    made = path.with_name(f"{path.name}.{os.getpid()}")
    command = [*compiler, *FLAGS, *more, *flags, include, str(SOURCE), "-o", str(made)]
    try:
        subprocess.run(command, check=True, capture_output=True, text=True)
        made.replace(path)
    except (OSError, subprocess.CalledProcessError) as error:
        lines = (getattr(error, "stderr", None) or str(error)).strip().splitlines()
        made.unlink(missing_ok=True)
        raise NotBuilt(lines[0] if lines else "the compiler fails") from error


def build_in_place() -> None:
    """Build the core beside its source, for a checkout, if it is missing or older; raises NotBuilt."""
    path = SOURCE.with_name(FILE)
    if not path.exists() or path.stat().st_mtime < SOURCE.stat().st_mtime:
        build_core(path)
