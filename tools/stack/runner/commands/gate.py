"""What keeps tests that are started early from running before there is a stack: a file that is locked until then.

pytest and what the tests import are loaded meanwhile, beside the start of the services.
"""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

from tools.stack.runner.engine.container import Extra
from tools.stack.runner.errors import GateIgnoredError

PLUGIN = "pytest_gate"
_TARGET = "/stack/gate"
_STATUS = "gate"


class Gate:
    """Is closed until `open`. A lock ends with the process that holds it: nobody waits for one that was killed."""

    def __init__(self, directory: Path, results: str) -> None:
        """`directory` is the run's own; `results` a directory in the tests' container that it can write to."""
        self._path = directory / "gate"
        self._status = f"{results}/{_STATUS}"
        self._descriptor: int | None = os.open(self._path, os.O_RDONLY | os.O_CREAT | os.O_CLOEXEC, 0o644)
        fcntl.flock(self._descriptor, fcntl.LOCK_EX)

    @property
    def is_open(self) -> bool:
        return self._descriptor is None

    def open(self) -> None:
        """Lets the tests run; again, it does nothing."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def extra(self) -> Extra:
        """What the tests' container has besides, so that its plugin finds the gate."""
        return Extra(
            env={"STACK_GATE": _TARGET, "STACK_GATE_REACHED": self._status},
            readable={self._path: _TARGET},
        )

    def check(self, results: Path) -> None:
        """Raises GateIgnoredError when the tests, which have ended, did not wait; `results` is as this machine has it."""
        if not (results / _STATUS).exists():
            raise GateIgnoredError(
                "the tests did not wait until the stack was ready: their image's entry point has to be pytest,"
                " or their declaration to say starts_early = False"
            )
