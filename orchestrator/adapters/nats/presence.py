"""Which agents are alive, by what they say over core NATS."""

import json
import time
from collections.abc import Callable, Iterator

from nats.aio.client import Client
from nats.aio.msg import Msg

from orchestrator.adapters.nats.connection import NatsConnection, translated
from orchestrator.adapters.nats.topology import ALIVE_PREFIX, ROLL_CALL_SUBJECT
from orchestrator.domain.errors import DependencyLost

# An actor that has been silent for so long is taken for dead: it has missed three beats.
_SILENCE_S = 3.5


class AgentPresence:
    """Listens for the actors of one Ray job. As a Dependency it is there while at least one actor is."""

    name = "ray"

    def __init__(
        self,
        connection: NatsConnection,
        current_job: Callable[[], str],
        on_arrival: Callable[[], None],
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """`on_arrival` is called when an actor of the current job is heard of while there was none."""
        self._connection = connection
        self._current_job = current_job
        self._on_arrival = on_arrival
        self._monotonic = monotonic
        self._seen: dict[str, tuple[str, float]] = {}
        self._listens_on: Client | None = None
        self._inbox = ""

    async def call_roll(self) -> None:
        """Listens, and asks all actors to say at once that they are there; to be called on each connect and reconnect.

        An actor that does not know the call is heard of by its next beat. Raises DependencyLost.
        """
        with translated():
            client = self._connection.client
            # After a reconnect it listens by itself.
            if self._listens_on is not client:
                self._inbox = client.new_inbox()
                for subject in (self._inbox, f"{ALIVE_PREFIX}.>"):
                    await client.subscribe(subject, cb=self._heard)
                self._listens_on = client
            await client.publish(ROLL_CALL_SUBJECT, reply=self._inbox)

    @property
    def alive(self) -> tuple[str, ...]:
        """Ids of the current job's actors that were heard of lately."""
        return tuple(sorted(self._alive()))

    async def check(self) -> None:
        """As a Dependency."""
        since = self._monotonic() - _SILENCE_S
        self._seen = {actor: (job, at) for actor, (job, at) in self._seen.items() if at >= since}
        if not self._somebody():
            raise DependencyLost(self.name, "no agent has said that it is alive")

    def _alive(self) -> Iterator[str]:
        since, current = self._monotonic() - _SILENCE_S, self._current_job()
        return (actor for actor, (job, at) in self._seen.items() if job == current and at >= since)

    def _somebody(self) -> bool:
        return any(True for _ in self._alive())

    async def _heard(self, message: Msg) -> None:
        try:
            document = json.loads(message.data)
            actor_id, job = str(document["actor_id"]), str(document["job"])
        except (ValueError, KeyError, TypeError, RecursionError):
            return
        before = self._somebody()
        self._seen[actor_id] = (job, self._monotonic())
        if not before and self._somebody():
            self._on_arrival()
