"""Emitted code: the module that a `Writer` wrote, as text, and a function of it."""

from __future__ import annotations

from typing import Any

from mapper.codegen.writer import Writer


def module_text(writer: Writer) -> str:
    """The Python source of a module: imports, constants, and the lines written."""
    lines = [f"from {module} import {name}" for module, name in sorted(writer.imports)]
    lines += [f"{name} = {expression}" for name, expression in writer.constants.items()]
    return "\n".join(lines + [line for line, _ in writer.lines])


def defined(source: str, name: str) -> Any:
    """The function of that name in a module that is executed now."""
    namespace: dict[str, Any] = {}
    exec(compile(source, "<generated>", "exec"), namespace)
    return namespace[name]
