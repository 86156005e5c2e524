"""JUnit: trials become the XML report that build servers read."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from xml.etree import ElementTree

from mapper.cli.test_report import outcome_diagnostics
from mapper.diagnostics import render
from mapper.samples.trials import Outcome, Trial, Verdict

NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")  # XML 1.0 §2.2


def write_junit(path: Path, trials: Sequence[Trial]) -> None:
    """Write one suite for each mapping; what is wrong with the mapping itself is an error in its suite."""
    root = ElementTree.Element("testsuites", name="mapper test")
    root.extend(_suite(trial) for trial in trials)
    for name in ("tests", "failures", "errors"):
        root.set(name, str(sum(int(suite.get(name, "0")) for suite in root)))
    root.set("time", _seconds(sum(o.seconds for trial in trials for o in trial.outcomes)))
    ElementTree.indent(root)
    ElementTree.ElementTree(root).write(path, encoding="utf-8", xml_declaration=True)


def _suite(trial: Trial) -> ElementTree.Element:
    name = trial.mapping.stem
    suite = ElementTree.Element("testsuite", name=_clean(name))
    for outcome in trial.outcomes:
        case = _case(suite, name, outcome.case.name, outcome.seconds)
        if outcome.verdict is Verdict.FAILED:
            _fault(case, "failure", f"{outcome.case.title} failed", _text(outcome))
    for diagnostic in trial.diagnostics:
        case = _case(suite, name, f"{diagnostic.code} {diagnostic.registered.slug}", 0.0)
        _fault(case, "error", diagnostic.message, render.render([diagnostic]))
    suite.set("tests", str(len(suite)))
    suite.set("failures", str(trial.count(Verdict.FAILED)))
    suite.set("errors", str(len(trial.diagnostics)))
    suite.set("time", _seconds(sum(outcome.seconds for outcome in trial.outcomes)))
    return suite


def _text(outcome: Outcome) -> str:
    return render.render(outcome_diagnostics(outcome), "concise")


def _case(suite: ElementTree.Element, mapping: str, name: str, seconds: float) -> ElementTree.Element:
    return ElementTree.SubElement(
        suite, "testcase", classname=_clean(mapping), name=_clean(name), time=_seconds(seconds)
    )


def _fault(case: ElementTree.Element, kind: str, message: str, text: str) -> None:
    ElementTree.SubElement(case, kind, message=_clean(message)).text = _clean(text)


def _seconds(seconds: float) -> str:
    return f"{seconds:.6f}"


def _clean(text: str) -> str:
    """Text with the characters XML cannot hold replaced."""
    return NOT_XML.sub("\ufffd", text)
