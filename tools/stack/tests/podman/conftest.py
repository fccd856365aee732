"""A harness of its own for each test, which must leave nothing behind."""

from __future__ import annotations

import asyncio
import os
import signal
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from tools.stack.runner.engine.podman import Podman
from tools.stack.tests.podman.harness import Harness

_PATIENCE = 30.0


@pytest.fixture(scope="session", autouse=True)
def working_podman() -> None:
    """These tests are worth nothing without podman: they fail, in one line, where it does not work."""
    asyncio.run(Podman().check())


@pytest.fixture
def harness(tmp_path: Path) -> Iterator[Harness]:
    image, actor = os.environ["STACK_IMAGE"], os.environ["STACK_ACTOR"]
    harness = Harness(f"//test:{uuid.uuid4().hex}", tmp_path, Path(image).resolve(), Path(actor).resolve())
    yield harness
    for run in harness.runs:
        if run.process.poll() is None:
            run.signal_group(signal.SIGKILL)
            run.process.wait()
    assert_clean(harness)


def assert_clean(harness: Harness) -> None:
    """Soon nothing may be left: whoever cleans up after SIGKILL waits for what is just being made on this machine."""
    deadline = time.monotonic() + _PATIENCE
    while harness.leftovers():
        assert time.monotonic() < deadline, f"left behind: {harness.leftovers()}"
        time.sleep(0.1)
