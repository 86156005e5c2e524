"""Limits at run time: the sizes of bodies, paths, templates and mappings beyond which they are refused.

They are handed down through a context variable, because the code that asks for them (a filter inside a
library's template, a path's loop) is far from the code that sets them. The default limits are never set.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, fields, replace

# The numbers of levels that values and texts may nest, each with its reason. Without these limits, the stack
# that the caller has left would decide, and the version of Python: its own limit is 1,000 frames, and most
# walks take one or two frames for each level.

# Levels of an item that a caller may allow (`Limits.nesting`, 200 unless set). Twice as many frames still fit
# on a fresh stack of 1,000.
MAX_NESTING = 400
# Levels of a mapping, a dialect or a schema file: later stages walk their trees by recursion, several frames
# a level.
MAX_FILE_DEPTH = 100
# Levels of an event: those of an item, and those of the mapping around them.
MAX_EVENT_DEPTH = MAX_NESTING + MAX_FILE_DEPTH
# Open brackets of a body. Other items of a deep body are still mapped, by a reader without recursion that
# takes memory for each bracket; a body with more brackets is not read at all.
MAX_BODY_DEPTH = 10_000
# Open brackets of a body that is repaired: each reading of it keeps its own.
MAX_REPAIRED_DEPTH = 1_000
# Levels of a value that is hashed. The walk does not recurse; the limit stops values that contain themselves.
MAX_CANONICAL_DEPTH = 1_000
# Tags of a template inside each other: python-liquid's parser and its nodes recurse, several frames a tag.
MAX_TAG_DEPTH = 30
# Of these, the tags and loops that become Python code; the library's interpreter runs the others. CPython's
# tokenizer takes 100 levels of indentation, and its compiler 20 loops inside each other.
MAX_LOWERED_TAGS = 20
MAX_LOWERED_LOOPS = 8
# Open brackets of a path: its parser recurses, and so does the code generated for its filters.
MAX_PATH_DEPTH = 50


@dataclass(frozen=True, slots=True)
class Limits:
    """The work that a service is willing to do. Raises TypeError or ValueError if one is no positive integer.

    Input beyond a limit ends as a rejection or a diagnostic with the code named here, never as an exception.
    """

    # Of the memory that a body takes, a text may be five times its bytes, and a tiny value fifty times. With
    # this limit and that of `values`, reading a body takes at most 150 MB.
    body_bytes: int = 16 * 1024 * 1024  # M608: bytes of a body
    nesting: int = 200  # M606: levels of an item, a rendered template, a JSON text, a value taken over
    items: int = 10_000  # M608: items of a body
    values: int = 1_000_000  # M608: commas and opening brackets of a body, outside of its texts
    form_fields: int = 10_000  # M608: fields of a form, with empty ones
    path_matches: int = 100_000  # M608: matches of one path whose matches can multiply
    path_visits: int = 1_000_000  # M608: values one `..` looks at
    loop_rounds: int = 10_000  # M619: rounds of a template's loops inside each other
    text_length: int = 1_000_000  # M620: characters of a text a template builds
    # Four times `body_bytes`: an honest event repeats few parts of its body, and few of them twice.
    event_bytes: int = 64 * 1024 * 1024  # M624: bytes of an event as compact JSON
    # No more than one event, so that memory is bounded by the same number whatever `each` finds.
    result_bytes: int = 64 * 1024 * 1024  # M625: bytes of all events of a body as compact JSON
    # No work takes more than twenty nanoseconds a unit, most takes less than ten.
    item_work: int = 500_000_000  # M629: units of work for an item, as in `runtime.work`
    body_work: int = 750_000_000  # M630: units of work for all items of a body
    mapping_bytes: int = 1024 * 1024  # M010: bytes of a mapping or dialect file
    mapping_nodes: int = 20_000  # M110: YAML values of a mapping
    schema_bytes: int = 2_000_000  # M010: bytes of a schema file

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            if not isinstance(value, int) or isinstance(value, bool):
                raise TypeError(f"Limits.{field.name} must be a whole number")
            if value < 1:
                raise ValueError(f"Limits.{field.name} must be at least 1")
        if self.nesting > MAX_NESTING:
            raise ValueError(f"Limits.nesting must be at most {MAX_NESTING}")


DEFAULT = Limits()
# Rounds of loops in a program that is run to check it: more show nothing new.
_TRIED_ROUNDS = 1_000
_TRIED_CHARACTERS = 1_000
_active: ContextVar[Limits] = ContextVar("mapper_limits", default=DEFAULT)
active = _active.get


@contextmanager
def within(limits: Limits) -> Iterator[None]:
    """Put limits in force inside the block."""
    token = _active.set(limits)
    try:
        yield
    finally:
        _active.reset(token)


def checked(limits: Limits | None) -> Limits:
    """The limits that a caller has given, or the default ones; raises TypeError for anything else."""
    if limits is not None and not isinstance(limits, Limits):
        raise TypeError(f"limits must be a mapper.Limits, not {type(limits).__name__}")
    return limits or DEFAULT


def trial_limits(length: int) -> Limits:
    """The limits of a program that is run to check it; `length` is that of its own text in characters.

    A run that ends with M619 or M620 under these limits shows nothing about the program. They have to be in
    force when its code is generated, and when it runs.
    """
    limits = active()
    return replace(
        limits,
        text_length=min(limits.text_length, _TRIED_CHARACTERS + 2 * length),
        loop_rounds=min(limits.loop_rounds, _TRIED_ROUNDS),
    )
