"""Creating, listing and deleting councils, and registering agents."""

import asyncio

import pytest

from orchestrator.domain.council import Capabilities, make_council
from orchestrator.domain.council_request import MAX_COUNCILS, NewAgent, NewCouncil
from orchestrator.domain.errors import CouncilExists, DependencyLost, InvalidRequest, UnknownRole
from orchestrator.testing.builders import make_request
from orchestrator.testing.stage import ENDPOINTS, Stage, SwitchedDependency

_POETS = NewCouncil("POET", num_agents=2, rounds=2, peer_review=False, agent_type="MOCK")


async def test_a_council_that_is_created_deliberates_as_it_was_made() -> None:
    stage = Stage()
    council = await stage.create_council(_POETS)

    deliberation = await stage.start(make_request(role="POET", rounds=0, num_agents=0, peer_review=None), "")

    assert council.council_id == "council-poet"
    assert [agent.agent_id for agent in deliberation.agents] == ["agent-poet-1", "agent-poet-2"]
    assert (deliberation.rounds, deliberation.request.peer_review, deliberation.model) == (2, False, "mock")
    assert "You are a poet." in stage.queue.published[0].messages[0].content


async def test_what_a_request_says_goes_before_what_the_council_has() -> None:
    stage = Stage()
    await stage.create_council(_POETS)

    deliberation = await stage.start(make_request(role="POET", rounds=1, num_agents=1, peer_review=True), "")

    assert (deliberation.rounds, len(deliberation.agents), deliberation.request.peer_review) == (1, 1, True)


async def test_the_same_request_again_is_the_same_deliberation_though_the_council_is_another_now() -> None:
    stage = Stage()
    asked = make_request(role="POET", rounds=0, num_agents=0, peer_review=None)
    await stage.create_council(_POETS)
    first = await stage.start(asked, "mine")
    await stage.delete_council("POET")

    assert (await stage.start(asked, "mine")).execution_id == first.execution_id
    await stage.finish("mine")
    assert len((await stage.load("mine")).results) == 2


async def test_more_agents_than_the_council_has_are_refused() -> None:
    stage = Stage()
    await stage.create_council(_POETS)

    with pytest.raises(InvalidRequest) as raised:
        await stage.start(make_request(role="POET", num_agents=3), "")
    assert [violation.field for violation in raised.value.violations] == ["num_agents"]


async def test_a_council_is_created_once() -> None:
    stage = Stage()

    councils = await asyncio.gather(*(stage.create_council(_POETS) for _ in range(5)))

    assert len({council.version for council in councils}) == 1
    with pytest.raises(CouncilExists):
        await stage.create_council(NewCouncil("POET", num_agents=2))


async def test_one_of_the_services_own_gives_way_until_somebody_has_changed_it() -> None:
    stage = Stage()
    await stage.register(NewAgent("guest", "QA"))

    assert len((await stage.create_council(NewCouncil("DEV", num_agents=2))).members) == 2
    with pytest.raises(CouncilExists):
        await stage.create_council(NewCouncil("DEV", num_agents=3))
    with pytest.raises(CouncilExists):
        await stage.create_council(NewCouncil("QA", num_agents=2))


async def test_there_are_no_more_councils_than_the_limit() -> None:
    stage = Stage()
    for number in range(MAX_COUNCILS - 5):
        await stage.councils.save(make_council(f"ROLE_{number}", 1))

    with pytest.raises(InvalidRequest):
        await stage.create_council(_POETS)
    await stage.delete_council("ROLE_0")
    await stage.create_council(_POETS)


async def test_a_council_that_is_deleted_is_gone_and_its_role_can_have_another() -> None:
    stage = Stage()

    assert len((await stage.delete_council("DEV")).members) == 10
    with pytest.raises(UnknownRole) as raised:
        await stage.start(make_request(), "")
    assert raised.value.known == ("ARCHITECT", "DATA", "DEVOPS", "QA")
    with pytest.raises(UnknownRole):
        await stage.delete_council("DEV")
    assert await stage.create_council(NewCouncil("DEV"))


async def test_a_registered_agent_takes_part() -> None:
    stage = Stage()
    guest = NewAgent("guest", "DEV", Capabilities(model_profile="big"), ENDPOINTS[0])

    council = await stage.register(guest)
    deliberation = await stage.start(make_request(), "")

    assert council.council_id == "council-dev"
    assert [agent.agent_id for agent in deliberation.agents] == ["guest", "agent-dev-1", "agent-dev-2"]


async def test_an_agent_that_is_registered_again_changes_nothing_unless_it_says_something_else() -> None:
    stage = Stage()
    first = await stage.register(NewAgent("guest", "DEV"))

    assert await stage.register(NewAgent("guest", "DEV")) == first
    again = await stage.register(NewAgent("guest", "DEV", endpoint=ENDPOINTS[0]))
    assert again.members[0].agent.endpoint == ENDPOINTS[0]
    assert len(again.members) == len(first.members)


async def test_an_agent_cannot_be_registered_where_there_is_no_council() -> None:
    with pytest.raises(UnknownRole):
        await Stage().register(NewAgent("guest", "POET"))


