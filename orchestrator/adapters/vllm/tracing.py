"""Requests to the model as client spans, by the semantic conventions for generative AI. Texts are never recorded."""

from urllib.parse import urlsplit

from orchestrator.adapters.vllm.client import NAME
from orchestrator.application.ports import ChatModel, Completion
from orchestrator.application.tracing import Attributes, SpanKind, Tracer
from orchestrator.domain.steps import StepRequest


class TracedModel:
    """ChatModel with a span for each request; `url` is where the model server is that agents without an endpoint ask."""

    def __init__(self, model: ChatModel, tracer: Tracer, url: str) -> None:
        self._model = model
        self._tracer = tracer
        self._url = url

    async def complete(self, request: StepRequest, seed: int, schema: object | None, timeout_s: float) -> Completion:
        attributes = {
            "gen_ai.operation.name": "chat",
            "gen_ai.provider.name": NAME,
            "gen_ai.request.model": request.model,
            "gen_ai.request.max_tokens": request.max_tokens,
            "gen_ai.request.temperature": request.temperature,
            "gen_ai.request.seed": seed,
            "gen_ai.output.type": "text" if schema is None else "json",
            "gen_ai.conversation.id": request.task_id,
            **_server(request.endpoint or self._url),
        }
        with self._tracer.span(f"chat {request.model}", SpanKind.CLIENT, attributes) as span:
            completion = await self._model.complete(request, seed, schema, timeout_s)
            span.note(
                {
                    "gen_ai.response.id": completion.request_id,
                    "gen_ai.response.model": completion.model,
                    "gen_ai.usage.input_tokens": completion.usage.prompt_tokens,
                    "gen_ai.usage.output_tokens": completion.usage.completion_tokens,
                }
            )
        return completion


def _server(url: str) -> Attributes:
    parts = urlsplit(url)
    return {
        "server.address": parts.hostname or "",
        "server.port": parts.port or (443 if parts.scheme == "https" else 80),
    }
