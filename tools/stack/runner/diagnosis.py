"""Words for what a container did: one line with the service, the cause and the evidence."""

from __future__ import annotations

import signal

from tools.stack.runner.errors import Exit
from tools.stack.runner.probes import Answer, Readiness


def exited(service: str, exit: Exit, last_answer: Answer | None, last_line: str) -> str:
    """`last_answer` is of the probe, when the service was not ready yet; `last_line` is of its log."""
    text = f"{service} exited {exit.code} after {exit.after:.1f} s"
    cause = cause_of(exit)
    text += f": {cause}" if cause else ""
    if last_answer is not None:
        text += f"; it was not ready yet, the probe said: {last_answer.text}"
    return text + (f"; log: {last_line}" if last_line else "; its log is empty")


def not_ready(service: str, timeout: float, readiness: Readiness, last_line: str) -> str:
    """For a service that runs and did not become ready within `timeout` seconds."""
    text = f"{service} is not ready after {timeout:.0f} s ({readiness.attempts} attempts)"
    text += f"; the probe said: {readiness.last.text}"
    return text + (f"; log: {last_line}" if last_line else "; its log is empty")


def cause_of(exit: Exit) -> str:
    """What an exit code means, where it means something."""
    if exit.oom_killed:
        return "out of memory, killed by the kernel at its memory limit"
    if exit.error:
        return exit.error
    if exit.code > 128:
        try:
            return f"killed by {signal.Signals(exit.code - 128).name}"
        except ValueError:
            return ""
    return {126: "the command cannot be executed", 127: "the command was not found"}.get(exit.code, "")
