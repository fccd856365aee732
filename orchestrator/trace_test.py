"""One deliberation on real NATS and Redis is one trace, from the caller through the agents to the model and back."""

import asyncio
import contextlib
import json
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc

from orchestrator.agent_bootstrap import run_agent
from orchestrator.agents.worker import Identity
from orchestrator.bootstrap import real_service
from orchestrator.runner import run
from orchestrator.settings import Settings
from orchestrator.testing.openai_server import Behaviour, serving
from orchestrator.testing.servers import nats_server, redis_server, running
from protos.orchestrator.v1 import orchestrator_pb2 as pb
from protos.orchestrator.v1 import orchestrator_pb2_grpc as pb_grpc

_SERVICE = "orchestrator.v1.OrchestratorService"
_TRACE, _CALLER = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
_ERROR = 2


@dataclass(frozen=True)
class Span:
    """A span as it was exported."""

    trace_id: str
    span_id: str
    parent_id: str
    name: str
    kind: int
    service: str
    failed: bool
    attributes: Mapping[str, Any]


def _spans(folder: Path) -> Iterator[Span]:
    for path in folder.glob("*.jsonl"):
        # The last line may be being written.
        for line in path.read_text().rpartition("\n")[0].splitlines():
            for resource in json.loads(line)["resourceSpans"]:
                service = _attributes(resource["resource"])["service.name"]
                for span in (span for scope in resource["scopeSpans"] for span in scope["spans"]):
                    yield Span(
                        span["traceId"],
                        span["spanId"],
                        span.get("parentSpanId", ""),
                        span["name"],
                        span["kind"],
                        service,
                        span["status"].get("code") == _ERROR,
                        _attributes(span),
                    )


def _attributes(holder: Any) -> dict[str, Any]:
    return {item["key"]: next(iter(item["value"].values())) for item in holder["attributes"]}


@pytest.fixture
def model() -> Behaviour:
    return Behaviour("tiny")


@pytest.fixture
def settings(tmp_path: Path, model: Behaviour) -> Iterator[Settings]:
    with (
        running(nats_server(tmp_path / "nats")) as nats,
        running(redis_server(tmp_path)) as redis,
        serving(model) as vllm,
    ):
        yield Settings.from_environment(
            {
                "MODEL": "tiny",
                "NATS_URL": f"nats://127.0.0.1:{nats.port}",
                "REDIS_URL": f"redis://127.0.0.1:{redis.port}/0",
                "VLLM_URL": vllm,
                # There is no Ray here: the test runs what an actor of it runs.
                "RAY_JOBS_URL": "http://127.0.0.1:9",
                "ORCHESTRATOR_LISTEN": "127.0.0.1:0",
                "ORCHESTRATOR_DRAIN_SECONDS": "0",
                "ORCHESTRATOR_TRACES": f"file:{tmp_path / 'traces'}",
            }
        )


@contextlib.asynccontextmanager
async def _stack(settings: Settings) -> AsyncIterator[grpc.aio.Channel]:
    """The service and one agent, for the duration of the block; what they recorded is written afterwards."""
    service, stop = real_service(settings), asyncio.Event()
    orchestrator = asyncio.create_task(run(service, stop, 0))
    agent = asyncio.create_task(run_agent(settings, Identity("node", "actor"), job=""))
    try:
        async with grpc.aio.insecure_channel(f"127.0.0.1:{service.server.port}") as channel:
            health: Any = health_pb2_grpc.HealthStub(channel)
            watching = health.Watch(health_pb2.HealthCheckRequest(service=_SERVICE), wait_for_ready=True, timeout=20)
            async for answer in watching:
                if answer.status == health_pb2.HealthCheckResponse.SERVING:
                    break
            watching.cancel()
            yield channel
    finally:
        agent.cancel()
        stop.set()
        async with asyncio.timeout(30):
            await asyncio.gather(agent, orchestrator, return_exceptions=True)


