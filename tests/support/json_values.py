"""JSON values: random ones with brackets in their texts, and how deep they nest."""

from __future__ import annotations

from hypothesis import strategies as st

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.sampled_from('[]{}"\\,:a\n')),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.text(st.sampled_from('[]{}"\\,:a')), inner, max_size=4)
    ),
    max_leaves=15,
)


def height(value: object) -> int:
    """The number of levels of objects and arrays."""
    if isinstance(value, dict):
        return 1 + max(map(height, value.values()), default=0)
    return 1 + max(map(height, value), default=0) if isinstance(value, list) else 0


def parts(value: object) -> list[object]:
    """A value and all values inside."""
    children = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return [value, *(part for child in children for part in parts(child))]


def nested(depth: int) -> bytes:
    """The text of an array with so many levels."""
    return b"[" * depth + b"]" * depth
