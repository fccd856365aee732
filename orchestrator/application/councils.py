"""Use cases: create, list and delete councils."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from orchestrator.application.ports import CouncilStore, VersionConflict
from orchestrator.application.readiness import Readiness
from orchestrator.application.workload import LookAtWork, Workload
from orchestrator.domain.council import Agent, Council, Member
from orchestrator.domain.council_request import MAX_COUNCILS, NewCouncil, council_of, validate_role
from orchestrator.domain.errors import CouncilExists, FieldViolation, InvalidRequest, UnknownRole
from orchestrator.domain.request import Limits


async def council_for(store: CouncilStore, role: str) -> Council:
    """The council of a role. Raises UnknownRole, which names the roles there are."""
    council = await store.load(role)
    if council is None:
        raise UnknownRole(role, [known.role for known in await store.all()])
    return council


class CreateCouncil:
    """Makes the council of a role. One of the service's own that nobody has changed gives way to it."""

    def __init__(self, store: CouncilStore, limits: Limits) -> None:
        self._store = store
        self._limits = limits

    async def __call__(self, request: NewCouncil) -> Council:
        """The council as it is now; the same request again changes nothing. Raises InvalidRequest or CouncilExists."""
        wanted = council_of(request, self._limits)
        while True:
            known = await self._store.load(wanted.role)
            if known and not known.standing:
                if (known.config, known.size) != (wanted.config, wanted.size):
                    raise CouncilExists(wanted.role)
                return known
            if known is None and len(await self._store.all()) >= MAX_COUNCILS:
                fault = f"cannot be added: there are {MAX_COUNCILS} councils, which is the limit; delete one first"
                raise InvalidRequest([FieldViolation("role", fault)])
            try:
                return await self._store.save(replace(wanted, version=known.version if known else 0))
            except VersionConflict:
                continue


class DeleteCouncil:
    """Removes the council of a role for good. What it has begun to deliberate on goes on."""

    def __init__(self, store: CouncilStore) -> None:
        self._store = store

    async def __call__(self, role: str) -> Council:
        """The council that was removed. Raises InvalidRequest or UnknownRole."""
        validate_role("role", role)
        while True:
            council = await council_for(self._store, role)
            try:
                await self._store.remove(council)
            except VersionConflict:
                continue
            return council


@dataclass(frozen=True)
class CouncilView:
    """A council as it stands: `status` is active, idle or busy; its agents' are ready, busy or offline."""

    council: Council
    status: str
    model: str
    agents: Sequence[tuple[Member, str]]


class ListCouncils:
    """Says which councils there are, and how they are doing."""

    def __init__(self, store: CouncilStore, look: LookAtWork, readiness: Readiness, model: str) -> None:
        self._store = store
        self._look = look
        self._readiness = readiness
        self._model = model

    async def __call__(self, role: str = "") -> Sequence[CouncilView]:
        """The councils by role, or that of one role, if there is one. Raises InvalidRequest."""
        if role:
            validate_role("role_filter", role)
            found = await self._store.load(role)
            councils: Sequence[Council] = [found] if found else []
        else:
            councils = await self._store.all()
        work = await self._look()
        return [self._view(council, work) for council in councils]

    def _view(self, council: Council, work: Workload) -> CouncilView:
        agents = [(member, self._agent_status(member.agent, work)) for member in council.members]
        if not work.deliberations.get(council.role):
            status = "idle"
        else:
            status = "busy" if all(work.busy(member.agent) for member in council.members) else "active"
        return CouncilView(council, status, council.model(self._model), agents)

    def _agent_status(self, agent: Agent, work: Workload) -> str:
        if not self._readiness.has(agent.needs):
            return "offline"
        return "busy" if work.busy(agent) else "ready"
