"""An agent's signs of life over core NATS: once a second, and whenever the roll is called."""

import asyncio
import contextlib
import json

from nats.aio.msg import Msg

from orchestrator.adapters.nats.connection import NatsConnection, translated
from orchestrator.adapters.nats.topology import ALIVE_PREFIX, ROLL_CALL_SUBJECT, token
from orchestrator.domain.errors import DependencyLost

BEAT_S = 1.0


async def beat(connection: NatsConnection, actor_id: str, node_id: str, job: str) -> None:
    """Says once a second to everybody that an actor is alive, and at once to who calls the roll. Runs until cancelled."""
    document = json.dumps({"actor_id": actor_id, "node_id": node_id, "job": job}).encode()

    async def say(subject: str) -> None:
        # What cannot be said now is said by the next beat.
        with contextlib.suppress(DependencyLost), translated():
            await connection.client.publish(subject, document)

    async def answer(call: Msg) -> None:
        # To who called alone: however many call, each hears of every actor once.
        if call.reply:
            await say(call.reply)

    async def listen() -> None:
        with translated():
            await connection.client.subscribe(ROLL_CALL_SUBJECT, cb=answer)

    await connection.insist(listen)
    while True:
        await say(f"{ALIVE_PREFIX}.{token(actor_id)}")
        await asyncio.sleep(BEAT_S)
