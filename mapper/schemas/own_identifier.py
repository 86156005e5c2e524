"""Own identifier: references by a schema's own `$id` stay inside its file, and become `#…` references."""

from __future__ import annotations

from typing import Any
from urllib.parse import urldefrag, urljoin

from mapper.schemas.questions import subschemas


def localize(document: dict[str, Any]) -> None:
    """Rewrite, in place, each reference that the `$id` at the top leads back into the document.

    A reference is resolved against the `$id` (2020-12 core §8.2.1). All others stay as they are.
    """
    base = document.get("$id")
    own = _without_fragment(base, "") if isinstance(base, str) else None
    if own is None:
        return
    for _, node in subschemas(document):
        if not isinstance(node, dict):
            continue
        for keyword in ("$ref", "$dynamicRef"):
            reference = node.get(keyword)
            if isinstance(reference, str) and _without_fragment(base, reference) == own:
                node[keyword] = "#" + reference.partition("#")[2]


def _without_fragment(base: object, reference: str) -> str | None:
    """The resolved reference without its fragment; None for what is no URI."""
    try:
        return urldefrag(urljoin(str(base), reference)).url
    except ValueError:
        return None
