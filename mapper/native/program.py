"""Programs of the native core: what a mapping is to it, as data. docs/native-core.md explains the format."""

from __future__ import annotations

import struct
from dataclasses import dataclass, field
from enum import IntEnum

FORMAT_VERSION = 1
NONE = 0xFFFF  # no slot, no register


class NativeKind(IntEnum):
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


class Instruction(IntEnum):
    """The instructions, in the order of the core."""

    END = 0
    DOUBT = 1
    MOVE = 2
    LOAD = 3
    IS_BLANK = 4
    IS_NOTHING = 5
    EQUALS = 6
    IS_TRUE = 7
    IS_KIND = 8
    NOT = 9
    JUMP = 10
    JUMP_IF = 11
    JUMP_UNLESS = 12
    SKIP = 13
    NEED_KIND = 14
    NEED_CONTENT = 15
    NEED_TIME = 16
    TO_TEXT = 17
    TO_TIME = 18
    WITHIN = 19
    BEGIN = 20
    FINISH = 21
    PUT = 22
    PUT_TEXT = 23
    MEMBER = 24
    SPREAD = 25
    LIST = 26
    CALL = 27


@dataclass(frozen=True, slots=True)
class NativeProgram:
    """A program: its numbers, the texts they point into (as UTF-8), and what Python does for it.

    `given` are the values of a request that it reads, each a scope and a name, or `bound` and the seconds
    after the time of receipt. `python` is the module with the functions that it calls, empty without calls.
    """

    numbers: tuple[int, ...] = field(repr=False)
    texts: str = field(repr=False)
    given: tuple[tuple[str, str], ...] = ()
    python: str = field(default="", repr=False)

    def packed(self) -> tuple[bytes, bytes]:
        """The numbers and texts as the core takes them; raises an error if a number does not fit."""
        return struct.pack(f"={len(self.numbers)}I", *self.numbers), self.texts.encode()
