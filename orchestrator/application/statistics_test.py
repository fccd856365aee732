"""What the service says of itself, and what it works out from what was measured."""

import logging

import pytest

from orchestrator.application.statistics import AgentFigures, Metrics
from orchestrator.domain.deliberation import Deliberation
from orchestrator.domain.errors import InvalidRequest
from orchestrator.domain.statistics import Totals
from orchestrator.testing.builders import STEP_MS, make_request
from orchestrator.testing.stage import Stage, SwitchedDependency


async def _finished(stage: Stage, seconds: int = 2, error: str = "", **changes: object) -> str:
    """Runs a deliberation whose first answers take so long."""
    task_id = (await stage.start(make_request(**changes), "")).task_id
    stage.clock.advance(seconds * 1000)
    await stage.answer_phase(task_id, error)
    await stage.finish(task_id)
    return task_id


async def test_a_service_that_has_everything_is_healthy_and_says_how_long_it_is_up() -> None:
    stage = Stage()
    stage.clock.advance(61_999)

    status = await stage.get_status(include_stats=False)

    assert (status.status, status.uptime_s, status.totals) == ("healthy", 61, None)


async def test_a_clock_that_was_set_back_makes_no_negative_uptime() -> None:
    stage = Stage()
    stage.clock.advance(-5000)

    assert (await stage.get_status(include_stats=False)).uptime_s == 0


async def test_what_is_lost_is_named() -> None:
    stage = Stage([SwitchedDependency("redis"), SwitchedDependency("vllm", there=False)])
    await stage.readiness.look()

    assert (await stage.get_status(include_stats=False)).status == "degraded: vllm"


async def test_totals_count_what_is_over_and_councils_that_deliberate_now() -> None:
    stage = Stage()
    await _finished(stage, seconds=2)
    await _finished(stage, seconds=4, kind="orchestrate", role="QA")
    await _finished(stage, error="the model refused")
    await stage.start(make_request(role="DATA"), "")

    status = await stage.get_status(include_stats=True)

    assert status.totals == Totals(
        deliberations=3, orchestrations=1, completed=2, completed_ms=6000, by_role={"DEV": 2, "QA": 1}
    )
    assert status.active_councils == 1


async def test_a_deliberation_that_cannot_be_read_is_left_out_and_said_so_once(
    caplog: pytest.LogCaptureFixture,
) -> None:
    stage = Stage()
    broken = (await stage.start(make_request(role="QA"), "")).task_id
    await stage.start(make_request(), "")
    load = stage.store.load

    async def load_or_not(task_id: str) -> Deliberation | None:
        if task_id == broken:
            raise ValueError("not a Deliberation")
        return await load(task_id)

    stage.store.load = load_or_not  # type: ignore[method-assign]
    with caplog.at_level(logging.ERROR):
        for _ in range(3):
            stage.clock.advance(1000)
            assert (await stage.get_status(include_stats=True)).active_councils == 1

    assert [record.task_id for record in caplog.records] == [broken]  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("metric_type", "given"),
    [
        ("performance", {"performance"}),
        ("agents", {"agents"}),
        ("councils", {"councils"}),
        ("all", {"performance", "agents", "councils"}),
        ("", {"performance", "agents", "councils"}),
    ],
)
async def test_only_what_is_asked_for_is_given(metric_type: str, given: set[str]) -> None:
    metrics = await Stage().get_metrics(metric_type, 0)

    assert {name for name in Metrics.__dataclass_fields__ if getattr(metrics, name) is not None} == given


@pytest.mark.parametrize(("metric_type", "time_range_ms"), [("speed", 0), ("all", -1)])
async def test_what_is_not_measured_is_refused(metric_type: str, time_range_ms: int) -> None:
    with pytest.raises(InvalidRequest):
        await Stage().get_metrics(metric_type, time_range_ms)


async def test_only_what_ended_within_the_range_counts() -> None:
    stage = Stage()
    await _finished(stage, seconds=1)
    stage.clock.advance(10_000)
    await _finished(stage, seconds=3)

    async def mean_ms(time_range_ms: int) -> float:
        performance = (await stage.get_metrics("performance", time_range_ms)).performance
        assert performance
        return performance.mean_deliberation_ms

    assert await mean_ms(0) == 2000
    assert await mean_ms(5000) == 3000
    assert await mean_ms(2**62) == 2000


async def test_agents_are_counted_by_role_and_by_whether_they_have_a_step() -> None:
    stage = Stage()
    await _finished(stage, seconds=2)
    await stage.start(make_request(num_agents=2), "")
    stage.clock.advance(1000)

    agents = (await stage.get_metrics("agents", 0)).agents

    roles = ("ARCHITECT", "DATA", "DEV", "DEVOPS", "QA")
    assert agents == AgentFigures(50, 2, dict.fromkeys(roles, 10), STEP_MS)


async def test_a_council_says_how_it_does() -> None:
    vllm = SwitchedDependency("vllm")
    stage = Stage([vllm])
    await stage.readiness.look()
    await _finished(stage)
    await _finished(stage, error="the model refused")
    await stage.start(make_request(num_agents=3), "")
    stage.clock.advance(1000)

    councils = (await stage.get_metrics("councils", 0)).councils
    assert councils
    dev, idle = councils["council-dev"], councils["council-qa"]

    assert (dev.active, dev.status, dev.available, dev.busy, dev.success_rate) == (True, "degraded", 10, 3, 0.5)
    assert (idle.active, idle.status, idle.available, idle.busy, idle.success_rate) == (False, "healthy", 10, 0, 1.0)

    vllm.there = False
    await stage.readiness.look()
    councils = (await stage.get_metrics("councils", 0)).councils
    assert councils
    assert (councils["council-dev"].status, councils["council-dev"].available) == ("unavailable", 0)
