"""Streams, consumers and subjects, and how they come to be."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import quote

from nats.js.api import AckPolicy, ConsumerConfig, DeliverPolicy, DiscardPolicy, RetentionPolicy, StreamConfig
from nats.js.errors import BadRequestError

from orchestrator.adapters.nats.connection import NatsConnection, translated
from orchestrator.domain.council import Pool

STEPS = "AGENT_STEPS"
RESULTS = "AGENT_RESULTS"
ORCHESTRATION = "ORCHESTRATION"
CONTEXT = "CONTEXT"
DEAD_LETTERS = "DEAD_LETTERS"
PLANNING = "PLANNING"
TASKS = "TASKS"

STEPS_CONSUMERS: Mapping[Pool, str] = {Pool.RAY: "agents", Pool.LOCAL: "local-agents"}
CONTEXT_CONSUMER = "orchestrator-context"
PLANNING_CONSUMER = "orchestrator-planning"

# The header by which JetStream drops repeats.
MESSAGE_ID = "Nats-Msg-Id"

ALIVE_PREFIX = "agents.alive"
ROLL_CALL_SUBJECT = "agents.roll-call"
CANCEL_SUBJECT = "agents.cancel"
EVENTS_PREFIX = "orchestration.deliberation"
MOVED_PREFIX = "deliberations.moved"

_HOUR_S = 3600
_MIB = 1024 * 1024
_DUPLICATES_S = 120
_MOST_DEAD_LETTERS = 10_000
_STREAM_EXISTS = 10058
# Taking in an announcement is a matter of milliseconds.
_RESULTS_ACK_WAIT_S = 5
_FORGET_S = 60


def steps_subject(pool: Pool, role: str) -> str:
    """Where the steps of a role's agents go, for the workers of a pool."""
    return f"agent.steps.{pool}.{token(role.lower())}"


def results_subject(task_id: str) -> str:
    """Where the announcements for a deliberation go."""
    return f"agent.results.{token(task_id)}"


def tasks_subject(role: str) -> str:
    """Where the tasks go that were derived for a role."""
    return f"orchestration.tasks.{token(role.lower())}"


def dead_subject(stream: str) -> str:
    """Where what comes from a stream and cannot be handled goes."""
    return f"dead.{stream}"


def token(text: str) -> str:
    """`text` as one token of a subject: what NATS gives a meaning to is percent-encoded."""
    return quote(text, safe="").replace(".", "%2E")


@dataclass(frozen=True)
class DeliveryPolicy:
    """After `ack_wait_s` without a sign, a message is delivered again.

    `max_deliver` times at most: that is for what escapes the counting of those who handle messages, which give up much
    earlier what is at fault, and never what waits for a lost dependency.
    """

    ack_wait_s: float = 10.0
    max_deliver: int = 10_000


def streams() -> Sequence[StreamConfig]:
    """Every stream. JetStream sets aside what they may have together, a little less than 1 GiB.

    One that is full refuses what is new where that is somebody's work, who publishes it again; a log forgets what is old.
    """
    return (
        _work(STEPS, "agent.steps.>", RetentionPolicy.WORK_QUEUE, mib=256, hours=24),
        _log(RESULTS, "agent.results.>", mib=64, hours=1),
        _log(ORCHESTRATION, "orchestration.deliberation.>", mib=128, hours=24),
        # Behind ORCHESTRATION, which took these subjects too before there were tasks.
        _work(TASKS, "orchestration.tasks.>", RetentionPolicy.LIMITS, mib=128, hours=7 * 24),
        _work(PLANNING, "planning.>", RetentionPolicy.INTEREST, mib=128, hours=7 * 24),
        _work(CONTEXT, "context.>", RetentionPolicy.INTEREST, mib=128, hours=7 * 24),
        # A letter is written once, though its message come again before it is taken off its stream.
        _log(DEAD_LETTERS, "dead.*", mib=128, hours=30 * 24).evolve(
            max_msgs=_MOST_DEAD_LETTERS, duplicate_window=_HOUR_S
        ),
    )


