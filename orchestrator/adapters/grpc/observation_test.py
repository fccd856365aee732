"""GetStatus and GetMetrics: what was done is what they tell."""

from typing import Any

import grpc
import pytest
from google.rpc.error_details_pb2 import BadRequest

from orchestrator.domain.errors import DependencyLost
from orchestrator.testing.calls import detail, failure
from orchestrator.testing.stage import Stage, SwitchedDependency
from protos.orchestrator.v1 import orchestrator_pb2 as pb


async def _deliberate(stub: Any, stage: Stage, task_id: str, took_ms: int, role: str = "DEV", error: str = "") -> None:
    request = pb.DeliberateRequest(task_id=task_id, task_description="Add.", role=role, mode=pb.ASYNC)
    await stub.Deliberate(request)
    stage.clock.advance(took_ms)
    if error:
        await stage.answer_phase(task_id, error=error)
    else:
        await stage.finish(task_id)


async def test_the_status_names_what_is_lost_and_needs_nothing(
    stub: Any, stage: Stage, vllm: SwitchedDependency
) -> None:
    assert (await stub.GetStatus(pb.GetStatusRequest())).status == "healthy"
    vllm.there = False
    await stage.readiness.look()
    stage.clock.advance(90_500)

    answer = await stub.GetStatus(pb.GetStatusRequest())

    assert answer.status == "degraded: vllm"
    assert answer.uptime_seconds == 90
    assert not answer.HasField("stats")


async def test_stats_count_what_is_over_and_what_is_active(stub: Any, stage: Stage) -> None:
    await _deliberate(stub, stage, "one", 100)
    await _deliberate(stub, stage, "two", 300, role="QA")
    await _deliberate(stub, stage, "three", 5_000, error="the model refused")
    await stub.Deliberate(pb.DeliberateRequest(task_description="Add.", role="DATA", mode=pb.ASYNC))

    stats = (await stub.GetStatus(pb.GetStatusRequest(include_stats=True))).stats

    assert (stats.total_deliberations, stats.total_orchestrations, stats.active_councils) == (3, 0, 1)
    assert stats.avg_deliberation_time_ms == 200
    assert dict(stats.role_counts) == {"DEV": 2, "QA": 1}


async def test_performance_is_of_the_time_that_is_asked_for(stub: Any, stage: Stage) -> None:
    await _deliberate(stub, stage, "one", 100)
    stage.clock.advance(60_000)
    await _deliberate(stub, stage, "two", 300)

    everything = await stub.GetMetrics(pb.GetMetricsRequest(metric_type="performance"))
    lately = await stub.GetMetrics(pb.GetMetricsRequest(metric_type="performance", time_range_ms=60_000))

    assert (everything.performance.avg_deliberation_ms, everything.performance.p50_latency_ms) == (200, 100)
    assert (lately.performance.avg_deliberation_ms, lately.performance.p99_latency_ms) == (300, 300)
    assert not everything.HasField("agents")
    assert not everything.HasField("councils")


async def test_agents_and_councils_are_those_there_are(stub: Any, stage: Stage, vllm: SwitchedDependency) -> None:
    await _deliberate(stub, stage, "one", 100)
    await _deliberate(stub, stage, "two", 100, error="the model refused")
    await stub.Deliberate(pb.DeliberateRequest(task_description="Add.", role="QA", num_agents=2, mode=pb.ASYNC))

    answer = await stub.GetMetrics(pb.GetMetricsRequest(metric_type="all"))

    assert (answer.agents.total_agents, answer.agents.active_agents) == (50, 2)
    assert answer.agents.agents_per_role["DEV"] == 10
    assert answer.agents.avg_agent_response_time_ms == 20
    assert (answer.councils.total_councils, answer.councils.active_councils) == (5, 1)
    dev, qa = (answer.councils.health_per_council[f"council-{role}"] for role in ("dev", "qa"))
    assert (dev.status, dev.available_agents, dev.busy_agents, dev.success_rate) == ("degraded", 10, 0, 0.5)
    assert (qa.status, qa.available_agents, qa.busy_agents, qa.success_rate) == ("healthy", 10, 2, 1.0)

    vllm.there = False
    await stage.readiness.look()
    answer = await stub.GetMetrics(pb.GetMetricsRequest(metric_type="councils"))
    assert not answer.HasField("agents")
    dev = answer.councils.health_per_council["council-dev"]
    assert (dev.status, dev.available_agents) == ("unavailable", 0)


async def test_without_any_measurement_figures_are_zero_and_councils_healthy(stub: Any) -> None:
    answer = await stub.GetMetrics(pb.GetMetricsRequest())

    assert answer.performance == pb.PerformanceMetrics()
    assert answer.agents.avg_agent_response_time_ms == 0
    assert {council.status for council in answer.councils.health_per_council.values()} == {"healthy"}


@pytest.mark.parametrize(
    ("request_", "field"),
    [
        (pb.GetMetricsRequest(metric_type="weather"), "metric_type"),
        (pb.GetMetricsRequest(time_range_ms=-1), "time_range_ms"),
    ],
)
async def test_what_cannot_be_asked_for_is_named(stub: Any, request_: pb.GetMetricsRequest, field: str) -> None:
    error = await failure(stub.GetMetrics(request_))

    assert error.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert [violation.field for violation in detail(error, BadRequest).field_violations] == [field]


async def test_a_lost_store_is_unavailable_only_for_who_asks_for_numbers(stub: Any, stage: Stage) -> None:
    async def lost() -> None:
        raise DependencyLost("redis", "gone")

    stage.store.open_deadlines = lost  # type: ignore[assignment, method-assign]

    assert (await stub.GetStatus(pb.GetStatusRequest())).status == "healthy"
    error = await failure(stub.GetStatus(pb.GetStatusRequest(include_stats=True)))
    assert error.code() is grpc.StatusCode.UNAVAILABLE
