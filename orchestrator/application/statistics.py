"""Use cases: say how the service is, and what was measured."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from orchestrator.application.fresh import Fresh
from orchestrator.application.ports import Clock, CouncilStore, StatisticsStore
from orchestrator.application.readiness import Readiness
from orchestrator.application.workload import LookAtWork, Workload
from orchestrator.domain.council import Council
from orchestrator.domain.statistics import (
    METRIC_TYPES,
    Finished,
    Performance,
    Totals,
    health,
    mean_step_ms,
    performance,
    success_rate,
    validate_metrics,
)


@dataclass(frozen=True)
class ServiceStatus:
    """`status` is "healthy", or "degraded: " and what is not there. `totals` and `active_councils` only if asked for."""

    status: str
    uptime_s: int
    totals: Totals | None = None
    active_councils: int = 0


class GetStatus:
    """Says how this process is; the numbers are of all processes."""

    def __init__(self, readiness: Readiness, statistics: StatisticsStore, look: LookAtWork, clock: Clock) -> None:
        self._readiness = readiness
        self._statistics = statistics
        self._look = look
        self._clock = clock
        self._started_ms = clock.now_ms()

    async def __call__(self, *, include_stats: bool) -> ServiceStatus:
        """Without stats it answers whatever is lost; with them it raises DependencyLost."""
        lost = self._readiness.lost
        status = f"degraded: {', '.join(lost)}" if lost else "healthy"
        uptime_s = max(self._clock.now_ms() - self._started_ms, 0) // 1000
        if not include_stats:
            return ServiceStatus(status, uptime_s)
        work = await self._look()
        return ServiceStatus(status, uptime_s, await self._statistics.totals(), len(work.deliberations))


@dataclass(frozen=True)
class AgentFigures:
    """Members of all councils. `active` ones have a step outstanding."""

    total: int
    active: int
    by_role: Mapping[str, int]
    mean_response_ms: float


@dataclass(frozen=True)
class CouncilFigures:
    """How a council does. `active`: it deliberates now. `available` agents could take part; `busy` ones have a step."""

    active: bool
    status: str
    available: int
    busy: int
    success_rate: float


@dataclass(frozen=True)
class Metrics:
    """What was asked for; the rest is None. `councils` are by council id."""

    performance: Performance | None = None
    agents: AgentFigures | None = None
    councils: Mapping[str, CouncilFigures] | None = None


class GetMetrics:
    """Works figures out from the measurements of all processes."""

    def __init__(
        self,
        statistics: StatisticsStore,
        councils: CouncilStore,
        look: LookAtWork,
        readiness: Readiness,
        clock: Clock,
    ) -> None:
        self._finished = Fresh(statistics.kept, clock)
        self._councils = councils
        self._look = look
        self._readiness = readiness
        self._clock = clock

    async def __call__(self, metric_type: str, time_range_ms: int) -> Metrics:
        """Of deliberations that ended within `time_range_ms` (0: all that is kept). Raises InvalidRequest."""
        validate_metrics(metric_type, time_range_ms)
        finished = await self._finished()
        if time_range_ms:
            since = self._clock.now_ms() - time_range_ms
            finished = [one for one in finished if one.finished_at_ms >= since]
        asked = METRIC_TYPES if metric_type in ("", "all") else (metric_type,)
        councils, work = await self._councils.all(), await self._look()
        return Metrics(
            performance=performance(finished) if "performance" in asked else None,
            agents=_agents(councils, work, finished) if "agents" in asked else None,
            councils={council.council_id: self._council(council, work, finished) for council in councils}
            if "councils" in asked
            else None,
        )

    def _council(self, council: Council, work: Workload, finished: Sequence[Finished]) -> CouncilFigures:
        agents = [member.agent for member in council.members]
        available = sum(self._readiness.has(agent.needs) for agent in agents)
        rate = success_rate([one for one in finished if one.role == council.role])
        return CouncilFigures(
            active=bool(work.deliberations.get(council.role)),
            status=health(rate, available),
            available=available,
            busy=sum(map(work.busy, agents)),
            success_rate=rate,
        )


def _agents(councils: Sequence[Council], work: Workload, finished: Sequence[Finished]) -> AgentFigures:
    agents = [member.agent for council in councils for member in council.members]
    return AgentFigures(
        total=len(agents),
        active=sum(map(work.busy, agents)),
        by_role={council.role: len(council.members) for council in councils},
        mean_response_ms=mean_step_ms(finished),
    )
