"""Tells every process over core NATS that a deliberation has moved."""

import json
import logging

from nats.aio.msg import Msg

from orchestrator.adapters.nats.connection import NatsConnection, translated
from orchestrator.adapters.nats.topology import MOVED_PREFIX, token
from orchestrator.application.wake_ups import WakeUps
from orchestrator.domain.errors import DependencyLost

_log = logging.getLogger(__name__)


class NatsWakeUps:
    """MoveAnnouncer over core NATS: wakes this process at once, the others through the server."""

    def __init__(self, connection: NatsConnection, wake_ups: WakeUps) -> None:
        self._connection = connection
        self._wake_ups = wake_ups

    async def listen(self) -> None:
        """Starts listening to all processes; to be called once on a connection."""
        with translated():
            await self._connection.client.subscribe(f"{MOVED_PREFIX}.>", cb=self._heard)
            await self._connection.settle()

    async def moved(self, task_id: str, *, over: bool) -> None:
        self._wake_ups.wake(task_id, over=over)
        document = json.dumps({"task_id": task_id, "over": over}).encode()
        try:
            with translated():
                await self._connection.client.publish(f"{MOVED_PREFIX}.{token(task_id)}", document)
        except DependencyLost as lost:
            _log.debug("other processes were not woken: %s", lost)

    async def _heard(self, message: Msg) -> None:
        try:
            document = json.loads(message.data)
            task_id, over = str(document["task_id"]), bool(document["over"])
        except (ValueError, KeyError, TypeError, RecursionError):
            return
        self._wake_ups.wake(task_id, over=over)
