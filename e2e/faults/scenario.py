"""One fault, done to a fleet in flight, and what must be true whatever it was."""

import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from e2e.faults.fleet import AGENTS, DEADLINE_SECONDS, SIZE, STEPS, Fleet, Outcome, reasons
from e2e.faults.model import Counts, Model
from e2e.faults.table import Row, Table
from e2e.suite.evidence import Stack
from protos.orchestrator.v1 import orchestrator_pb2_grpc as pb_grpc
from tools.stack.faults import Faults

DEAD_LETTERS = "DEAD_LETTERS"
# Slow enough that 40 deliberations are still all there when something happens to them.
DELAY_MS = 250
JITTER = 0.3


@dataclass(frozen=True)
class Damage:
    """What a scenario may cost. `failed_for`: words of which every reason of a failed deliberation has one.

    Deliberations that cannot complete are given a shorter time.
    """

    failed_for: tuple[str, ...] = ()
    dead_letters: int = 0
    deadline_s: int = DEADLINE_SECONDS


@dataclass(frozen=True)
class Arena:
    """Where scenarios happen."""

    orchestrator: pb_grpc.OrchestratorServiceStub
    stack: Stack
    model: Model
    faults: Faults
    table: Table
    harmless: Damage = field(default_factory=Damage)

    def suffer(self, scenario: str, fault: Callable[[], None], damage: Damage | None = None) -> list[Outcome]:
        """Does `fault` to a fleet in flight, follows the fleet to its end, checks it, and adds a row to the table."""
        damage = damage or self.harmless
        self.model.behave(reset=True, delay_ms=DELAY_MS, jitter=JITTER)
        dead_before = self.dead_letters()
        fleet = Fleet(self.orchestrator, self.model, self.stack.store, damage.deadline_s)
        fleet.launch()
        began = time.monotonic()
        fault()
        over = time.monotonic()
        outcomes = fleet.land()
        counts = self.model.counts()
        dead = self.dead_letters() - dead_before
        self.table.add(_row(scenario, outcomes, counts, dead, over - began, time.monotonic() - over))
        self._check(outcomes, damage, dead)
        return outcomes

    def dead_letters(self) -> int:
        """How many messages lie in the stream of dead letters."""
        return self.stack.journal.streams().get(DEAD_LETTERS, 0)

    def check_ended_once(self, task_ids: Sequence[str]) -> None:
        """Each has told once that it is over: no more, and no less."""
        events = self.stack.journal.stored("orchestration.deliberation.>")
        ends = Counter(event.data["task_id"] for event in events if not event.subject.endswith(".started"))
        assert {task_id: ends[task_id] for task_id in task_ids} == dict.fromkeys(task_ids, 1)

    def _check(self, outcomes: list[Outcome], damage: Damage, dead: int) -> None:
        """None lost, none done twice, none failed without a true reason, and only poison among the dead letters."""
        assert {outcome.status for outcome in outcomes} <= {"COMPLETED", "FAILED"}
        for outcome in outcomes:
            if outcome.status == "FAILED":
                words = damage.failed_for
                assert any(word in outcome.reason for word in words), f"{outcome.reason!r} is about none of {words}"
            else:
                assert outcome.results >= 1
        assert dead == damage.dead_letters
        self.check_ended_once([outcome.task_id for outcome in outcomes])
        for outcome in outcomes:
            steps = self.stack.store.steps(outcome.task_id)
            assert len(steps) <= STEPS
            if outcome.status == "COMPLETED" and not outcome.warnings:
                assert (len(steps), outcome.results) == (STEPS, AGENTS)


def _row(scenario: str, outcomes: list[Outcome], counts: Counts, dead: int, fault: float, recovery: float) -> Row:
    completed = sum(outcome.status == "COMPLETED" for outcome in outcomes)
    return Row(
        scenario=scenario,
        in_flight=SIZE,
        completed=completed,
        failed=len(outcomes) - completed,
        reasons=dict(reasons(outcomes)),
        requests=counts.requests,
        duplicates=counts.duplicates,
        dead_letters=dead,
        fault=fault,
        recovery=recovery,
    )
