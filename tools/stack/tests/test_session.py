"""How a run ends when it is interrupted while it collects and removes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import cast

from tools.stack.runner import manifest
from tools.stack.runner.engine.layout import Layout
from tools.stack.runner.engine.podman import ContainerState
from tools.stack.runner.errors import StackError
from tools.stack.runner.removal import cleanup
from tools.stack.runner.runfiles import Runfiles
from tools.stack.runner.running.lifecycle import Supervisor
from tools.stack.runner.running.session import Session, Settings
from tools.stack.tests import samples


class Nobody:
    """A supervisor of nothing."""

    async def take_leave(self) -> None:
        pass


class Removing(Session):
    """A run without containers, whose removal takes until it is allowed to end."""

    def __init__(self, directory: Path) -> None:
        stack = manifest.parse(samples.manifest({"name": "web"}))
        super().__init__(stack, Runfiles([]), Settings(cleanup.KIND_TEST, directory))
        self.began, self.may_end, self.removed = asyncio.Event(), asyncio.Event(), False
        self.refusal: StackError | None = None

    async def _prepare(self, preflight: Callable[[], Awaitable[None]]) -> dict[str, Layout]:
        cleanup.make_workdir(self.workdir)
        return {}

    @asynccontextmanager
    async def _services(self, group: asyncio.TaskGroup) -> AsyncIterator[None]:
        self._creating = True
        self.supervisor = cast(Supervisor, Nobody())
        yield

    async def _states(self) -> list[ContainerState]:
        return []

    async def _remove_all(self) -> None:
        self.began.set()
        await self.may_end.wait()
        if self.refusal:
            raise self.refusal
        self.removed = True


async def run(session: Session, failure: StackError | None) -> None:
    async with session.running():
        if failure:
            raise failure


async def interrupted(session: Removing, failure: StackError | None) -> asyncio.Task[None]:
    """The run, which was cancelled twice during its removal and was allowed to end after that; it is done."""
    task = asyncio.create_task(run(session, failure))
    await session.began.wait()
    for _ in range(2):
        task.cancel()
        await asyncio.sleep(0.01)
        assert not task.done()
    session.may_end.set()
    await asyncio.wait([task])
    return task


async def test_a_failure_is_still_told_when_its_removal_is_interrupted(tmp_path: Path) -> None:
    session, failure = Removing(tmp_path), StackError("web exited with 3")
    task = await interrupted(session, failure)
    assert not task.cancelled()
    assert task.exception() is failure
    assert session.removed
    assert not session.workdir.exists()


async def test_without_a_failure_an_interrupted_removal_comes_to_its_end_first(tmp_path: Path) -> None:
    session = Removing(tmp_path)
    task = await interrupted(session, None)
    assert task.cancelled()
    assert session.removed
    assert not session.workdir.exists()


async def test_what_cannot_be_removed_is_told_though_interrupted(tmp_path: Path) -> None:
    session = Removing(tmp_path)
    session.refusal = StackError("web could not be removed")
    task = await interrupted(session, None)
    assert not task.cancelled()
    assert task.exception() is session.refusal
