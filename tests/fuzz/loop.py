"""Loop: makes inputs, runs them, counts, times, and shrinks each finding to something that can be pasted."""

from __future__ import annotations

import gc
import resource
import signal
import sys
import time
import traceback
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from random import Random
from types import FrameType

from fuzz.lines import Lines
from fuzz.places import Tree

SLOW = 1.0  # seconds of processor time; an execution that takes longer is a finding
HANGS = 20.0  # seconds of processor time, after which an execution is ended
TRIES = 2_000  # executions that shrinking may take
MEMORY = 4 * 1024**3
IMPORTS = 'import sys; sys.path[:0] = ["tests", "."]\nimport mapper, fuzz.seeds'


@dataclass(frozen=True, slots=True)
class Input:
    """One input: the data, and the name or text of that in which it is tried."""

    data: bytes
    setting: str = ""


class TooSlowError(Exception):
    """An execution took more than SLOW seconds of processor time, or was ended after HANGS."""


class Fuzzer(ABC):
    """One kind of input: makes it from chance, runs it, and can write and shrink it."""

    name: str

    @abstractmethod
    def make(self, chance: Random) -> Input:
        """A new input."""

    @abstractmethod
    def run(self, given: Input) -> Iterable[str]:
        """Try it: what was reached, as codes and other short words. What it raises is a finding."""

    @abstractmethod
    def tree(self, given: Input) -> Tree:
        """Its data as a tree, to shrink it; Latin-1 or UTF-8, as `again` has it."""

    @abstractmethod
    def again(self, given: Input, text: str) -> Input:
        """The input with another text."""

    @abstractmethod
    def paste(self, given: Input) -> str:
        """Python that repeats it."""

    def keep(self, given: Input) -> None:  # noqa: B027 - few fuzzers learn
        """Learn from an input that reached something new."""

    def summary(self, reached: Counter[str]) -> Iterable[str]:
        """Lines about all that was reached, to be printed at the end."""
        return ()


@dataclass(slots=True)
class Finding:
    """A kind of failure: the first input that showed it, made small, and how often it came."""

    kind: str
    given: Input
    trace: str
    count: int = 1


@dataclass(slots=True)
class Outcome:
    """The outcome of a run: executions, seconds of processor time in them, what was reached, and findings."""

    executions: int = 0
    seconds: float = 0.0
    started: float = field(default_factory=time.monotonic)
    reached: Counter[str] = field(default_factory=Counter)
    findings: dict[str, Finding] = field(default_factory=dict)

    def line(self) -> str:
        """The numbers on one line; the rate is that of one core, the making of inputs included."""
        rate = self.executions / self.seconds if self.seconds else 0.0
        elapsed = time.monotonic() - self.started
        codes = sum(1 for word in self.reached if word[0] == "M" and word[1:].isdigit())
        return (
            f"{self.executions:,} executions, {rate:,.0f} a second of processor time, {elapsed:,.0f} s; "
            f"{codes} codes, {len(self.reached) - codes} other things reached; {len(self.findings)} findings"
        )


def fuzz(
    fuzzer: Fuzzer,
    seed: int,
    count: int | None = None,
    seconds: float | None = None,
    report: Callable[[str], None] = lambda line: None,
    every: float = 60.0,
) -> Outcome:
    """Run a fuzzer for a number of executions or of seconds on the clock; `report` gets lines to be read."""
    outcome, chance, lines = Outcome(), Random(f"{fuzzer.name} {seed}"), Lines()
    told = begun = time.monotonic()
    cpu = time.process_time()
    gc.collect()
    gc.freeze()  # what the fuzzer holds is not looked through again and again
    with _alarm(), lines:
        while count is None or outcome.executions < count:
            given = fuzzer.make(chance)
            outcome.executions += 1
            before = len(outcome.reached)
            try:
                for word in tried(fuzzer, given):
                    outcome.reached[word] += 1
            except Exception as error:
                _found(fuzzer, given, error, outcome, report)
            if lines.grew() or len(outcome.reached) > before:
                fuzzer.keep(given)
            now = time.monotonic()
            if now - told > every:
                told, outcome.seconds = now, time.process_time() - cpu
                report(outcome.line())
            if seconds is not None and now - begun > seconds:
                break
    outcome.seconds = time.process_time() - cpu
    return outcome


