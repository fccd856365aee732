"""Wakes those who wait in this process for a deliberation that any process has brought to its end."""

import json

from nats.aio.msg import Msg

from orchestrator.adapters.nats.connection import NatsConnection, translated
from orchestrator.adapters.nats.topology import EVENTS_PREFIX
from orchestrator.application.completions import Completions


async def forward_completions(connection: NatsConnection, completions: Completions) -> None:
    """Has every event that ends a deliberation wake its waiters. To be called once on a connection."""

    async def heard(message: Msg) -> None:
        try:
            completions.announce(str(json.loads(message.data)["task_id"]))
        except (ValueError, KeyError, TypeError):
            return

    with translated():
        for name in ("completed", "failed"):
            await connection.client.subscribe(f"{EVENTS_PREFIX}.{name}", cb=heard)
