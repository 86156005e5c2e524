"""JUnit: suites become the XML report that build servers read."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from xml.etree import ElementTree

from mapper.cli.test_report import case_diagnostics
from mapper.diagnostics import render
from mapper.diagnostics.render.visible import printable, visible
from mapper.diagnostics.stop import Stop
from mapper.samples.suites import CaseResult, CaseStatus, SuiteResult
from mapper.transform.whole_file import write_file

NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")  # XML 1.0 §2.2


def write_junit(path: Path, suites: Sequence[SuiteResult]) -> None:
    """Write one suite for each mapping; what is wrong with the mapping itself is an error in its suite.

    Raises Stop if the file cannot be written.
    """
    root = ElementTree.Element("testsuites", name="mapper test")
    root.extend(_suite(suite) for suite in suites)
    for name in ("tests", "failures", "errors"):
        root.set(name, str(sum(int(suite.get(name, "0")) for suite in root)))
    root.set("time", _seconds(sum(o.seconds for suite in suites for o in suite.results)))
    ElementTree.indent(root)
    try:
        write_file(path, ElementTree.tostring(root, encoding="utf-8", xml_declaration=True))
    except OSError as error:
        raise Stop(f"`{path}` cannot be written: {error.strerror or error}", 1) from None


def _suite(tested: SuiteResult) -> ElementTree.Element:
    name = tested.mapping.stem
    suite = ElementTree.Element("testsuite", name=_name(name))
    for result in tested.results:
        case = _case(suite, name, result.case.name, result.seconds)
        if result.status is CaseStatus.FAILED:
            _fault(case, "failure", f"{result.case.title} failed", _text(result))
    for diagnostic in tested.diagnostics:
        case = _case(suite, name, f"{diagnostic.code} {diagnostic.registered.slug}", 0.0)
        _fault(case, "error", diagnostic.message, render.render([diagnostic]))
    suite.set("tests", str(len(suite)))
    suite.set("failures", str(tested.count(CaseStatus.FAILED)))
    suite.set("errors", str(len(tested.diagnostics)))
    suite.set("time", _seconds(sum(result.seconds for result in tested.results)))
    return suite


def _text(result: CaseResult) -> str:
    return render.render(case_diagnostics(result), "concise")


def _case(suite: ElementTree.Element, mapping: str, name: str, seconds: float) -> ElementTree.Element:
    return ElementTree.SubElement(
        suite,
        "testcase",
        classname=_name(mapping),
        name=_name(name),
        time=_seconds(seconds),
    )


def _fault(case: ElementTree.Element, kind: str, message: str, text: str) -> None:
    ElementTree.SubElement(case, kind, message=_name(message)).text = _clean(text)


def _seconds(seconds: float) -> str:
    return f"{seconds:.6f}"


def _name(text: str) -> str:
    return _clean(visible(text))


def _clean(text: str) -> str:
    """Text as it may be printed, as build servers do; XML cannot hold some of the other characters."""
    return NOT_XML.sub("\ufffd", printable(text))
