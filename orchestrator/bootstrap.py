"""Wiring of the service and its agents: which adapter stands behind which port."""

import asyncio

from redis.asyncio import Redis

from orchestrator import __version__
from orchestrator.adapters.in_memory.clock import SystemClock
from orchestrator.adapters.in_memory.model import MockModel
from orchestrator.adapters.login import read_login
from orchestrator.adapters.nats import topology
from orchestrator.adapters.nats.cancelling import NatsCanceller, listen_for_cancelling
from orchestrator.adapters.nats.connection import NatsConnection
from orchestrator.adapters.nats.consuming import Consumers, announcements
from orchestrator.adapters.nats.dead_letters import DeadLetters
from orchestrator.adapters.nats.given_up import listen_for_given_up
from orchestrator.adapters.nats.presence import AgentPresence, beat
from orchestrator.adapters.nats.publishing import JetStreamAnnouncer, JetStreamEvents, JetStreamQueue, JetStreamTasks
from orchestrator.adapters.nats.steps import JetStreamSource
from orchestrator.adapters.nats.wake_ups import NatsWakeUps
from orchestrator.adapters.ray.agent_job import JOB_VARIABLE, AgentJob
from orchestrator.adapters.ray.jobs_api import JobsApi
from orchestrator.adapters.redis import connection as redis_connection
from orchestrator.adapters.redis.attempts import RedisAttempts
from orchestrator.adapters.redis.councils import RedisCouncils
from orchestrator.adapters.redis.leases import RedisLeases, RedisLock
from orchestrator.adapters.redis.plans import RedisPlans
from orchestrator.adapters.redis.statistics import RedisStatistics
from orchestrator.adapters.redis.stores import RedisContexts, RedisDeliberations, RedisEndings, RedisResponses
from orchestrator.adapters.vllm.breaker import BreakingModel
from orchestrator.adapters.vllm.client import VllmDependency, VllmModel
from orchestrator.agents.models import ModelByAgentType
from orchestrator.agents.pump import Pump, PumpPolicy, Worker
from orchestrator.agents.worker import Identity, StepWorker
from orchestrator.application.context import KeepContextEvent
from orchestrator.application.planning import KeepPlanningEvent
from orchestrator.application.ports import Attempts
from orchestrator.application.readiness import Readiness
from orchestrator.application.wake_ups import WakeUps
from orchestrator.composition import Ports, compose, new_id
from orchestrator.domain.council import Pool, standing_councils
from orchestrator.instrumentation import Instrumentation
from orchestrator.settings import Settings
from orchestrator.wiring import Service, make_ownership, make_server, worker_policy

# Concurrent handlers of announcements; those of one deliberation take turns.
_RESULT_SLOTS = 8
# Longer than it takes to look at Ray's jobs and to submit one.
_JOB_LOCK_S = 30.0