async def test_an_agent_that_is_unregistered_takes_no_part_any_more_but_ends_what_it_has_begun() -> None:
    stage = Stage()
    await stage.register(NewAgent("guest", "DEV"))
    started = await stage.start(make_request(), "")

    assert await stage.unregister("guest", "DEV") == ""

    assert "guest" not in [agent.agent_id for agent in (await stage.start(make_request(), "")).agents]
    await stage.finish(started.task_id)
    assert "guest" in [result.author_id for result in (await stage.load(started.task_id)).results]


async def test_an_agent_that_is_not_there_or_the_last_cannot_be_unregistered() -> None:
    stage = Stage()
    await stage.create_council(NewCouncil("POET", num_agents=1))

    assert "no such agent" in await stage.unregister("guest", "POET")
    assert "last" in await stage.unregister("agent-poet-1", "POET")
    with pytest.raises(UnknownRole):
        await stage.unregister("guest", "NOBODY")
    with pytest.raises(InvalidRequest) as raised:
        await stage.unregister("a guest", "nobody")
    assert [violation.field for violation in raised.value.violations] == ["agent_id", "role"]


async def test_councils_are_listed_by_role() -> None:
    stage = Stage()
    await stage.create_council(_POETS)

    views = await stage.list_councils()

    assert [view.council.role for view in views] == ["ARCHITECT", "DATA", "DEV", "DEVOPS", "POET", "QA"]
    assert {view.council.role: view.model for view in views}["POET"] == "mock"
    assert {view.council.role: view.model for view in views}["DEV"] == "tiny"


async def test_a_filter_leaves_one_role_or_none() -> None:
    stage = Stage()

    assert [view.council.role for view in await stage.list_councils("QA")] == ["QA"]
    assert not await stage.list_councils("POET")
    with pytest.raises(InvalidRequest):
        await stage.list_councils("qa")


async def _status(stage: Stage, role: str) -> tuple[str, dict[str, str]]:
    (view,) = await stage.list_councils(role)
    return view.status, {member.agent.agent_id: status for member, status in view.agents}


async def test_a_council_is_idle_then_active_then_busy_as_its_agents_get_work() -> None:
    stage = Stage()
    await stage.create_council(_POETS)
    assert await _status(stage, "POET") == ("idle", {"agent-poet-1": "ready", "agent-poet-2": "ready"})

    first = await stage.start(make_request(role="POET", num_agents=1, rounds=1), "")
    stage.clock.advance(1000)
    assert await _status(stage, "POET") == ("active", {"agent-poet-1": "busy", "agent-poet-2": "ready"})

    second = await stage.start(make_request(role="POET", num_agents=2, rounds=1), "")
    stage.clock.advance(1000)
    assert await _status(stage, "POET") == ("busy", {"agent-poet-1": "busy", "agent-poet-2": "busy"})
    assert (await _status(stage, "DEV"))[0] == "idle"

    await stage.finish(first.task_id)
    await stage.finish(second.task_id)
    stage.clock.advance(1000)
    assert await _status(stage, "POET") == ("idle", {"agent-poet-1": "ready", "agent-poet-2": "ready"})


async def test_an_agent_is_offline_while_what_it_needs_is_away_and_only_then() -> None:
    ray = SwitchedDependency("ray", there=False)
    stage = Stage([ray, SwitchedDependency("vllm")])
    await stage.readiness.look()
    await stage.create_council(_POETS)
    await stage.create_council(NewCouncil("QA", agent_type="VLLM"))

    assert set((await _status(stage, "DEV"))[1].values()) == {"offline"}
    assert set((await _status(stage, "QA"))[1].values()) == {"ready"}
    assert set((await _status(stage, "POET"))[1].values()) == {"ready"}


async def test_work_is_looked_at_now_and_then_however_many_ask() -> None:
    stage = Stage()
    await stage.list_councils()
    await stage.start(make_request(), "")

    assert (await _status(stage, "DEV"))[0] == "idle"
    stage.clock.advance(500)
    assert (await _status(stage, "DEV"))[0] == "active"


@pytest.mark.parametrize(
    ("agent_type", "lost", "refused"),
    [
        ("MOCK", "vllm", False),
        ("MOCK", "ray", False),
        ("MOCK", "redis", True),
        ("VLLM", "ray", False),
        ("VLLM", "vllm", True),
        ("RAY_VLLM", "ray", True),
        ("RAY_VLLM", "vllm", True),
    ],
)
async def test_a_deliberation_starts_without_what_its_council_does_not_need(
    agent_type: str, lost: str, refused: bool
) -> None:
    stage = Stage([SwitchedDependency(name, there=name != lost) for name in ("redis", "vllm", "ray")])
    await stage.readiness.look()
    await stage.create_council(NewCouncil("POET", agent_type=agent_type))

    if refused:
        with pytest.raises(DependencyLost) as raised:
            await stage.start(make_request(role="POET"), "")
        assert raised.value.dependency == lost
    else:
        assert await stage.start(make_request(role="POET"), "")
