"""Programs of the native core: what a mapping is to it, as data. docs/native-core.md explains the format."""

from __future__ import annotations

import struct
from dataclasses import dataclass, field
from enum import IntEnum

FORMAT_VERSION = 1
NONE = 0xFFFF  # no slot, no register


class Kind(IntEnum):
    """The kinds of values, in the order of the core."""

    MISSING = 0
    NULL = 1
    FALSE = 2
    TRUE = 3
    INTEGER = 4
    DECIMAL = 5
    TEXT = 6
    OBJECT = 7
    ARRAY = 8


class Code(IntEnum):
    """The instructions, in the order of the core."""

    END = 0
    DOUBT = 1
    MOVE = 2
    LOAD = 3
    IS_BLANK = 4
    IS_NOTHING = 5
    EQUALS = 6
    HOLDS = 7
    IS_TRUE = 8
    IS_KIND = 9
    NOT = 10
    JUMP = 11
    JUMP_IF = 12
    JUMP_UNLESS = 13
    SKIP = 14
    NEED_KIND = 15
    NEED_CONTENT = 16
    NEED_TIME = 17
    TO_TEXT = 18
    TO_INTEGER = 19
    TO_TIME = 20
    WITHIN = 21
    BEGIN = 22
    FINISH = 23
    PUT = 24
    PUT_TEXT = 25
    MEMBER = 26
    SPREAD = 27
    LIST = 28
    CALL = 29


@dataclass(frozen=True, slots=True)
class NativeProgram:
    """A program: its numbers, the texts that they point into (of UTF-8 bytes), and what Python does for it.

    `given` are the values of a request that it reads, each a scope and a name, or `bound` and the seconds
    after the time of receipt. `python` is the module with the functions that it calls, empty if it calls none.
    """

    numbers: tuple[int, ...] = field(repr=False)
    texts: str = field(repr=False)
    given: tuple[tuple[str, str], ...] = ()
    python: str = field(default="", repr=False)

    def packed(self) -> tuple[bytes, bytes]:
        """The numbers and texts as the core takes them; raises an error if a number does not fit."""
        return struct.pack(f"={len(self.numbers)}I", *self.numbers), self.texts.encode()
