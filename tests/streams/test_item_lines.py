"""Lines of items: numbers that count from the start of a part become those of the file."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mapper.streams.item_lines import move_lines, rejection_line, skip_line
from mapper.transform.result import Rejected, Skipped


class TestNumbers:
    """Lines of items are written with numbers that count from the beginning of a part."""

    names = st.text(max_size=9) | st.sampled_from(['","line":3,"', "\\", '\\"', "\udc80\\", "\n", "{}"])

    @given(names, st.integers(0, 10**9), st.integers(0, 10**9), st.none() | st.text())
    def test_moved(self, name: str, number: int, by: int, item: object) -> None:
        around = {"each": ["$"], "body_text": '{"file":"a","line":3}\n'}

        def written(at: int) -> bytes:
            rejected = Rejected(0, "$", (), item)
            skip = skip_line(name, at, Skipped(0, "reason", item), ["cut"], b"")
            return skip + rejection_line(name, at, rejected, [], b"", around, True)

        assert move_lines(written(number), by) == written(number + by)

    def test_other_lines_are_refused(self) -> None:
        with pytest.raises(ValueError, match="no line of an item"):
            move_lines(b'{"line":1}\n', 1)
