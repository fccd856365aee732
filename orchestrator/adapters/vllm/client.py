"""Chat completions over HTTP."""

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import httpx

from orchestrator.application.correlation import trace_headers
from orchestrator.application.ports import Completion, ModelRejected
from orchestrator.domain.endpoints import endpoint_fault
from orchestrator.domain.errors import DependencyLost
from orchestrator.domain.steps import StepRequest, Usage

NAME = "vllm"
_CONNECT_S = 2.0
_CHECK_S = 2.0
# The most that an answer may have: far more than any model makes of the tokens that it is allowed.
_ANSWER_BYTES = 65_536
_TOKEN_BYTES = 64
_MAX_NAME = 200
_MAX_COUNT = 10**9
# The request is not at fault for these: the server is busy or gave up.
_TRANSIENT = frozenset({408, 425, 429})


@contextmanager
def _translated(what: str, name: str = NAME) -> Iterator[None]:
    try:
        yield
    except (httpx.TimeoutException, TimeoutError) as error:
        raise DependencyLost(name, f"{what} took too long") from error
    except httpx.HTTPError as error:
        raise DependencyLost(name, f"{what}: {error or type(error).__name__}") from error


class VllmModel:
    """ChatModel over an OpenAI-compatible API at `base_url`, which ends in /v1.

    An agent's own endpoint is asked instead if it is under one of the URL prefixes in `endpoints`.
    """

    def __init__(
        self, base_url: str, endpoints: Sequence[str] = (), transport: httpx.AsyncBaseTransport | None = None
    ) -> None:
        self._base_url = base_url
        self._endpoints = tuple(endpoints)
        self._http = httpx.AsyncClient(transport=transport)

    async def complete(self, request: StepRequest, seed: int, schema: object | None, timeout_s: float) -> Completion:
        body: dict[str, object] = {
            "model": request.model,
            "messages": [{"role": message.role, "content": message.content} for message in request.messages],
            "max_tokens": request.max_tokens,
            "temperature": request.temperature,
            "seed": seed,
        }
        if schema is not None:
            body["response_format"] = {
                "type": "json_schema",
                "json_schema": {"name": str(request.kind), "strict": True, "schema": schema},
            }
        # Looked at again: what is allowed may have changed since the agent was registered.
        if request.endpoint and (fault := endpoint_fault(request.endpoint, self._endpoints)):
            raise ModelRejected(f"the endpoint {fault}")
        name = request.endpoint or NAME
        url = f"{(request.endpoint or self._base_url).rstrip('/')}/chat/completions"
        headers = {"X-Request-Id": request.step_id, "Accept-Encoding": "identity", **trace_headers()}
        timeout = httpx.Timeout(timeout_s, connect=min(_CONNECT_S, timeout_s))
        # The client's own timeout is for each read: a server that sends a byte now and then would never meet it.
        with _translated("a completion", name):
            async with (
                asyncio.timeout(timeout_s),
                self._http.stream("POST", url, json=body, headers=headers, timeout=timeout) as answer,
            ):
                data = await _bounded(answer, _ANSWER_BYTES + _TOKEN_BYTES * request.max_tokens)
        retry_after = {"Retry-After": answer.headers.get("Retry-After", "")}
        return _read(httpx.Response(answer.status_code, headers=retry_after, content=data), name)

    async def close(self) -> None:
        """Closes the connections."""
        await self._http.aclose()


class VllmDependency:
    """vLLM as a Dependency: it is healthy and lists the model."""

    name = NAME

    def __init__(self, base_url: str, model: str, transport: httpx.AsyncBaseTransport | None = None) -> None:
        self._base_url = base_url
        self._model = model
        self._http = httpx.AsyncClient(base_url=base_url, transport=transport, timeout=_CHECK_S)

    async def check(self) -> None:
        with _translated("the health check"):
            # /health is beside the API, not under it.
            health = await self._http.get(str(self._http.base_url.join("/health")))
            models = await self._http.get("/models")
        for answer in (health, models):
            if answer.status_code != httpx.codes.OK:
                raise DependencyLost(NAME, f"{answer.request.url.path} answered {answer.status_code}")
        listed = _model_names(models)
        if self._model not in listed:
            raise DependencyLost(NAME, f"it serves {', '.join(listed) or 'nothing'}, not {self._model}")

    async def close(self) -> None:
        """Closes the connections."""
        await self._http.aclose()


async def _bounded(answer: httpx.Response, limit: int) -> bytes:
    """The body. Raises ModelRejected where no model writes such: more than `limit` bytes, or packed so that it may be."""
    if packing := answer.headers.get("Content-Encoding"):
        raise ModelRejected(f"its answer is packed as {packing[:20]}, which nobody asked for")
    data = bytearray()
    async for chunk in answer.aiter_bytes():
        data += chunk
        if len(data) > limit:
            raise ModelRejected(f"its answer has more than {limit} bytes")
    return bytes(data)


def _read(answer: httpx.Response, name: str) -> Completion:
    status = answer.status_code
    if status >= 500 or status in _TRANSIENT:
        raise DependencyLost(name, f"a completion was answered {status}: {_excerpt(answer)}", _retry_after_s(answer))
    if status != httpx.codes.OK:
        raise ModelRejected(f"{status}: {_excerpt(answer)}")
    try:
        document: Any = answer.json()
        usage = document.get("usage") or {}
        return Completion(
            text=_text(document["choices"][0]["message"]["content"] or ""),
            usage=Usage(_count(usage.get("prompt_tokens", 0)), _count(usage.get("completion_tokens", 0))),
            request_id=_text(str(document.get("id", "")))[:_MAX_NAME],
            model=_text(str(document.get("model", "")))[:_MAX_NAME],
        )
    except (ValueError, KeyError, IndexError, TypeError, AttributeError, OverflowError, RecursionError) as error:
        raise DependencyLost(name, f"a completion cannot be read: {_excerpt(answer)}") from error


def _text(value: object) -> str:
    """`value`, which must be a text, without the half characters that JSON can hold and UTF-8 cannot."""
    if not isinstance(value, str):
        raise TypeError(type(value).__name__)
    return value.encode(errors="replace").decode()


def _count(value: object) -> int:
    """A count of tokens; what cannot be one is none."""
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < _MAX_COUNT:
        return value
    return 0


def _model_names(answer: httpx.Response) -> list[str]:
    try:
        return [str(model["id"]) for model in answer.json()["data"]]
    except (ValueError, KeyError, TypeError) as error:
        raise DependencyLost(NAME, f"its list of models cannot be read: {_excerpt(answer)}") from error


def _retry_after_s(answer: httpx.Response) -> float:
    """What the header Retry-After asks for in seconds; 0 where it does not, or says it by a date."""
    given = answer.headers.get("Retry-After", "")
    return float(given) if given.isascii() and given.isdigit() and len(given) < 10 else 0.0


def _excerpt(answer: httpx.Response) -> str:
    return " ".join(answer.text.split())[:200] or "(empty)"
