"""What is wired alike for agents, in processes of their own and in the orchestrator's."""

from orchestrator.adapters.nats.connection import NatsConnection
from orchestrator.adapters.nats.dead_letters import DeadLetters
from orchestrator.adapters.nats.steps import JetStreamSource
from orchestrator.agents.pump import Pump, PumpPolicy, Worker
from orchestrator.agents.worker import WorkerPolicy
from orchestrator.application.ports import Attempts
from orchestrator.domain.council import Pool
from orchestrator.settings import Settings


def worker_policy(settings: Settings) -> WorkerPolicy:
    """How agents work, as the settings have it."""
    return WorkerPolicy(settings.step_timeout_s)


def make_pump(
    settings: Settings, worker: Worker, attempts: Attempts, nats: NatsConnection, pool: Pool, concurrency: int
) -> Pump:
    """What takes the steps of a pool off NATS, `concurrency` at once, and has the worker answer them."""
    policy = PumpPolicy(concurrency, settings.ack_wait_s / 3, settings.max_deliver)
    dead_letters = DeadLetters(nats)
    return Pump(worker, JetStreamSource(nats, pool, dead_letters, worker.refuse), attempts, policy)
