"""The service of the contract: its methods by what they are about, over the use cases."""

from orchestrator.adapters.grpc.council_methods import CouncilMethods, CouncilUseCases
from orchestrator.adapters.grpc.deliberation_methods import DeliberationMethods, DeliberationUseCases
from orchestrator.adapters.grpc.observation_methods import ObservationMethods, ObservationUseCases
from orchestrator.adapters.grpc.planning_methods import PlanningMethods, PlanningUseCases


class OrchestratorService(DeliberationMethods, CouncilMethods, PlanningMethods, ObservationMethods):
    """Every method of the contract."""

    def __init__(
        self,
        deliberations: DeliberationUseCases,
        councils: CouncilUseCases,
        planning: PlanningUseCases,
        observation: ObservationUseCases,
    ) -> None:
        self._deliberations = deliberations
        self._councils = councils
        self._planning = planning
        self._observation = observation
