"""Fixtures: clients of the stack, by the addresses in the environment, and a way to deliberate and keep the evidence.

Nearly all the time of these tests is the model's, which works on many requests at once in hardly more time than on one.
So a test declares what it `asks` for, and the requests of all tests go out together; each test is about its own.

Without ORCHESTRATOR_ADDRESS the suite starts the service itself, with everything in memory (--dev). There is nothing
to look into then: tests that ask for `stack` are skipped, and those that ask for `backstage` believe the answers.
"""

import copy
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import grpc
import pytest
import redis

from e2e.suite import dev_server
from e2e.suite.asking import Outcome, Request, ask, evidence_of
from e2e.suite.evidence import Evidence, Stack
from e2e.suite.observe import Journal, ModelServer, RayCluster, Store
from protos.orchestrator.v1 import orchestrator_pb2_grpc as pb_grpc

Deliberate = Callable[..., list[Evidence]]

ASKS = "asks"


def pytest_configure(config: pytest.Config) -> None:
    """Makes the marker known."""
    config.addinivalue_line("markers", f"{ASKS}(*requests): deliberations that the test is about; see `evidence`")


@pytest.fixture(scope="session")
def address() -> Iterator[str]:
    """The address of the orchestrator."""
    if given := os.environ.get("ORCHESTRATOR_ADDRESS"):
        yield given
    else:
        with dev_server.running() as address:
            yield address


@pytest.fixture(scope="session")
def orchestrator(address: str) -> Iterator[pb_grpc.OrchestratorServiceStub]:
    """A stub of the orchestrator."""
    with grpc.insecure_channel(address) as channel:
        yield pb_grpc.OrchestratorServiceStub(channel)


@pytest.fixture(scope="session")
def backstage() -> Iterator[Stack | None]:
    """What the tests look into beside the orchestrator; None where there is nothing but the orchestrator."""
    if "REDIS_URL" not in os.environ:
        yield None
        return
    password = Path(os.environ["REDIS_PASSWORD_FILE"]).read_text()
    login = os.environ["NATS_USER"], Path(os.environ["NATS_PASSWORD_FILE"]).read_text()
    with redis.Redis.from_url(os.environ["REDIS_URL"], password=password, decode_responses=True) as client:
        yield Stack(
            model=os.environ["MODEL"],
            model_server=ModelServer(os.environ["VLLM_URL"]),
            ray=RayCluster(os.environ["RAY_DASHBOARD_URL"]),
            store=Store(client),
            journal=Journal(os.environ["NATS_URL"], login),
        )


@pytest.fixture(scope="session")
def stack(backstage: Stack | None) -> Stack:
    """The same for tests that are about what is behind the orchestrator."""
    if backstage is None:
        pytest.skip("this is about the whole stack")
    return backstage


@pytest.fixture
def deliberate(orchestrator: pb_grpc.OrchestratorServiceStub, backstage: Stack | None) -> Deliberate:
    """Deliberates on the requests given, all at once, and returns what each left in the stack."""
    return lambda *requests: evidence_of(ask(orchestrator, backstage, requests))


@pytest.fixture(scope="session")
def outcomes(
    request: pytest.FixtureRequest, orchestrator: pb_grpc.OrchestratorServiceStub, backstage: Stack | None
) -> dict[str, list[Outcome]]:
    """What became of the requests of all tests that were selected, asked all at once, by test."""
    asked = [(item.nodeid, each) for item in request.session.items for each in _asked_by(item)]
    found: dict[str, list[Outcome]] = {}
    for (test, _), outcome in zip(asked, ask(orchestrator, backstage, [each for _, each in asked]), strict=True):
        found.setdefault(test, []).append(outcome)
    return found


@pytest.fixture
def evidence(request: pytest.FixtureRequest, outcomes: dict[str, list[Outcome]]) -> list[Evidence]:
    """What the deliberations left in the stack that this test `asks` for, in that order."""
    return evidence_of(outcomes[request.node.nodeid])


def _asked_by(item: pytest.Item) -> list[Request]:
    marker = item.get_closest_marker(ASKS)
    return [copy.deepcopy(each) for each in marker.args] if marker else []
