"""Chat completions over HTTP."""

import asyncio
import json
import math
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from http import HTTPStatus
from typing import Any
from urllib.parse import urljoin

import aiohttp

from orchestrator.application.correlation import trace_headers
from orchestrator.application.ports import Completion, ModelRejected
from orchestrator.domain.endpoints import endpoint_fault
from orchestrator.domain.errors import DependencyLost
from orchestrator.domain.steps import StepRequest, Usage

NAME = "vllm"
_CONNECT_S = 2.0
# Less than what is waited for any dependency (Readiness).
_CHECK_S = 1.5
_PATIENCE_S = 10.0
# vLLM's server closes a connection that has been idle for 5 s; one that is closed first cannot break a request.
_IDLE_S = 4.0
# The most that an answer may have: far more than any model makes of the tokens that it is allowed.
_ANSWER_BYTES = 65_536
_TOKEN_BYTES = 64
# Of what it serves, with all that may be said of each model.
_LIST_BYTES = 4_000_000
_MAX_NAME = 200
_MAX_COUNT = 10**9
# The request is not at fault for these: the server is busy or gave up.
_TRANSIENT = frozenset({408, 425, 429})


@contextmanager
def _translated(what: str, name: str = NAME) -> Iterator[None]:
    try:
        yield
    except TimeoutError as error:
        raise DependencyLost(name, f"{what} took too long") from error
    except (aiohttp.ClientError, OSError) as error:
        raise DependencyLost(name, f"{what}: {error or type(error).__name__}") from error


def _session() -> aiohttp.ClientSession:
    """A client with as many connections as are asked for at once: how many those are is for others to bound."""
    connector = aiohttp.TCPConnector(limit=0, keepalive_timeout=_IDLE_S)
    # What is packed would have to be unpacked before its size is known.
    return aiohttp.ClientSession(connector=connector, auto_decompress=False, cookie_jar=aiohttp.DummyCookieJar())


class VllmModel:
    """ChatModel over an OpenAI-compatible API at `base_url`, which ends in /v1.

    An agent's own endpoint is asked instead if it is under one of the URL prefixes in `endpoints`.
    """

    def __init__(self, base_url: str, endpoints: Sequence[str] = ()) -> None:
        self._base_url = base_url
        self._endpoints = tuple(endpoints)
        self._http = _session()

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
        # The whole time: a server that sends a byte now and then would meet any bound of a single read.
        timeout = aiohttp.ClientTimeout(total=timeout_s, sock_connect=min(_CONNECT_S, timeout_s))
        asking = self._http.post(url, json=body, headers=headers, timeout=timeout, allow_redirects=False)
        with _translated("a completion", name):
            async with asking as answer:
                data = await _bounded(answer, _ANSWER_BYTES + _TOKEN_BYTES * request.max_tokens)
        return _read(answer, data, name)

    async def close(self) -> None:
        """Closes the connections."""
        await self._http.close()


class VllmDependency:
    """vLLM as a Dependency: it is healthy and lists the model.

    A server that compiles its first grammar or computes a long prompt may answer nothing else for seconds: late answers are
    no loss until there has been none in time for a while.
    """

    name = NAME

    def __init__(self, base_url: str, model: str) -> None:
        self._base_url = base_url.rstrip("/")
        self._model = model
        self._http = _session()
        self._answered = -math.inf  # When it last did in time.

    async def check(self) -> None:
        try:
            async with asyncio.timeout(_CHECK_S):
                await self._ask()
        except TimeoutError as late:
            if time.monotonic() - self._answered > _PATIENCE_S:
                raise DependencyLost(NAME, "the health check took too long") from late
        except DependencyLost:
            self._answered = -math.inf
            raise
        else:
            self._answered = time.monotonic()

    async def _ask(self) -> None:
        with _translated("the health check"):
            # /health is beside the API, not under it.
            await self._get(urljoin(self._base_url, "/health"))
            listed = _model_names(await self._get(f"{self._base_url}/models"))
        if self._model not in listed:
            raise DependencyLost(NAME, f"it serves {', '.join(listed) or 'nothing'}, not {self._model}")

    async def close(self) -> None:
        """Closes the connections."""
        await self._http.close()

    async def _get(self, url: str) -> bytes:
        async with self._http.get(url) as answer:
            if answer.status != HTTPStatus.OK:
                raise DependencyLost(NAME, f"{answer.url.path} answered {answer.status}")
            try:
                return await _bounded(answer, _LIST_BYTES)
            except ModelRejected as rejected:
                raise DependencyLost(NAME, f"{answer.url.path}: {rejected}") from rejected


async def _bounded(answer: aiohttp.ClientResponse, limit: int) -> bytes:
    """The body. Raises ModelRejected where no model writes such: more than `limit` bytes, or packed so that it may be."""
    if packing := answer.headers.get("Content-Encoding"):
        raise ModelRejected(f"its answer is packed as {packing[:20]}, which nobody asked for")
    data = bytearray()
    async for chunk in answer.content.iter_any():
        data += chunk
        if len(data) > limit:
            raise ModelRejected(f"its answer has more than {limit} bytes")
    return bytes(data)


def _read(answer: aiohttp.ClientResponse, data: bytes, name: str) -> Completion:
    if answer.status >= 500 or answer.status in _TRANSIENT:
        reason = f"a completion was answered {answer.status}: {_excerpt(data)}"
        raise DependencyLost(name, reason, _retry_after_s(answer))
    if answer.status != HTTPStatus.OK:
        raise ModelRejected(f"{answer.status}: {_excerpt(data)}")
    try:
        document: Any = json.loads(data)
        usage = document.get("usage") or {}
        return Completion(
            text=_text(document["choices"][0]["message"]["content"] or ""),
            usage=Usage(_count(usage.get("prompt_tokens", 0)), _count(usage.get("completion_tokens", 0))),
            request_id=_text(str(document.get("id", "")))[:_MAX_NAME],
            model=_text(str(document.get("model", "")))[:_MAX_NAME],
        )
    except (ValueError, KeyError, IndexError, TypeError, AttributeError, OverflowError, RecursionError) as error:
        raise DependencyLost(name, f"a completion cannot be read: {_excerpt(data)}") from error


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


def _model_names(data: bytes) -> list[str]:
    try:
        return [str(model["id"]) for model in json.loads(data)["data"]]
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise DependencyLost(NAME, f"its list of models cannot be read: {_excerpt(data)}") from error


def _retry_after_s(answer: aiohttp.ClientResponse) -> float:
    """What the header Retry-After asks for in seconds; 0 where it does not, or says it by a date."""
    given = answer.headers.get("Retry-After", "")
    return float(given) if given.isascii() and given.isdigit() and len(given) < 10 else 0.0


def _excerpt(data: bytes) -> str:
    return " ".join(data[:1000].decode(errors="replace").split())[:200] or "(empty)"
