"""Templates: bare Liquid files on the command line become diagnostics and a verdict each."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from mapper import catalog
from mapper.diagnostics.diagnostic import Diagnostic, Report
from mapper.diagnostics.files import no_file, read_source
from mapper.diagnostics.source import SourceFile, Span, SpannedText
from mapper.diagnostics.stop import Stop

SUFFIX = ".liquid"


def is_template(word: str) -> bool:
    """True if a word names a bare template."""
    return word.endswith(SUFFIX)


def find_template(word: str) -> Path:
    """The template file of a word; raises Stop if there is none."""
    path = Path(word)
    if not catalog.is_file(path):
        obstacle = no_file(path)
        raise Stop(f"`{word}` {obstacle}" if obstacle else f"no template file `{word}`")
    return path


def check_template(
    path: Path, dialect: str | None, source: str | None, target: str | None
) -> tuple[tuple[Diagnostic, ...], str]:
    """The problems of a template file and one sentence with the verdict."""
    from mapper.checker.templates import TemplateVerdict
    from mapper.checker.templates.bare import prove_template  # a mapping without a template needs no proofs
    from mapper.transform.runner import prepare_template

    _check_dialect(dialect, path.parent)
    report = Report()
    file = read_source(path, report)
    if file is None:
        return report.ordered(), f"{path}: cannot be read"
    proof = prove_template(file, dialect, _schema(source), _schema(target), report, prepare_template)
    if proof is None:
        return report.ordered(), f"{path}: cannot be judged before the errors are mended"
    promise = f"every payload that `{Path(source).name}` admits" if source else "every payload"
    verdicts = {
        TemplateVerdict.PROVEN: f"proven: it renders JSON for {promise}",
        TemplateVerdict.REFUTED: (
            "refuted: there are payloads for which it does not render the JSON it should"
        ),
        TemplateVerdict.UNDECIDED: (
            f"undecided: neither is it proven for {promise}, nor was one found that fails"
        ),
    }
    return report.ordered(), f"{path}: {verdicts[proof.verdict]}"


def _check_dialect(name: str | None, folder: Path) -> None:
    if name is None:
        return
    report = Report()
    if catalog.find_dialect(SpannedText(name, Span(SourceFile("", name), 0, 0)), folder, report) is None:
        found = report.diagnostics[0]
        raise Stop("; ".join([found.message, *found.hints]))


def _schema(name: str | None) -> Path | None:
    if name is None:
        return None
    places: Sequence[Path] = (Path(name), catalog.shipped_schemas() / name)
    for path in places:
        if catalog.is_file(path):
            return path
    obstacle = no_file(places[0])
    raise Stop(f"`{name}` {obstacle}" if obstacle else f"no schema file `{name}`")
