"""Shapes: objects and lists whose members are removed at every depth."""

from __future__ import annotations

from dataclasses import dataclass, field

from mapper.runtime.missing import MISSING, is_blank_text


def prune(value: object, kinds: tuple[str, ...]) -> object:
    """A value without its members and elements of the kinds `null`, `blank` and `empty`, at any depth.

    An object or list that becomes empty counts as empty. MISSING if the value itself is of one of the kinds.
    The value itself is not changed. One that nests deeper than the stack is a RecursionError.
    """
    return _Pruning("null" in kinds, "blank" in kinds, "empty" in kinds).of(value)


@dataclass(slots=True)
class _Pruning:
    """One walk; `done` holds the results for containers, since a parsed payload may repeat one many times."""

    null: bool
    blank: bool
    empty: bool
    done: dict[int, object] = field(default_factory=dict)

    def of(self, value: object) -> object:
        """The value without such members; in one function, as each level takes one frame of the stack."""
        if isinstance(value, str):
            return MISSING if self.blank and is_blank_text(value) else value
        if value is None:
            return MISSING if self.null else None
        if not isinstance(value, dict | list):
            return value
        known = self.done.get(id(value))
        if known is not None:
            return known
        kept: dict[object, object] | list[object]
        if isinstance(value, dict):
            kept = {}
            for name, member in value.items():
                pruned = self.of(member)
                if pruned is not MISSING:
                    kept[name] = pruned
        else:
            kept = []
            for element in value:
                pruned = self.of(element)
                if pruned is not MISSING:
                    kept.append(pruned)
        result = self.done[id(value)] = MISSING if self.empty and not kept else kept
        return result
