"""Processes: who they are, and noticing that they end."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys

import pytest

from tools.stack.runner.process import ProcessIdentity, processes_with_environment
from tools.stack.runner.running.watch import ended


def sleeper(**environment: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(["sleep", "60"], env={**os.environ, **environment})


def test_an_identity_survives_being_written_down() -> None:
    me = ProcessIdentity.current()
    assert ProcessIdentity.parse(str(me)) == me
    assert me.is_alive()


def test_a_process_that_ended_is_dead_also_before_its_parent_has_noticed() -> None:
    process = sleeper()
    identity = ProcessIdentity.of(process.pid)
    process.kill()
    os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
    assert not identity.is_alive()
    process.wait()
    assert not identity.is_alive()


def test_another_process_with_the_same_id_is_not_taken_for_it() -> None:
    me = ProcessIdentity.current()
    assert not ProcessIdentity(me.pid, me.start - 1, me.namespace).is_alive()


def test_a_process_of_another_pid_namespace_is_left_alone() -> None:
    assert ProcessIdentity(pid=2**22 + 1, start=1, namespace=1).is_alive()


def test_there_is_no_identity_of_nobody() -> None:
    with pytest.raises(ProcessLookupError):
        ProcessIdentity.of(2**22 + 1)


def test_processes_are_found_by_what_is_in_their_environment() -> None:
    process = sleeper(TOOLS_STACK_TEST_MARKER="found")
    try:
        assert list(processes_with_environment("TOOLS_STACK_TEST_MARKER=found")) == [(process.pid, "sleep")]
        assert not list(processes_with_environment("TOOLS_STACK_TEST_MARKER=other"))
    finally:
        process.kill()
        process.wait()


def start_grandchild() -> int:
    starter = "import subprocess as s; print(s.Popen(['sleep', '60'], stdout=s.DEVNULL, stderr=s.DEVNULL).pid)"
    return int(subprocess.run([sys.executable, "-c", starter], capture_output=True, check=True).stdout)


async def test_the_end_of_a_process_is_noticed_also_of_somebody_elses_child() -> None:
    grandchild = start_grandchild()
    waiting = asyncio.ensure_future(ended(grandchild))
    await asyncio.sleep(0)
    assert not waiting.done()
    os.kill(grandchild, 9)
    await asyncio.wait_for(waiting, 5)


async def test_a_process_that_is_gone_already_counts_as_ended() -> None:
    await asyncio.wait_for(ended(2**22 + 1), 1)
