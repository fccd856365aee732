"""A model server in trouble is left alone, and asked again as soon as it answers."""

import asyncio
from dataclasses import replace

import pytest

from orchestrator.adapters.in_memory.model import InMemoryModel
from orchestrator.adapters.vllm.breaker import BreakingModel
from orchestrator.application.ports import Completion, ModelRejected
from orchestrator.domain.errors import DependencyLost
from orchestrator.domain.steps import StepRequest
from orchestrator.testing.builders import make_step_request

_REQUEST = make_step_request()


class Bench:
    """A breaker over a model that fails with `error` while there is one; it opens after 3 failures, for a second."""

    def __init__(self) -> None:
        self.now = 0.0
        self.error: Exception | None = DependencyLost("vllm", "refused")
        self.model = InMemoryModel(self._behave)
        self.breaker = BreakingModel(self.model, patience_s=10, failures=3, monotonic=lambda: self.now)

    def _behave(self, request: StepRequest, seed: int) -> str:
        if self.error:
            raise self.error
        return "text"

    async def ask(self, request: StepRequest = _REQUEST, timeout_s: float = 10) -> Completion:
        return await self.breaker.complete(request, 1, None, timeout_s)

    async def fail(self, times: int, request: StepRequest = _REQUEST) -> None:
        for _ in range(times):
            with pytest.raises(DependencyLost):
                await self.ask(request)

    @property
    def asked(self) -> int:
        return len(self.model.requests)


async def test_after_failures_in_a_row_the_server_is_not_asked_any_more_and_the_reason_is_said() -> None:
    bench = Bench()
    await bench.fail(3)

    with pytest.raises(DependencyLost, match="refused") as raised:
        await bench.ask()

    assert bench.asked == 3
    assert raised.value.dependency == "vllm"
    assert 0 < raised.value.retry_after_s <= 1


async def test_an_answer_in_between_starts_the_count_again() -> None:
    bench = Bench()
    for _ in range(3):
        await bench.fail(2)
        bench.error = None
        await bench.ask()
        bench.error = DependencyLost("vllm", "refused")

    assert bench.asked == 9


async def test_one_probe_at_a_time_is_let_through_and_an_answer_closes_the_circuit() -> None:
    bench = Bench()
    await bench.fail(3)
    bench.now += 1.0
    await bench.fail(2)
    assert bench.asked == 4

    bench.now += 1.0
    bench.error = None
    await bench.ask()
    await bench.ask()
    assert bench.asked == 6


async def test_a_probe_that_hangs_does_not_keep_the_next_one_from_being_made() -> None:
    bench = Bench()
    await bench.fail(3)
    bench.now += 1.0
    hang = asyncio.Event()
    complete = bench.model.complete

    async def hanging(*arguments: object) -> Completion:
        await hang.wait()
        raise DependencyLost("vllm", "took too long")

    bench.model.complete = hanging  # type: ignore[assignment, method-assign]
    probe = asyncio.create_task(bench.ask())
    await asyncio.sleep(0)
    bench.model.complete = complete  # type: ignore[method-assign]
    await bench.fail(1)
    assert bench.asked == 3
    bench.now += 1.0
    bench.error = None
    await bench.ask()

    hang.set()
    with pytest.raises(DependencyLost):
        await probe
    await bench.ask()


async def test_a_server_that_asks_to_be_left_alone_for_longer_is() -> None:
    bench = Bench()
    bench.error = DependencyLost("vllm", "busy", retry_after_s=5)
    await bench.fail(3)
    bench.now += 4
    await bench.fail(1)
    assert bench.asked == 3

    bench.now += 1
    bench.error = None
    await bench.ask()


async def test_a_request_that_is_refused_was_answered() -> None:
    bench = Bench()
    bench.error = ModelRejected("400")
    for _ in range(5):
        with pytest.raises(ModelRejected):
            await bench.ask()

    assert bench.asked == 5


async def test_a_server_that_was_given_little_time_has_not_failed() -> None:
    bench = Bench()

    def take_too_long(request: StepRequest, seed: int) -> str:
        bench.now += 0.5
        raise DependencyLost("vllm", "took too long")

    bench.model._behaviour = take_too_long
    for _ in range(5):
        with pytest.raises(DependencyLost):
            await bench.ask(timeout_s=0.5)
    assert bench.asked == 5

    for _ in range(5):
        with pytest.raises(DependencyLost):
            await bench.ask(timeout_s=5)
    assert bench.asked == 8


async def test_each_endpoint_has_a_circuit_of_its_own() -> None:
    bench = Bench()
    await bench.fail(3, replace(_REQUEST, endpoint="http://elsewhere/v1"))
    bench.error = None

    await bench.ask()

    assert bench.asked == 4
