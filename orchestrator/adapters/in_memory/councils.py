"""Councils in memory."""

from collections.abc import Iterable, Sequence
from dataclasses import replace

from orchestrator.application.ports import VersionConflict
from orchestrator.domain.council import Council


class InMemoryCouncils:
    """CouncilStore in memory, which starts with the councils that it is given."""

    def __init__(self, standing: Iterable[Council]) -> None:
        self._written = 0
        self._by_role = {council.role: self._stamped(council) for council in standing}

    async def load(self, role: str) -> Council | None:
        return self._by_role.get(role)

    async def all(self) -> Sequence[Council]:
        return [self._by_role[role] for role in sorted(self._by_role)]

    async def save(self, council: Council) -> Council:
        self._check(council)
        self._by_role[council.role] = self._stamped(council)
        return self._by_role[council.role]

    async def remove(self, council: Council) -> None:
        self._check(council)
        self._by_role.pop(council.role, None)

    def _check(self, council: Council) -> None:
        stored = self._by_role.get(council.role)
        if (stored.version if stored else 0) != council.version:
            raise VersionConflict(council.role)

    def _stamped(self, council: Council) -> Council:
        self._written += 1
        return replace(council, version=self._written)
