"""GetStatus and GetMetrics: what was done is what they tell."""

from e2e.suite.conftest import Deliberate
from protos.orchestrator.v1 import orchestrator_pb2 as pb
from protos.orchestrator.v1 import orchestrator_pb2_grpc as pb_grpc


def test_a_deliberation_shows_in_the_figures(
    orchestrator: pb_grpc.OrchestratorServiceStub, deliberate: Deliberate
) -> None:
    """One more deliberation of the role is counted, and its time is in the latencies."""
    ask = pb.GetStatusRequest(include_stats=True)
    before = orchestrator.GetStatus(ask, timeout=10).stats

    deliberate(pb.DeliberateRequest(task_description="Draw the data flow.", role="DATA", num_agents=1))
    after = orchestrator.GetStatus(ask, timeout=10)
    metrics = orchestrator.GetMetrics(pb.GetMetricsRequest(metric_type="all", time_range_ms=600_000), timeout=10)

    assert after.status == "healthy"
    assert after.stats.total_deliberations >= before.total_deliberations + 1
    assert after.stats.role_counts["DATA"] == before.role_counts["DATA"] + 1
    speed = metrics.performance
    assert 0 < speed.p50_latency_ms <= speed.p95_latency_ms <= speed.p99_latency_ms
    assert metrics.agents.agents_per_role["DATA"] > 0
    health = metrics.councils.health_per_council["council-data"]
    assert 0 < health.success_rate <= 1
    assert health.available_agents > 0
