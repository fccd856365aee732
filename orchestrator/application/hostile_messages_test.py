"""Whatever others publish, its consumer keeps it whole or refuses it as unreadable: nothing in it becomes a defect of ours."""

import json
from collections.abc import Mapping

from hypothesis import given, settings
from hypothesis import strategies as st

from orchestrator.adapters.in_memory.plans import InMemoryPlans, InMemoryTasks
from orchestrator.adapters.json_codec import decode, encode
from orchestrator.application.context import KeepContextEvent
from orchestrator.application.planning import DeriveSubtasks, KeepPlanningEvent, ProcessPlanningEvent
from orchestrator.application.ports import UnreadableMessage
from orchestrator.domain.context import ContextEvent
from orchestrator.domain.planning import PlanningEvent
from orchestrator.testing.stage import Stage

# JSON can say half a character by an escape; what is kept must not have one.
_TEXT = st.one_of(
    st.text(st.characters(), max_size=20), st.sampled_from(("\ud800", "\0", "x" * 5_000, "1" * 30, "A/B"))
)
_SCALAR = st.one_of(
    st.none(), st.booleans(), _TEXT, st.integers(), st.sampled_from((10**400, -1)), st.floats(allow_nan=False)
)
_ANY = st.one_of(_SCALAR, st.lists(_SCALAR, max_size=3), st.dictionaries(_TEXT, _SCALAR, max_size=3))

_CONTEXT_EVENT: Mapping[str, object] = {
    "event_id": "e",
    "case_id": "case-1",
    "kind": "decision",
    "text": "Use SQL.",
    "occurred_at_ms": 1,
    "scope": "plan-1",
}
_PLANNING_EVENT: Mapping[str, object] = {
    "event_type": "plan.state_changed",
    "case_id": "case-1",
    "plan_id": "plan-1",
    "from_state": "DRAFT",
    "to_state": "APPROVED",
    "event_id": "",
    "timestamp_ms": 1,
    "metadata": {"roles": "DEV,QA"},
}
_METADATA = st.fixed_dictionaries(
    {"roles": st.sampled_from(("DEV,QA", "DEV"))},
    optional=dict.fromkeys(("title", "tasks.DEV", "requirements", "dependency_order", "max_tasks_per_role"), _TEXT),
)


def _spoiled(sound: Mapping[str, object], **others: st.SearchStrategy[object]) -> st.SearchStrategy[bytes]:
    """Documents as they should be but for a member or two, or not at all so."""
    members = [st.tuples(st.just(name), others.get(name, _TEXT)) for name in sound]
    members += [st.tuples(st.just(name), _ANY) for name in sound]
    nearly = st.lists(st.one_of(members), max_size=2).map(
        lambda changes: json.dumps({**sound, **dict(changes)}).encode()
    )
    kinds = (nearly, nearly, nearly, nearly, _ANY.map(lambda value: json.dumps(value).encode()), st.binary(max_size=50))
    # Not one_of, which would choose among all that _ANY is made of.
    return st.sampled_from(kinds).flatmap(lambda kind: kind)


@settings(deadline=None, max_examples=300)
@given(_spoiled(_CONTEXT_EVENT))
async def test_context_events(data: bytes) -> None:
    stage = Stage()

    try:
        await KeepContextEvent(stage.contexts)("context.x", data)
    except UnreadableMessage as refused:
        assert data != json.dumps(_CONTEXT_EVENT).encode()
        str(refused).encode()
        return
    ((event,),) = stage.contexts._events.values()
    assert decode(ContextEvent, encode(event)) == event


@settings(deadline=None, max_examples=300)
@given(_spoiled(_PLANNING_EVENT, metadata=_METADATA))
async def test_planning_events(data: bytes) -> None:
    stage, plans, tasks = Stage(), InMemoryPlans(), InMemoryTasks()
    derive = DeriveSubtasks(plans, stage.contexts, stage.councils, tasks)
    keep = KeepPlanningEvent(ProcessPlanningEvent(plans, stage.contexts, derive))

    try:
        await keep("planning.x", data)
    except UnreadableMessage as refused:
        assert data != json.dumps(_PLANNING_EVENT).encode()
        assert not plans._events
        str(refused).encode()
        return
    ((event,),) = plans._events.values()
    assert decode(PlanningEvent, encode(event)) == event
    for derivation in plans._derivations.values():
        encode(derivation)
