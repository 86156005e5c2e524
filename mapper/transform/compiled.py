"""Compiled: all a Transform is made of, as plain data; and how the text of a generated module is executed."""

from __future__ import annotations

from dataclasses import dataclass, field
from types import CodeType
from typing import Any

from mapper.diagnostics.diagnostic import Diagnostic
from mapper.diagnostics.source import Read, digest
from mapper.runtime.limits import DEFAULT, Limits
from mapper.runtime.repair.policy import STRICT, Policy
from mapper.version import __version__


@dataclass(frozen=True, slots=True)
class Compiled:
    """All a Transform is made of: plain text and numbers, so that it pickles and can be saved.

    `offsets` gives, for each line of `python`, the offset in the mapping's text it came from. `target` is the
    target schema as JSON text. `objects_only` is false where the source schema allows items of other types.
    `narrow` is the module of the bytes path, empty where there is none; `plan` tells it in words. `reads` are
    the files it was made from beside the mapping's own.
    """

    name: str
    description: str
    filename: str
    text: str = field(repr=False)
    python: str = field(repr=False)
    offsets: tuple[int | None, ...] = field(repr=False)
    target: str = field(repr=False)
    objects_only: bool
    policy: Policy = STRICT
    narrow: str = field(default="", repr=False)
    plan: str = field(default="", repr=False)
    diagnostics: tuple[Diagnostic, ...] = ()
    limits: Limits = DEFAULT
    reads: tuple[Read, ...] = ()
    version: str = __version__


@dataclass(frozen=True, slots=True)
class Codes:
    """Both modules of a Compiled as code; `narrow` is None where there is none, or it nests too deep."""

    python: CodeType
    narrow: CodeType | None


@dataclass(frozen=True, slots=True)
class ModuleText:
    """What `linecache` asks for the text of a generated module, once a traceback or a debugger shows it."""

    text: str = field(repr=False)

    def get_source(self, name: str) -> str:
        """The text of the module whose namespace this stands in."""
        return self.text


def module_name(python: str, mapping: str) -> str:
    """What tracebacks call a generated module.

    It ends in `.py` because `linecache` asks no namespace for the text of what stands in angle brackets.
    """
    return f"<mapper {ascii(mapping)[1:-1]} {digest(python)[:12]}>.py"


def compile_module(python: str, mapping: str) -> CodeType:
    """The code of a generated module; raises one of TOO_DEEP_TO_COMPILE where that is what it is."""
    return compile(python, module_name(python, mapping), "exec", dont_inherit=True)


def execute(python: str, mapping: str, code: CodeType | None = None) -> dict[str, Any]:
    """Run a generated module, from `code` if there is any, in a namespace of its own."""
    code = compile_module(python, mapping) if code is None else code
    names: dict[str, Any] = {"__name__": code.co_filename, "__loader__": ModuleText(python), "__spec__": None}
    exec(code, names)  # the text came out of codegen, where user text passes through repr() alone
    return names
