"""Wiring of an agent that is a Ray actor. What this needs, and no more, is in Ray's image."""

import asyncio

from orchestrator.adapters.in_memory.clock import SystemClock
from orchestrator.adapters.nats.beating import beat
from orchestrator.adapters.nats.cancelling import listen_for_cancelling
from orchestrator.adapters.nats.publishing import JetStreamAnnouncer
from orchestrator.adapters.redis.attempts import RedisAttempts
from orchestrator.adapters.redis.stores import RedisEndings, RedisResponses
from orchestrator.adapters.vllm.breaker import BreakingModel
from orchestrator.adapters.vllm.client import VllmModel
from orchestrator.agent_wiring import make_pump, worker_policy
from orchestrator.agents.job import JOB_VARIABLE
from orchestrator.agents.worker import Identity, StepWorker
from orchestrator.connections import connect_nats, connect_redis
from orchestrator.domain.council import Pool
from orchestrator.instrumentation import Instrumentation
from orchestrator.settings import Settings


async def run_agent(settings: Settings, identity: Identity, job: str) -> None:
    """One Ray actor's work: takes steps off the queue until it is cancelled."""
    seen = Instrumentation.of_agent(settings.traces)
    nats = connect_nats(settings, f"agent-{identity.actor_id}")
    redis = connect_redis(settings)
    model = VllmModel(settings.vllm_url, settings.endpoints)
    clock = SystemClock()
    worker = StepWorker(
        RedisResponses(redis, settings.result_ttl_s),
        RedisEndings(redis, clock),
        seen.announcer(JetStreamAnnouncer(nats)),
        BreakingModel(seen.model(model, settings.vllm_url), settings.step_timeout_s),
        clock,
        identity,
        worker_policy(settings),
        tracer=seen.tracer,
    )
    attempts = RedisAttempts(redis, settings.result_ttl_s)
    pump = make_pump(settings, seen.worker(worker), attempts, nats, Pool.RAY, settings.agent_concurrency)
    try:
        await nats.connect()
        await nats.insist(lambda: listen_for_cancelling(nats, pump.cancel))
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(beat(nats, identity.actor_id, identity.node_id, job))
            tasks.create_task(pump.run())
    finally:
        await model.close()
        await nats.close()
        await redis.aclose()
        await seen.close()


def agent_environment(environment: dict[str, str]) -> tuple[Settings, str]:
    """Settings and job id of an agent, from the environment that its job was given."""
    return Settings.of_agent(environment), environment.get(JOB_VARIABLE, "")
