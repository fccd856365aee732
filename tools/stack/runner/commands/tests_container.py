"""The tests' container of a run."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from tools.stack.runner.commands import gate, plugins, sharding, verdict
from tools.stack.runner.commands.bazel_test import BazelTest
from tools.stack.runner.engine.container import Extra
from tools.stack.runner.errors import DeadlineError, Exit, StackError
from tools.stack.runner.faults import control
from tools.stack.runner.faults.injection import FaultInjector
from tools.stack.runner.manifest import Service
from tools.stack.runner.reporting import diagnosis, junit, logs
from tools.stack.runner.running.container import Container
from tools.stack.runner.running.session import Session

_RESULTS = "/stack/results"
_CONTROL = "/stack/control"
_CONTROL_VARIABLE = "STACK_CONTROL"
_FOLLOW_INTERVAL = 0.1
_TIME_TO_CLEAN_UP = 15.0
_TIME_TO_STOP = 3.0


class TestsContainer:
    """pytest in a container, for the services of a session: `run` it once, when they are ready.

    Where the manifest says so it is started early, by `start`, and waits at a gate, which `run` opens.
    """

    __test__ = False  # The name starts with Test, and this is no test class.

    def __init__(self, session: Session, tests: Service, bazel: BazelTest, arguments: Sequence[str]) -> None:
        """`arguments` go to pytest."""
        self._session, self._tests, self._bazel, self._arguments = session, tests, bazel, arguments
        self._results = session.workdir / "results"
        self._control = session.workdir / "control"
        self._gate: gate.Gate | None = None
        self._begun = asyncio.Event()
        self._container: Container | None = None
        self._exit: asyncio.Future[Exit] = asyncio.get_running_loop().create_future()

    @property
    def early(self) -> bool:
        """Whether `start` is to be called beside the start of the services."""
        return self._session.manifest.tests_start_early

    async def start(self) -> None:
        """Starts it, and returns when it has ended. Raises StackError where it ends badly before the services are ready."""
        if self.early:
            self._make_directories()
            self._gate = gate.Gate(self._session.workdir, _RESULTS)
        self._begun.set()
        self._container = await self._session.supervisor.run(self._tests, self._extra())
        exit = await self._ended(self._container)
        if self._gate and not self._gate.is_open:
            self._print(logs.Follower(self._log))
            self._keep_xml()
            self._judge(exit)
        self._container.ended.set()
        self._exit.set_result(exit)

    async def _ended(self, container: Container) -> Exit:
        """How it ended. Where the services never were ready, so that it still waits, it is ended."""
        try:
            return await self._session.supervisor.exit_of(container)
        except asyncio.CancelledError:
            if self._gate and not self._gate.is_open:
                with contextlib.suppress(StackError):
                    await self._session.podman.kill(container.id)
            raise

    async def run(self) -> None:
        """Has the tests run, and copies what they say to standard output. Raises StackError unless all passed."""
        bazel, timeline = self._bazel, self._session.timeline
        deadline = timeline.began + bazel.timeout - _TIME_TO_CLEAN_UP if bazel.timeout else None
        starting: asyncio.Task[None] | None = None
        if not self.early:
            self._make_directories()
        try:
            async with asyncio.timeout_at(deadline), self._faults():
                if not self.early:
                    starting = asyncio.create_task(self.start())
                await self._begun.wait()
                if self._gate:
                    self._gate.open()
                exit = await self._follow(starting)
        except TimeoutError:
            line = diagnosis.not_ended(bazel.timeout, logs.last_line(self._log))
            await self._interrupt()
            raise DeadlineError(line, logs.evidence(self._tests.name, self._log)) from None
        finally:
            if starting:
                starting.cancel()
            self._keep_xml()
        self._judge(exit)

    def close(self) -> None:
        """Nobody waits at the gate any longer: the run is over."""
        if self._gate:
            self._gate.open()

    @property
    def _log(self) -> Path:
        return self._session.place.log_path(self._tests.name)

    def _make_directories(self) -> None:
        for directory in (self._results, *([self._control] if self._session.manifest.faults else [])):
            directory.mkdir()
            directory.chmod(0o777)  # The container's user is another one, and unknown here.

    def _extra(self) -> Extra:
        """What it has beyond its declaration."""
        bazel, faults = self._bazel, self._session.manifest.faults
        extra = Extra(args=(f"--junitxml={_RESULTS}/junit.xml",), writable={self._results: _RESULTS})
        modules = []
        if self._gate:
            modules.append(gate.PLUGIN)
            extra |= self._gate.extra()
        if bazel.shard:
            modules.append(sharding.PLUGIN)
            extra |= Extra(env=sharding.variables(bazel.shard, _RESULTS))
        if faults:
            socket = f"{_CONTROL}/{control.SOCKET}"
            extra |= Extra(env={_CONTROL_VARIABLE: socket}, writable={self._control: _CONTROL})
        environment = {**self._session.layouts[self._tests.image].environment, **self._tests.env}
        extra |= plugins.given(modules, environment)
        return extra | Extra(args=(*bazel.filter_arguments(), *self._arguments))

    async def _follow(self, starting: asyncio.Task[None] | None) -> Exit:
        """Copies its output to standard output until it ends; how it did."""
        follower = logs.Follower(self._log)
        ends: list[asyncio.Future[Any]] = [self._exit, *([starting] if starting else [])]
        while not self._exit.done():
            await asyncio.wait(ends, timeout=_FOLLOW_INTERVAL, return_when=asyncio.FIRST_COMPLETED)
            self._print(follower)
            if starting and starting.done():
                await starting
        return self._exit.result()

    def _print(self, follower: logs.Follower) -> None:
        sys.stdout.write(follower.read())
        sys.stdout.flush()

    def _keep_xml(self) -> None:
        xml = self._results / "junit.xml"
        self._session.report.cases = junit.read_leniently(xml)
        if self._bazel.xml and xml.is_file():
            shutil.copyfile(xml, self._bazel.xml)

    def _judge(self, exit: Exit) -> None:
        verdict.judge(exit, self._results / "junit.xml", logs.last_line(self._log), self._bazel.shard)
        sharding.check(self._bazel.shard, self._results)
        if self._gate:
            self._gate.check(self._results)

    async def _interrupt(self) -> None:
        """Has pytest stop as by Ctrl-C: it says where it was, and writes the XML of the cases that ran."""
        if self._container:
            with contextlib.suppress(TimeoutError, StackError):
                async with asyncio.timeout(_TIME_TO_STOP):
                    await self._session.podman.kill(self._container.id, "INT")
                    await self._session.supervisor.exit_of(self._container)

    @asynccontextmanager
    async def _faults(self) -> AsyncIterator[None]:
        """Lets the tests hurt services during the block, where they were declared so."""
        session = self._session
        if not session.manifest.faults:
            yield
            return
        injector = FaultInjector(session.supervisor, session.podman, session.place, session.timeline)
        try:
            async with control.serving(self._control, injector):
                yield
        finally:
            if session.outlasts_tests:
                await injector.undo()
            injector.close()
