"""A circuit breaker: a model server that fails again and again is left alone for a moment at a time."""

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass

from orchestrator.adapters.vllm.client import NAME
from orchestrator.application.ports import ChatModel, Completion, ModelRejected
from orchestrator.domain.errors import DependencyLost
from orchestrator.domain.steps import StepRequest

_log = logging.getLogger(__name__)


@dataclass
class _Circuit:
    """`failures` in a row, and until when nobody may ask; `reason` is that of the last failure."""

    failures: int = 0
    closed_to_all_until: float = 0.0
    reason: str = ""


class BreakingModel:
    """ChatModel that raises DependencyLost at once while the server behind `model` is known to be in trouble.

    After `failures` in a row the circuit is open. From then on one request every `open_s` seconds is let through as a
    probe, until one is answered. A server that refuses a request has answered, and one that was given less than
    `patience_s` for its answer has not failed. Each endpoint has a circuit of its own.
    """

    def __init__(
        self,
        model: ChatModel,
        patience_s: float,
        failures: int = 5,
        open_s: float = 1.0,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._model = model
        self._patience_s = patience_s
        self._failures = failures
        self._open_s = open_s
        self._monotonic = monotonic
        self._circuits: dict[str, _Circuit] = {}

    @property
    def open_circuits(self) -> int:
        """How many servers are left alone now."""
        return sum(circuit.failures >= self._failures for circuit in tuple(self._circuits.values()))

    async def complete(self, request: StepRequest, seed: int, schema: object | None, timeout_s: float) -> Completion:
        name = request.endpoint or NAME
        self._enter(name)
        began = self._monotonic()
        try:
            completion = await self._model.complete(request, seed, schema, timeout_s)
        except DependencyLost as lost:
            if timeout_s >= self._patience_s or self._monotonic() - began < timeout_s:
                self._failed(name, lost)
            raise
        except ModelRejected:
            self._answered(name)
            raise
        self._answered(name)
        return completion

    def _enter(self, name: str) -> None:
        circuit = self._circuits.get(name)
        if circuit is None or circuit.failures < self._failures:
            return
        now = self._monotonic()
        if now < circuit.closed_to_all_until:
            reason = f"left alone after {circuit.failures} failures, the last: {circuit.reason}"
            raise DependencyLost(name, reason, circuit.closed_to_all_until - now)
        # This one is the probe. Should it hang, the next one is let through when it is time.
        circuit.closed_to_all_until = now + self._open_s

    def _failed(self, name: str, lost: DependencyLost) -> None:
        circuit = self._circuits.setdefault(name, _Circuit())
        circuit.failures += 1
        circuit.reason = lost.reason
        if circuit.failures >= self._failures:
            until = self._monotonic() + max(self._open_s, lost.retry_after_s)
            circuit.closed_to_all_until = max(circuit.closed_to_all_until, until)
            if circuit.failures == self._failures:
                _log.warning("%s is left alone: %d failures in a row, the last: %s", name, self._failures, lost.reason)

    def _answered(self, name: str) -> None:
        circuit = self._circuits.pop(name, None)
        if circuit and circuit.failures >= self._failures:
            _log.info("%s answers again", name)