def _work(name: str, subjects: str, retention: RetentionPolicy, *, mib: int, hours: int) -> StreamConfig:
    """Messages that are to be worked off: at once for the work queue; by every consumer there is, where that is a reason
    to keep them; and at their leisure by consumers that are not ours.
    """
    return _log(name, subjects, mib=mib, hours=hours).evolve(retention=retention, discard=DiscardPolicy.NEW)


def _log(name: str, subjects: str, *, mib: int, hours: int) -> StreamConfig:
    """Messages to look back on, the newest of them."""
    return StreamConfig(
        name=name,
        subjects=[subjects],
        retention=RetentionPolicy.LIMITS,
        discard=DiscardPolicy.OLD,
        max_bytes=mib * _MIB,
        max_age=hours * _HOUR_S,
        duplicate_window=_DUPLICATES_S,
    )


def consumers(delivery: DeliveryPolicy) -> Sequence[tuple[str, ConsumerConfig]]:
    """Every durable consumer, with its stream."""
    return (
        # Before there were pools a step's subject had a role only; what is left of that is for the Ray actors.
        # They are first: another consumer of a work queue is refused while theirs still takes everything.
        (STEPS, _consumer(STEPS_CONSUMERS[Pool.RAY], delivery, "agent.steps.ray.>", "agent.steps.*")),
        (STEPS, _consumer(STEPS_CONSUMERS[Pool.LOCAL], delivery, "agent.steps.local.>")),
        (CONTEXT, _consumer(CONTEXT_CONSUMER, delivery)),
        (PLANNING, _consumer(PLANNING_CONSUMER, delivery)),
    )


async def ensure(connection: NatsConnection, delivery: DeliveryPolicy) -> None:
    """Creates what is missing and applies what has changed. Raises DependencyLost."""
    with translated():
        jetstream = connection.jetstream
        for stream in streams():
            try:
                await jetstream.add_stream(_at_first(stream))
            except BadRequestError as error:
                if error.err_code != _STREAM_EXISTS:
                    raise
                await jetstream.update_stream(stream)
        for name, consumer in consumers(delivery):
            await jetstream.add_consumer(name, consumer)
        for stream in streams():
            if stream != _at_first(stream):
                await jetstream.update_stream(stream)


def _at_first(stream: StreamConfig) -> StreamConfig:
    """A stream as it is until it has its consumers: it keeps what comes before them."""
    if stream.retention is RetentionPolicy.INTEREST:
        return stream.evolve(retention=RetentionPolicy.LIMITS)
    return stream


def results_consumer(instance: str) -> str:
    """Name of the consumer by which an instance of the orchestrator hears all announcements."""
    return f"orchestrator-results-{token(instance)}"


async def ensure_results_consumer(connection: NatsConnection, instance: str) -> None:
    """Creates an instance's consumer of announcements, which the server forgets when nobody has pulled for a while.

    It begins with what is announced from now on: what was announced before is found in the store. Raises DependencyLost.
    """
    config = ConsumerConfig(
        name=results_consumer(instance),
        deliver_policy=DeliverPolicy.NEW,
        ack_policy=AckPolicy.EXPLICIT,
        ack_wait=_RESULTS_ACK_WAIT_S,
        max_ack_pending=10_000,
        inactive_threshold=_FORGET_S,
    )
    with translated():
        await connection.jetstream.add_consumer(RESULTS, config)


async def delete_results_consumer(connection: NatsConnection, instance: str) -> None:
    """Deletes it. Raises DependencyLost."""
    with translated():
        await connection.jetstream.delete_consumer(RESULTS, results_consumer(instance))


def _consumer(name: str, policy: DeliveryPolicy, *subjects: str) -> ConsumerConfig:
    return ConsumerConfig(
        name=name,
        durable_name=name,
        ack_policy=AckPolicy.EXPLICIT,
        ack_wait=policy.ack_wait_s,
        max_deliver=policy.max_deliver,
        max_ack_pending=10_000,
        filter_subjects=[*subjects] or None,
    )
