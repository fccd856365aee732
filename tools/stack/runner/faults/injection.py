"""Does to services what their tests ask for: ends, starts and freezes them, cuts the network, fills disks."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tools.stack.runner.engine import disk
from tools.stack.runner.engine.container import Place
from tools.stack.runner.engine.podman import Podman
from tools.stack.runner.errors import StackError
from tools.stack.runner.faults import netfilter
from tools.stack.runner.faults.netfilter import Delay
from tools.stack.runner.manifest import Service
from tools.stack.runner.reporting.cgroup import MemoryFiles
from tools.stack.runner.reporting.timeline import Timeline
from tools.stack.runner.running.container import Container
from tools.stack.runner.running.lifecycle import Supervisor
from tools.stack.runner.running.watch import ended


class FaultError(StackError):
    """A fault that was asked for cannot be done; the line says why."""


class FaultInjector:
    """Acts on the containers of one stack, which are all that it can name.

    Every method raises FaultError for a service that the stack hasn't, or that is not in the state for it.
    """

    def __init__(self, supervisor: Supervisor, podman: Podman, place: Place, timeline: Timeline) -> None:
        self._supervisor, self._podman, self._place, self._timeline = supervisor, podman, place, timeline
        self._cuts: set[frozenset[str]] = set()
        self._slowed: dict[str, float] = {}
        self._delays: dict[str, Delay] = {}
        self._paused: set[str] = set()
        self._filled: set[Path] = set()

    async def kill(self, service: str) -> None:
        """SIGKILL for all processes of a service; returns when it has ended. It stays so until it is started."""
        container = self._service(service, ended=False)
        with self._timeline.fault(f"kill {service}"), _wanted(container):
            await self._podman.kill(container.id)
            await container.ended.wait()

    async def stop(self, service: str) -> None:
        """SIGTERM, and SIGKILL after its stop_timeout; returns when it has ended. It stays so until it is started."""
        container = self._service(service, ended=False)
        with self._timeline.fault(f"stop {service}"), _wanted(container):
            await self._podman.stop(container.id, container.service.stop_timeout)
            await container.ended.wait()

    async def start(self, service: str) -> None:
        """Starts a service that was killed or stopped, with its volumes; returns when it is ready again."""
        container = self._service(service, ended=True)
        with self._timeline.fault(f"start {service}"):
            await self._supervisor.start_again(container)
            # Its network is a new one.
            await self._apply_cuts(service)
            await self._apply_delay(service)
            await self._supervisor.until_ready(container)

    async def restart(self, service: str) -> None:
        """Stops and starts a service; returns when it is ready again."""
        await self.stop(service)
        await self.start(service)

    async def pause(self, service: str) -> None:
        """Freezes all processes of a service: it answers nothing, and its connections stay open."""
        container = self._service(service, ended=False)
        with self._timeline.fault(f"pause {service}"):
            await self._podman.pause(container.id)
            self._paused.add(service)

    async def unpause(self, service: str) -> None:
        """Lets a service that was frozen go on."""
        container = self._service(service, ended=False)
        with self._timeline.fault(f"unpause {service}"):
            await self._podman.unpause(container.id)
            self._paused.discard(service)

    async def kill_process(self, service: str, command: str) -> int:
        """SIGKILL for one process of a service whose command line has `command` in it; its id, once it has ended.

        The first process of a container is spared: `kill` ends that.
        """
        container = self._service(service, ended=False)
        for pid in _processes_beside(container.pid):
            if command in _command_line(pid):
                with self._timeline.fault(f"kill {command} of {service}"), contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
                    await ended(pid)
                return pid
        raise FaultError(f"no process of {service} has {command!r} in its command line")

    async def cut(self, one: str, other: str) -> None:
        """Lets no packet pass between two containers until `heal`, also when one of them is started again.

        Either may be "tests", the tests' own container.
        """
        self._check_pair(one, other)
        with self._timeline.fault(f"cut {one} from {other}"):
            self._cuts.add(frozenset((one, other)))
            await self._apply_cuts(one, other)

    async def heal(self, one: str = "", other: str = "") -> None:
        """Takes back a cut between two containers; without names, every cut."""
        pairs = set(self._cuts)
        if one or other:
            self._check_pair(one, other)
            pairs &= {frozenset((one, other))}
        with self._timeline.fault(f"heal {one} {other}".strip()):
            self._cuts -= pairs
            await self._apply_cuts(*{name for pair in pairs for name in pair})

    async def slow(self, service: str, milliseconds: str) -> None:
        """Has each packet that a service sends take so much longer, also after it was started again; 0 ends it."""
        container = self._service(service, ended=False)
        if not milliseconds.isdigit():
            raise FaultError(f"to slow {service} takes a number of milliseconds, and not {milliseconds!r}")
        with self._timeline.fault(f"slow {service} by {milliseconds} ms"):
            if service in self._delays:
                await self._delays.pop(service).end()
            self._slowed[service] = int(milliseconds) / 1000
            await self._apply_delay(container.service.name)

    async def fill_disk(self, service: str, path: str = "") -> None:
        """Leaves no room in a volume of limited size until `free_disk`, also while the service is down.

        `path` may be left out where it has one volume only.
        """
        with self._timeline.fault(f"fill {service} {path}".strip()):
            directory = self._volume(service, path)
            await asyncio.to_thread(disk.fill, directory)
            self._filled.add(directory)

    async def free_disk(self, service: str, path: str = "") -> None:
        """Gives back the room that `fill_disk` took."""
        with self._timeline.fault(f"free {service} {path}".strip()):
            directory = self._volume(service, path)
            await asyncio.to_thread(disk.free, directory)
            self._filled.discard(directory)

    async def undo(self) -> None:
        """Takes back all that lasts, for a stack that outlasts its tests. What was ended stays so."""
        await self.heal()
        for service in list(self._delays):
            await self._delays.pop(service).end()
        for service in list(self._paused):
            if not self._supervisor.containers[service].ended.is_set():
                await self.unpause(service)
        for directory in self._filled:
            disk.free(directory)

    def close(self) -> None:
        """Ends what helps it."""
        for delay in self._delays.values():
            delay.kill()

    async def usage(self, service: str) -> dict[str, int]:
        """Bytes of memory that a service takes now: `in_use` counts file caches that are active, `anonymous` doesn't."""
        files = MemoryFiles.of(self._service(service, ended=False).pid)
        if files is None:
            raise FaultError(f"this machine's control groups say nothing of {service}'s memory")
        return {"in_use": files.in_use(), "anonymous": files.anonymous()}

    def _volume(self, name: str, path: str) -> Path:
        service = self._known(name)
        if not service.volume_size:
            raise FaultError(f"{name} has no volume_size: to fill its volumes would fill this machine's disk")
        wanted = [each for each in service.volumes if path in ("", each)]
        if len(wanted) != 1:
            raise FaultError(f"{name} has no volume '{path}', or more than one ({', '.join(service.volumes)})")
        return self._place.volume_path(name, service.volumes.index(wanted[0]))

    def _known(self, name: str) -> Service:
        services = self._supervisor.services
        if name not in services:
            raise FaultError(f"there is no service '{name}' ({', '.join(services)})")
        return services[name]

    def _service(self, name: str, *, ended: bool) -> Container:
        if self._known(name).task:
            raise FaultError(f"{name} is a task, and done")
        container = self._supervisor.containers[name]
        if container.ended.is_set() != ended:
            raise FaultError(f"{name} {'is running already' if ended else 'was ended, and not started again'}")
        return container

    def _check_pair(self, one: str, other: str) -> None:
        known = self._place.network.addresses
        for name in (one, other):
            if name not in known:
                raise FaultError(f"there is no container '{name}' ({', '.join(known)})")
        if one == other:
            raise FaultError(f"{one} cannot be cut off from itself")

    async def _apply_delay(self, service: str) -> None:
        if service in self._delays:
            self._delays.pop(service).kill()
        if seconds := self._slowed.get(service, 0):
            self._delays[service] = await Delay.start(self._supervisor.containers[service].pid, seconds)

    async def _apply_cuts(self, *names: str) -> None:
        addresses = self._place.network.addresses
        for name in names:
            container = await self._supervisor.started(name)
            if not container.ended.is_set():
                cut_off = {addresses[other] for pair in self._cuts if name in pair for other in pair - {name}}
                await netfilter.cut(container.pid, cut_off)


@contextmanager
def _wanted(container: Container) -> Iterator[None]:
    """The container's end is no failure within the block, nor after it unless the block fails."""
    container.end_is_wanted = True
    try:
        yield
    except BaseException:
        container.end_is_wanted = container.ended.is_set()
        raise


def _processes_beside(first: int) -> list[int]:
    """The processes in the pid namespace of `first`, without itself, oldest first."""
    namespace = _pid_namespace(first)
    pids = sorted(int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit())
    return [pid for pid in pids if pid != first and namespace and _pid_namespace(pid) == namespace]


def _command_line(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().decode(errors="replace").replace("\0", " ")
    except OSError:
        return ""  # It has ended.


def _pid_namespace(pid: int) -> int:
    try:
        return Path(f"/proc/{pid}/ns/pid").stat().st_ino
    except OSError:
        return 0
