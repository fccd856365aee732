"""What the use cases need of the world. Every port has an adapter for the real thing and one in memory.

A call that cannot be carried out because the thing behind the port does not answer raises DependencyLost.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from orchestrator.domain.context import ContextEvent, ContextKind
from orchestrator.domain.council import Council
from orchestrator.domain.deliberation import Deliberation
from orchestrator.domain.derivation import AtomicTask, Derivation
from orchestrator.domain.planning import PlanningEvent
from orchestrator.domain.statistics import Finished, Totals
from orchestrator.domain.steps import StepRequest, StepResponse, Usage


class UnreadableMessage(Exception):
    """A message that is not of the form that it should have, or asks for what cannot be: no repeat would mend it."""


class VersionConflict(Exception):
    """Somebody else wrote the deliberation or council since it was loaded."""


class Clock(Protocol):
    """The time."""

    def now_ms(self) -> int:
        """Milliseconds since the epoch."""


@dataclass(frozen=True)
class Lease:
    """The hold of one instance of the orchestrator, named `owner`, on a deliberation. It lasts for `seconds`."""

    owner: str
    seconds: float


class DeliberationStore(Protocol):
    """Keeps deliberations, and which of them are open (not over, or over and not yet announced)."""

    async def create(self, deliberation: Deliberation, limit: int, lease: Lease) -> Deliberation | None:
        """Stores a new deliberation, makes it open and grants the lease on it, all in one.

        Returns None, or the one that has its task_id already and is left as it is. Raises Overloaded where `limit`
        deliberations are open.
        """

    async def load(self, task_id: str) -> Deliberation | None:
        """The deliberation as last written, or None."""

    async def save(self, deliberation: Deliberation) -> None:
        """Writes it if its version is the stored one, and counts its version up. Raises VersionConflict if not."""

    async def close(self, task_id: str) -> None:
        """Takes it off the open ones and ends the lease on it; it stays readable until it expires."""

    async def open_deadlines(self) -> Mapping[str, int]:
        """Deadline in milliseconds since the epoch of each open deliberation, by task_id."""


class CouncilStore(Protocol):
    """Keeps the councils, one of each role. The service's own are there from the start, until somebody deletes them."""

    async def load(self, role: str) -> Council | None:
        """The council of a role as last written, or None."""

    async def all(self) -> Sequence[Council]:
        """Every council, by role."""

    async def save(self, council: Council) -> Council:
        """Writes it if its version is the stored one (0: if there is none), and returns it with its new version.

        Raises VersionConflict if not.
        """

    async def remove(self, council: Council) -> None:
        """Removes it for good if its version is the stored one. Raises VersionConflict if not."""


class LeaseStore(Protocol):
    """Knows which instance owns which deliberation. A lease that is not claimed again ends by itself."""

    async def claim(self, task_ids: Collection[str], lease: Lease) -> Collection[str]:
        """Takes those that nobody owns and prolongs those that are the owner's; returns all that it owns now."""

    async def release(self, task_ids: Collection[str], owner: str) -> None:
        """Ends the leases that `owner` has on them."""


class InstanceRegistry(Protocol):
    """Knows which instances of the orchestrator run."""

    async def beat(self, lease: Lease) -> None:
        """Says that the owner runs; it counts for the seconds of the lease."""

    async def leave(self, owner: str) -> int:
        """Strikes the owner off and returns how many others run, in one: of several that leave, one is the last."""


class ResponseStore(Protocol):
    """Keeps the response of each step; the first one stays."""

    async def put_if_absent(self, response: StepResponse) -> StepResponse:
        """Stores a response unless its step has one; returns the one that is stored."""

    async def get(self, step_id: str) -> StepResponse | None:
        """The step's response, or None."""

    async def get_all(self, step_ids: Collection[str]) -> Sequence[StepResponse]:
        """The responses that there are of these steps."""


class Endings(Protocol):
    """Remembers which deliberations are over, for those who may still have steps of theirs."""

    async def mark(self, task_id: str, until_ms: int) -> None:
        """Remembers it until that time, in milliseconds since the epoch, and a while longer."""

    async def is_over(self, task_id: str) -> bool:
        """Whether it was marked."""


