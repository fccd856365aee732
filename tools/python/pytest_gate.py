"""A plugin for pytest that waits, once pytest and the conftest files are loaded, until there is something to test.

That is when nobody has the file that STACK_GATE names locked any longer (flock). Nothing is collected before, and no
time counted. It needs nothing else of this repository: tools/stack mounts it, alone, into the containers of tests.
"""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

import pytest


@pytest.hookimpl(tryfirst=True)
def pytest_cmdline_main() -> None:
    """Waits; without the variable there is nothing to wait for. STACK_GATE_REACHED is made to say that it does."""
    if not (gate := os.environ.get("STACK_GATE")):
        return
    if status := os.environ.get("STACK_GATE_REACHED"):
        Path(status).touch()
    with Path(gate).open() as file:
        fcntl.flock(file, fcntl.LOCK_SH)
