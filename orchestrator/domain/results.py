"""What the checks found in a proposal, and where it came in the ranking."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class PolicyResult:
    """Whether the requirements are addressed; `coverage` is the share of the decidable ones that are."""

    passed: bool
    violations: tuple[str, ...]
    message: str
    coverage: float | None = None


@dataclass(frozen=True)
class LintResult:
    """What reading the code found. `warning_count` counts what does not make it invalid."""

    passed: bool
    errors: tuple[str, ...]
    warning_count: int


@dataclass(frozen=True)
class DryRunResult:
    """What validating the code without running it found: a line for each block in `output`."""

    passed: bool
    output: str
    message: str


@dataclass(frozen=True)
class CheckResult:
    """One further check; `score` is in [0, 1]."""

    check_type: str
    passed: bool
    score: float
    message: str
    details: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class CheckSuite:
    """All checks of one proposal."""

    policy: PolicyResult
    lint: LintResult
    dryrun: DryRunResult
    additional: tuple[CheckResult, ...] = ()

    @property
    def all_passed(self) -> bool:
        """Whether every check passed."""
        return all((self.policy.passed, self.lint.passed, self.dryrun.passed, *(c.passed for c in self.additional)))


@dataclass(frozen=True)
class RankedResult:
    """A proposal's place. `score` is in [0, 1]; `rank` counts from 1 without gaps."""

    author_id: str
    checks: CheckSuite
    score: float
    rank: int
