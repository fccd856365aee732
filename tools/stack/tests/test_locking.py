"""Locks between programs."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from pathlib import Path

import pytest

from tools.stack.runner.engine.locking import locked, opened


async def test_many_share_it_and_one_has_it_for_itself(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    with opened(path) as one, opened(path) as other, opened(path) as third:
        await one.share()
        await other.share()
        assert not third.try_to_own()
        assert not one.try_to_own()
        await one.share()


async def test_who_has_to_wait_is_told_once_and_goes_on_when_it_is_given_up(tmp_path: Path) -> None:
    told: list[str] = []
    with opened(tmp_path / "lock") as waiter:
        async with locked(tmp_path / "lock"):
            waiting = asyncio.create_task(waiter.own(lambda: told.append("waiting")))
            await asyncio.sleep(0.25)
            assert not waiting.done()
        await asyncio.wait_for(waiting, 5)
    assert told == ["waiting"]


def test_it_goes_with_the_process_that_holds_it(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    program = (
        f"import fcntl, os; f = open({str(path)!r}, 'w'); fcntl.flock(f, fcntl.LOCK_EX); print(1, flush=True); input()"
    )
    holder = subprocess.Popen([sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert holder.stdout
    holder.stdout.readline()
    with opened(path) as lock:
        assert not lock.try_to_own()
        holder.kill()
        holder.wait()
        assert lock.try_to_own()
    holder.stdout.close()


def test_there_is_no_lock_without_its_directory(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError), opened(tmp_path / "gone" / "lock"):
        pass
