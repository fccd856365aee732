"""Reads and judges a JUnit XML file: did tests run, and did they pass?"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from xml.etree import ElementTree

from tools.stack.runner.errors import NoTestsError

_NOT_COLLECTED = "collection failure"  # pytest's message for a module that it cannot import.


@dataclass(frozen=True, slots=True)
class Case:
    """One test case. `outcome` is passed, failed, error or skipped; `seconds` is how long it took.

    `began` is in seconds since the epoch, None where the file doesn't tell. `message` is one line of a failure or of
    the reason for skipping, `details` what follows it, such as a traceback.
    """

    name: str
    outcome: str
    seconds: float
    began: float | None = None
    message: str = ""
    details: str = ""

    @property
    def failed(self) -> bool:
        return self.outcome in ("failed", "error")

    @property
    def reason(self) -> str:
        """The message, or where that is empty or is of a module that cannot be imported, the error in the details."""
        if self.message not in ("", _NOT_COLLECTED):
            return self.message
        errors = (line[1:].strip() for line in self.details.splitlines() if line.startswith("E "))
        return next(errors, self.message)


def read(path: Path, *, at_least_one: bool = True) -> list[Case]:
    """The cases in a file. Raises NoTestsError when it is missing, broken, or shows that not `at_least_one` case ran."""
    if not path.is_file():
        raise NoTestsError("the tests ended without writing their JUnit XML")
    try:
        found = cases(path)
    except (ElementTree.ParseError, ValueError) as error:
        raise NoTestsError(f"the tests' JUnit XML is broken: {error}") from error
    if not at_least_one:
        return found
    if not found:
        raise NoTestsError("no test ran: the JUnit XML lists no case")
    if all(case.outcome == "skipped" for case in found):
        raise NoTestsError(f"no test ran: all {len(found)} cases were skipped")
    return found


def read_leniently(path: Path) -> list[Case]:
    """The cases in a file, whatever they say; none when it is missing or broken."""
    try:
        return cases(path)
    except (OSError, ElementTree.ParseError, ValueError):
        return []


def cases(path: Path) -> list[Case]:
    """The cases in a file that exists. Raises ParseError and ValueError."""
    root = ElementTree.parse(path).getroot()  # noqa: S314  # pytest wrote it, in a container of ours.
    suites = [root] if root.tag == "testsuite" else list(root.iter("testsuite"))
    return [case for suite in suites for case in _placed(suite, [_case(element) for element in suite.iter("testcase")])]


def _placed(suite: ElementTree.Element, found: list[Case]) -> list[Case]:
    """The cases of one suite with the times when they began, as far as they can be known.

    The format has a time for the suite alone, and how long it and each case took. Cases run one after the other, and
    what the suite took beyond them is spent before the first, on collecting them; what lies between two is
    milliseconds. Cases that took longer than their suite ran side by side: nothing is known of them.
    """
    total = sum(case.seconds for case in found)
    beyond = float(suite.get("time") or 0) - total
    try:
        began = datetime.fromisoformat(suite.get("timestamp", ""))
    except ValueError:
        return found
    if beyond < 0:
        return found
    if began.tzinfo is None:
        began = began.replace(tzinfo=UTC)  # Older versions of pytest write local time, which in a container is UTC.
    at, placed = began.timestamp() + beyond, []
    for case in found:
        placed.append(replace(case, began=at))
        at += case.seconds
    return placed


def _case(element: ElementTree.Element) -> Case:
    outcome, message, details = "passed", "", ""
    for tag, meaning in (("skipped", "skipped"), ("failure", "failed"), ("error", "error")):
        child = element.find(tag)
        if child is not None:
            outcome, message, details = meaning, child.get("message", ""), child.text or ""
    name = "::".join(filter(None, (element.get("classname"), element.get("name"))))
    return Case(name, outcome, float(element.get("time", 0)), None, " ".join(message.split()), details)
