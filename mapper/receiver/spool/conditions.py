"""Conditions: the part of a query that tells which rows are meant, made of what a filter asks for."""

from __future__ import annotations


def begins_with(column: str) -> str:
    """A text begins with the value."""
    return f"substr({column}, 1, length(?)) = ?"


def has_word(column: str) -> str:
    """A text of words with blanks between them has the value as one of its words."""
    return f"instr(' ' || {column} || ' ', ' ' || ? || ' ')"


def condition_of(first: str, *asked: tuple[str, str | int]) -> tuple[str, list[object]]:
    """A condition of SQL with its values: the first one, and those whose value is not empty and not 0."""
    parts, values = [first], list[object]()
    for condition, value in asked:
        if value:
            parts.append(condition)
            values += [value] * condition.count("?")
    return " AND ".join(parts), values
