"""Refusing a flood without asking the store."""

import pytest

from orchestrator.adapters.in_memory.clock import ManualClock
from orchestrator.application.admission import Admission
from orchestrator.domain.deliberation import Deliberation
from orchestrator.domain.errors import Overloaded
from orchestrator.testing.builders import make_request
from orchestrator.testing.stage import Stage


def test_after_a_refusal_requests_are_refused_for_a_moment() -> None:
    clock, refused = ManualClock(), []
    admission = Admission(clock, hold_ms=50, on_refused=lambda: refused.append(1))
    admission.require()

    admission.refused(7)

    clock.advance(49)
    with pytest.raises(Overloaded, match="7") as raised:
        admission.require()
    assert raised.value.retry_after_ms > 0
    clock.advance(1)
    admission.require()
    assert len(refused) == 2


async def test_a_flood_asks_the_store_once_in_a_moment(monkeypatch: pytest.MonkeyPatch) -> None:
    stage, asked = Stage(max_open=1), 0
    await stage.start(make_request(), "first")
    create = stage.ownership.create

    async def counting(deliberation: Deliberation, limit: int) -> Deliberation | None:
        nonlocal asked
        asked += 1
        return await create(deliberation, limit)

    monkeypatch.setattr(stage.ownership, "create", counting)
    for _ in range(10):
        with pytest.raises(Overloaded):
            await stage.start(make_request(), "")
    assert asked == 1

    assert (await stage.start(make_request(), "first")).task_id == "first"
    await stage.finish("first")
    stage.clock.advance(1000)
    await stage.start(make_request(), "")
