"""Deriving subtasks: a plan as tasks for roles, in an order that respects what depends on what.

No model is asked. What a role is to do is what the plan's events say (`tasks.<ROLE>`), or its usual part in a plan; what
was decided in the case becomes requirements. The same request and the same knowledge give the same tasks.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from orchestrator.domain.bounds import out_of_range, too_long, too_many
from orchestrator.domain.context import ContextEvent
from orchestrator.domain.council import title_of
from orchestrator.domain.council_request import bad_role
from orchestrator.domain.errors import FieldViolation, InvalidRequest
from orchestrator.domain.planning import MAX_ID, Brief, PlanningEvent
from orchestrator.domain.prompts import clip
from orchestrator.domain.request import Constraints, Limits
from orchestrator.domain.role_order import SIDE_BY_SIDE, ContradictoryOrder, default_roles, order_roles

MAX_ROLES = 20
MAX_TASKS_PER_ROLE = 10
_LIMITS = Limits()
# What every task repeats is short, and where it takes many bytes (of UTF-8, all tasks together) there are fewer tasks: all
# tasks of the largest derivation fit in a message that clients take (4 MB).
_MAX_REPEATED_BYTES = 2_600_000
_MAX_ABOUT = 2_000
_DECISIONS = 5
_MAX_DECISION = 500

_ID_PREFIX = "drv-"
_ID_LENGTH = len(_ID_PREFIX) + 16

_PARTS: Mapping[str, str] = {
    "ARCHITECT": "Design {subject}: its components, their interfaces, and the decisions that are hard to change.",
    "DEV": "Implement {subject}.",
    "DATA": "Design and implement the data of {subject}: schemas, migrations and pipelines.",
    "QA": "Test {subject}: what must hold, the cases that show it, and how they are run.",
    "DEVOPS": "Deploy and operate {subject}: builds, releases, monitoring and rollback.",
}


@dataclass(frozen=True)
class Strategy:
    """How to derive. `max_tasks_per_role` 0 means the service's own bound.

    Unless `parallel_execution`, every task waits for the one before it; with it, for the roles before its own alone.
    """

    parallel_execution: bool = False
    dependency_order: tuple[str, ...] = ()
    max_tasks_per_role: int = 0
    auto_publish: bool = False


@dataclass(frozen=True)
class DerivationRequest:
    """Which plan to split, for which roles (none: those that have a default place in the order)."""

    case_id: str
    plan_id: str
    roles: tuple[str, ...] = ()
    strategy: Strategy = Strategy()

    @property
    def derivation_id(self) -> str:
        """The same for the same request, whatever it says of publishing and in whichever order it names the roles."""
        strategy = self.strategy
        what = [
            self.case_id,
            self.plan_id,
            sorted(self.roles or default_roles()),
            strategy.parallel_execution,
            strategy.dependency_order,
            strategy.max_tasks_per_role,
        ]
        return _ID_PREFIX + hashlib.sha256(json.dumps(what).encode()).hexdigest()[:16]


@dataclass(frozen=True)
class AtomicTask:
    """A task for one role. `dependencies` are the ids of tasks that come before it; `priority` counts from 1, first."""

    task_id: str
    role: str
    description: str
    dependencies: tuple[str, ...]
    constraints: Constraints
    case_id: str
    plan_id: str
    priority: int


@dataclass(frozen=True)
class Derivation:
    """The tasks of a plan, each behind those it waits for. `published`: they have been handed on."""

    derivation_id: str
    tasks: tuple[AtomicTask, ...]
    published: bool = False


@dataclass(frozen=True)
class Knowledge:
    """What is known of a plan: its own brief, and what was decided in its case, oldest first."""

    brief: Brief = field(default_factory=Brief)
    decisions: Sequence[ContextEvent] = field(default_factory=tuple)


def validate_derivation(request: DerivationRequest) -> None:
    """Raises InvalidRequest that names the offending fields."""
    if violations := [*derivation_violations(request)]:
        raise InvalidRequest(violations)


def derivation_violations(request: DerivationRequest) -> Iterator[FieldViolation]:
    """What is not acceptable in a request."""
    for name in ("case_id", "plan_id"):
        if not getattr(request, name).strip():
            yield FieldViolation(name, "must not be empty")
        yield from too_long(name, getattr(request, name), MAX_ID)
    yield from too_many("roles", len(request.roles), MAX_ROLES)
    for index, role in enumerate(request.roles[:MAX_ROLES]):
        yield from bad_role(f"roles[{index}]", role)
        if role in request.roles[:index]:
            yield FieldViolation(f"roles[{index}]", "is there twice")
    strategy = request.strategy
    yield from out_of_range("strategy.max_tasks_per_role", strategy.max_tasks_per_role, 0, MAX_TASKS_PER_ROLE)
    order = strategy.dependency_order
    wrong = [*too_many("strategy.dependency_order", len(order), MAX_ROLES)]
    for index, entry in enumerate(order[:MAX_ROLES]):
        name, side_by_side = f"strategy.dependency_order[{index}]", entry.split(SIDE_BY_SIDE)
        # Ordering takes time by the square of their number.
        wrong.extend(too_many(name, len(side_by_side), MAX_ROLES))
        for role in side_by_side[:MAX_ROLES]:
            wrong.extend(bad_role(name, role))
    yield from wrong
    if not wrong:
        try:
            order_roles(request.roles or default_roles(), order)
        except ContradictoryOrder as contradiction:
            yield FieldViolation("strategy.dependency_order", f"contradicts itself: {contradiction}")


def requested_by(event: PlanningEvent) -> DerivationRequest | None:
    """What an event has derived: if it approves its plan, tasks for the roles that its metadata names.

    Raises InvalidRequest that names what in the metadata is not acceptable.
    """
    metadata = event.metadata
    roles = _names(metadata.get("roles", ""))
    if not event.approves or not roles:
        return None
    faults = [
        FieldViolation(f"metadata.{name}", "must be true or false")
        for name in ("parallel_execution", "auto_publish_to_nats")
        if metadata.get(name, "false").strip().lower() not in ("true", "false")
    ]
    most = metadata.get("max_tasks_per_role", "0").strip()
    if not (most.isascii() and most.isdigit() and len(most) < 10):
        faults.append(FieldViolation("metadata.max_tasks_per_role", "must be a whole number"))
        most = "0"
    strategy = Strategy(
        parallel_execution=metadata.get("parallel_execution", "").strip().lower() == "true",
        dependency_order=_names(metadata.get("dependency_order", "")),
        max_tasks_per_role=int(most),
        auto_publish=metadata.get("auto_publish_to_nats", "").strip().lower() == "true",
    )
    request = DerivationRequest(event.case_id, event.plan_id, roles, strategy)
    faults += [
        FieldViolation(f"metadata.{violation.field.removeprefix('strategy.')}", violation.description)
        for violation in derivation_violations(request)
    ]
    if faults:
        raise InvalidRequest(faults)
    return request


def derivation_of(task_id: str) -> str:
    """The id of the derivation that a task with this id would belong to; empty if it cannot belong to any."""
    return (
        task_id[:_ID_LENGTH] if task_id.startswith(_ID_PREFIX) and task_id[_ID_LENGTH : _ID_LENGTH + 1] == "-" else ""
    )


def derive(request: DerivationRequest, knowledge: Knowledge) -> Derivation:
    """The tasks. Raises ContradictoryOrder, which `validate_derivation` rules out."""
    order = order_roles(request.roles or default_roles(), request.strategy.dependency_order)
    tasks: list[AtomicTask] = []
    of_role: dict[str, list[str]] = {}
    for role in order.roles:
        waits_for = [task_id for earlier in order.waits_for[role] for task_id in of_role[earlier]]
        of_role[role] = []
        constraints = _constraints(request, role, knowledge)
        about = _about(request, role, knowledge.brief)
        repeated = len("".join((about, constraints.rubric, *constraints.requirements)).encode())
        fitting = max(_MAX_REPEATED_BYTES // (len(order.roles) * max(repeated, 1)), 1)
        for description in _descriptions(request, role, knowledge.brief, about, fitting):
            if not request.strategy.parallel_execution:
                waits_for = [tasks[-1].task_id] if tasks else []
            task_id = f"{request.derivation_id}-{role.lower()}-{len(of_role[role]) + 1}"
            of_role[role].append(task_id)
            tasks.append(
                AtomicTask(
                    task_id=task_id,
                    role=role,
                    description=description,
                    dependencies=tuple(waits_for),
                    constraints=constraints,
                    case_id=request.case_id,
                    plan_id=request.plan_id,
                    priority=order.ranks[role] + 1,
                )
            )
    return Derivation(request.derivation_id, tuple(tasks))


def _about(request: DerivationRequest, role: str, brief: Brief) -> str:
    """What each task of a role says of the whole."""
    part_of = f"Part of: {_subject(request, brief)}." if role in brief.tasks else ""
    return clip("\n".join(filter(None, (part_of, brief.description))), _MAX_ABOUT)


def _subject(request: DerivationRequest, brief: Brief) -> str:
    return brief.title or f"plan {request.plan_id} of case {request.case_id}"


def _descriptions(request: DerivationRequest, role: str, brief: Brief, about: str, fitting: int) -> list[str]:
    """What the role is to do, a text for each of its tasks. Where there are more than may be, the last has the rest."""
    part = _PARTS.get(role, f"As {title_of(role)}, do your part of {{subject}}.")
    # The subject is somebody's text: it is put in as it is, and never read as a pattern.
    items = list(brief.tasks.get(role, ())) or [part.replace("{subject}", _subject(request, brief))]
    most = min(request.strategy.max_tasks_per_role or MAX_TASKS_PER_ROLE, fitting)
    if len(items) > most:
        items = [*items[: most - 1], "\n".join(items[most - 1 :])]
    return [f"{clip(item, _LIMITS.max_text - len(about) - 1)}\n{about}".strip() for item in items]


def _constraints(request: DerivationRequest, role: str, knowledge: Knowledge) -> Constraints:
    scopes = ("", request.plan_id, role)
    decisions = [event for event in knowledge.decisions if event.scope in scopes][-_DECISIONS:]
    decided = [clip(" ".join(event.text.split()), _MAX_DECISION) for event in decisions]
    requirements = dict.fromkeys((*knowledge.brief.requirements, *decided))
    return Constraints(
        rubric=knowledge.brief.rubric,
        requirements=tuple(clip(text, _LIMITS.max_requirement) for text in requirements)[: _LIMITS.max_requirements],
        metadata={"derivation_id": request.derivation_id},
    )


def _names(text: str) -> tuple[str, ...]:
    """The names in a list that is separated by commas."""
    return tuple(name for part in text.split(",") if (name := part.strip()))
