"""Native: the optional core in C that maps most bodies, and the programs that it runs.

`MAPPER_CORE` decides: `0` leaves the core out, `1` makes it an error if there is none; unset, it is used
if it is there. Python maps whatever the core does not.
"""

from __future__ import annotations

import os
from functools import cache
from importlib import import_module
from types import ModuleType


@cache
def load_core() -> ModuleType | None:
    """The core; None if it is not there or not wanted. Raises ImportError if it is missing but required."""
    wanted = os.environ.get("MAPPER_CORE", "")
    if wanted == "0":
        return None
    try:
        core = import_module("mapper.native._core")
    except ImportError as error:
        if wanted == "1":
            raise ImportError(f"MAPPER_CORE=1 asks for the native core: {error}") from error
        return None
    return core
