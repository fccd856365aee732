"""Use cases: register an agent with the council of its role, and take one out."""

from orchestrator.application.councils import council_for
from orchestrator.application.ports import CouncilStore, VersionConflict
from orchestrator.domain.council import Council
from orchestrator.domain.council_request import NewAgent, member_of, validate_agent, validate_membership


class RegisterAgent:
    """Adds an agent to the council of its role. `endpoints` are the URL prefixes that an agent's endpoint may have."""

    def __init__(self, store: CouncilStore, endpoints: tuple[str, ...]) -> None:
        self._store = store
        self._endpoints = endpoints

    async def __call__(self, request: NewAgent) -> Council:
        """The council with the agent in it. An agent that is registered already takes on what is said of it now.

        Raises InvalidRequest or UnknownRole.
        """
        validate_agent(request, self._endpoints)
        while True:
            council = await council_for(self._store, request.role)
            member = member_of(request, council)
            if council.member(request.agent_id) == member:
                return council
            try:
                return await self._store.save(council.admit(member))
            except VersionConflict:
                continue


class UnregisterAgent:
    """Takes an agent out of the council of its role, also one that came with it. What it is at work on goes on."""

    def __init__(self, store: CouncilStore) -> None:
        self._store = store

    async def __call__(self, agent_id: str, role: str) -> str:
        """Why it is not out, or nothing if it is out now. Raises InvalidRequest or UnknownRole.

        The last agent of a council stays: a council of nobody could not deliberate.
        """
        validate_membership(agent_id, role)
        while True:
            council = await council_for(self._store, role)
            if council.member(agent_id) is None:
                return f"no such agent in {council.council_id}"
            if len(council.members) == 1:
                return f"it is the last agent of {council.council_id}; delete the council instead"
            try:
                await self._store.save(council.dismiss(agent_id))
            except VersionConflict:
                continue
            return ""
