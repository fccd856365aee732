"""Processes die or are restarted under 40 deliberations."""

from collections.abc import Callable

import pytest

from e2e.faults.scenario import Arena
from tools.stack.faults import Faults

ACTOR = "ray::AgentActor"


def _kill(service: str) -> Callable[[Faults], None]:
    def fault(faults: Faults) -> None:
        faults.kill(service)
        faults.start(service)

    return fault


def _restart(service: str) -> Callable[[Faults], None]:
    return lambda faults: faults.restart(service)


@pytest.mark.parametrize(
    ("scenario", "fault"),
    [
        ("no fault", lambda faults: None),
        ("SIGKILL of the orchestrator", _kill("orchestrator")),
        ("SIGKILL of the Ray worker", _kill("ray-worker")),
        ("SIGKILL of an actor", lambda faults: faults.kill_process("ray-worker", ACTOR)),
        ("restart of NATS", _restart("nats")),
        ("SIGKILL of NATS", _kill("nats")),
        ("restart of Redis", _restart("redis")),
        ("SIGKILL of Redis", _kill("redis")),
        ("SIGKILL of the model server", _kill("vllm")),
    ],
)
def test_no_deliberation_is_lost(arena: Arena, scenario: str, fault: Callable[[Faults], None]) -> None:
    """Whatever dies comes back, and every deliberation completes."""
    arena.suffer(scenario, lambda: fault(arena.faults))
