"""Value fit: the values that a template writes against the values that the target surely takes there."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from functools import reduce

from mapper.checker.target_places import judge_at
from mapper.checker.templates.json_grammar import ANY_KEY, ELEMENT, ElementCount, Path
from mapper.checker.templates.rendering import TemplateRendering
from mapper.checker.templates.scalars import WrittenValue
from mapper.checker.templates.target_fit import TargetMisfit, kind_of, values_at
from mapper.checker.templates.walk import Walk
from mapper.checker.types import (
    ANYTHING,
    MISSING_ONLY,
    NEVER,
    Arrays,
    Numbers,
    Objects,
    SchemaTypes,
    Texts,
    Type,
    is_subtype,
    join_all,
    meet,
    only,
    unknown_types,
)
from mapper.checker.types.facts import KINDS
from mapper.checker.types.named import kind_type
from mapper.checker.types.text_languages import language_of
from mapper.diagnostics.source import Span
from mapper.ir import liquid as ir
from mapper.regex.comparisons import difference, is_disjoint
from mapper.regex.languages import shortest
from mapper.schemas.schema import Schema

_MAX_LENGTH = 50  # of a list that is tried


@dataclass(frozen=True, slots=True)
class ValueMisfit:
    """A value of a right kind that may lie outside of what the target allows at its place.

    `always` is true if nothing else is ever written there. `inner` are the questions about the same place and
    the places inside: one of them answers for what it shows. `texts`, `numbers` and `lengths` of lists are
    tried in payloads.
    """

    path: Path
    kind: str
    span: Span
    wanted: SchemaTypes
    fits: Callable[[object], bool] = field(compare=False)
    always: bool = False
    operand: ir.Operand | None = None
    inner: tuple[TargetMisfit | ValueMisfit, ...] = ()
    texts: tuple[str, ...] = ()
    numbers: tuple[int | float, ...] = ()
    lengths: tuple[int, ...] = ()
    key: str = ""

    def shown_by(self, rendered: TemplateRendering) -> bool:
        """True if a rendering has such a value that the target refuses."""
        return (
            rendered.passes
            and any(map(self.refuses, values_at(rendered.value, self.path)))
            and not any(each.shown_by(rendered) for each in self.inner)
        )

    def refuses(self, value: object) -> bool:
        """True for a value of this kind that the target does not allow here."""
        return kind_of(value) == self.kind and not self.fits(value)

    @property
    def what(self) -> str:
        """The thing that may not fit, in words."""
        return f"{'text' if self.kind == 'string' else self.kind} that the target does not allow"


def value_misfits(
    walk: Walk, target: Schema, types: SchemaTypes, others: Iterable[TargetMisfit]
) -> list[ValueMisfit]:
    """The places of an event at which no proof shows that the target takes all that is written.

    `others` are the misfits of kinds and names, which are asked about themselves.
    """
    fit = _ValueFit(walk, target, tuple(others))
    fit.at((), types)
    return fit.found


@dataclass(slots=True)
class _ValueFit:
    walk: Walk
    target: Schema
    others: tuple[TargetMisfit, ...]
    found: list[ValueMisfit] = field(default_factory=list)
    written: dict[Path, list[WrittenValue]] = field(init=False)

    def __post_init__(self) -> None:
        self.written = {}
        for each in self.walk.written:
            self.written.setdefault(each.path, []).append(each)

    def at(self, path: Path, wanted: SchemaTypes) -> Type:
        """The type of what is written at a place, supposing that what is asked about fits."""
        surely = wanted.alone
        parts = [self._scalar(path, kind, wanted, surely) for kind in KINDS]
        objects = [shown for shown in self.walk.seen if shown.kind == "keys" and shown.path == path]
        if objects:
            parts.append(self._object(path, wanted, surely))
        if any(shown.kind == "elements" and shown.path == path for shown in self.walk.seen):
            parts.append(self._array(path, wanted, surely))
        return join_all(parts)

    def _is_asked(self, path: Path, kind: str) -> bool:
        """True if a question about the kind alone stands for all values of it that are written there."""
        return any(each.path == path and each.kind == kind for each in self.others)

    # --- values that are written whole

    def _scalar(self, path: Path, kind: str, wanted: SchemaTypes, surely: Type) -> Type:
        if self._is_asked(path, kind):
            return NEVER
        written = self.written.get(path, ())
        given = [(each, part) for each in written if (part := only(each.value, kind)).is_present]
        fitting = only(surely, kind)
        unsure = [(each, part) for each, part in given if not is_subtype(part, fitting)]
        if not unsure:
            return join_all(meet(part, fitting) for _, part in given)
        each = unsure[0][0]
        judge = judge_at(wanted, self.target)
        everything = self.written[path]
        always = all(_never_fits(one.value, judge, wanted.upper) for one in everything)
        span = getattr(each.operand, "span", None) or self.walk.written[each]
        misfit = ValueMisfit(path, kind, span, wanted, judge, always, each.operand)
        texts = tuple(_texts_to_try([part for _, part in unsure], wanted.upper.texts))
        numbers = tuple(_numbers_to_try(wanted.upper.numbers)) if kind == "number" else ()
        lengths = tuple(_lengths_to_try(wanted.upper.arrays)) if kind == "array" else ()
        self.found.append(replace(misfit, texts=texts, numbers=numbers, lengths=lengths))
        return only(surely, kind) if kind in surely.kinds else kind_type(kind)

    # --- objects and arrays that the template puts together

    def _object(self, path: Path, wanted: SchemaTypes, surely: Type) -> Type:
        before = len(self.found)
        ends = [shown for shown in self.walk.seen if shown.kind == "keys" and shown.path == path]
        sure = frozenset.intersection(*(end.sure for end in ends))
        here = [each for each in self.others if each.path == path]
        lacking = {each.key for each in here if each.kind == "lacks"}
        adding = {each.key for each in here if each.kind == "adds"}
        members = {}
        for name in sorted(frozenset.union(*(end.keys for end in ends)) - adding):
            inner = wanted.of_member(name)
            found = self.at((*path, name), inner)
            if not found.is_present:  # all of it is asked about by its kind
                found = inner.lower if inner.lower.is_present else ANYTHING
            members[name] = replace(found, missing=name not in sure | lacking)
        for name in lacking - members.keys():
            members[name] = replace(wanted.of_member(name).lower, missing=False)
        is_open = any(end.unknown for end in ends)
        rest = self.at((*path, ANY_KEY), unknown_types()).with_missing() if is_open else MISSING_ONLY
        fewest = min(len(end.sure) for end in ends) + len(lacking - sure)
        most = None if is_open else len(members)
        whole = Type(objects=(Objects(members, rest, fewest, most),))
        span = next(span for shown, span in self.walk.seen.items() if shown in ends)
        return self._built(path, "object", whole, wanted, surely, span, before)

    def _array(self, path: Path, wanted: SchemaTypes, surely: Type) -> Type:
        before = len(self.found)
        ends = [shown for shown in self.walk.seen if shown.kind == "elements" and shown.path == path]
        inner = wanted.of_element()
        count = reduce(ElementCount.joined, (end.count for end in ends))
        has_elements = count.most != 0
        element = self.at((*path, ELEMENT), inner) if has_elements else NEVER
        if has_elements and not element.is_present:
            element = inner.lower if inner.lower.is_present else ANYTHING
        whole = Type(arrays=Arrays(element, count.fewest, count.most))
        span = next(span for shown, span in self.walk.seen.items() if shown in ends)
        return self._built(path, "array", whole, wanted, surely, span, before)

    def _built(
        self,
        path: Path,
        kind: str,
        whole: Type,
        wanted: SchemaTypes,
        surely: Type,
        span: Span,
        before: int,
    ) -> Type:
        """The type of a built value; a question about it if the members alone do not answer it."""
        if is_subtype(whole, surely):
            return whole
        if self._is_asked(path, kind):
            return NEVER
        inside = self.found[before:]
        # If nothing is known to fit inside, that question comes first.
        if not any(each.kind not in each.wanted.alone.kinds for each in inside):
            below = tuple(each for each in self.others if each.path[: len(path)] == path)
            judge, always = judge_at(wanted, self.target), meet(whole, wanted.upper).is_never
            misfit = ValueMisfit(path, kind, span, wanted, judge, always, inner=(*below, *inside))
            lengths = tuple(_lengths_to_try(wanted.upper.arrays)) if kind == "array" else ()
            self.found.append(replace(misfit, lengths=lengths))
        return only(surely, kind) if kind in surely.kinds else kind_type(kind)


def _never_fits(value: Type, judge: Callable[[object], bool], wanted: Type) -> bool:
    """True if none fits: for values of other kinds, for texts, or for a few numbers or words."""
    if not value.kinds & wanted.kinds:
        return True
    numbers, texts = value.numbers, value.texts
    if value == only(value, "string") and texts is not None and wanted.texts is not None:
        is_open = texts.values is None and wanted.texts.values is None
        if is_open and is_disjoint(language_of(texts), language_of(wanted.texts)) is True:
            return True
    if value.arrays or value.objects:
        return False
    listed: list[object] = [*value.booleans, *([None] if value.null else ())]
    if numbers is not None and numbers.values is not None:
        listed += numbers.values
    if texts is not None and texts.values is not None:
        listed += texts.values
    is_listed = all(part is None or part.values is not None for part in (numbers, texts))
    return is_listed and bool(listed) and not any(map(judge, listed))


def _texts_to_try(parts: Iterable[Type], wanted: Texts | None) -> Iterator[str]:
    """Texts that are written, outside of those wanted if there are some."""
    for part in parts:
        if part.texts is None or wanted is None:
            continue
        written = language_of(part.texts)
        outside = written if wanted.values is not None else difference(written, language_of(wanted))
        for found in (shortest(outside), shortest(written)):
            if found:
                yield found
                if wanted.longest is not None:
                    yield found + found[-1] * (wanted.longest + 1 - len(found))
                    yield found + found[-1] * (wanted.longest - len(found))
    if wanted is not None and wanted.longest is not None:
        yield "x" * (wanted.longest + 1)
        # Letters that become several in another case.
        yield from (letter * count for letter in "ßİ" for count in (wanted.longest // 2 + 1, wanted.longest))


def _numbers_to_try(wanted: Numbers | None) -> Iterator[int | float]:
    """The bounds, values and steps of the numbers wanted, and the numbers beside them."""
    if wanted is not None:
        for bound in (wanted.low, wanted.high, *sorted(wanted.values or ()), *sorted(wanted.steps)):
            if bound is not None:
                yield from (bound - 1, bound, bound + 1)


def _lengths_to_try(wanted: Arrays | None) -> Iterator[int]:
    """The bounds of the lengths wanted, and the lengths beside them."""
    if wanted is not None:
        for bound in (wanted.shortest, wanted.longest):
            if bound is not None:
                yield from (each for each in (bound - 1, bound, bound + 1) if 0 <= each <= _MAX_LENGTH)
