"""New files: files are written whole, and never over others."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

from mapper.diagnostics.stop import Stop
from mapper.transform.whole_file import open_part, random_part, sync_folder, write_all


def write_new(path: Path, data: bytes) -> None:
    """Write a file that must not be there yet; raises Stop if it is, or if it cannot be written.

    The name is given by a link, which fails if another program has used it meanwhile.
    """
    part = random_part(path)
    try:
        descriptor = open_part(part)
        try:
            write_all(descriptor, data)
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        try:
            os.link(part, path)
        finally:
            with suppress(OSError):
                os.unlink(part)
        sync_folder(path)
    except FileExistsError:
        raise Stop(f"`{path}` exists; nothing is overwritten") from None
    except OSError as error:
        raise Stop(f"`{path}` cannot be written: {error.strerror or error}", 1) from None
