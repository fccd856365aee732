"""How many dead letters there are, as a metric."""

import asyncio

from nats.js.errors import NotFoundError
from prometheus_client import CollectorRegistry, Gauge

from orchestrator.adapters.nats.connection import NatsConnection, translated
from orchestrator.adapters.nats.topology import DEAD_LETTERS
from orchestrator.domain.errors import DependencyLost

_PERIOD_S = 5.0


class DeadLetterMetrics:
    """Looks at the dead letters now and then."""

    def __init__(self, connection: NatsConnection, registry: CollectorRegistry, period_s: float = _PERIOD_S) -> None:
        self._connection = connection
        self._period_s = period_s
        self._count = Gauge("orchestrator_dead_letters", "Messages among the dead letters.", registry=registry)

    async def watch(self) -> None:
        """Runs until cancelled. While NATS is away, the last count stands."""
        while True:
            try:
                with translated():
                    stream = await self._connection.jetstream.stream_info(DEAD_LETTERS)
                self._count.set(stream.state.messages)
            except (DependencyLost, NotFoundError):
                pass
            await asyncio.sleep(self._period_s)
