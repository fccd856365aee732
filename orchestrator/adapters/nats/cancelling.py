"""Tells every worker over core NATS that a deliberation is over, so that it drops the steps that it is at."""

import json
import logging
from collections.abc import Callable

from nats.aio.msg import Msg

from orchestrator.adapters.nats.connection import NatsConnection, translated
from orchestrator.adapters.nats.topology import CANCEL_SUBJECT
from orchestrator.domain.errors import DependencyLost

_log = logging.getLogger(__name__)


class NatsCanceller:
    """StepCanceller over core NATS. A worker that misses it works on until the step is done or late."""

    def __init__(self, connection: NatsConnection) -> None:
        self._connection = connection

    async def cancel(self, task_id: str) -> None:
        try:
            with translated():
                await self._connection.client.publish(CANCEL_SUBJECT, json.dumps({"task_id": task_id}).encode())
        except DependencyLost as lost:
            _log.debug("workers were not told that a deliberation is over: %s", lost, extra={"task_id": task_id})


async def listen_for_cancelling(connection: NatsConnection, handler: Callable[[str], None]) -> None:
    """Has `handler` called with the task_id of each deliberation that is over. To be called once on a connection."""

    async def heard(message: Msg) -> None:
        try:
            task_id = str(json.loads(message.data)["task_id"])
        except (ValueError, KeyError, TypeError, RecursionError):
            return
        handler(task_id)

    with translated():
        await connection.client.subscribe(CANCEL_SUBJECT, cb=heard)
        await connection.settle()
