"""Whether a service starts from a snapshot, and whether one is made of it."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from tools.stack.runner.engine import limits, mounts
from tools.stack.runner.engine.podman import Podman
from tools.stack.runner.errors import StackError
from tools.stack.runner.manifest import Service
from tools.stack.runner.runfiles import Runfiles
from tools.stack.runner.snapshot import key
from tools.stack.runner.snapshot.freezer import Freezer, FreezerError
from tools.stack.runner.snapshot.store import DamagedError, Store

SWITCH = "STACK_SNAPSHOT"
PLACE = "STACK_SNAPSHOT_DIRECTORY"

_DIRECTORY = "tools-stack-snapshots"
_ROOM_PER_BYTE = 2  # Processes that share memory have a copy each in a snapshot.
_ATTEMPTS = 3
_PAUSE = 0.3


def switched_on() -> bool:
    """Whether this program's environment lets services start from snapshots."""
    return os.environ.get(SWITCH, "").lower() not in ("off", "0", "no", "false")


async def store_of(podman: Podman) -> Store:
    """Where snapshots are kept."""
    return _store_beside(await podman.storage())


def _store_beside(storage: Path) -> Store:
    """On the disk that has room for images, and gone with it, unless the environment names another directory."""
    named = os.environ.get(PLACE)
    return Store(Path(named) if named else storage.parent / _DIRECTORY)


class Snapshots:
    """The snapshots of the services of one run.

    Nothing here fails a run: where a snapshot can't be used or made, one line says why, and the service starts as if
    there were no snapshots.
    """

    def __init__(self, podman: Podman, runfiles: Runfiles, tell: Callable[[str], None], *, wanted: bool = True) -> None:
        self._podman, self._freezer, self._runfiles, self._tell = podman, Freezer(podman), runfiles, tell
        self._wanted = wanted
        self._ready: asyncio.Task[tuple[Store, Mapping[str, str]] | None] | None = None
        self._keys: dict[str, asyncio.Task[str | None]] = {}

    def begin(self, services: Sequence[Service], images: Mapping[str, str]) -> None:
        """Finds out about the services in the background. `images` maps the image of each service to its id."""
        for service in services:
            if self._wanted and service.snapshot:
                self._keys[service.name] = asyncio.create_task(self._key(service, images[service.image]))

    async def thaw(self, service: Service, arguments: Sequence[str], labels: Mapping[str, str]) -> str | None:
        """The id of a container that runs from the service's snapshot, unproven; None where it must start from nothing.

        `arguments` and `labels` are those of `podman run`.
        """
        ready = await self._known(service)
        if ready is None:
            return None
        store, name = ready
        try:
            with store.opened(name) as directory:
                if directory is None:
                    return None
                return await self._freezer.thaw(arguments, labels, directory)
        except (DamagedError, FreezerError) as error:
            await self._drop(service, str(error))
        except (OSError, StackError) as error:
            self._tell(f"{service.name}: its snapshot could not be used: {error}")
        return None

    async def distrust(self, service: Service, container: str, why: str) -> None:
        """Removes a container that was thawed, and the snapshot that it was thawed from."""
        await self._freezer.remove(container)
        await self._drop(service, why)

    async def keep(self, service: Service, container: str, memory: int) -> None:
        """Makes a snapshot of a service that has become ready, and uses `memory` bytes, where there is none."""
        ready = await self._known(service)
        if ready is None:
            return
        store, name = ready
        try:
            if store.has(name):  # Another run was quicker.
                return
            free = store.room()
            if free < memory * _ROOM_PER_BYTE:
                self._tell(f"{service.name}: no snapshot is kept, since the disk has {free / 1e9:.1f} GB free only")
                return
            seconds = await self._freeze(store, name, container)
        except (FreezerError, OSError, StackError) as error:
            self._tell(f"{service.name}: no snapshot could be made: {error}")
        else:
            self._tell(f"{service.name}: a snapshot is kept for the next run, made in {seconds:.1f} s")

    async def _freeze(self, store: Store, name: str, container: str) -> float:
        clock = asyncio.get_running_loop().time
        began = clock()
        for attempt in range(1, _ATTEMPTS + 1):
            try:
                with store.draft(name) as draft:
                    await self._freezer.freeze(container, draft)
            except FreezerError:
                # A connection may have been open, such as the probe's own.
                if attempt == _ATTEMPTS:
                    raise
                await asyncio.sleep(_PAUSE)
            else:
                break
        return clock() - began

    async def _drop(self, service: Service, why: str) -> None:
        ready = await self._known(service)
        if ready is not None:
            store, name = ready
            await asyncio.to_thread(store.discard, name)
        self._tell(f"{service.name}: its snapshot is dropped: {why}")

    async def _known(self, service: Service) -> tuple[Store, str] | None:
        """Where the service's snapshot is or would be; None without snapshots."""
        task = self._keys.get(service.name)
        name = await task if task else None
        ready = await self._ready if self._ready else None
        return (ready[0], name) if ready and name else None

    async def _key(self, service: Service, image: str) -> str | None:
        if self._ready is None:
            self._ready = asyncio.create_task(self._prepare())
        try:
            ready, digests = await asyncio.gather(self._ready, asyncio.to_thread(self._mounted, service))
        except OSError as error:
            self._tell(f"{service.name}: no snapshot is used: {error}")
            return None
        return key.of(service, image, digests, limits.ulimits(), ready[1]) if ready else None

    async def _prepare(self) -> tuple[Store, Mapping[str, str]] | None:
        try:
            storage, facts = await self._freezer.facts()
            store = _store_beside(storage)
            await asyncio.to_thread(store.sweep)
        except (FreezerError, StackError, OSError, KeyError, ValueError) as error:
            self._tell(f"there are no snapshots here: {error}")
            return None
        return store, {**facts, **key.machine()}

    def _mounted(self, service: Service) -> dict[str, str]:
        """The digest of what is mounted at each path."""
        found = {}
        for mount in service.mounts:
            for volume in mounts.volumes(self._runfiles.resolve(mount.source), mount.target):
                source, target, _ = volume.split(":")
                found[target] = key.digest(Path(source))
        return found
