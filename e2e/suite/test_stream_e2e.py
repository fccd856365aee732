"""StreamDeliberation: every step as it happens, and the same again for who comes back."""

from e2e.suite.evidence import RPC_SECONDS, new_task_id
from protos.orchestrator.v1 import orchestrator_pb2 as pb
from protos.orchestrator.v1 import orchestrator_pb2_grpc as pb_grpc


def _request(task_id: str) -> pb.DeliberateRequest:
    return pb.DeliberateRequest(
        task_id=task_id, task_description="Name three risks of a release.", role="DEVOPS", num_agents=2, rounds=1
    )


def test_stream_reports_steps_and_results(orchestrator: pb_grpc.OrchestratorServiceStub) -> None:
    """Updates come in order, with each agent's proposals on the way, and end with what GetDeliberationResult says."""
    task_id = new_task_id()

    told = list(orchestrator.StreamDeliberation(_request(task_id), timeout=RPC_SECONDS))

    steps = [(update.current_step, update.current_agent) for update in told]
    agents = {agent for _, agent in steps if agent}
    assert len(agents) == 2
    assert steps[0] == ("propose", "")
    assert all({("propose", agent), ("review 1", agent), ("revise 1", agent)} <= set(steps) for agent in agents)
    percents = [update.progress_percent for update in told]
    assert percents == sorted(percents)
    assert (percents[0], percents[-1]) == (0, 100)
    assert [update.status for update in told[-3:]] == ["scoring", "complete", "complete"]
    written = [update.partial_result for update in told if update.current_step in ("propose", "revise 1")]
    assert sum(bool(partial.proposal.content) for partial in written) == 4
    assert not any(partial.rank for partial in written)
    result = orchestrator.GetDeliberationResult(pb.GetDeliberationResultRequest(task_id=task_id), timeout=10)
    assert [update.partial_result for update in told[-2:]] == list(result.results)


def test_stream_is_resumed_by_task_id(orchestrator: pb_grpc.OrchestratorServiceStub) -> None:
    """Hanging up ends nothing: the same request again is told everything from the beginning, as it happened."""
    request = _request("")
    first = orchestrator.StreamDeliberation(request, timeout=RPC_SECONDS)
    seen = [next(first), next(first)]
    first.cancel()
    request.task_id = seen[0].task_id

    again = list(orchestrator.StreamDeliberation(request, timeout=RPC_SECONDS))

    assert again[:2] == seen
    assert again[-1].progress_percent == 100
    assert list(orchestrator.StreamDeliberation(request, timeout=RPC_SECONDS)) == again