def tried(fuzzer: Fuzzer, given: Input) -> list[str]:
    """Run one input, in bounded time; what it reached."""
    signal.setitimer(signal.ITIMER_VIRTUAL, HANGS)
    begun = time.process_time()
    try:
        reached = list(fuzzer.run(given))
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
    took = time.process_time() - begun
    if took > SLOW:
        raise TooSlowError(f"{took:.1f} seconds of processor time")
    return reached


def kind_of(error: BaseException) -> str:
    """The kind of a failure: its type, and the innermost places of the code under test."""
    frames = [f for f in traceback.extract_tb(error.__traceback__) if "/fuzz/loop.py" not in f.filename]
    if isinstance(error, TooSlowError):
        return "slow"
    where = [f"{'/'.join(f.filename.split('/')[-2:])}:{f.name}" for f in frames[-2:]]
    # Of an assertion the beginning tells which one it was; messages of other errors may hold values.
    which = f" ({str(error)[:50].split(':')[0]})" if isinstance(error, AssertionError) else ""
    return f"{type(error).__name__}{which} in {' > '.join(where)}"


def _found(
    fuzzer: Fuzzer, given: Input, error: Exception, outcome: Outcome, report: Callable[[str], None]
) -> None:
    kind = kind_of(error)
    if kind in outcome.findings:
        outcome.findings[kind].count += 1
        return
    trace = "".join(traceback.format_exception(error))[-4_000:]
    small = shrunk(fuzzer, given, kind)
    outcome.findings[kind] = Finding(kind, small, trace)
    report(f"--- finding: {kind}\n{trace}\n# to repeat it:\n{IMPORTS}\n{fuzzer.paste(small)}\n---")


def shrunk(fuzzer: Fuzzer, given: Input, kind: str) -> Input:
    """The smallest input found that fails in the same way: members cut, values made plain, stretches cut."""
    left = TRIES if kind != "slow" else 20
    while True:
        for smaller in _smaller(fuzzer, given):
            left -= 1
            if left < 0:
                return given
            try:
                tried(fuzzer, smaller)
            except Exception as error:
                if kind_of(error) == kind:
                    given = smaller
                    break
        else:
            return given


def _smaller(fuzzer: Fuzzer, given: Input) -> Iterator[Input]:
    """Smaller inputs: those whose tree is smaller first, each time the shortest one first."""
    tree = fuzzer.tree(given)
    for texts in (_smaller_trees(tree), _smaller_texts(tree.text)):
        for text in sorted(set(texts), key=lambda each: (len(each), each)):
            if (len(text), text) < (len(tree.text), tree.text):
                yield fuzzer.again(given, text)


def _smaller_trees(tree: Tree) -> Iterator[str]:
    """A value is cut, made plain, or replaced by one inside it."""
    text = tree.text
    for place in tree.places:
        start, end = place.cut
        yield text[:start] + text[end:]
        for plain in ("0", '""', "[]", "{}", "null"):
            yield text[: place.start] + plain + text[place.end :]
    for outer in [place for place in tree.places if not place.is_text][:40]:
        for inner in tree.places:
            if outer.start < inner.start and inner.end <= outer.end:
                yield text[: outer.start] + inner.flow + text[outer.end :]


def _smaller_texts(text: str) -> Iterator[str]:
    """A stretch is cut: half of the text, a quarter and so on; of a short text, each one."""
    size = len(text) // 2
    while size:
        step = 1 if len(text) < 40 else max(1, size // 2, len(text) // 400)
        yield from (text[:at] + text[at + size :] for at in range(0, len(text), step))
        size = size - 1 if len(text) < 40 else size // 2


def _ended(number: int, frame: FrameType | None) -> None:
    raise TooSlowError(f"ended after {HANGS:.0f} seconds of processor time")


@contextmanager
def _alarm() -> Iterator[None]:
    before = signal.signal(signal.SIGVTALRM, _ended)
    try:
        yield
    finally:
        signal.signal(signal.SIGVTALRM, before)


def limit_memory() -> None:
    """Let what takes too much memory fail, in place of the machine."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    sys.setrecursionlimit(1_000)
