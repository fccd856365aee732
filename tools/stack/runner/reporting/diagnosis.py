"""Words for what a container did: one line with the service, the cause and the evidence."""

from __future__ import annotations

import signal
from collections.abc import Mapping, Sequence

from tools.stack.runner.errors import Exit
from tools.stack.runner.probes import Answer, Readiness
from tools.stack.runner.reporting.junit import Case

_SIGKILLED = 128 + signal.SIGKILL
_SOON = 5.0
_MOST_NAMES = 5
_MOST_CHARACTERS = 300


def exited(service: str, exit: Exit, last_answer: Answer | None, last_line: str, ready_for: float | None = None) -> str:
    """`last_answer` is of the probe, when there is one; `last_line` is of its log.

    `ready_for` is how many seconds the service was ready, None where it was not: a probe may say so too early.
    """
    text = f"{service} exited {exit.code} after {exit.after:.1f} s"
    cause = cause_of(exit)
    text += f": {cause}" if cause else ""
    if last_answer is not None and ready_for is None:
        text += f"; it was not ready yet, the probe said: {last_answer.text}"
    elif last_answer is not None and ready_for is not None and ready_for < _SOON:
        text += f"; its probe had said that it was ready {ready_for:.1f} s before: {last_answer.text}"
    return text + (f"; log: {last_line}" if last_line else "; its log is empty")


def not_ready(
    service: str, timeout: float, readiness: Readiness, last_line: str, oom_kills: int = 0, limit: str = ""
) -> str:
    """For a service that runs and did not become ready within `timeout` seconds.

    `oom_kills` is how many of its processes the kernel has killed at its memory limit `limit`, while the first lives on.
    """
    text = f"{service} is not ready after {timeout:.0f} s ({readiness.attempts} attempts)"
    if oom_kills:
        text += f"; out of memory: the kernel killed {oom_kills} of its processes at its memory limit{_of(limit)}"
    text += f"; the probe said: {readiness.last.text}"
    return text + (f"; log: {last_line}" if last_line else "; its log is empty")


def not_done(service: str, timeout: float, last_line: str) -> str:
    """For a task that has not ended within `timeout` seconds."""
    text = f"{service} is a task and has not ended after {timeout:.0f} s"
    return text + (f"; log: {last_line}" if last_line else "; its log is empty")


def stubborn(service: str, timeout: float, last_line: str) -> str:
    """For a service that SIGTERM did not end within `timeout` seconds."""
    text = f"{service} did not end within {timeout:.0f} s of SIGTERM: a container's first process ignores what it doesn't handle"
    return text + (f"; log: {last_line}" if last_line else "; its log is empty")


def not_ended(timeout: float, last_line: str) -> str:
    """For tests that would outlast the test's time-out of `timeout` seconds."""
    text = f"the tests did not end within the test's time-out of {timeout:.0f} s"
    return text + (f"; log: {last_line}" if last_line else "; their log is empty")


def failed(cases: Sequence[Case]) -> str:
    """For tests of which at least one failed: how many, the reason of the first, and the names of some."""
    bad = [case for case in cases if case.failed]
    first, others = bad[0], [case.name for case in bad[1:_MOST_NAMES]]
    text = f"{len(bad)} of {len(cases)} tests failed: {first.name}"
    reason = first.reason
    text += f" ({_shortened(reason)})" if reason else ""
    text += "".join(f", {name}" for name in others)
    return text + (f" and {len(bad) - _MOST_NAMES} more" if len(bad) > _MOST_NAMES else "")


def suspecting(line: str, lost: Mapping[str, str]) -> str:
    """The line of tests that failed, with the services that are not ready any more and what their probes say now."""
    return line + "".join(
        f"; {service} had been ready and is not any more, its probe says: {answer}" for service, answer in lost.items()
    )


def cause_of(exit: Exit) -> str:
    """What an exit code means, where it means something."""
    if exit.oom_killed and exit.code == _SIGKILLED:
        return f"out of memory, killed by the kernel at its memory limit{_of(exit.limit)}"
    if exit.oom_killed:
        return f"out of memory: the kernel killed a process of it at its memory limit{_of(exit.limit)}"
    if exit.error:
        return exit.error
    if exit.code > 128:
        try:
            return f"killed by {signal.Signals(exit.code - 128).name}"
        except ValueError:
            return ""
    return {126: "the command cannot be executed", 127: "the command was not found"}.get(exit.code, "")


def _of(limit: str) -> str:
    return f" of {limit}" if limit else ""


def _shortened(text: str) -> str:
    return text if len(text) <= _MOST_CHARACTERS else f"{text[:_MOST_CHARACTERS]}…"
