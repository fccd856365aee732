"""Somebody else writes a council between the reading and the writing of it: the use case reads again."""

from collections.abc import Awaitable, Callable

import pytest

from orchestrator.domain.council import Council
from orchestrator.domain.council_request import NewAgent, NewCouncil
from orchestrator.domain.errors import CouncilExists, UnknownRole
from orchestrator.testing.stage import Stage


class _ContendedStage(Stage):
    """Its first write of a council is preceded by somebody else's."""

    def __init__(self) -> None:
        super().__init__()
        self.others: list[Callable[[], Awaitable[object]]] = []
        save, remove = self.councils.save, self.councils.remove

        async def late_save(council: Council) -> Council:
            await self._let_others()
            return await save(council)

        async def late_remove(council: Council) -> None:
            await self._let_others()
            await remove(council)

        self.councils.save, self.councils.remove = late_save, late_remove  # type: ignore[method-assign]

    async def _let_others(self) -> None:
        others, self.others = self.others, []
        for write in others:
            await write()


@pytest.fixture
def stage() -> _ContendedStage:
    return _ContendedStage()


async def _members(stage: Stage) -> list[str]:
    council = await stage.councils.load("DEV")
    return [member.agent.agent_id for member in council.members] if council else []


async def test_agents_that_are_registered_at_once_are_all_in(stage: _ContendedStage) -> None:
    stage.others.append(lambda: stage.register(NewAgent("second", "DEV")))

    council = await stage.register(NewAgent("first", "DEV"))

    assert {"first", "second"} <= {member.agent.agent_id for member in council.members}
    assert {"first", "second"} <= set(await _members(stage))


async def test_an_agent_that_goes_takes_no_other_with_it(stage: _ContendedStage) -> None:
    stage.others.append(lambda: stage.register(NewAgent("second", "DEV")))

    assert await stage.unregister("agent-dev-1", "DEV") == ""

    members = await _members(stage)
    assert "second" in members
    assert "agent-dev-1" not in members


async def test_a_council_is_not_created_over_another(stage: _ContendedStage) -> None:
    stage.others.append(lambda: stage.create_council(NewCouncil("DEV", num_agents=4)))

    with pytest.raises(CouncilExists):
        await stage.create_council(NewCouncil("DEV", num_agents=2))
    assert len(await _members(stage)) == 4


async def test_a_council_that_changed_meanwhile_is_deleted_as_it_is_now(stage: _ContendedStage) -> None:
    stage.others.append(lambda: stage.register(NewAgent("second", "DEV")))

    removed = await stage.delete_council("DEV")

    assert "second" in {member.agent.agent_id for member in removed.members}
    assert await stage.councils.load("DEV") is None


async def test_a_council_that_is_gone_meanwhile_is_not_made_again_by_an_agent(stage: _ContendedStage) -> None:
    stage.others.append(lambda: stage.delete_council("DEV"))

    with pytest.raises(UnknownRole):
        await stage.register(NewAgent("first", "DEV"))
    assert await stage.councils.load("DEV") is None
