"""`mapper explain`: the page of a code, and the list of all codes."""

from __future__ import annotations

import pytest

from mapper.diagnostics.codes import CODES
from support.calls import (
    Call,
)


class TestExplain:
    def test_by_code_and_by_name(self, call: Call) -> None:
        page = call("explain", "M301")
        assert page.code == 0
        assert page.out.startswith("M301 unknown-field: ")
        assert "Wrong mapping\n" in page.out
        assert "Right mapping\n" in page.out
        assert call("explain", "unknown-field") == call("explain", "m301") == page

    def test_the_examples_mark_where_they_differ(self, call: Call) -> None:
        lines = call("explain", "M301").out.splitlines()
        assert len([line for line in lines if line.startswith("  - ")]) >= 1
        assert len([line for line in lines if line.startswith("  + ")]) >= 1

    def test_the_list_holds_every_code(self, call: Call) -> None:
        listed = [line.split()[:2] for line in call("explain").out.splitlines()]
        assert listed == [[code.number, code.slug] for code in CODES.values()]

    @pytest.mark.parametrize("code", sorted(CODES))
    def test_every_code_has_a_page(self, call: Call, code: str) -> None:
        assert len(call("explain", code).out.splitlines()) >= 3
