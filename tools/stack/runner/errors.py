"""What can go wrong with a stack, one class per cause.

Every error's text is **one line a person can act on**; `evidence` holds what belongs under that line, such as
the tail of a log.
"""

from __future__ import annotations

from dataclasses import dataclass


class StackError(Exception):
    """A diagnosed failure. `str()` is its one line; `evidence` is zero or more further lines."""

    def __init__(self, summary: str, evidence: str = "") -> None:
        super().__init__(" ".join(summary.split()))
        self.evidence = evidence


def first_of(errors: BaseExceptionGroup[BaseException]) -> BaseException:
    """The exception in a group, or in a group of groups, that happened first."""
    error = errors.exceptions[0]
    return first_of(error) if isinstance(error, BaseExceptionGroup) else error


class ManifestError(StackError):
    """The manifest is missing, unreadable or contradicts itself."""


class RunfileMissingError(StackError):
    """A file that the manifest names is not among the program's runfiles."""


class PodmanMissingError(StackError):
    """There is no podman on PATH."""


class PodmanBrokenError(StackError):
    """podman is there and does not work; the line carries podman's own reason."""


class ImageMissingError(StackError):
    """An image's layout is absent or incomplete."""


class ImageCorruptError(StackError):
    """A blob of an image does not have the hash it is known by."""


class DiskFullError(StackError):
    """There is not enough room in podman's storage for the images."""


class PortTakenError(StackError):
    """A port that stack_up publishes is in use on this machine."""


class StackAlreadyUpError(StackError):
    """stack_up was started while a stack is up."""


class StackDownError(StackError):
    """Something was asked of a stack that is not up."""


class DeadlineError(StackError):
    """The tests were still running shortly before the test's own time-out."""


class NoTestsError(StackError):
    """The tests ended well but proved nothing: no XML, no case, or only skipped cases."""


class ShardingIgnoredError(StackError):
    """Bazel asked for a part of the cases, and the tests ran them all."""


class GateIgnoredError(StackError):
    """Tests that were started beside the services did not wait for them."""


class TestsFailedError(StackError):
    """The tests ran, and at least one failed."""

    __test__ = False  # The name starts with Test, and this is no test class.


@dataclass(frozen=True, slots=True)
class Exit:
    """How a container ended. `after` is in seconds since its start, `limit` the memory it may take ("2g"), if any."""

    code: int
    oom_killed: bool
    after: float
    error: str = ""
    limit: str = ""


class ServiceError(StackError):
    """A failure that one service caused."""

    def __init__(self, service: str, summary: str, evidence: str = "") -> None:
        super().__init__(summary, evidence)
        self.service = service


class ServiceStartError(ServiceError):
    """podman could not start the service's container."""


class ServiceExitedError(ServiceError):
    """A service's container ended although it should run."""

    def __init__(self, service: str, exit: Exit, summary: str, evidence: str = "") -> None:
        super().__init__(service, summary, evidence)
        self.exit = exit


class ServiceStubbornError(ServiceError):
    """A service did not end by SIGTERM within its stop_timeout."""


class ServiceNotReadyError(ServiceError):
    """A service ran but its probe did not succeed within its ready_timeout."""
