"""Whole files: a file is replaced in one step, so that other processes see the old one or the new one."""

from __future__ import annotations

import os
from pathlib import Path


def replace_file(path: Path, data: bytes, part: Path) -> None:
    """Write a file by way of `part`, a name in the same folder; raises OSError and leaves no part."""
    try:
        with part.open("wb") as stream:
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())
        part.replace(path)
    except BaseException:
        part.unlink(missing_ok=True)
        raise
