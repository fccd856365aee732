"""Judges a JUnit XML file: did tests run, and did they pass?"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

from tools.stack.runner.errors import NoTestsError


@dataclass(frozen=True, slots=True)
class Case:
    """One test case. `outcome` is passed, failed, error or skipped; `seconds` is how long it took."""

    name: str
    outcome: str
    seconds: float


def read(path: Path) -> list[Case]:
    """The cases in a file. Raises NoTestsError when it is missing, broken, or shows that no test ran."""
    if not path.is_file():
        raise NoTestsError("the tests ended without writing their JUnit XML")
    try:
        root = ElementTree.parse(path).getroot()  # noqa: S314  # pytest wrote it, in a container of ours.
        cases = [_case(element) for element in root.iter("testcase")]
    except (ElementTree.ParseError, ValueError) as error:
        raise NoTestsError(f"the tests' JUnit XML is broken: {error}") from error
    if not cases:
        raise NoTestsError("no test ran: the JUnit XML lists no case")
    if all(case.outcome == "skipped" for case in cases):
        raise NoTestsError(f"no test ran: all {len(cases)} cases were skipped")
    return cases


def _case(element: ElementTree.Element) -> Case:
    outcome = "passed"
    for tag, meaning in (("skipped", "skipped"), ("failure", "failed"), ("error", "error")):
        if element.find(tag) is not None:
            outcome = meaning
    name = f"{element.get('classname', '')}::{element.get('name', '')}"
    return Case(name, outcome, float(element.get("time", 0)))
