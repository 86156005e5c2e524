"""Differences between two JSON documents: their places and kinds."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mapper.runtime.missing import MISSING
from mapper.samples.differences import ChangeKind, differences

scalars = (
    st.none()
    | st.booleans()
    | st.integers(-2, 2)
    | st.sampled_from([0.5, 1.0, 2.0])
    | st.text("ab ", max_size=2)
)
documents = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text("ab", max_size=2), inner, max_size=3),
)


class TestDifferences:
    @pytest.mark.parametrize(
        ("expected", "actual", "found"),
        [
            ({"a": [1, {"b": None}]}, {"a": [1, {"b": None}]}, []),
            ({"a": 1, "b": 2}, {"b": 2, "a": 1}, []),
            (1, 2, [("$", 1, 2)]),
            (1, "1", [("$", 1, "1")]),
            (1, 1.0, [("$", 1, 1.0)]),
            (1, True, [("$", 1, True)]),
            (0, False, [("$", 0, False)]),
            (None, "", [("$", None, "")]),
            ({}, [], [("$", {}, [])]),
            ({"a": 1}, {"a": 1, "b": None}, [("$.b", MISSING, None)]),
            ({"a": {"b c": 1}}, {"a": {}}, [("$.a['b c']", 1, MISSING)]),
            ({"it's": 1}, {"it's": 2}, [("$['it\\'s']", 1, 2)]),
            ([1, 2, 3], [2, 3], [("$[0]", 1, MISSING)]),
            ([2, 3], [1, 2, 3], [("$[0]", MISSING, 1)]),
            ([0, 0, 2], [0, 2, 0, 2], [("$[1]", MISSING, 2)]),
            ([{"a": 1}, {"a": 2}], [{"a": 1}, {"a": 3}], [("$[1].a", 2, 3)]),
            ([1], [True], [("$[0]", 1, True)]),
            ([1, 2, 3, 4], [1, 9, 4], [("$[1]", 2, 9), ("$[2]", 3, MISSING)]),
            ({"a": [1, 2]}, {"a": [2, 1]}, [("$.a", [1, 2], [2, 1])]),
        ],
    )
    def test_places(self, expected: object, actual: object, found: list[tuple[str, object, object]]) -> None:
        differing = [(d.location, d.expected, d.actual) for d in differences(expected, actual)]
        assert differing == found
        assert [tuple(map(type, d)) for d in differing] == [tuple(map(type, d)) for d in found]

    @pytest.mark.parametrize("opening", ["[", '{"a":'])
    def test_deep_documents_are_compared_to_the_ground(self, opening: str) -> None:
        closing = "]" if opening == "[" else "}"
        one, other = (json.loads(opening * 800 + leaf + closing * 800) for leaf in ("1", "true"))
        assert differences(one, one) == []
        assert len(differences(one, other)) == 1

    @given(documents, documents)
    def test_no_difference_means_the_same_document(self, one: object, other: object) -> None:
        assert differences(one, one) == []
        same = json.dumps(one, sort_keys=True) == json.dumps(other, sort_keys=True)
        assert (differences(one, other) == []) == same

    @given(st.lists(documents), documents, st.data())
    def test_one_element_more_is_one_difference(
        self, elements: list[object], new: object, data: st.DataObject
    ) -> None:
        index = data.draw(st.integers(0, len(elements)))
        (found,) = differences(elements, [*elements[:index], new, *elements[index:]])
        assert (found.kind, found.actual) == (ChangeKind.ADDED, new)

    @pytest.mark.parametrize(
        ("expected", "actual", "kind"),
        [
            ({}, {"a": 1}, ChangeKind.ADDED),
            ({"a": 1}, {}, ChangeKind.REMOVED),
            ({"a": 1}, {"a": 2}, ChangeKind.CHANGED),
            ({"a": [1, 2]}, {"a": [2, 1]}, ChangeKind.ORDER),
        ],
    )
    def test_kinds(self, expected: object, actual: object, kind: ChangeKind) -> None:
        assert [d.kind for d in differences(expected, actual)] == [kind]

    @pytest.mark.parametrize(
        ("expected", "actual", "texts"),
        [
            ("a", "b", ('"a"', '"b"')),
            (1, "1", ("1 (integer)", '"1" (string)')),
            (1, 1.0, ("1 (integer)", "1.0 (number)")),
            (None, {}, ("null (null)", "{} (object)")),
            ("é", "x" * 70, ('"é"', '"' + "x" * 59 + "…")),
            ("x" * 99 + "a", "x" * 99 + "b", ("…" + "x" * 20 + 'a"', "…" + "x" * 20 + 'b"')),
        ],
    )
    def test_texts(self, expected: object, actual: object, texts: tuple[str, str]) -> None:
        (difference,) = differences(expected, actual)
        assert difference.texts() == texts

    def test_a_missing_side_has_no_text(self) -> None:
        (difference,) = differences({}, {"a": 1})
        assert difference.texts() == (None, "1")
