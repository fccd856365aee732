"""Whether everything that the service depends on is there."""

import asyncio
import contextlib
import logging
from collections.abc import Collection, Sequence

from orchestrator.application.ports import Dependency
from orchestrator.domain.council import AGENT_DEPENDENCIES
from orchestrator.domain.errors import DependencyLost

_log = logging.getLogger(__name__)


class Readiness:
    """What the last look at each dependency found. Until the first look, nothing is there."""

    def __init__(
        self, dependencies: Sequence[Dependency], news: asyncio.Event | None = None, check_timeout_s: float = 2.0
    ) -> None:
        """Who sets `news` says that something may be there that was not."""
        self._dependencies = tuple(dependencies)
        self._check_timeout_s = check_timeout_s
        self._news = news or asyncio.Event()
        self._lost: dict[str, str] = {dependency.name: "not checked yet" for dependency in dependencies}

    @property
    def ready(self) -> bool:
        """Whether all of them are there."""
        return not self._lost

    @property
    def lost(self) -> tuple[str, ...]:
        """The names of those that are not there."""
        return tuple(self._lost)

    def require(self, needs: Collection[str]) -> None:
        """Raises DependencyLost naming the first that is not there. What only agents need must be among `needs`."""
        for name, reason in self._lost.items():
            if name in needs or name not in AGENT_DEPENDENCIES:
                raise DependencyLost(name, reason)

    def has(self, needs: Collection[str]) -> bool:
        """Whether `require` would pass."""
        try:
            self.require(needs)
        except DependencyLost:
            return False
        return True

    async def rest(self, seconds: float) -> None:
        """Returns when the next look is due: when there is news, also from before, or after so many seconds."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._news.wait()
        self._news.clear()

    async def look(self) -> bool:
        """Checks all of them at once and says whether they are there."""
        reasons = await asyncio.gather(*(self._reason(dependency) for dependency in self._dependencies))
        found = {d.name: reason for d, reason in zip(self._dependencies, reasons, strict=True) if reason}
        for name in found.keys() - self._lost.keys():
            _log.warning("lost %s: %s", name, found[name])
        for name in self._lost.keys() - found.keys():
            _log.info("%s is there", name)
        self._lost = found
        return self.ready

    async def _reason(self, dependency: Dependency) -> str:
        try:
            async with asyncio.timeout(self._check_timeout_s):
                await dependency.check()
        except DependencyLost as lost:
            return lost.reason
        except TimeoutError:
            return f"no answer within {self._check_timeout_s:g} s"
        return ""
