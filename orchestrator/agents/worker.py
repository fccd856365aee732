"""What an agent does with one step. Knows nothing of Ray."""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass, replace

from orchestrator.agents.retries import RetryBudget, delay_s, spread
from orchestrator.application.ports import (
    ChatModel,
    Clock,
    Completion,
    Endings,
    ModelRejected,
    ResponseStore,
    ResultAnnouncer,
)
from orchestrator.application.tracing import Attributes, NoTracer, SpanKind, Tracer
from orchestrator.domain.errors import DependencyLost
from orchestrator.domain.review import InvalidReview, answer_schema, parse_answer
from orchestrator.domain.steps import StepRequest, StepResponse, Usage, seed_for, task_of

_log = logging.getLogger(__name__)

# An answer that is not of the wanted form is asked for once more, with another seed.
_ATTEMPTS = 2
_MODEL_SERVER = "vllm"
# About as long as a store takes to be restarted.
_STORE_ATTEMPTS = 20
_STORE_PAUSE_S = 0.5
# What it may take until a step that is asked for again is there, beyond its delay. Who gives up knows why; one that is
# there too late has only been late.
_ON_ITS_WAY_MS = 1000


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
    """`step_timeout_s`: the longest that one request to the model may take."""

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
        jitter: Callable[[], float] = spread,
        retries: RetryBudget | None = None,
        tracer: Tracer | None = None,
    ) -> None:
        self._responses = responses
        self._endings = endings
        self._announcer = announcer
        self._model = model
        self._clock = clock
        self._identity = identity
        self._policy = policy
        self._jitter = jitter
        self._retries = retries or RetryBudget()
        self._tracer = tracer or NoTracer()
        # What is wrong with a model server, by endpoint: until it answers again, that is why its steps have to wait.
        self._trouble: dict[str, str] = {}

    async def work(self, request: StepRequest, delivery: int) -> None:
        """Handles the `delivery`-th delivery of a step (from 1). When it returns, the step can be acknowledged.

        Raises RetryLater if it should be delivered again: until its deadline, what it needs may come back. A step that
        is not answered by then fails, so that its deliberation goes on with what there is. One whose deliberation is
        over is dropped.
        """
        try:
            if await self._endings.is_over(request.task_id):
                _log.info("dropped a step of a deliberation that is over", extra=_about(request))
                return
            if await self._responses.get(request.step_id) is None:
                began_ms = self._clock.now_ms()
                with self._tracer.span(f"invoke_agent {request.agent_id}", SpanKind.INTERNAL, _span(request)) as span:
                    response = await self._answer(request, delivery)
                    span.note({"orchestrator.step.requests": response.attempts})
                    if response.error:
                        span.fail("step_failed", response.error)
                timed = replace(response, duration_ms=self._clock.now_ms() - began_ms)
                await self._store(timed, request.deadline_ms)
            await self._announcer.announce(request.task_id, request.step_id)
        except DependencyLost as lost:
            raise RetryLater(delay_s(delivery, lost.retry_after_s, self._jitter), str(lost)) from lost

    async def refuse(self, step_id: str, reason: str) -> None:
        """Has a step fail that cannot be worked on. One that was answered stays so. Raises DependencyLost."""
        task_id = task_of(step_id)
        await self._responses.put_if_absent(replace(self._response(step_id, task_id), error=reason))
        await self._announcer.announce(task_id, step_id)

    async def _store(self, response: StepResponse, deadline_ms: int) -> None:
        """Stores a response. A store that is lost just then is waited for: what the model has said is worth keeping.

        Not beyond the step's deadline: then nobody waits for the answer, and the slot is of use to another step.
        """
        for attempt in range(1, _STORE_ATTEMPTS + 1):
            try:
                await self._responses.put_if_absent(response)
                return
            except DependencyLost:
                left_s = (deadline_ms - self._clock.now_ms()) / 1000
                if attempt == _STORE_ATTEMPTS or left_s <= 0:
                    raise
            await asyncio.sleep(min(_STORE_PAUSE_S, left_s))

    async def _answer(self, request: StepRequest, delivery: int) -> StepResponse:
        """The response of a step. Raises DependencyLost while there is time to try again."""
        late = f"there was no time left{f' after {delivery - 1} tries' if delivery > 1 else ''}"
        trouble = self._trouble.get(request.endpoint, "")
        if self._clock.now_ms() >= request.deadline_ms:
            if delivery > 1 and trouble:
                lost = DependencyLost(_MODEL_SERVER, f"{trouble}; {late}")
                return replace(self._failed(request, str(lost)), lost_dependency=lost.dependency)
            return replace(self._failed(request, late), late=True)
        try:
            if delivery > 1 and not self._retries.take():
                because = f": {trouble}" if trouble else ""
                raise DependencyLost(_MODEL_SERVER, f"too many requests had to be tried again just now{because}")
            response = await self._ask(request)
        except ModelRejected as rejected:
            return self._failed(request, f"the model server refused the request: {rejected}")
        except DependencyLost as lost:
            now = self._clock.now_ms()
            again_ms = now + delay_s(delivery, lost.retry_after_s, self._jitter) * 1000 + _ON_ITS_WAY_MS
            if again_ms < request.deadline_ms:
                raise
            if delivery == 1 and now >= request.deadline_ms:
                # It was cut off by the deadline and not before: nothing says that the server is to blame.
                return replace(self._failed(request, late), late=True)
            tries = f", {delivery} times in a row" if delivery > 1 else ""
            return replace(self._failed(request, f"{lost}{tries}"), lost_dependency=lost.dependency)
        self._retries.answered()
        return response

    async def _ask(self, request: StepRequest) -> StepResponse:
        usage, fault = Usage(), ""
        for attempt in range(1, _ATTEMPTS + 1):
            try:
                completion = await self._complete(request, attempt)
            except DependencyLost as lost:
                self._trouble[request.endpoint] = lost.reason
                raise
            self._trouble.pop(request.endpoint, None)
            usage += completion.usage
            fault = _fault(request, completion.text)
            if not fault:
                return replace(
                    self._response(request.step_id, request.task_id),
                    model=completion.model,
                    prompt=request.messages,
                    text=completion.text.strip(),
                    usage=usage,
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

    def _response(self, step_id: str, task_id: str) -> StepResponse:
        return StepResponse(
            step_id=step_id,
            task_id=task_id,
            node_id=self._identity.node_id,
            actor_id=self._identity.actor_id,
            finished_at_ms=self._clock.now_ms(),
        )

    def _failed(self, request: StepRequest, reason: str) -> StepResponse:
        _log.warning("step failed: %s", reason, extra=_about(request))
        response = self._response(request.step_id, request.task_id)
        return replace(response, error=reason, model=request.model, prompt=request.messages)


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


def _span(request: StepRequest) -> Attributes:
    """Attributes of the step's span, by the semantic conventions for generative AI where they have a name."""
    return {
        "gen_ai.operation.name": "invoke_agent",
        "gen_ai.agent.id": request.agent_id,
        "gen_ai.agent.name": request.agent_id,
        "gen_ai.conversation.id": request.task_id,
        "gen_ai.request.model": request.model,
        "orchestrator.task_id": request.task_id,
        "orchestrator.step_id": request.step_id,
        "orchestrator.step.kind": str(request.kind),
    }


def _about(request: StepRequest) -> dict[str, str]:
    return {"task_id": request.task_id, "step_id": request.step_id}
