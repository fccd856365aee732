"""Which services the start of a stack waited for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tools.stack.runner.manifest import Service
from tools.stack.runner.reporting.timeline import ServiceTimes


@dataclass(frozen=True, slots=True)
class Leg:
    """A part of the way to ready, in seconds since the run's start.

    `kind` says what took the time: "image" (it was loaded), "create" (podman made the container) or "ready" (from the
    container's start until its probe was answered as it should, or until now when it wasn't).
    """

    service: str
    kind: str
    start: float
    end: float


def critical_path(
    services: Sequence[Service], times: Mapping[str, ServiceTimes], began: float, until: float
) -> list[Leg]:
    """The chain of waits that ends with the service that was ready last, or never; the first leg comes first.

    Shortening any other wait would not have made the stack ready sooner. `began` and `until` are when starting began and ended.
    """
    needs = {service.name: service.needs for service in services}
    begun = {name: times[name] for name in needs if name in times and times[name].image_ready is not None}
    if not begun:
        return []
    legs: list[Leg] = []
    name: str | None = max(begun, key=lambda service: _when_ready(begun[service], until))
    while name is not None:
        service = begun[name]
        image_ready = service.image_ready or 0.0
        needed = max(
            (need for need in needs[name] if need in begun),
            key=lambda need: _when_ready(begun[need], until),
            default=None,
        )
        waited = needed is not None and _when_ready(begun[needed], until) > image_ready
        could_start = _when_ready(begun[needed], until) if waited and needed is not None else image_ready
        if service.started is not None:
            legs.append(Leg(name, "ready", service.started, _when_ready(service, until)))
        started = until if service.started is None else service.started
        if started > could_start:
            legs.append(Leg(name, "create", could_start, started))
        if not waited:
            legs.append(Leg(name, "image", began, image_ready))
        name = needed if waited else None
    return legs[::-1]


def _when_ready(times: ServiceTimes, until: float) -> float:
    return until if times.ready is None else times.ready
