"""Chat completions against a real HTTP server that behaves as it is told."""

import asyncio
import gzip
import tracemalloc
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, suppress
from dataclasses import replace

import pytest

from orchestrator.adapters.vllm.client import VllmDependency, VllmModel
from orchestrator.application.correlation import about
from orchestrator.application.ports import ModelRejected
from orchestrator.domain.errors import DependencyLost
from orchestrator.domain.review import answer_schema, parse_answer
from orchestrator.domain.steps import StepKind
from orchestrator.testing.builders import make_step_request
from orchestrator.testing.openai_server import Answer, Behaviour, completion, serving


@pytest.fixture
def behaviour() -> Behaviour:
    return Behaviour("tiny")


@pytest.fixture
def url(behaviour: Behaviour) -> Iterator[str]:
    with serving(behaviour) as url:
        yield url


@pytest.fixture
async def model(url: str) -> AsyncIterator[VllmModel]:
    model = VllmModel(url)
    yield model
    await model.close()


async def test_a_completion_carries_text_usage_and_the_servers_id(model: VllmModel, behaviour: Behaviour) -> None:
    request = make_step_request()

    answer = await model.complete(request, seed=7, schema=None, timeout_s=5)

    assert answer.text.startswith("Proposal")
    assert answer.usage.prompt_tokens > 0
    assert answer.request_id.startswith("chatcmpl-")
    (asked,) = behaviour.requests
    assert (asked["seed"], asked["max_tokens"], asked["model"]) == (7, request.max_tokens, "tiny")
    assert "response_format" not in asked


async def test_a_schema_is_enforced_through_response_format(model: VllmModel) -> None:
    request = make_step_request(StepKind.REVIEW)

    answer = await model.complete(request, seed=1, schema=answer_schema(request.labels), timeout_s=5)

    assert parse_answer(answer.text, request.labels).marks.keys() == set(request.labels)


