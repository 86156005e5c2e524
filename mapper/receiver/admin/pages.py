"""Pages: HTML from templates. Each text that is put in is escaped, and its hidden characters are shown."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup
from starlette.responses import Response

from mapper.diagnostics.render.visible import visible

TEMPLATES = Path(__file__).parent / "templates"
POLICY = "default-src 'none'; style-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
HEADERS = {
    "content-security-policy": POLICY,
    "x-frame-options": "DENY",
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "cache-control": "no-store",
}


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_shown,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["grouped"] = lambda number: f"{number:,}"
    environment.filters["size"] = size
    environment.filters["period"] = period
    return environment


def _shown(value: Any) -> Any:
    # Marks that turn a line around would show another text than the one that is there.
    return visible(value) if isinstance(value, str) and not isinstance(value, Markup) else value


def page(name: str, status: int = 200, **values: Any) -> Response:
    """The page of a template, with the headers that keep scripts, frames and caches away."""
    text = _environment().get_template(f"{name}.html").render(values)
    return Response(text.encode("utf-8", "backslashreplace"), status, HEADERS, "text/html")


def style() -> Response:
    """The style sheet."""
    text = (TEMPLATES / "style.css").read_bytes()
    return Response(text, 200, HEADERS, "text/css")


def size(count: float) -> str:
    """Bytes with a unit, such as `1.5 GB`."""
    for unit in ("B", "kB", "MB", "GB"):
        if count < 1000:
            return f"{count:.3g} {unit}"
        count /= 1000
    return f"{count:,.3g} TB"


def period(seconds: float) -> str:
    """A time in its largest unit, such as `3 min`."""
    for unit, length in (("d", 86_400), ("h", 3_600), ("min", 60)):
        if seconds >= length:
            return f"{seconds / length:.3g} {unit}"
    return f"{seconds:.0f} s"
