"""The order in which services can start."""

from __future__ import annotations

from collections.abc import Iterable
from graphlib import CycleError, TopologicalSorter

from tools.stack.runner.errors import ManifestError
from tools.stack.runner.manifest import Service


def start_order(services: Iterable[Service]) -> list[str]:
    """Names such that each comes after all it needs. Raises ManifestError, naming the services of a cycle."""
    try:
        return list(TopologicalSorter({service.name: service.needs for service in services}).static_order())
    except CycleError as error:
        # graphlib reports the cycle against the direction of "needs".
        raise ManifestError(f"services need each other in a circle: {' -> '.join(reversed(error.args[1]))}") from error
