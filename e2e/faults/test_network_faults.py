"""Two services that talk lose each other for five seconds: packets vanish, connections stay open."""

import time

import pytest

from e2e.faults.scenario import Arena

PAUSE_SECONDS = 5
PAIRS = [
    ("orchestrator", "nats"),
    ("orchestrator", "redis"),
    ("orchestrator", "ray-head"),
    ("orchestrator", "vllm"),
    ("ray-worker", "nats"),
    ("ray-worker", "redis"),
    ("ray-worker", "vllm"),
    ("ray-worker", "ray-head"),
]


@pytest.mark.parametrize(("one", "other"), PAIRS)
def test_a_pause_of_the_network_loses_nothing(arena: Arena, one: str, other: str) -> None:
    """Every deliberation completes."""

    def fault() -> None:
        with arena.faults.cut_off(one, other):
            time.sleep(PAUSE_SECONDS)  # The fault itself.

    arena.suffer(f"{PAUSE_SECONDS} s without {one} - {other}", fault)


@pytest.mark.parametrize("service", ["nats", "redis", "vllm", "ray-worker"])
def test_a_freeze_loses_nothing(arena: Arena, service: str) -> None:
    """Every deliberation completes."""

    def fault() -> None:
        arena.faults.pause(service)
        time.sleep(PAUSE_SECONDS)  # The fault itself.
        arena.faults.unpause(service)

    arena.suffer(f"{service} frozen for {PAUSE_SECONDS} s", fault)
