"""Stop: a command ends early, with one line on standard error."""

from __future__ import annotations


class Stop(Exception):
    """Ends the command with a message and an exit code: 2 for wrong usage, 1 for a problem found.

    3 means that an input cannot be read to its end.
    """

    def __init__(self, message: str, code: int = 2) -> None:
        super().__init__(message)
        self.code = code