async def test_a_deliberation_is_one_trace_from_the_caller_to_the_model_and_back(
    settings: Settings, model: Behaviour, tmp_path: Path
) -> None:
    request = pb.DeliberateRequest(
        task_description="Add two numbers.", role="DEV", rounds=1, num_agents=2, task_id="traced"
    )
    async with _stack(settings) as channel:
        stub: Any = pb_grpc.OrchestratorServiceStub(channel)
        metadata = [("traceparent", f"00-{_TRACE}-{_CALLER}-01")]
        answer = await stub.Deliberate(request, metadata=metadata, timeout=30)
        # The caller has its answer before the last response's handler has ended.
        async with asyncio.timeout(10):
            while sum(span.name.startswith("process agent.results") for span in _spans(tmp_path / "traces")) < 6:
                await asyncio.sleep(0.05)
    spans = [*_spans(tmp_path / "traces")]
    by_id = {span.span_id: span for span in spans}

    assert answer.status == pb.DELIBERATION_STATUS_COMPLETED
    assert {span.trace_id for span in spans} == {_TRACE}
    assert not [span.name for span in spans if span.failed]
    # Two agents propose, review and revise.
    assert Counter(span.name for span in spans) == Counter(
        {
            f"{_SERVICE}/Deliberate": 1,
            "publish orchestration.deliberation.started": 1,
            "publish agent.steps.ray.dev": 6,
            "process agent.steps.ray.dev": 6,
            "invoke_agent agent-dev-1": 3,
            "invoke_agent agent-dev-2": 3,
            "chat tiny": 6,
            "publish agent.results.{task_id}": 6,
            "process agent.results.{task_id}": 6,
            "publish orchestration.deliberation.completed": 1,
        }
    )
    (call,) = (span for span in spans if span.parent_id == _CALLER)
    assert call.attributes["rpc.response.status_code"] == "OK"

    def path(span: Span) -> list[str]:
        steps = [span.name]
        while span.parent_id != _CALLER:
            span = by_id[span.parent_id]
            steps.append(span.name)
        return steps[::-1]

    step = ["publish agent.steps.ray.dev", "process agent.steps.ray.dev"]
    back = ["publish agent.results.{task_id}", "process agent.results.{task_id}"]
    (end,) = (span for span in spans if span.name == "publish orchestration.deliberation.completed")
    assert path(end) == [call.name, *(step + back) * 3, end.name]
    chats = [span for span in spans if span.name == "chat tiny"]
    for chat in chats:
        depth = (len(path(chat)) - 5) // 4
        agent = by_id[chat.parent_id].name
        assert path(chat) == [call.name, *(step + back) * depth, *step, agent, "chat tiny"]
        assert chat.service == "orchestrator-agent"
        assert chat.attributes["gen_ai.request.model"] == "tiny"
        assert int(chat.attributes["gen_ai.usage.input_tokens"]) > 0
        assert int(chat.attributes["gen_ai.usage.output_tokens"]) > 0
    assert sorted(str(parent) for parent in model.traceparents) == sorted(
        f"00-{_TRACE}-{chat.span_id}-01" for chat in chats
    )


async def test_without_a_callers_trace_each_call_begins_its_own_and_health_has_none(
    settings: Settings, tmp_path: Path
) -> None:
    async with _stack(settings) as channel:
        stub: Any = pb_grpc.OrchestratorServiceStub(channel)
        for _ in range(2):
            with contextlib.suppress(grpc.aio.AioRpcError):
                await stub.GetDeliberationResult(pb.GetDeliberationResultRequest(task_id="none"), timeout=10)
    spans = [*_spans(tmp_path / "traces")]

    assert [span.name for span in spans] == [f"{_SERVICE}/GetDeliberationResult"] * 2
    assert len({span.trace_id for span in spans}) == 2
    assert [span.parent_id for span in spans] == ["", ""]
    # The caller's own mistake is no failure of the server.
    assert [(span.attributes["rpc.response.status_code"], span.failed) for span in spans] == [("NOT_FOUND", False)] * 2


async def test_a_trace_that_the_caller_does_not_sample_is_passed_on_and_not_recorded(
    settings: Settings, model: Behaviour, tmp_path: Path
) -> None:
    request = pb.DeliberateRequest(task_description="Add two numbers.", role="DEV", num_agents=1)
    async with _stack(settings) as channel:
        stub: Any = pb_grpc.OrchestratorServiceStub(channel)
        await stub.Deliberate(request, metadata=[("traceparent", f"00-{_TRACE}-{_CALLER}-00")], timeout=30)

    assert not [*_spans(tmp_path / "traces")]
    assert model.traceparents
    assert all(str(parent).startswith(f"00-{_TRACE}-") for parent in model.traceparents)
    assert all(str(parent).endswith("-00") for parent in model.traceparents)
