"""A deterministic OpenAI-compatible chat server over HTTP, for tests and for trying the service without a model.

    python3.11 -m orchestrator.testing.openai_server --port 8000 --model tiny --delay-ms 200

It answers /health, /metrics, /v1/models and /v1/chat/completions. Text depends on nothing but the request. POST /control
changes how long it takes and how it fails (Behaviour.control says how), GET /control tells what it has counted.
"""

import argparse
import asyncio
import json
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from orchestrator.testing.http_server import Connection, Reply, Request
from orchestrator.testing.openai_behaviour import Answer, Behaviour, Failure
from orchestrator.testing.openai_text import answer_text, completion

__all__ = ["Answer", "Behaviour", "completion", "serving"]

_GARBAGE = b"\x00\xff{not json"


class OpenAiServer:
    """Answers requests as its `behaviour` says."""

    def __init__(self, behaviour: Behaviour) -> None:
        self._behaviour = behaviour

    async def listen(self, host: str, port: int) -> asyncio.Server:
        """Starts to listen. Port 0 takes a free one."""
        return await asyncio.get_running_loop().create_server(lambda: Connection(self.answer), host, port, backlog=1024)

    async def answer(self, request: Request) -> Reply:
        """The reply to one request. Cancelled when the client hangs up."""
        behaviour = self._behaviour
        match request.method, request.path:
            case "GET", "/health":
                return Reply(document={})
            case "GET", "/metrics":
                return Reply(document=_metrics(behaviour))
            case "GET", "/v1/models":
                return Reply(document={"object": "list", "data": [{"id": behaviour.model, "object": "model"}]})
            case "GET", "/control":
                return Reply(document=behaviour.counts.document())
            case "POST", "/control":
                return self._control(request)
            case "POST", "/v1/chat/completions":
                return await self._complete(request)
        return Reply(404, {"error": {"message": f"no such path: {request.path}"}})

    def _control(self, request: Request) -> Reply:
        self._behaviour.control(_read(request))
        return Reply(document=self._behaviour.counts.document())

    async def _complete(self, request: Request) -> Reply:
        body = _read(request, "model", "messages")
        behaviour, counts = self._behaviour, self._behaviour.counts
        behaviour.requests.append(body)
        behaviour.traceparents.append(request.headers.get("traceparent"))
        counts.begin(request.headers.get("x-request-id", ""))
        try:
            failure = behaviour.trouble.failure if behaviour.trouble and behaviour.trouble.strikes(body) else None
            if failure is Failure.HANG:
                await asyncio.Event().wait()
            await behaviour.gate.wait()
            await asyncio.sleep(behaviour.delay_of(body))
        except asyncio.CancelledError:
            counts.aborted += 1
            raise
        finally:
            behaviour.counts.active -= 1
        if failure:
            counts.failed += 1
            return _failed(failure, body)
        counts.answered += 1
        return Reply(*(behaviour.script(body) or (200, completion(body, answer_text(body)))))


def _read(request: Request, *required: str) -> dict[str, Any]:
    document = json.loads(request.body)
    if not isinstance(document, dict) or not document.keys() >= set(required):
        raise ValueError(f"that is not an object with: {', '.join(required)}")
    return document


def _failed(failure: Failure, body: dict[str, Any]) -> Reply:
    match failure:
        case Failure.REFUSE:
            return Reply(hang_up=True)
        case Failure.GARBAGE:
            return Reply(document=_GARBAGE)
        case Failure.NONSENSE:
            return Reply(document=completion(body, "\x00 neither JSON nor } of any { use"))
        case Failure.EMPTY:
            return Reply(document=completion(body, ""))
    return Reply(503, {"error": {"message": "it was told to fail"}})


def _metrics(behaviour: Behaviour) -> str:
    """As vLLM has it, with the one counter that tests look at."""
    return f'vllm:request_success_total{{model_name="{behaviour.model}"}} {behaviour.counts.answered}.0\n'


@contextmanager
def serving(behaviour: Behaviour, port: int = 0) -> Iterator[str]:
    """Serves on loopback for the duration of the block; yields the address of the API, which ends in /v1."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    listening = OpenAiServer(behaviour).listen("127.0.0.1", port)
    server = asyncio.run_coroutine_threadsafe(listening, loop).result()
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1"
    finally:
        asyncio.run_coroutine_threadsafe(_end(server), loop).result()
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


async def _end(server: asyncio.Server) -> None:
    server.close()
    others = asyncio.all_tasks() - {asyncio.current_task()}
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)


async def _serve(behaviour: Behaviour, host: str, port: int) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    server = await OpenAiServer(behaviour).listen(host, port)
    print(f"serving {behaviour.model} at http://{host}:{server.sockets[0].getsockname()[1]}/v1", flush=True)
    await stop.wait()
    await _end(server)


def main() -> None:
    """Serves until interrupted."""
    parser = argparse.ArgumentParser(description="A deterministic OpenAI-compatible chat server.")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8000)
    parser.add_argument("--model", default="tiny")
    parser.add_argument("--delay-ms", type=int, default=0, help="how long each completion takes")
    options = parser.parse_args()
    asyncio.run(_serve(Behaviour(options.model, options.delay_ms / 1000), options.host, options.port))


if __name__ == "__main__":
    main()
