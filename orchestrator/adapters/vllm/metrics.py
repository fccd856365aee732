"""Requests to the model as metrics, by the semantic conventions for generative AI."""

import time

from prometheus_client import CollectorRegistry, Counter, Histogram

from orchestrator.adapters.telemetry.exposition import DURATIONS_S
from orchestrator.application.ports import ChatModel, Completion
from orchestrator.domain.steps import StepRequest


class MeasuredModel:
    """ChatModel that measures the requests of this process."""

    def __init__(self, model: ChatModel, registry: CollectorRegistry) -> None:
        self._model = model
        self._seconds = Histogram(
            "gen_ai_client_operation_duration_seconds",
            "How long requests to the model took.",
            ["error_type"],
            buckets=DURATIONS_S,
            registry=registry,
        )
        self._tokens = Counter(
            "gen_ai_client_tokens", "Tokens that the model counted.", ["gen_ai_token_type"], registry=registry
        )

    async def complete(self, request: StepRequest, seed: int, schema: object | None, timeout_s: float) -> Completion:
        began, error_type = time.monotonic(), ""
        try:
            completion = await self._model.complete(request, seed, schema, timeout_s)
        except BaseException as error:
            error_type = type(error).__name__
            raise
        finally:
            self._seconds.labels(error_type).observe(time.monotonic() - began)
        self._tokens.labels("input").inc(completion.usage.prompt_tokens)
        self._tokens.labels("output").inc(completion.usage.completion_tokens)
        return completion
