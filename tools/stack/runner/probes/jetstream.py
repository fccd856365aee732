"""NATS with JetStream is up (https://docs.nats.io/running-a-nats-service/nats_admin/monitoring, healthz)."""

from __future__ import annotations

from dataclasses import dataclass

from tools.stack.runner.probes.base import Answer, Target
from tools.stack.runner.probes.http import HttpProbe


@dataclass(frozen=True, slots=True)
class JetStreamProbe:
    """Ready when the server says that JetStream is. `port` is the monitoring port (nats-server -m)."""

    port: str

    async def attempt(self, target: Target) -> Answer:
        return await HttpProbe(self.port, "/healthz?js-enabled-only=true", json={"status": "ok"}).attempt(target)
