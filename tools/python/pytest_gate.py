"""A plugin for pytest that waits, once pytest and the conftest files are loaded, until there is something to test.

That is when nobody has the file that TEST_GATE_FILE names locked any longer (flock). Nothing is collected before, and no
time counted. It needs nothing else of this repository: tools/stack mounts it, alone, into the containers of tests.
"""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

import pytest


@pytest.hookimpl(tryfirst=True)
def pytest_cmdline_main() -> None:
    """Waits; without the variable there is nothing to wait for. TEST_GATE_STATUS_FILE is made to say that it does."""
    if not (gate := os.environ.get("TEST_GATE_FILE")):
        return
    if status := os.environ.get("TEST_GATE_STATUS_FILE"):
        Path(status).touch()
    with Path(gate).open() as file:
        fcntl.flock(file, fcntl.LOCK_SH)
