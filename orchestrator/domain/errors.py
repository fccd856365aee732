"""Errors that a caller can act on."""

from collections.abc import Sequence
from dataclasses import dataclass

# An error travels in HTTP/2 trailers, of which a gRPC client takes 8 KB by default, and says each violation three times.
MAX_VIOLATIONS = 16
# The most of a caller's own text that an error repeats, in characters.
_MAX_ECHO = 128


class OrchestratorError(Exception):
    """Base of every error that the service answers with on purpose."""


@dataclass(frozen=True)
class FieldViolation:
    """One field of a request that is not acceptable, and why. `field` is its path in the request message."""

    field: str
    description: str


class InvalidRequest(OrchestratorError):
    """The request's own fault. Names the fields at once, up to MAX_VIOLATIONS, and says how many more there are."""

    def __init__(self, violations: Sequence[FieldViolation]) -> None:
        self.violations = tuple(violations[:MAX_VIOLATIONS])
        named = [f"{v.field}: {v.description}" for v in self.violations]
        more = len(violations) - len(self.violations)
        super().__init__("; ".join([*named, f"and {more} more"] if more else named))


class UnknownRole(OrchestratorError):
    """No council has this role."""

    def __init__(self, role: str, known: Sequence[str]) -> None:
        self.role = role
        self.known = tuple(known)
        super().__init__(f"no council for role {role[:_MAX_ECHO]!r}; there are {', '.join(self.known) or 'none'}")


class CouncilExists(OrchestratorError):
    """The role has a council already, with another configuration."""

    def __init__(self, role: str) -> None:
        super().__init__(f"role {role} has a council with another configuration; delete it first")


class UnknownDeliberation(OrchestratorError):
    """No deliberation has this task_id, or it has expired."""

    def __init__(self, task_id: str) -> None:
        super().__init__(f"no deliberation with task_id {task_id[:_MAX_ECHO]!r}")


class UnknownTask(OrchestratorError):
    """No task with this id was derived or deliberated on, or it has expired."""

    def __init__(self, task_id: str) -> None:
        super().__init__(f"no task with task_id {task_id[:_MAX_ECHO]!r}; give a case_id to have its context")


class TaskIdTaken(OrchestratorError):
    """The task_id belongs to a deliberation of another request."""

    def __init__(self, task_id: str) -> None:
        super().__init__(f"task_id {task_id!r} belongs to a deliberation with a different request")


class Overloaded(OrchestratorError):
    """No more deliberations are admitted now. `retry_after_ms` says when to come again."""

    def __init__(self, limit: int, retry_after_ms: int) -> None:
        self.retry_after_ms = retry_after_ms
        super().__init__(f"{limit} deliberations are unfinished, which is the limit")


class DependencyLost(OrchestratorError):
    """Something that the service depends on does not answer. `dependency` is its name.

    `retry_after_s` is how long it asks to be left alone; 0 where it says nothing.
    """

    def __init__(self, dependency: str, reason: str, retry_after_s: float = 0.0) -> None:
        self.dependency = dependency
        self.retry_after_s = retry_after_s
        self.reason = reason
        super().__init__(f"{dependency} is unavailable: {reason}")


class DeliberationTimedOut(OrchestratorError):
    """The deliberation's own time was up before it was over."""


class DeliberationFailed(OrchestratorError):
    """No agent brought a proposal."""


class DeliberationCancelled(OrchestratorError):
    """Somebody cancelled the deliberation."""
