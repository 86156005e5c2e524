"""Run: named files of bodies become named files of events, and a killed run is resumed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from mapper.diagnostics.stop import Stop
from mapper.streams.batch_mapper import RunSetup
from mapper.streams.batches import Batch, BrokenInput
from mapper.streams.digests import digest, digest_inputs
from mapper.streams.inputs import STDIN, check_gzip, read_batches, total_size
from mapper.streams.journal import SUFFIX, Journal, part_of, read_journal, starting_point
from mapper.streams.outputs import OutputStream
from mapper.streams.pool import work_through
from mapper.streams.read_ahead import short_turns
from mapper.streams.recording import Recording
from mapper.version import __version__


@dataclass(frozen=True, slots=True)
class RunPlan:
    """The inputs of a run, and its outputs for events, skipped and rejected items; None for one not wanted.

    `size` is the bytes of all inputs, None if one is a pipe. `form` is one of FORMS.
    """

    names: Sequence[str]
    form: str
    size: int | None
    outputs: Sequence[OutputStream | None]
    is_replay: bool
    jobs: int

    @property
    def can_resume(self) -> bool:
        """True if inputs and outputs are files, so that the run can be resumed after it was killed."""
        return self.size is not None and all(output is None or output.is_file for output in self.outputs)

    @property
    def journal(self) -> Path | None:
        """The file with the progress of the run, beside the events; None if these go to no file."""
        events = self.outputs[0]
        if events is None or not events.is_file:
            return None
        return events.target.with_name(events.target.name + SUFFIX)


def plan_run(
    names: Sequence[str], form: str, outputs: Sequence[str | None], *, is_replay: bool, jobs: int
) -> RunPlan:
    """The plan of a run; `outputs` names events (None is standard output), skipped and rejected items.

    Raises Stop if an input cannot be read, or an output would be written over another file of the run.
    """
    size = total_size(names)
    streams = [
        OutputStream(None if name == STDIN else name) if name or number == 0 else None
        for number, name in enumerate(outputs)
    ]
    plan = RunPlan(names, form, size, streams, is_replay, jobs)
    _check_outputs(plan)
    return plan


def begin_run(plan: RunPlan, setup: RunSetup, limits: Sequence[str], *, resume: bool) -> Recording:
    """The open recording of a run: a new one, or that of the run that was killed.

    If nothing but the names of its outputs was missing, it is whole afterwards. `limits` are as given on the
    command line. Raises Stop if the run cannot be resumed.
    """
    if resume and not plan.can_resume:
        raise Stop("`--resume` needs files: the inputs, `-o FILE`, and whatever else is written")
    inputs = digest_inputs(plan.names)
    same = _same(plan, setup, limits) if plan.can_resume else {}
    recording = Recording(plan.outputs, plan.journal, same if plan.can_resume else None, inputs)
    # The journal is read behind the locks: another run may be about to end.
    recording.open()
    try:
        earlier = _earlier(plan) if resume else None
        if earlier is None:
            recording.begin()
            return recording
        start, before = starting_point(earlier, same, plan.names, inputs, recording.outputs)
        if earlier.is_whole:
            recording.publish_earlier(earlier.last)
        else:
            recording.begin(start, before)
    except Stop:
        recording.abandon()
        raise
    except BaseException:
        recording.close()
        raise
    return recording


def finish_run(
    plan: RunPlan, setup: RunSetup, recording: Recording, advance: Callable[[Batch], None]
) -> None:
    """Read, map and write everything from the recording's position on; `advance` gets each batch.

    Raises OSError or Stop if an output fails, BrokenInput if an input does or has changed since the run
    began; `begin_run` can resume then.
    """
    try:
        batches = read_batches(plan.names, plan.form, recording.position, in_groups=plan.is_replay)
        done = work_through(batches, setup, plan.jobs)
        with short_turns(), closing(done), _damage_first(plan):
            for batch, result in done:
                recording.write(result)
                advance(batch)
                del result
        _check_inputs(plan, recording.inputs)
        recording.finish()
    except BrokenInput as broken:
        if broken.name in plan.names:
            recording.break_off(plan.names.index(broken.name))
        raise
    finally:
        recording.close()


@contextmanager
def _damage_first(plan: RunPlan) -> Iterator[None]:
    """Inside, a line that cannot be replayed is reported only if its file is not damaged as a whole."""
    try:
        yield
    except BrokenInput:
        raise
    except Stop:
        if plan.is_replay:
            check_gzip(plan.names)
        raise


def _check_inputs(plan: RunPlan, inputs: Sequence[str]) -> None:
    """Refuse to publish if an input is not what it was when the run began: a line of it may be torn."""
    for name, before, now in zip(plan.names, inputs, digest_inputs(plan.names), strict=True):
        if before != now:
            raise BrokenInput("<stdin>" if name == STDIN else name, "changed while it was read")


def _check_outputs(plan: RunPlan) -> None:
    """Refuse to write over an input, or two outputs into one file."""
    taken = {Path(name).resolve() for name in plan.names if name != STDIN}
    beside = {plan.journal, part_of(plan.journal)} if plan.journal else set()
    for output in plan.outputs:
        if output is not None and output.is_file:
            if output.target in taken:
                raise Stop(f"`{output.name}` is used twice; it would be written over")
            taken.add(output.target)
            beside.add(output.part)
    for path in taken & beside:
        raise Stop(f"`{path.name}` is the name of a file that this run makes for itself")


def _same(plan: RunPlan, setup: RunSetup, limits: Sequence[str]) -> dict[str, str]:
    """Digests of everything that a run must have in common with the one it resumes, by its name in words."""
    request = setup.request
    scopes = [dict(request.headers), dict(request.query), dict(request.settings), request.received_at]
    outputs = [None if output is None else output.name for output in plan.outputs]
    return {
        "the version of mapper": __version__,
        "the mapping": digest(setup.transform.python.encode()),
        "the request": digest(scopes),
        "a limit": digest(limits),
        "an option": digest([plan.form, plan.names, *outputs, setup.show_values, plan.is_replay]),
    }


def _earlier(plan: RunPlan) -> Journal | None:
    """The journal of the run to resume; None if there is none, so that it begins."""
    if plan.journal is None:
        return None
    if plan.journal.exists():
        return read_journal(plan.journal)
    for output in plan.outputs:
        if output is not None and output.target.exists():
            raise Stop(f"nothing to resume: `{output.name}` is there and `{plan.journal.name}` is not")
    return None
