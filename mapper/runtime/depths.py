"""Depths: how many levels values and texts may nest. What nests deeper is refused with a diagnostic.

Without these limits, the stack that the caller has left would decide, and so would the version of Python: its
own limit is 1,000 frames, and most walks take one or two frames for each level.
"""

from __future__ import annotations

# Levels of an item that a caller may allow (`Limits.nesting`, 200 unless set). Twice as many frames still fit
# on a fresh stack of 1,000.
MAX_NESTING = 400
# Levels of an event: those of an item, and those of the mapping around them (100 levels of YAML).
MAX_EVENT_DEPTH = MAX_NESTING + 100
# Open brackets of a body. Other items of a deep body are still mapped, by a reader without recursion that
# takes some 200 bytes of memory for a bracket; a body with more brackets is not read at all.
MAX_BODY_DEPTH = 10_000
# Open brackets of a body that is repaired: each reading of it keeps its own.
MAX_REPAIRED_DEPTH = 1_000
# Levels of a value that is hashed. The walk does not recurse; the limit stops values that contain themselves.
MAX_CANONICAL_DEPTH = 1_000
# Open groups of a text with `format: regex`: CPython's parser of expressions recurses.
MAX_GROUP_DEPTH = 50
# Tags of a template inside each other: python-liquid's parser and its nodes recurse, several frames a tag.
MAX_TAG_DEPTH = 30
# Of these, the tags and loops that become Python code; the library's interpreter runs the others. CPython's
# tokenizer takes 100 levels of indentation, and its compiler 20 loops inside each other.
MAX_LOWERED_TAGS = 20
MAX_LOWERED_LOOPS = 8
# Open brackets of a path: its parser recurses, and so does the code generated for its filters.
MAX_PATH_DEPTH = 50
