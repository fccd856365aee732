"""One step: asked, stored, announced; and what happens when any of that fails."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace

import pytest

from orchestrator.adapters.in_memory.clock import ManualClock
from orchestrator.adapters.in_memory.model import Behaviour, InMemoryModel, plausible_answer
from orchestrator.adapters.in_memory.stores import InMemoryEndings, InMemoryResponses
from orchestrator.agents import worker as worker_module
from orchestrator.agents.retries import RetryBudget
from orchestrator.agents.worker import Identity, RetryLater, StepWorker, WorkerPolicy
from orchestrator.application.ports import ModelRejected
from orchestrator.domain.errors import DependencyLost
from orchestrator.domain.steps import StepKind, StepRequest, StepResponse
from orchestrator.testing.builders import MINUTE_MS, START_MS, make_step_request, marks_text


@dataclass
class Announcements:
    """ResultAnnouncer that keeps what it is told; `lost` makes it fail."""

    step_ids: list[str] = field(default_factory=list)
    lost: bool = False

    async def announce(self, task_id: str, step_id: str) -> None:
        if self.lost:
            raise DependencyLost("nats", "not connected")
        self.step_ids.append(step_id)


class Bench:
    """A worker with everything around it in memory."""

    def __init__(self, behaviour: Behaviour = plausible_answer) -> None:
        self.responses = InMemoryResponses()
        self.announcements = Announcements()
        self.model = InMemoryModel(behaviour)
        self.clock = ManualClock(START_MS)
        self.endings = InMemoryEndings(self.clock)
        self.worker = StepWorker(
            self.responses,
            self.endings,
            self.announcements,
            self.model,
            self.clock,
            Identity("node-1", "actor-1"),
            WorkerPolicy(step_timeout_s=20),
            jitter=lambda: 1.0,
        )

    async def response(self, request: StepRequest) -> StepResponse:
        """The stored response, which must exist."""
        response = await self.responses.get(request.step_id)
        assert response is not None
        return response


def _raising(error: Exception) -> Behaviour:
    def behave(request: StepRequest, seed: int) -> str:
        raise error

    return behave


def _in_turn(*texts: str) -> Behaviour:
    answers = iter(texts)
    return lambda request, seed: next(answers)


async def test_a_step_is_asked_stored_and_announced() -> None:
    bench, request = Bench(), make_step_request()

    await bench.worker.work(request, delivery=1)

    response = await bench.response(request)
    assert response.text.startswith("Proposal for: Add two numbers.")
    assert (response.node_id, response.actor_id) == ("node-1", "actor-1")
    assert response.request_id.startswith(f"mock-{request.step_id}")
    assert response.prompt == request.messages
    assert bench.announcements.step_ids == [request.step_id]


async def test_a_step_that_has_a_response_is_only_announced_again() -> None:
    bench, request = Bench(), make_step_request()
    await bench.worker.work(request, delivery=1)

    await bench.worker.work(request, delivery=2)

    assert len(bench.model.requests) == 1
    assert bench.announcements.step_ids == [request.step_id] * 2


async def test_the_first_response_stays() -> None:
    bench, request = Bench(), make_step_request()
    first = StepResponse(request.step_id, request.task_id, text="first")

    def answer(request: StepRequest, seed: int) -> str:
        bench.responses._by_task[request.task_id] = {request.step_id: first}
        return "second"

    bench.model._behaviour = answer
    await bench.worker.work(request, delivery=1)

    assert await bench.response(request) == first


async def test_a_step_after_its_deadline_fails_as_late_so_that_its_deliberation_goes_on() -> None:
    bench, request = Bench(), make_step_request()
    bench.clock.advance(MINUTE_MS)

    await bench.worker.work(request, delivery=1)

    assert bench.model.requests == []
    response = await bench.response(request)
    assert response.late
    assert response.error
    assert bench.announcements.step_ids == [request.step_id]


async def test_a_step_of_a_deliberation_that_is_over_is_dropped() -> None:
    bench, request = Bench(), make_step_request()
    await bench.endings.mark(request.task_id, START_MS)

    await bench.worker.work(request, delivery=1)

    assert bench.model.requests == []
    assert bench.announcements.step_ids == []


async def test_a_model_that_does_not_answer_is_tried_again_later_each_time_and_soon_all_the_same() -> None:
    bench, request = Bench(_raising(DependencyLost("vllm", "refused"))), make_step_request()
    delays = []
    for delivery in range(1, 8):
        with pytest.raises(RetryLater) as raised:
            await bench.worker.work(request, delivery)
        delays.append(raised.value.delay_s)

    assert delays[:3] == [0.25, 0.5, 1.0]
    assert delays == sorted(delays)
    assert max(delays) < 2
    assert bench.announcements.step_ids == []


async def test_a_server_that_asks_to_be_left_alone_is() -> None:
    bench, request = Bench(_raising(DependencyLost("vllm", "busy", retry_after_s=7))), make_step_request()

    with pytest.raises(RetryLater) as raised:
        await bench.worker.work(request, 1)

    assert raised.value.delay_s == 7


async def test_what_is_lost_until_the_deadline_is_named_in_a_failure_before_it() -> None:
    bench, request = Bench(_raising(DependencyLost("vllm", "refused"))), make_step_request()
    bench.clock.advance(request.deadline_ms - START_MS - 100)

    await bench.worker.work(request, delivery=30)

    response = await bench.response(request)
    assert (response.lost_dependency, response.late) == ("vllm", False)
    assert "refused" in response.error
    assert response.finished_at_ms < request.deadline_ms
    assert bench.announcements.step_ids == [request.step_id]


async def test_a_first_request_that_the_deadline_cuts_off_is_late_and_blames_nobody() -> None:
    request = make_step_request()

    def take_too_long(request: StepRequest, seed: int) -> str:
        bench.clock.advance(request.deadline_ms - START_MS)
        raise DependencyLost("vllm", "took too long")

    bench = Bench(take_too_long)
    await bench.worker.work(request, delivery=1)

    response = await bench.response(request)
    assert (response.late, response.lost_dependency) == (True, "")


async def test_retries_beyond_the_budget_do_not_reach_the_model() -> None:
    bench, request = Bench(), make_step_request()
    bench.worker._retries = RetryBudget(capacity=1, per_second=0)

    await bench.worker.work(replace(request, step_id="task-1/0/propose/a"), delivery=2)
    # The answer gave its token back.
    await bench.worker.work(replace(request, step_id="task-1/0/propose/b"), delivery=2)
    assert bench.worker._retries.take()
    with pytest.raises(RetryLater):
        await bench.worker.work(replace(request, step_id="task-1/0/propose/c"), delivery=2)
    await bench.worker.work(replace(request, step_id="task-1/0/propose/d"), delivery=1)

    assert [asked.step_id[-1] for asked in bench.model.requests] == ["a", "b", "d"]


async def test_a_retry_beyond_the_budget_says_what_the_trouble_was() -> None:
    bench, request = Bench(_raising(DependencyLost("vllm", "nothing but noise"))), make_step_request()
    bench.worker._retries = RetryBudget(capacity=0, per_second=0)

    with pytest.raises(RetryLater, match="nothing but noise"):
        await bench.worker.work(request, delivery=1)
    with pytest.raises(RetryLater, match="nothing but noise"):
        await bench.worker.work(request, delivery=2)

    assert len(bench.model.requests) == 1


async def test_a_step_that_is_late_after_trouble_that_goes_on_names_that() -> None:
    bench, request = Bench(_raising(DependencyLost("vllm", "nothing but noise"))), make_step_request()
    with pytest.raises(RetryLater):
        await bench.worker.work(request, delivery=1)
    bench.clock.advance(request.deadline_ms - bench.clock.now_ms())

    await bench.worker.work(request, delivery=2)

    response = await bench.response(request)
    assert (response.lost_dependency, response.late) == ("vllm", False)
    assert "nothing but noise" in response.error


async def test_trouble_that_is_over_is_no_reason_any_more() -> None:
    troubles = [DependencyLost("vllm", "nothing but noise")]

    def recover(asked: StepRequest, seed: int) -> str:
        if troubles:
            raise troubles.pop()
        return plausible_answer(asked, seed)

    bench, request = Bench(recover), make_step_request()
    with pytest.raises(RetryLater):
        await bench.worker.work(request, delivery=1)
    await bench.worker.work(replace(request, step_id="task-1/0/propose/other"), delivery=1)
    bench.clock.advance(request.deadline_ms - bench.clock.now_ms())

    await bench.worker.work(request, delivery=2)

    response = await bench.response(request)
    assert (response.lost_dependency, response.late) == ("", True)


async def test_a_step_that_cannot_be_worked_on_fails_for_its_deliberation_unless_it_was_answered() -> None:
    bench, request = Bench(), make_step_request()

    await bench.worker.refuse(request.step_id, "poison")
    await bench.worker.refuse(request.step_id, "another reason")

    response = await bench.response(request)
    assert (response.task_id, response.error) == (request.task_id, "poison")
    assert bench.announcements.step_ids == [request.step_id] * 2


async def test_a_request_that_is_refused_is_not_tried_again() -> None:
    bench, request = Bench(_raising(ModelRejected("400: too long"))), make_step_request()

    await bench.worker.work(request, delivery=1)

    response = await bench.response(request)
    assert "too long" in response.error
    assert response.lost_dependency == ""


@pytest.mark.parametrize(
    ("kind", "bad", "good"),
    [
        (StepKind.PROPOSE, "  ", "a proposal"),
        (StepKind.REVIEW, "I like A", marks_text({"A": 3, "B": 4})),
        (StepKind.REVIEW, '{"marks": {', marks_text({"A": 3})),
    ],
)
async def test_an_answer_of_the_wrong_form_is_asked_for_once_more_with_another_seed(
    kind: StepKind, bad: str, good: str
) -> None:
    seeds: list[int] = []
    answers = iter([bad, good])

    def answer(request: StepRequest, seed: int) -> str:
        seeds.append(seed)
        return next(answers)

    bench, request = Bench(answer), make_step_request(kind)
    await bench.worker.work(request, delivery=1)

    response = await bench.response(request)
    assert (response.text, response.error, response.attempts) == (good, "", 2)
    assert seeds[0] != seeds[1]


async def test_an_answer_of_the_wrong_form_twice_is_a_failure() -> None:
    bench, request = Bench(_in_turn("no", "no")), make_step_request(StepKind.REVIEW)

    await bench.worker.work(request, delivery=1)

    response = await bench.response(request)
    assert response.error == "the review is not a JSON object, 2 times"
    assert response.usage.completion_tokens == 2


async def test_a_cut_review_needs_no_second_request() -> None:
    bench, request = Bench(_in_turn('{"marks": {"A": 7, "B": 2}, "comm')), make_step_request(StepKind.REVIEW)

    await bench.worker.work(request, delivery=1)

    assert (await bench.response(request)).attempts == 1


async def test_an_answer_outlives_a_store_that_is_lost_for_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker_module, "_STORE_PAUSE_S", 0)
    bench, request = Bench(), make_step_request()
    put, losses = bench.responses.put_if_absent, [DependencyLost("redis", "away")] * 5

    async def put_later(response: StepResponse) -> StepResponse:
        if losses:
            raise losses.pop()
        return await put(response)

    bench.responses.put_if_absent = put_later  # type: ignore[method-assign]
    await bench.worker.work(request, delivery=1)

    assert len(bench.model.requests) == 1
    assert (await bench.response(request)).text


async def test_a_lost_store_is_not_waited_for_beyond_the_deadline(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker_module, "_STORE_PAUSE_S", 0)
    bench, request = Bench(), make_step_request()
    tried = 0

    async def lose(response: StepResponse) -> StepResponse:
        nonlocal tried
        tried += 1
        bench.clock.advance(MINUTE_MS // 3)
        raise DependencyLost("redis", "away")

    bench.responses.put_if_absent = lose  # type: ignore[method-assign]
    with pytest.raises(RetryLater):
        await bench.worker.work(request, delivery=1)

    assert tried == 3


async def test_an_answer_that_cannot_be_stored_is_asked_for_again_in_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker_module, "_STORE_PAUSE_S", 0)
    bench = Bench()

    async def lose(response: StepResponse) -> StepResponse:
        raise DependencyLost("redis", "away")

    bench.responses.put_if_absent = lose  # type: ignore[method-assign]
    with pytest.raises(RetryLater):
        await bench.worker.work(make_step_request(), delivery=1)


def _lose_announcements(bench: Bench) -> None:
    bench.announcements.lost = True


def _lose_responses(bench: Bench) -> None:
    async def get(step_id: str) -> StepResponse | None:
        raise DependencyLost("redis", "refused")

    bench.responses.get = get  # type: ignore[method-assign]


@pytest.mark.parametrize("lose", [_lose_announcements, _lose_responses])
async def test_without_store_or_queue_the_step_is_tried_again(lose: Callable[[Bench], None]) -> None:
    bench, request = Bench(), make_step_request()
    lose(bench)

    with pytest.raises(RetryLater):
        await bench.worker.work(request, delivery=3)
