"""Compiled: the plain data a Transform is made of, and the execution of a generated module."""

from __future__ import annotations

from dataclasses import dataclass, field
from types import CodeType
from typing import Any

from mapper.diagnostics.diagnostic import Diagnostic
from mapper.diagnostics.source import Read, digest
from mapper.native.program import NativeProgram
from mapper.runtime.limits import DEFAULT, Limits
from mapper.runtime.repair.policy import STRICT, Policy
from mapper.version import __version__


@dataclass(frozen=True, slots=True)
class Compiled:
    """All a Transform is made of: plain text and numbers, so that it can be stored (see `saved`).

    `offsets` gives, for each line of `python`, the offset in the mapping's text it came from. `target` is the
    target schema as JSON text. `objects_only` is false if the source schema allows items of other types.
    `narrow` is the module of the narrow path, empty if there is none; `native` the program of the core.
    `plan` describes both in words.
    `reads` are the files it was made from beside the mapping's own. `each` are the paths to the items, as
    written.
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
    native: NativeProgram | None = field(default=None, repr=False)
    diagnostics: tuple[Diagnostic, ...] = ()
    limits: Limits = DEFAULT
    reads: tuple[Read, ...] = ()
    each: tuple[str, ...] = ("$",)

    @property
    def version(self) -> str:
        """A digest in hex of all that decides which events it makes, but for its limits."""
        reads = ((read.kind, read.name, read.digest) for read in self.reads)
        return digest(repr((self.text, __version__, *reads)))


@dataclass(frozen=True, slots=True)
class Codes:
    """The modules of a Compiled as code; None for one that is not there, or nests too deep."""

    python: CodeType
    narrow: CodeType | None
    native: CodeType | None = None


@dataclass(frozen=True, slots=True)
class ModuleText:
    """The loader of a generated module: tracebacks and debuggers get its text from it through `linecache`."""

    text: str = field(repr=False)

    def get_source(self, name: str) -> str:
        """The text of the module."""
        return self.text


def module_name(python: str, mapping: str) -> str:
    """The file name of a generated module in tracebacks.

    It ends in `.py` because `linecache` asks no loader for a name that ends in an angle bracket.
    """
    return f"<mapper {ascii(mapping)[1:-1]} {digest(python)[:12]}>.py"


def compile_module(python: str, mapping: str) -> CodeType:
    """The code of a generated module; raises one of TOO_DEEP_TO_COMPILE if it nests too deep."""
    return compile(python, module_name(python, mapping), "exec", dont_inherit=True)


def execute(python: str, mapping: str, code: CodeType | None = None) -> dict[str, Any]:
    """Run a generated module, from `code` if there is any, in a namespace of its own."""
    code = compile_module(python, mapping) if code is None else code
    names: dict[str, Any] = {"__name__": code.co_filename, "__loader__": ModuleText(python), "__spec__": None}
    exec(code, names)  # the text came out of codegen, where user text passes through repr() alone
    return names