class StepCanceller(Protocol):
    """Reaches those who work on steps."""

    async def cancel(self, task_id: str) -> None:
        """Has them drop the steps of a deliberation that they are at. Who does not hear of it ends them later."""


class Attempts(Protocol):
    """Counts attempts at something that ended badly or not at all, in all processes together."""

    async def begin(self, what: str) -> int:
        """Counts an attempt as one that may end so; returns how many there are now."""

    async def excuse(self, what: str) -> None:
        """Takes the last one back: it ended for a reason that does not lie in it."""


class StepQueue(Protocol):
    """Hands steps to agents, each at least once."""

    async def publish(self, request: StepRequest) -> None:
        """Puts a step on the queue; the same step again within two minutes adds nothing."""


class ResultAnnouncer(Protocol):
    """Tells the orchestrator that a step has a response."""

    async def announce(self, task_id: str, step_id: str) -> None:
        """Announces it, at least once."""


@dataclass(frozen=True)
class DeliberationEvent:
    """Something that happened to a deliberation; `name` is started, completed or failed."""

    name: str
    task_id: str
    payload: Mapping[str, object]


class EventPublisher(Protocol):
    """Tells the world what happened to deliberations."""

    async def publish(self, event: DeliberationEvent) -> None:
        """Publishes an event; the same event of a deliberation again within two minutes adds nothing."""


class MoveAnnouncer(Protocol):
    """Tells every process that a deliberation has been written, so that who follows it looks at it again."""

    async def moved(self, task_id: str, *, over: bool) -> None:
        """A hint: it may be lost, and it never fails."""


class StatisticsStore(Protocol):
    """Keeps measurements of all processes: the newest of the last days, and totals."""

    async def record(self, finished: Finished) -> None:
        """Keeps a measurement and counts it; the same task_id again changes nothing."""

    async def kept(self) -> Sequence[Finished]:
        """The measurements that are kept, oldest first."""

    async def totals(self) -> Totals:
        """What has been counted."""


class ContextStore(Protocol):
    """Keeps what happened in each case, a bounded number of events of each kind."""

    async def append(self, event: ContextEvent) -> None:
        """Keeps an event; one with the same event_id again replaces nothing and adds nothing."""

    async def read(self, case_id: str) -> Mapping[ContextKind, Sequence[ContextEvent]]:
        """The case's events by kind, oldest first."""


class PlanStore(Protocol):
    """Keeps what happened to plans, a bounded number of events of each, and the tasks that were derived from them."""

    async def append(self, event: PlanningEvent) -> bool:
        """Keeps an event; says whether it is new. One with the same identity again replaces nothing and adds nothing."""

    async def events(self, case_id: str, plan_id: str) -> Sequence[PlanningEvent]:
        """The plan's events, oldest first."""

    async def put_if_absent(self, derivation: Derivation) -> Derivation:
        """Stores a derivation unless there is one with its id; returns the one that is stored."""

    async def derivation(self, derivation_id: str) -> Derivation | None:
        """The derivation as stored, or None."""

    async def mark_published(self, derivation: Derivation) -> None:
        """Notes that the tasks of a stored derivation have been published."""


class TaskPublisher(Protocol):
    """Hands derived tasks on to whoever works them off."""

    async def publish(self, task: AtomicTask) -> None:
        """Publishes a task; the same one again within two minutes adds nothing."""


@dataclass(frozen=True)
class Completion:
    """What a model answered."""

    text: str
    usage: Usage
    request_id: str
    model: str


class ModelRejected(Exception):
    """The model server says that the request itself is at fault: asking again cannot help."""


class ChatModel(Protocol):
    """A language model behind a chat API."""

    async def complete(self, request: StepRequest, seed: int, schema: object | None, timeout_s: float) -> Completion:
        """One answer. `schema` is a JSON schema that it must follow.

        Raises ModelRejected, or DependencyLost where it is worth asking again later (also after `timeout_s`).
        """


class Dependency(Protocol):
    """Something that must be there for the service to serve."""

    @property
    def name(self) -> str:
        """What it is called in errors and logs."""

    async def check(self) -> None:
        """Returns if it is there. Raises DependencyLost with the reason if it is not."""
