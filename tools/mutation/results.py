"""What became of the mutants: read from mutmut's files, and shown."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from mutmut.mutation.data import SourceFileMutationData
from mutmut.mutation.diff_apply import get_diff_for_mutant
from mutmut.stats import status_by_exit_code

# A mutant that never ends or breaks the interpreter is noticed, as one is that fails a test.
_KILLED = ("killed", "timeout", "segfault")


@dataclass(frozen=True)
class Survivor:
    """A mutant that no test noticed. `how` says whether any test ran it; `diff` is the change."""

    name: str
    how: str
    diff: str


@dataclass(frozen=True)
class ModuleResult:
    """The mutants of one module that were tried."""

    module: str
    killed: int
    survivors: tuple[Survivor, ...]

    @property
    def total(self) -> int:
        return self.killed + len(self.survivors)

    @property
    def percent(self) -> float:
        """How many of a hundred were killed; 100 where there is nothing to mutate."""
        return 100.0 * self.killed / self.total if self.total else 100.0


def read(scratch: Path, package: Path) -> Iterator[ModuleResult]:
    """The results of each module of the package that has any."""
    for meta in sorted((scratch / "mutants" / package).rglob("*.py.meta")):
        path = meta.relative_to(scratch / "mutants").with_suffix("")
        with contextlib.chdir(scratch):  # mutmut finds its files from there.
            data = SourceFileMutationData(path=path)
            data.load()
            tried = {
                name: status_by_exit_code[code] for name, code in data.exit_code_by_key.items() if code is not None
            }
            survivors = tuple(
                Survivor(name, how, get_diff_for_mutant(name, path=path))
                for name, how in tried.items()
                if how not in _KILLED
            )
        if tried:
            yield ModuleResult(str(path), len(tried) - len(survivors), survivors)


def total(results: Sequence[ModuleResult]) -> ModuleResult:
    """All of them as one."""
    survivors = tuple(survivor for result in results for survivor in result.survivors)
    return ModuleResult("all", sum(result.killed for result in results), survivors)


def table(results: Sequence[ModuleResult]) -> str:
    """A line for each module, and one for all."""
    rows = [*results, total(results)]
    width = max(len(row.module) for row in rows)
    head = f"{'module':{width}} mutants  killed survived    score"
    lines = (
        f"{row.module:{width}} {row.total:7} {row.killed:7} {len(row.survivors):8} {row.percent:6.1f} %" for row in rows
    )
    return "\n".join((head, *lines))
