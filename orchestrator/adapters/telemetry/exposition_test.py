"""Metrics, from what happens to what Prometheus fetches."""

import socket
from dataclasses import replace
from urllib.request import urlopen

import pytest
from prometheus_client import CollectorRegistry, Counter

from orchestrator.adapters.in_memory.stores import InMemoryDeliberations, InMemoryLeases
from orchestrator.adapters.telemetry.deliberation_metrics import MeasuredDeliberations
from orchestrator.adapters.telemetry.export import UnusableExport
from orchestrator.adapters.telemetry.exposition import Exposition, new_registry
from orchestrator.application.ports import Lease
from orchestrator.domain.deliberation import Deliberation
from orchestrator.testing.builders import answer_phase, finish, make_deliberation, make_request

_LEASE = Lease("instance", 60)


@pytest.fixture
def registry() -> CollectorRegistry:
    return CollectorRegistry()


@pytest.fixture
def store(registry: CollectorRegistry) -> MeasuredDeliberations:
    return MeasuredDeliberations(InMemoryDeliberations(InMemoryLeases()), registry)


def _value(registry: CollectorRegistry, name: str, **labels: str) -> float:
    return registry.get_sample_value(name, labels) or 0.0


async def _run(store: MeasuredDeliberations, deliberation: Deliberation, limit: int = 100) -> None:
    await store.create(deliberation, limit, _LEASE)
    finish(deliberation)
    await store.save(deliberation)
    await store.close(deliberation.task_id)


async def test_deliberations_are_counted_from_their_beginning_to_their_end(
    store: MeasuredDeliberations, registry: CollectorRegistry
) -> None:
    deliberation = make_deliberation()
    await store.create(deliberation, 100, _LEASE)
    await store.create(make_deliberation(), 100, _LEASE)
    answer_phase(deliberation)
    await store.save(deliberation)
    await store.open_deadlines()

    assert _value(registry, "orchestrator_deliberations_started_total", role="DEV") == 1
    assert _value(registry, "orchestrator_deliberations_open") == 1
    assert _value(registry, "orchestrator_deliberations_ended_total", role="DEV", status="completed") == 0

    finish(deliberation)
    await store.save(deliberation)
    await store.close(deliberation.task_id)
    await store.open_deadlines()

    assert _value(registry, "orchestrator_deliberations_open") == 0
    assert _value(registry, "orchestrator_deliberations_ended_total", role="DEV", status="completed") == 1
    assert _value(registry, "orchestrator_deliberation_duration_seconds_sum", status="completed") == 0.01


async def test_steps_are_counted_by_kind_and_outcome(store: MeasuredDeliberations, registry: CollectorRegistry) -> None:
    deliberation = make_deliberation()
    await store.create(deliberation, 100, _LEASE)
    answer_phase(deliberation, failing=["agent-dev-1"])
    finish(deliberation)
    await store.save(deliberation)

    assert _value(registry, "orchestrator_steps_total", kind="propose", outcome="answered") == 2
    assert _value(registry, "orchestrator_steps_total", kind="propose", outcome="failed") == 1
    assert _value(registry, "orchestrator_steps_total", kind="review", outcome="answered") == 2
    assert _value(registry, "orchestrator_step_duration_seconds_count", kind="propose") == 3


async def test_roles_that_callers_make_up_share_a_label(
    store: MeasuredDeliberations, registry: CollectorRegistry
) -> None:
    for number in range(3):
        deliberation = make_deliberation(make_request(role="DEV"), task_id=f"task-{number}")
        deliberation.request = replace(deliberation.request, role=f"ROLE_{number}")
        await _run(store, deliberation)

    assert _value(registry, "orchestrator_deliberations_started_total", role="OTHER") == 3
    assert _value(registry, "orchestrator_deliberations_ended_total", role="OTHER", status="completed") == 3


def test_prometheus_can_fetch_them() -> None:
    registry = new_registry()
    Counter("things", "Things.", registry=registry).inc()
    exposition = Exposition(registry, "127.0.0.1:0")
    try:
        with urlopen(f"http://127.0.0.1:{exposition.port}/metrics", timeout=10) as answer:
            text = answer.read().decode()
    finally:
        exposition.close()

    assert "things_total 1.0" in text
    assert "process_resident_memory_bytes" in text


def test_an_address_that_is_taken_is_said() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(UnusableExport, match=str(port)):
            Exposition(CollectorRegistry(), f"127.0.0.1:{port}")
