"""What the server itself gives up goes to the dead letters, too.

Those who handle messages count attempts and give up long before that. What escapes them, such as a message that ends its
process before it can be counted, reaches the consumer's max_deliver: then the server delivers it no more, says so once, and
leaves it where it is. https://docs.nats.io/running-a-nats-service/nats_admin/monitoring/monitoring_jetstream#advisories
"""

import json
import logging

from nats.aio.msg import Msg

from orchestrator.adapters.nats.connection import NatsConnection, translated
from orchestrator.adapters.nats.dead_letters import DeadLetters
from orchestrator.domain.errors import DependencyLost

_log = logging.getLogger(__name__)

_SUBJECT = "$JS.EVENT.ADVISORY.CONSUMER.MAX_DELIVERIES.>"
_FLUSH_S = 2


async def listen_for_given_up(connection: NatsConnection, dead_letters: DeadLetters) -> None:
    """Buries each message that the server gives up; one of the orchestrators does. To be called once on a connection."""

    async def heard(message: Msg) -> None:
        try:
            advisory = json.loads(message.data)
            stream, consumer = str(advisory["stream"]), str(advisory["consumer"])
            sequence, deliveries = int(advisory["stream_seq"]), int(advisory["deliveries"])
        except (ValueError, KeyError, TypeError, RecursionError):
            return
        reason = f"delivered {deliveries} times to {consumer} and never acknowledged"
        _log.error("a message goes to the dead letters: %s", reason, extra={"stream": stream, "sequence": sequence})
        try:
            await dead_letters.bury_undelivered(stream, sequence, deliveries, reason)
        except DependencyLost as lost:
            _log.error("it could not: %s", lost, extra={"stream": stream, "sequence": sequence})

    with translated():
        await connection.client.subscribe(_SUBJECT, queue="orchestrators", cb=heard)
        await connection.client.flush(_FLUSH_S)
