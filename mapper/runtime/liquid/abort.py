"""Abort: the tag `{% abort %}` of a dialect, in the library's parse tree."""

from __future__ import annotations

from typing import TextIO

from liquid import RenderContext, TokenStream
from liquid.ast import Node
from liquid.tag import Tag

from mapper.runtime.faults import Skip


class AbortNode(Node):
    """Parse tree node of a dialect's `abort`."""

    __slots__ = ()

    def render_to_output(self, _context: RenderContext, _buffer: TextIO) -> int:
        """Leave the whole rendering: the item is skipped."""
        raise Skip


class AbortTag(Tag):
    """The tag `{% abort %}` of a dialect."""

    name = "abort"
    block = False

    def parse(self, stream: TokenStream) -> Node:
        """The node of the tag."""
        return AbortNode(stream.current)
