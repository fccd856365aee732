"""Whom stack_down, and a run's end, send a signal."""

from __future__ import annotations

import asyncio
import io
import os
import tempfile
from pathlib import Path

import pytest

from tools.stack.runner.commands import up
from tools.stack.runner.display.progress import Progress
from tools.stack.runner.engine.podman import LABEL_KIND, LABEL_OWNER, LABEL_RUN, LABEL_STACK, Podman, Resource
from tools.stack.runner.process import ProcessIdentity
from tools.stack.runner.removal import cleanup
from tools.stack.runner.removal.reaper import Reaper
from tools.stack.runner.reporting.timeline import Timeline
from tools.stack.tests.samples import Containers

ME = ProcessIdentity.current()
ELSEWHERE = ProcessIdentity(ME.pid, ME.start, ME.namespace + 1)


@pytest.fixture
def signalled(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The ids of processes that were sent a signal, none of which gets it."""
    ids = list[int]()
    monkeypatch.setattr(os, "kill", lambda pid, number: ids.append(pid))
    return ids


async def taken_down(podman: Podman, directory: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """What stack_down says, where runs have their directories in this one."""
    told = io.StringIO()
    monkeypatch.setattr(tempfile, "tempdir", str(directory))
    monkeypatch.setattr(up, "Podman", lambda: podman)
    assert await asyncio.wait_for(up.down("", Progress(Timeline(), told)), 5) == 1
    return told.getvalue()


def of_stack_up(owner: ProcessIdentity) -> Resource:
    labels = {LABEL_RUN: "r", LABEL_OWNER: str(owner), LABEL_KIND: cleanup.KIND_UP, LABEL_STACK: "//:stack"}
    return Resource("container", "id", "r-web", labels)


async def test_a_process_here_with_the_id_of_an_owner_elsewhere_is_spared(
    tmp_path: Path, signalled: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    podman = Containers(of_stack_up(ELSEWHERE))
    told = await taken_down(podman, tmp_path, monkeypatch)
    assert not signalled
    assert not podman.there
    assert "another pid namespace" in told
    assert "//:stack is down" in told


async def test_an_owner_here_is_asked(tmp_path: Path, signalled: list[int], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(up, "_OWNER_PATIENCE", 0.0)
    podman = Containers(of_stack_up(ME))
    assert "another pid namespace" not in await taken_down(podman, tmp_path, monkeypatch)
    assert signalled == [ME.pid]
    assert not podman.there


def test_a_reaper_elsewhere_is_sent_nothing(signalled: list[int]) -> None:
    Reaper(ELSEWHERE, outside=True).dismiss()
    assert not signalled
