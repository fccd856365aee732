"""What an agent does with one step. Knows nothing of Ray."""

import logging
import random
from collections.abc import Callable
from dataclasses import dataclass, replace

from orchestrator.application.ports import (
    ChatModel,
    Clock,
    Completion,
    Endings,
    ModelRejected,
    ResponseStore,
    ResultAnnouncer,
)
from orchestrator.domain.errors import DependencyLost
from orchestrator.domain.review import InvalidReview, answer_schema, parse_answer
from orchestrator.domain.steps import StepRequest, StepResponse, Usage, seed_for

_log = logging.getLogger(__name__)

# An answer that is not of the wanted form is asked for once more, with another seed.
_ATTEMPTS = 2
_LONGEST_DELAY_S = 30.0


class RetryLater(Exception):
    """The step should be delivered again, after `delay_s` seconds."""

    def __init__(self, delay_s: float, reason: str) -> None:
        self.delay_s = delay_s
        super().__init__(reason)


@dataclass(frozen=True)
class Identity:
    """Where a step is worked on: ids of the Ray node and actor."""

    node_id: str
    actor_id: str


@dataclass(frozen=True)
class WorkerPolicy:
    """`max_deliver`: how often a step is tried. `step_timeout_s`: the longest that one request may take."""

    max_deliver: int = 5
    step_timeout_s: float = 120.0


class StepWorker:
    """Answers steps: asks the model, stores the response, announces it. Safe to repeat at any point."""

    def __init__(
        self,
        responses: ResponseStore,
        endings: Endings,
        announcer: ResultAnnouncer,
        model: ChatModel,
        clock: Clock,
        identity: Identity,
        policy: WorkerPolicy,
        jitter: Callable[[], float] = lambda: random.uniform(0.5, 1.5),  # noqa: S311 (spreads retries, hides nothing)
    ) -> None:
        self._responses = responses
        self._endings = endings
        self._announcer = announcer
        self._model = model
        self._clock = clock
        self._identity = identity
        self._policy = policy
        self._jitter = jitter

    async def work(self, request: StepRequest, delivery: int) -> None:
        """Handles the `delivery`-th delivery of a step (from 1). When it returns, the step can be acknowledged.

        Raises RetryLater if it should be delivered again. A step whose deliberation is over is dropped, and so is one
        whose deliberation's deadline has passed: the orchestrator ends that deliberation by itself.
        """
        try:
            if await self._endings.is_over(request.task_id):
                _log.info("dropped a step of a deliberation that is over", extra=_about(request))
                return
            if await self._responses.get(request.step_id) is None:
                if self._clock.now_ms() >= request.deadline_ms:
                    _log.info("dropped a step after its deadline", extra=_about(request))
                    return
                began_ms = self._clock.now_ms()
                response = await self._answer(request, delivery)
                await self._responses.put_if_absent(replace(response, duration_ms=self._clock.now_ms() - began_ms))
            await self._announcer.announce(request.task_id, request.step_id)
        except DependencyLost as lost:
            raise RetryLater(self._delay(delivery), str(lost)) from lost

    async def _answer(self, request: StepRequest, delivery: int) -> StepResponse:
        try:
            return await self._ask(request)
        except ModelRejected as rejected:
            return self._failed(request, f"the model server refused the request: {rejected}")
        except DependencyLost as lost:
            if delivery < self._policy.max_deliver:
                raise
            return replace(self._failed(request, f"{lost}, {delivery} times in a row"), lost_dependency=lost.dependency)

    async def _ask(self, request: StepRequest) -> StepResponse:
        usage, fault = Usage(), ""
        for attempt in range(1, _ATTEMPTS + 1):
            completion = await self._complete(request, attempt)
            usage += completion.usage
            fault = _fault(request, completion.text)
            if not fault:
                return replace(
                    self._response(request),
                    text=completion.text.strip(),
                    usage=usage,
                    model=completion.model,
                    request_id=completion.request_id,
                    attempts=attempt,
                )
            _log.info("asking again: %s", fault, extra=_about(request))
        return replace(self._failed(request, f"{fault}, {_ATTEMPTS} times"), usage=usage, attempts=_ATTEMPTS)

    async def _complete(self, request: StepRequest, attempt: int) -> Completion:
        left_s = (request.deadline_ms - self._clock.now_ms()) / 1000
        timeout_s = max(min(left_s, self._policy.step_timeout_s), 0.001)
        schema = answer_schema(request.labels) if request.labels else None
        return await self._model.complete(request, seed_for(request.step_id, attempt), schema, timeout_s)

    def _response(self, request: StepRequest) -> StepResponse:
        return StepResponse(
            step_id=request.step_id,
            task_id=request.task_id,
            model=request.model,
            node_id=self._identity.node_id,
            actor_id=self._identity.actor_id,
            finished_at_ms=self._clock.now_ms(),
            prompt=request.messages,
        )

    def _failed(self, request: StepRequest, reason: str) -> StepResponse:
        _log.warning("step failed: %s", reason, extra=_about(request))
        return replace(self._response(request), error=reason)

    def _delay(self, delivery: int) -> float:
        return min(0.5 * 2.0 ** (delivery - 1), _LONGEST_DELAY_S) * self._jitter()


def _fault(request: StepRequest, text: str) -> str:
    """Why an answer is not of the wanted form; empty if it is."""
    if not text.strip():
        return "the answer is empty"
    if request.labels:
        try:
            parse_answer(text, request.labels)
        except InvalidReview as error:
            return str(error)
    return ""


def _about(request: StepRequest) -> dict[str, str]:
    return {"task_id": request.task_id, "step_id": request.step_id}
