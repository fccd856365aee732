"""Which agents are alive: every actor says so once a second over core NATS."""

import asyncio
import json
import time
from collections.abc import Callable

from nats.aio.msg import Msg

from orchestrator.adapters.nats.connection import NatsConnection, translated
from orchestrator.adapters.nats.topology import ALIVE_PREFIX, token
from orchestrator.domain.errors import DependencyLost

BEAT_S = 1.0
# An actor that has been silent for so long is taken for dead.
_SILENCE_S = 3.5


async def beat(connection: NatsConnection, actor_id: str, node_id: str, job: str) -> None:
    """Says once a second that an actor is alive. Runs until cancelled."""
    document = json.dumps({"actor_id": actor_id, "node_id": node_id, "job": job}).encode()
    while True:
        try:
            with translated():
                await connection.client.publish(f"{ALIVE_PREFIX}.{token(actor_id)}", document)
        except DependencyLost:
            pass
        await asyncio.sleep(BEAT_S)


class AgentPresence:
    """Listens for the actors of one Ray job. As a Dependency it is there while at least one actor is."""

    name = "ray"

    def __init__(
        self,
        connection: NatsConnection,
        current_job: Callable[[], str],
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._connection = connection
        self._current_job = current_job
        self._monotonic = monotonic
        self._seen: dict[str, tuple[str, float]] = {}

    async def listen(self) -> None:
        """Starts listening; to be called on each new connection. The client renews it after a reconnect."""
        with translated():
            await self._connection.client.subscribe(f"{ALIVE_PREFIX}.>", cb=self._heard)

    @property
    def alive(self) -> tuple[str, ...]:
        """Ids of the current job's actors that were heard of lately."""
        since, job = self._monotonic() - _SILENCE_S, self._current_job()
        return tuple(sorted(actor for actor, (of, at) in self._seen.items() if of == job and at >= since))

    async def check(self) -> None:
        """As a Dependency."""
        if not self.alive:
            raise DependencyLost(self.name, "no agent has said that it is alive")

    async def _heard(self, message: Msg) -> None:
        try:
            document = json.loads(message.data)
            actor_id, job = document["actor_id"], document["job"]
        except (ValueError, KeyError, TypeError):
            return
        now = self._monotonic()
        self._seen[actor_id] = (job, now)
        self._seen = {actor: (of, at) for actor, (of, at) in self._seen.items() if at >= now - _SILENCE_S}
