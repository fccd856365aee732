"""Fixtures of the fault tests; those of the suite are here, too."""

import os
from collections.abc import Iterator
from pathlib import Path

import grpc
import pytest

from e2e.faults.fleet import CHANNEL_OPTIONS, until_serving
from e2e.faults.model import Model
from e2e.faults.scenario import Arena
from e2e.faults.table import Table
from e2e.suite.conftest import backstage, stack
from e2e.suite.evidence import Stack
from protos.orchestrator.v1 import orchestrator_pb2_grpc as pb_grpc
from tools.stack.faults import Faults

__all__ = ["backstage", "stack"]

# Most scenarios are about one orchestrator; the other one joins where they are about two.
SECOND = "orchestrator-2"


@pytest.fixture(scope="session")
def table() -> Table:
    """The table of scenarios, in the test's outputs."""
    return Table(Path(os.environ["OUTPUTS"]))


@pytest.fixture(scope="session")
def faults() -> Faults:
    """What can be done to the stack; the second orchestrator, where there is one, is stopped."""
    faults = Faults()
    if "SECOND_ORCHESTRATOR_ADDRESS" in os.environ:
        faults.stop(SECOND)
    return faults


@pytest.fixture(scope="session")
def model(stack: Stack) -> Model:
    """The model server."""
    return Model(stack.model_server.url.removesuffix("/v1"))


@pytest.fixture(scope="session")
def orchestrator() -> Iterator[pb_grpc.OrchestratorServiceStub]:
    """A stub of the first orchestrator, soon connected again when it is back."""
    with grpc.insecure_channel(os.environ["ORCHESTRATOR_ADDRESS"], options=CHANNEL_OPTIONS) as channel:
        yield pb_grpc.OrchestratorServiceStub(channel)


@pytest.fixture
def arena(
    orchestrator: pb_grpc.OrchestratorServiceStub, stack: Stack, model: Model, faults: Faults, table: Table
) -> Iterator[Arena]:
    """Everything a scenario needs, with all of it in order; afterwards the network is whole and the model behaves."""
    until_serving(os.environ["ORCHESTRATOR_ADDRESS"])
    yield Arena(orchestrator, stack, model, faults, table)
    faults.heal()
    model.behave(reset=True)
