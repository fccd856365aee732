"""The methods of the service that are about how it is doing."""

from dataclasses import dataclass

from orchestrator.adapters.grpc.errors import reports_errors
from orchestrator.adapters.grpc.interception import Context
from orchestrator.application.statistics import GetMetrics, GetStatus, Metrics
from orchestrator.domain.statistics import Totals
from protos.orchestrator.v1 import orchestrator_pb2 as pb
from protos.orchestrator.v1 import orchestrator_pb2_grpc as pb_grpc


@dataclass(frozen=True)
class ObservationUseCases:
    """What the methods call."""

    status: GetStatus
    metrics: GetMetrics


class ObservationMethods(pb_grpc.OrchestratorServiceServicer):
    """GetStatus and GetMetrics."""

    _observation: ObservationUseCases

    @reports_errors
    async def GetStatus(self, request: pb.GetStatusRequest, context: Context) -> pb.GetStatusResponse:
        found = await self._observation.status(include_stats=request.include_stats)
        answer = pb.GetStatusResponse(status=found.status, uptime_seconds=found.uptime_s)
        if found.totals:
            answer.stats.CopyFrom(_stats(found.totals, found.active_councils))
        return answer

    @reports_errors
    async def GetMetrics(self, request: pb.GetMetricsRequest, context: Context) -> pb.GetMetricsResponse:
        return _metrics(await self._observation.metrics(request.metric_type, request.time_range_ms))


def _stats(totals: Totals, active_councils: int) -> pb.OrchestratorStats:
    return pb.OrchestratorStats(
        total_deliberations=totals.deliberations,
        total_orchestrations=totals.orchestrations,
        avg_deliberation_time_ms=totals.completed_ms / totals.completed if totals.completed else 0.0,
        active_councils=active_councils,
        role_counts=totals.by_role,
    )


def _metrics(found: Metrics) -> pb.GetMetricsResponse:
    answer = pb.GetMetricsResponse()
    if speed := found.performance:
        answer.performance.CopyFrom(
            pb.PerformanceMetrics(
                avg_deliberation_ms=speed.mean_deliberation_ms,
                avg_orchestration_ms=speed.mean_orchestration_ms,
                p50_latency_ms=speed.p50_ms,
                p95_latency_ms=speed.p95_ms,
                p99_latency_ms=speed.p99_ms,
            )
        )
    if agents := found.agents:
        answer.agents.CopyFrom(
            pb.AgentMetrics(
                total_agents=agents.total,
                active_agents=agents.active,
                agents_per_role=agents.by_role,
                avg_agent_response_time_ms=agents.mean_response_ms,
            )
        )
    if found.councils is not None:
        answer.councils.CopyFrom(
            pb.CouncilMetrics(
                total_councils=len(found.councils),
                active_councils=sum(figures.active for figures in found.councils.values()),
                health_per_council={
                    council_id: pb.CouncilHealth(
                        status=figures.status,
                        available_agents=figures.available,
                        busy_agents=figures.busy,
                        success_rate=figures.success_rate,
                    )
                    for council_id, figures in found.councils.items()
                },
            )
        )
    return answer
