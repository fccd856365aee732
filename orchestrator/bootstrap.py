"""Wiring of the service: which adapter stands behind which port. That of its agents is agent_bootstrap.py."""

import asyncio

from orchestrator import __version__
from orchestrator.adapters.in_memory.clock import SystemClock
from orchestrator.adapters.in_memory.model import MockModel
from orchestrator.adapters.nats import topology
from orchestrator.adapters.nats.cancelling import NatsCanceller, listen_for_cancelling
from orchestrator.adapters.nats.consuming import Consumers, announcements
from orchestrator.adapters.nats.dead_letters import DeadLetters
from orchestrator.adapters.nats.given_up import listen_for_given_up
from orchestrator.adapters.nats.presence import AgentPresence
from orchestrator.adapters.nats.publishing import JetStreamAnnouncer, JetStreamEvents, JetStreamQueue, JetStreamTasks
from orchestrator.adapters.nats.wake_ups import NatsWakeUps
from orchestrator.adapters.ray.agent_job import AgentJob
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
from orchestrator.agent_wiring import make_pump, worker_policy
from orchestrator.agents.models import ModelByAgentType
from orchestrator.agents.worker import Identity, StepWorker
from orchestrator.application.context import KeepContextEvent
from orchestrator.application.planning import KeepPlanningEvent
from orchestrator.application.readiness import Readiness
from orchestrator.application.wake_ups import WakeUps
from orchestrator.composition import Ports, compose, new_id
from orchestrator.connections import connect_nats, connect_redis
from orchestrator.domain.council import Pool, standing_councils
from orchestrator.service_instrumentation import ServiceInstrumentation
from orchestrator.settings import Settings
from orchestrator.wiring import Service, make_ownership, make_server

# Announcements that are handled at once. Those of one deliberation that come together are applied together; many more of them
# would keep calls waiting.
_RESULTS_AT_ONCE = 32
# Longer than it takes to look at Ray's jobs and to submit one.
_JOB_LOCK_S = 30.0
# To see whether Redis is there, to renew leases and to read what is open: each once at a time, and one to spare.
_UPKEEP_CONNECTIONS = 4


def real_service(settings: Settings) -> Service:
    """The service on NATS, Redis, Ray and vLLM. It starts before they are there, and becomes ready when they are."""
    seen = ServiceInstrumentation.of_orchestrator(settings.traces, settings.metrics_listen)
    delivery = topology.DeliveryPolicy(settings.ack_wait_s)
    nats = connect_nats(settings, "orchestrator")
    redis = connect_redis(settings)
    # Calls may have all of those in use, and must not thereby make it lose its leases or seem not to be well.
    upkeep = connect_redis(settings, _UPKEEP_CONNECTIONS)
    jobs = JobsApi(settings.ray_jobs_url)
    instance = new_id()
    leases = RedisLeases(upkeep)
    lock = RedisLock(redis, "agents-job", instance, _JOB_LOCK_S)
    news = asyncio.Event()
    job = AgentJob(jobs, settings.agent_entrypoint, settings.agent_environment(), __version__, new_id, lock, news.set)
    presence = AgentPresence(nats, lambda: job.current, news.set)
    vllm = VllmDependency(settings.vllm_url, settings.model)
    readiness = Readiness((nats, redis_connection.RedisDependency(upkeep), presence, vllm), news)
    wake_ups = WakeUps()
    moves = NatsWakeUps(nats, wake_ups)
    ports = Ports(
        deliberations=seen.deliberations(RedisDeliberations(redis, settings.result_ttl_s, upkeep)),
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
    local_agents = make_pump(settings, seen.worker(worker), attempts, nats, Pool.LOCAL, settings.local_concurrency)

    async def prepare() -> None:
        await presence.call_roll()
        await topology.ensure(nats, delivery)
        await topology.ensure_results_consumer(nats, instance)
        # What was announced while the connection was away may be lost.
        ownership.doubt_all()

    async def leave() -> None:
        if await ownership.leave() and not settings.agent_job_stays:
            await job.stop(settings.drain_s)

    async def connect_and_consume() -> None:
        nats.on_connect(prepare)
        await nats.connect()
        news.set()
        dead_letters = DeadLetters(nats)
        await nats.insist(
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
            consumers.create_task(
                consuming.consume(topology.RESULTS, topology.results_consumer(instance), results, _RESULTS_AT_ONCE)
            )

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
            upkeep.aclose,
            seen.close,
        ),
    )