Write = Callable[[asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def _model_behind(write: Write) -> AsyncIterator[VllmModel]:
    """A model whose server takes in a request and then has `write` answer it, byte by byte."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"}")
        with suppress(ConnectionError):
            await write(writer)
        writer.close()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        model = VllmModel(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1")
        yield model
        await model.close()


def _answer(document: bytes, status: int = 200, **headers: str) -> Write:
    """Writes a whole answer."""

    async def write(writer: asyncio.StreamWriter) -> None:
        _write_head(writer, status, headers | {"Content-Length": str(len(document))})
        writer.write(document)
        await writer.drain()

    return write


def _write_head(writer: asyncio.StreamWriter, status: int, headers: dict[str, str]) -> None:
    lines = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in headers.items())
    writer.write(f"HTTP/1.1 {status} -\r\n{lines}\r\n".encode())


async def test_a_request_continues_the_trace_that_it_belongs_to(model: VllmModel, behaviour: Behaviour) -> None:
    traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    with about(traceparent=traceparent):
        await model.complete(make_step_request(), seed=1, schema=None, timeout_s=5)
    await model.complete(make_step_request(), seed=1, schema=None, timeout_s=5)

    assert [*behaviour.traceparents] == [traceparent, None]


_ERROR = {"error": {"message": "what went wrong"}}


@pytest.mark.parametrize("status", [408, 429, 500, 503])
async def test_a_server_in_trouble_is_worth_asking_again(model: VllmModel, behaviour: Behaviour, status: int) -> None:
    behaviour.script = lambda body: (status, _ERROR)

    with pytest.raises(DependencyLost, match="what went wrong"):
        await model.complete(make_step_request(), 1, None, 5)


@pytest.mark.parametrize(
    ("header", "seconds"),
    [("7", 7), ("0", 0), ("soon", 0), ("Wed, 21 Oct 2026 07:28:00 GMT", 0), ("9" * 50, 0), ("", 0)],
)
async def test_how_long_a_busy_server_asks_to_be_left_alone_is_heard(header: str, seconds: float) -> None:
    async with _model_behind(_answer(b"", 503, Retry_After=header)) as model:
        with pytest.raises(DependencyLost) as raised:
            await model.complete(make_step_request(), 1, None, 5)

    assert raised.value.retry_after_s == seconds


@pytest.mark.parametrize("status", [400, 404, 422])
async def test_a_request_at_fault_is_not(model: VllmModel, behaviour: Behaviour, status: int) -> None:
    behaviour.script = lambda body: (status, _ERROR)

    with pytest.raises(ModelRejected, match="what went wrong"):
        await model.complete(make_step_request(), 1, None, 5)


@pytest.mark.parametrize(
    "document",
    [
        b"",
        b"<html>",
        b"{}",
        b"[]",
        b'{"choices": []}',
        b'{"choices": [{"message": 1}]}',
        b'{"choices": [{"message": {"content": 5}}]}',
        b'{"choices": [{"message": {"content": ["a", "b"]}}]}',
        b'{"choices": [{"message": {"content": "a"}}], "usage": 7}',
        b"[" * 50_000,
        b"\xff\xfe",
        b"9" * 50_000,
    ],
)
async def test_garbage_is_worth_asking_again(model: VllmModel, behaviour: Behaviour, document: bytes) -> None:
    behaviour.script = lambda body: (200, document)

    with pytest.raises(DependencyLost):
        await model.complete(make_step_request(), 1, None, 5)


async def test_an_answer_without_content_is_empty_text(model: VllmModel, behaviour: Behaviour) -> None:
    def empty(body: object) -> Answer:
        document = completion(behaviour.requests[-1], "")
        return 200, document

    behaviour.script = empty

    assert (await model.complete(make_step_request(), 1, None, 5)).text == ""


async def test_a_server_that_takes_too_long_is_given_up(model: VllmModel, behaviour: Behaviour) -> None:
    behaviour.delay_s = 0.3

    with pytest.raises(DependencyLost, match="too long"):
        await model.complete(make_step_request(), 1, None, timeout_s=0.02)


async def test_a_server_that_is_away_is_lost() -> None:
    with serving(Behaviour("tiny")) as url:
        pass
    model, dependency = VllmModel(url), VllmDependency(url, "tiny")

    with pytest.raises(DependencyLost):
        await model.complete(make_step_request(), 1, None, 1)
    with pytest.raises(DependencyLost):
        await dependency.check()
    await model.close()
    await dependency.close()


async def test_it_is_there_when_it_lists_the_model(url: str) -> None:
    there, wrong = VllmDependency(url, "tiny"), VllmDependency(url, "huge")

    await there.check()
    with pytest.raises(DependencyLost, match="serves tiny, not huge"):
        await wrong.check()
    await there.close()
    await wrong.close()


async def test_an_agent_with_an_endpoint_of_its_own_is_asked_there(behaviour: Behaviour, url: str) -> None:
    elsewhere = Behaviour("big")
    with serving(elsewhere) as other_url:
        model = VllmModel(url, endpoints=(other_url,))
        request = replace(make_step_request(), endpoint=f"{other_url}/", model="big")
        answer = await model.complete(request, seed=1, schema=None, timeout_s=5)
        await model.complete(make_step_request(), seed=1, schema=None, timeout_s=5)
        await model.close()

    assert answer.model == "big"
    assert [body["model"] for body in elsewhere.requests] == ["big"]
    assert len(behaviour.requests) == 1


async def test_an_endpoint_that_is_not_allowed_is_not_asked(behaviour: Behaviour, url: str) -> None:
    model = VllmModel(url, endpoints=("http://elsewhere/v1",))

    with pytest.raises(ModelRejected):
        await model.complete(replace(make_step_request(), endpoint=url), seed=1, schema=None, timeout_s=5)
    await model.close()

    assert not behaviour.requests


async def test_an_endpoint_that_does_not_answer_is_named() -> None:
    endpoint = "http://127.0.0.1:1/v1"
    model = VllmModel("http://vllm/v1", endpoints=(endpoint,))

    with pytest.raises(DependencyLost) as raised:
        await model.complete(replace(make_step_request(), endpoint=endpoint), seed=1, schema=None, timeout_s=5)
    await model.close()

    assert raised.value.dependency == endpoint


async def test_cancelling_closes_the_connection_so_that_the_server_can_stop() -> None:
    asked, hung_up = asyncio.Event(), asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        asked.set()
        while await reader.read(65_536):
            pass
        hung_up.set()
        writer.close()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        model = VllmModel(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1")
        asking = asyncio.create_task(model.complete(make_step_request(), 1, None, 60))
        async with asyncio.timeout(10):
            await asked.wait()
            asking.cancel()
            await hung_up.wait()
        await model.close()


async def test_an_answer_without_end_is_cut_off_and_not_asked_for_again() -> None:
    async def endless(writer: asyncio.StreamWriter) -> None:
        _write_head(writer, 200, {})
        while True:
            writer.write(b" " * 10_000)
            await writer.drain()

    async with _model_behind(endless) as model:
        with pytest.raises(ModelRejected):
            await model.complete(replace(make_step_request(), max_tokens=100), 1, None, 60)


async def test_an_answer_that_comes_a_byte_at_a_time_has_no_more_time_than_others() -> None:
    async def slow(writer: asyncio.StreamWriter) -> None:
        _write_head(writer, 200, {})
        while True:
            await asyncio.sleep(0.005)
            writer.write(b" ")
            await writer.drain()

    async with _model_behind(slow) as model:
        with pytest.raises(DependencyLost, match="too long"):
            await model.complete(make_step_request(), 1, None, timeout_s=0.05)


async def test_an_answer_that_is_packed_though_nobody_asked_for_it_is_not_unpacked() -> None:
    packed = gzip.compress(b" " * 50_000_000)
    async with _model_behind(_answer(packed, Content_Encoding="gzip")) as model:
        tracemalloc.start()
        with pytest.raises(ModelRejected):
            await model.complete(replace(make_step_request(), max_tokens=512), 1, None, 5)
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()

    assert peak < 5_000_000


@pytest.mark.parametrize("count", ["-1", "1e400", "NaN", '"many"', "9" * 30, "true", "null"])
async def test_a_count_of_tokens_that_cannot_be_one_is_none(count: str) -> None:
    document = f'{{"choices": [{{"message": {{"content": "a"}}}}], "usage": {{"prompt_tokens": {count}}}}}'
    async with _model_behind(_answer(document.encode())) as model:
        answer = await model.complete(make_step_request(), 1, None, 5)

    assert answer.usage.total == 0


async def test_text_can_always_be_written_as_utf_8() -> None:
    document = b'{"choices": [{"message": {"content": "a\\ud800b"}}], "id": "\\udfff"}'
    async with _model_behind(_answer(document)) as model:
        answer = await model.complete(make_step_request(), 1, None, 5)

    assert (answer.text, answer.request_id) == ("a?b", "?")


async def test_what_a_server_lists_is_not_read_without_end() -> None:
    async def endless(writer: asyncio.StreamWriter) -> None:
        _write_head(writer, 200, {})
        while True:
            writer.write(b" " * 100_000)
            await writer.drain()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError):
            await endless(writer)
        writer.close()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        dependency = VllmDependency(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1", "tiny")
        with pytest.raises(DependencyLost, match="bytes"):
            await dependency.check()
        await dependency.close()
