"""Source: the text of a file, and spans in it to which every later stage points."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass, field
from functools import cached_property


@dataclass(frozen=True)
class SourceFile:
    """One text a user wrote: a mapping, a schema, a dialect.

    `name` is what diagnostics print (a path relative to the working directory, or `<mapping>`).
    """

    name: str
    text: str = field(repr=False)

    @cached_property
    def line_starts(self) -> tuple[int, ...]:
        """Offsets at which lines begin; only `\\n` and `\\r\\n` end a line, as in YAML files on disk."""
        starts = [0]
        position = self.text.find("\n")
        while position != -1:
            starts.append(position + 1)
            position = self.text.find("\n", position + 1)
        return tuple(starts)

    def line_column(self, offset: int) -> tuple[int, int]:
        """The 1-based line and column (in code points) of an offset."""
        line = bisect_right(self.line_starts, offset)
        return line, offset - self.line_starts[line - 1] + 1

    def line_around(self, offset: int) -> Span:
        """The line that holds an offset, without its line feed."""
        start = self.line_starts[self.line_column(offset)[0] - 1]
        end = self.text.find("\n", offset)
        return Span(self, start, len(self.text) if end == -1 else end)

    def line_text(self, line: int) -> str:
        """The text of a 1-based line, without its line end."""
        start = self.line_starts[line - 1]
        end = self.line_starts[line] - 1 if line < len(self.line_starts) else len(self.text)
        return self.text[start:end].rstrip("\r")


@dataclass(frozen=True, slots=True)
class Span:
    """Half-open range of code point offsets `[start, end)` in a source file."""

    file: SourceFile
    start: int
    end: int

    @property
    def text(self) -> str:
        """The source text of the range."""
        return self.file.text[self.start : self.end]

    @property
    def line(self) -> int:
        """The 1-based line it begins in."""
        return self.file.line_column(self.start)[0]

    @property
    def column(self) -> int:
        """The 1-based column it begins at."""
        return self.file.line_column(self.start)[1]

    def part(self, start: int, end: int) -> Span:
        """The sub-range `[start, end)` counted from this span's own start."""
        return Span(self.file, self.start + start, min(self.start + end, self.end))


@dataclass(frozen=True, slots=True)
class SpannedText:
    """The value of a scalar and the place of each of its characters in the file.

    `exact` is true if character `i` of `value` is character `span.start + i` of the file (plain, quoted
    without escapes, literal block of no extra indentation). `offsets` maps characters to file offsets where
    they differ (literal blocks: indentation is cut). Otherwise a part falls back to the whole scalar.
    """

    value: str
    span: Span
    exact: bool = False
    offsets: tuple[int, ...] | None = field(default=None, compare=False, repr=False)

    def part(self, start: int, end: int) -> Span:
        """The span of `value[start:end]` in the file; the whole scalar if that is not known."""
        end = max(end, start)
        if self.offsets is not None and start < len(self.offsets):
            first = self.offsets[start]
            last = self.offsets[end - 1] + 1 if end > start and end <= len(self.offsets) else first + 1
            return Span(self.span.file, first, max(last, first))
        if self.exact:
            return self.span.part(start, end)
        return self.span

    def whole(self) -> Span:
        """The span of the value in the file, without quotes if that is known."""
        return self.part(0, len(self.value))


@dataclass(frozen=True, slots=True)
class Read:
    """A file that a mapping names and its compilation has read.

    `kind` is `schema` or `dialect`, `name` the word in the mapping, `filename` the name in diagnostics, and
    `digest` the SHA-256 of the text in hex digits.
    """

    kind: str
    name: str
    filename: str
    digest: str


def digest(text: str) -> str:
    """The SHA-256 of a text in hex digits."""
    import hashlib  # with OpenSSL it is slow to import, and `import mapper` digests nothing

    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
