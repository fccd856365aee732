"""Brings images into podman's storage, each layer once."""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import tempfile
from collections.abc import Callable, Collection, Iterable
from pathlib import Path

from tools.stack.runner.engine import locking
from tools.stack.runner.engine.layout import Layout
from tools.stack.runner.engine.podman import Podman, PodmanCommandError
from tools.stack.runner.errors import DiskFullError, ImageCorruptError, StackError, first_of

_AT_ONCE = 2  # Unpacking is bound by the disk and one core each.
_ROOM_PER_BYTE = 2.2  # podman keeps a copy of the blob while it unpacks it; file systems round up.
_MISMATCH = re.compile(r"digest.*(did not match|mismatch|invalid)|(did not match|mismatch).*digest", re.IGNORECASE)


class ImageLoader:
    """Loads the images of a stack; a service waits only for its own."""

    def __init__(
        self,
        podman: Podman,
        layouts: Iterable[Layout],
        loaded: Callable[[str, float], None] = lambda name, seconds: None,
        free_bytes: Callable[[Path], int] = lambda path: shutil.disk_usage(path).free,
        brief: float = 0.5,
    ) -> None:
        """`loaded` is called with the name of each image that was copied, and the seconds it took.

        A single image that is loaded within `brief` seconds is loaded without a look at how much room there is.
        """
        self._podman = podman
        self._layouts = {layout.id: layout for layout in layouts}
        self._ready = {image: asyncio.Event() for image in self._layouts}
        self._loaded = loaded
        self._free_bytes, self._brief = free_bytes, brief

    async def ready(self, image: str) -> None:
        """Returns when the image can be run."""
        await self._ready[image].wait()

    async def load(self) -> None:
        """Loads what is missing. Raises DiskFullError and ImageCorruptError."""
        missing = await self._missing()
        if not missing:
            return
        with locking.opened(_lock()) as lock:
            if not lock.try_to_own():
                await lock.own()
                missing = await self._missing()  # Another run may have loaded them while this one waited.
            if len(missing) == 1:
                await self._load_single(missing[0])
                return
            stored = await self._podman.stored_layers()
            await self._check_room(missing, stored)
            await self._load_sharing_layers(missing, stored)

    async def _load_single(self, layout: Layout) -> None:
        """Loads one image, and gives up where it goes on for a while and is seen not to fit.

        Mostly it is one of which podman has all layers but the last: it is there before podman has said where its
        storage is, and nobody needs to know which layers are missing.
        """

        async def check() -> None:
            await asyncio.sleep(self._brief)
            await self._check_room([layout], set())

        try:
            async with asyncio.TaskGroup() as group:
                checking = group.create_task(check())
                await self._load_one(layout)
                checking.cancel()
        except BaseExceptionGroup as errors:
            raise first_of(errors) from None

    async def _check_room(self, missing: list[Layout], stored: Collection[str]) -> None:
        """Raises DiskFullError unless all that is missing will fit."""
        free = self._free_bytes(storage := await self._podman.storage())
        if _room(missing, stored) > free and not stored:
            stored = await self._podman.stored_layers()
        if (needed := _room(missing, stored)) > free:
            raise DiskFullError(
                f"no room on the disk: loading {len(missing)} images takes {needed / 1e9:.1f} GB and {storage} has"
                f" {free / 1e9:.1f} GB free (podman image prune --all frees what no container uses)"
            )

    async def _missing(self) -> list[Layout]:
        present = await self._podman.present_images(list(self._layouts))
        for image in present:
            self._ready[image].set()
        return [layout for layout in self._layouts.values() if layout.id not in present]

    async def _load_sharing_layers(self, missing: list[Layout], stored: set[str]) -> None:
        """Loads two at once, smallest first, but never two that both lack the same layer: each would copy it."""
        waiting = sorted(missing, key=lambda layout: sum(layout.layers.values()))
        running: dict[asyncio.Task[None], Layout] = {}
        try:
            while waiting or running:
                for layout in list(waiting):
                    lacking = layout.layers.keys() - stored
                    busy = any(lacking & other.layers.keys() for other in running.values())
                    if len(running) < _AT_ONCE and not busy:
                        waiting.remove(layout)
                        running[asyncio.create_task(self._load_one(layout))] = layout
                done, _ = await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
                for task in done:
                    stored |= running.pop(task).layers.keys()
                    task.result()
        finally:
            for task in running:
                task.cancel()
            await asyncio.gather(*running, return_exceptions=True)

    async def _load_one(self, layout: Layout) -> None:
        clock = asyncio.get_running_loop().time
        started = clock()
        try:
            image = await self._podman.pull(layout.path)
        except PodmanCommandError as error:
            raise await self._diagnose(layout, error) from error
        if image != layout.id:
            raise ImageCorruptError(f"image {layout.name} was loaded as {image[:12]}, and should be {layout.id[:12]}")
        self._ready[layout.id].set()
        self._loaded(layout.name, clock() - started)

    async def _diagnose(self, layout: Layout, error: PodmanCommandError) -> StackError:
        if _MISMATCH.search(error.reason):
            return ImageCorruptError(f"image {layout.name} is damaged, a blob's hash is wrong: {error.reason}")
        if "no space left" in error.reason.lower():
            storage = await self._podman.storage()
            return DiskFullError(
                f"no room on the disk while loading image {layout.name}:"
                f" {storage} has {self._free_bytes(storage) / 1e9:.1f} GB free"
            )
        return StackError(f"image {layout.name} could not be loaded: {error.reason}", error.evidence)


def _room(missing: Iterable[Layout], stored: Collection[str] = ()) -> int:
    """How many bytes it takes to load these, beside layers that are stored."""
    layers = {digest: size for layout in missing for digest, size in layout.layers.items() if digest not in stored}
    return round(sum(layers.values()) * _ROOM_PER_BYTE)


def _lock() -> Path:
    """Whose owner alone of this user's runs loads images, so that two don't copy the same gigabytes."""
    return Path(tempfile.gettempdir()) / f"tools-stack-images-{os.getuid()}.lock"
