"""Looks at the stack past the orchestrator: what vLLM, Ray, NATS and Redis say themselves.

A test that only asked the orchestrator would believe whatever it answers.
"""

import asyncio
import json
import time
from dataclasses import dataclass, field
from typing import Any

import httpx
import nats
import redis
from nats.aio.client import Client
from nats.errors import TimeoutError as NatsTimeoutError
from nats.js.api import AckPolicy, ConsumerConfig, DeliverPolicy, StreamState

# vLLM counts a request a moment after it has answered it.
COUNTER_LAG_SECONDS = 5.0
EVENT_WAIT_SECONDS = 5.0


@dataclass(frozen=True)
class ModelServer:
    """vLLM, by its own HTTP interface. `url` ends in /v1."""

    url: str

    def models(self) -> list[str]:
        """The names of the models that it serves."""
        answer = httpx.get(f"{self.url}/models", timeout=10).raise_for_status()
        return [model["id"] for model in answer.json()["data"]]

    def finished_requests(self) -> int:
        """Requests that it has finished since it started, from its Prometheus counter."""
        answer = httpx.get(f"{self.url.removesuffix('/v1')}/metrics", timeout=10).raise_for_status()
        return sum(
            int(float(line.rsplit(" ", 1)[1]))
            for line in answer.text.splitlines()
            if line.startswith("vllm:request_success_total{")
        )

    def finished_requests_at_least(self, count: int) -> int:
        """The counter, once it has come to `count`, or as it is when it has not come there in time."""
        deadline = time.monotonic() + COUNTER_LAG_SECONDS
        while (now := self.finished_requests()) < count and time.monotonic() < deadline:
            time.sleep(0.05)
        return now


@dataclass(frozen=True)
class RayNode:
    """A node of the Ray cluster."""

    node_id: str
    is_head: bool
    alive: bool


@dataclass(frozen=True)
class RayCluster:
    """Ray, by the State API of its dashboard at `url`."""

    url: str

    def nodes(self) -> list[RayNode]:
        """Every node that the GCS knows."""
        answer = httpx.get(f"{self.url}/api/v0/nodes", timeout=10).raise_for_status()
        return [
            RayNode(node["node_id"], node["is_head_node"], node["state"] == "ALIVE")
            for node in answer.json()["data"]["result"]["result"]
        ]

    def worker_ids(self) -> set[str]:
        """Ids of the nodes that are alive and not the head."""
        return {node.node_id for node in self.nodes() if node.alive and not node.is_head}


@dataclass(frozen=True)
class Store:
    """Redis, as the orchestrator leaves it."""

    client: redis.Redis

    def deliberation(self, task_id: str) -> dict[str, Any]:
        """The state of a deliberation. Raises AssertionError where there is none."""
        return self._document(f"deliberation:{task_id}")

    def steps(self, task_id: str) -> dict[str, dict[str, Any]]:
        """The stored response of each step of a deliberation, by step id."""
        prefix = "step:"
        keys = self.client.scan_iter(match=f"{prefix}{task_id}/*", count=1000)
        return {key.removeprefix(prefix): self._document(key) for key in keys}

    def task_ids(self) -> set[str]:
        """The deliberations that there are."""
        prefix = "deliberation:"
        return {key.removeprefix(prefix) for key in self.client.scan_iter(match=f"{prefix}*", count=1000)}

    def open_task_ids(self) -> set[str]:
        """The deliberations that are not over."""
        return {str(task_id) for task_id in self.client.zrange("deliberations:open", 0, -1)}

    def context_size(self, case_id: str, kind: str) -> int:
        """How many events of a kind are kept for a case."""
        return int(self.client.zcard(f"context:{case_id}:{kind}"))

    def _document(self, key: str) -> dict[str, Any]:
        text = self.client.get(key)
        assert text is not None, f"Redis has no key {key}"
        document: dict[str, Any] = json.loads(text)
        return document


@dataclass(frozen=True)
class Message:
    """A message as JetStream keeps it."""

    subject: str
    data: dict[str, Any]


@dataclass(frozen=True)
class Journal:
    """JetStream at `url`, read from outside the orchestrator's own consumers. `login` is user and password."""

    url: str
    login: tuple[str, str] | None = field(default=None, repr=False)

    def streams(self) -> dict[str, int]:
        """The messages that each stream has, by the stream's name."""
        return {name: state.messages for name, state in asyncio.run(self._streams()).items()}

    def published(self) -> dict[str, int]:
        """The messages that ever came to each stream, by the stream's name."""
        return {name: state.last_seq for name, state in asyncio.run(self._streams()).items()}

    def read(self, subject: str, *, count: int, task_id: str = "") -> list[Message]:
        """The stored messages on `subject` (and of `task_id`, where given).

        Waits until there are `count`, or no more have come for a while; returns all that there are.
        """
        return asyncio.run(self._read(subject, count, task_id))

    def stored(self, subject: str) -> list[Message]:
        """All that is stored on `subject` now."""
        return asyncio.run(self._stored(subject))

    def publish(self, subject: str, event: dict[str, object]) -> None:
        """Publishes an event as JSON, and returns when JetStream has stored it."""
        self.publish_bytes(subject, json.dumps(event).encode())

    def publish_bytes(self, subject: str, data: bytes) -> None:
        """The same for any bytes."""
        asyncio.run(self._publish(subject, data))

    async def connect(self) -> Client:
        """A client of its own."""
        user, password = self.login or (None, None)
        return await nats.connect(self.url, user=user, password=password)

    async def _streams(self) -> dict[str, StreamState]:
        async with await self.connect() as client:
            return {info.config.name or "": info.state for info in await client.jetstream().streams_info()}

    async def _read(self, subject: str, count: int, task_id: str) -> list[Message]:
        found: list[Message] = []
        async with await self.connect() as client:
            subscription = await client.jetstream().pull_subscribe(subject, config=_onlooker())
            deadline = time.monotonic() + EVENT_WAIT_SECONDS
            while len(found) < count and time.monotonic() < deadline:
                try:
                    messages = await subscription.fetch(256, timeout=0.5)
                except NatsTimeoutError:
                    continue
                decoded = (Message(message.subject, json.loads(message.data)) for message in messages)
                found += [message for message in decoded if task_id in ("", message.data.get("task_id"))]
        return found

    async def _stored(self, subject: str) -> list[Message]:
        found: list[Message] = []
        async with await self.connect() as client:
            subscription = await client.jetstream().pull_subscribe(subject, config=_onlooker())
            there = (await subscription.consumer_info()).num_pending or 0
            while len(found) < there:
                messages = await subscription.fetch(min(256, there - len(found)), timeout=EVENT_WAIT_SECONDS)
                found += [Message(message.subject, json.loads(message.data)) for message in messages]
        return found

    async def _publish(self, subject: str, data: bytes) -> None:
        async with await self.connect() as client:
            await client.jetstream().publish(subject, data)


def _onlooker() -> ConsumerConfig:
    """A consumer that takes nothing from the stream."""
    return ConsumerConfig(
        deliver_policy=DeliverPolicy.ALL, ack_policy=AckPolicy.NONE, inactive_threshold=30, mem_storage=True
    )