def real_service(settings: Settings) -> Service:
    """The service on NATS, Redis, Ray and vLLM. It starts before they are there, and becomes ready when they are."""
    seen = Instrumentation.of_orchestrator(settings.traces, settings.metrics_listen)
    delivery = topology.DeliveryPolicy(settings.ack_wait_s)
    nats = connect_nats(settings, "orchestrator")
    redis = _redis(settings)
    jobs = JobsApi(settings.ray_jobs_url)
    instance = new_id()
    leases = RedisLeases(redis)
    lock = RedisLock(redis, "agents-job", instance, _JOB_LOCK_S)
    job = AgentJob(jobs, settings.agent_entrypoint, settings.agent_environment(), __version__, new_id, lock)
    presence = AgentPresence(nats, lambda: job.current)
    vllm = VllmDependency(settings.vllm_url, settings.model)
    wake_ups = WakeUps()
    moves = NatsWakeUps(nats, wake_ups)
    readiness = Readiness((nats, redis_connection.RedisDependency(redis), presence, vllm))
    ports = Ports(
        deliberations=seen.deliberations(RedisDeliberations(redis, settings.result_ttl_s)),
        leases=leases,
        registry=leases,
        responses=RedisResponses(redis, settings.result_ttl_s),
        contexts=RedisContexts(redis),
        councils=RedisCouncils(redis, standing_councils(settings.max_agents)),
        queue=seen.queue(JetStreamQueue(nats)),
        events=seen.events(JetStreamEvents(nats)),
        moves=moves,
        endings=RedisEndings(redis, SystemClock()),
        canceller=NatsCanceller(nats),
        statistics=RedisStatistics(redis),
        plans=RedisPlans(redis),
        tasks=JetStreamTasks(nats),
        clock=SystemClock(),
        on_refused=seen.refusals(),
    )
    ownership = make_ownership(settings, ports, instance)
    composed = compose(settings, ports, ownership, wake_ups, readiness)
    keep_context = KeepContextEvent(ports.contexts)
    keep_planning = KeepPlanningEvent(composed.process_planning_event)
    model = VllmModel(settings.vllm_url, settings.endpoints)
    breaker = seen.breaker(BreakingModel(seen.model(model, settings.vllm_url), settings.step_timeout_s))
    attempts = RedisAttempts(redis, settings.result_ttl_s)
    worker = StepWorker(
        ports.responses,
        ports.endings,
        seen.announcer(JetStreamAnnouncer(nats)),
        ModelByAgentType(breaker, MockModel()),
        ports.clock,
        Identity(node_id="", actor_id=f"local-{instance}"),
        worker_policy(settings),
        tracer=seen.tracer,
    )
    local_agents = _pump(settings, seen.worker(worker), attempts, nats, Pool.LOCAL, settings.local_concurrency)

    async def prepare() -> None:
        await topology.ensure(nats, delivery)
        await topology.ensure_results_consumer(nats, instance)
        # What was announced while the connection was away may be lost.
        ownership.doubt_all()

    async def leave() -> None:
        if await ownership.leave():
            await job.stop(settings.drain_s)

    async def connect_and_consume() -> None:
        nats.on_connect(prepare)
        await nats.connect()
        dead_letters = DeadLetters(nats)
        await nats.insist(
            presence.listen,
            moves.listen,
            lambda: listen_for_cancelling(nats, local_agents.cancel),
            lambda: listen_for_given_up(nats, dead_letters),
        )
        results = announcements(seen.announcements(composed.progress.step_answered))
        consuming = Consumers(nats, dead_letters, attempts, settings.max_deliver)
        async with asyncio.TaskGroup() as consumers:
            consumers.create_task(local_agents.run())
            consumers.create_task(seen.dead_letters(nats).watch())
            consumers.create_task(consuming.consume(topology.CONTEXT, topology.CONTEXT_CONSUMER, keep_context))
            consumers.create_task(consuming.consume(topology.PLANNING, topology.PLANNING_CONSUMER, keep_planning))
            for _ in range(_RESULT_SLOTS):
                consumers.create_task(consuming.consume(topology.RESULTS, topology.results_consumer(instance), results))

    return Service(
        make_server(settings, composed, seen),
        readiness,
        composed.progress,
        ownership,
        tasks=(connect_and_consume, job.keep_running),
        closing=(
            ownership.release,
            leave,
            lambda: topology.delete_results_consumer(nats, instance),
            jobs.close,
            vllm.close,
            model.close,
            nats.close,
            redis.aclose,
            seen.close,
        ),
    )


async def run_agent(settings: Settings, identity: Identity, job: str) -> None:
    """One Ray actor's work: takes steps off the queue until it is cancelled."""
    seen = Instrumentation.of_agent(settings.traces)
    nats = connect_nats(settings, f"agent-{identity.actor_id}")
    redis = _redis(settings)
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
    pump = _pump(settings, seen.worker(worker), attempts, nats, Pool.RAY, settings.agent_concurrency)
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


def check_logins(settings: Settings) -> None:
    """Raises UnusablePassword where a password cannot be read."""
    read_login(settings.nats_user, settings.nats_password_file)
    read_login(settings.redis_username, settings.redis_password_file)


def connect_nats(settings: Settings, client_name: str) -> NatsConnection:
    """The connection to NATS, which is still to be made. Raises UnusablePassword."""
    return NatsConnection(settings.nats_url, client_name, read_login(settings.nats_user, settings.nats_password_file))


def _redis(settings: Settings) -> "Redis":
    return redis_connection.connect(
        settings.redis_url, read_login(settings.redis_username, settings.redis_password_file)
    )


def _pump(
    settings: Settings, worker: Worker, attempts: Attempts, nats: NatsConnection, pool: Pool, concurrency: int
) -> Pump:
    policy = PumpPolicy(concurrency, settings.ack_wait_s / 3, settings.max_deliver)
    dead_letters = DeadLetters(nats)
    return Pump(worker, lambda: JetStreamSource(nats, pool, dead_letters, worker.refuse), attempts, policy)
