"""Which images are loaded, in which order, and what stops it."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path

import pytest

from tools.stack.runner.engine.images import ImageLoader
from tools.stack.runner.engine.layout import Layout
from tools.stack.runner.engine.podman import Podman, PodmanCommandError
from tools.stack.runner.errors import DiskFullError, ImageCorruptError, StackError


def image(name: str, **layers: int) -> Layout:
    return Layout(Path(name), name, f"id-{name}", layers)


class Storage(Podman):
    """podman's storage, in memory. Pulls take a moment, so that they can overlap."""

    def __init__(self, *stored: Layout, failure: str = "") -> None:
        super().__init__()
        self.images = {layout.id: layout for layout in stored}
        self.failure = failure
        self.pulled: list[str] = []
        self.running: set[str] = set()
        self.overlaps: set[frozenset[str]] = set()
        self.known: dict[Path, Layout] = {}

    async def present_images(self, ids: Sequence[str]) -> set[str]:
        return set(ids) & self.images.keys()

    async def stored_layers(self) -> set[str]:
        return {layer for layout in self.images.values() for layer in layout.layers}

    async def storage(self) -> Path:
        return Path("/storage")

    async def pull(self, layout: Path) -> str:
        name = str(layout)
        self.running.add(name)
        self.overlaps |= {frozenset((name, other)) for other in self.running if other != name}
        self.pulled.append(name)
        await asyncio.sleep(0.01)
        self.running.remove(name)
        if self.failure:
            raise PodmanCommandError("pull", 125, f"Error: {self.failure}")
        self.images[f"id-{name}"] = image(name)
        return f"id-{name}"


def loader(storage: Storage, *layouts: Layout, free: int = 10**12, brief: float = 0) -> ImageLoader:
    return ImageLoader(storage, layouts, free_bytes=lambda path: free, brief=brief)


async def test_only_missing_images_are_loaded_and_all_are_ready() -> None:
    have, want = image("have", a=1), image("want", b=1)
    storage = Storage(have)
    images = loader(storage, have, want)
    await images.load()
    assert storage.pulled == ["want"]
    await asyncio.wait_for(asyncio.gather(images.ready("id-have"), images.ready("id-want")), 1)


async def test_images_that_share_a_missing_layer_wait_for_each_other() -> None:
    storage = Storage()
    await loader(storage, image("a", base=5, a=1), image("b", base=5, b=2)).load()
    assert storage.pulled == ["a", "b"]
    assert not storage.overlaps


async def test_images_that_share_only_stored_layers_load_at_the_same_time() -> None:
    storage = Storage(image("old", base=5))
    await loader(storage, image("a", base=5, a=1), image("b", base=5, b=2)).load()
    assert storage.overlaps == {frozenset(("a", "b"))}


async def test_room_is_checked_before_anything_is_copied_counting_each_layer_once() -> None:
    storage = Storage(image("old", stored=10**12))
    wanted = image("a", stored=10**12, base=1000), image("b", base=1000)
    with pytest.raises(DiskFullError, match="/storage"):
        await loader(storage, *wanted, free=2000).load()
    assert not storage.pulled
    await loader(storage, *wanted, free=2500).load()


async def test_a_single_image_that_does_not_fit_is_given_up() -> None:
    storage = Storage()
    with pytest.raises(DiskFullError, match="/storage"):
        await loader(storage, image("a", base=1000), free=2000).load()
    assert not storage.images


async def test_a_single_image_fits_where_its_layers_are_there_but_for_the_last() -> None:
    storage = Storage(image("old", base=10**12))
    await loader(storage, image("a", base=10**12, last=1), free=2000).load()
    assert "id-a" in storage.images


async def test_nobody_asks_for_room_where_a_single_image_is_loaded_at_once() -> None:
    storage = Storage()
    await loader(storage, image("a", base=1), free=0, brief=10).load()
    assert "id-a" in storage.images


@pytest.mark.parametrize(
    ("failure", "error"),
    [
        ("writing blob: Digest did not match, expected sha256:1, got sha256:2", ImageCorruptError),
        ("writing blob: storing blob to file: write /var/tmp/x: no space left on device", DiskFullError),
        ("reading manifest: permission denied", StackError),
    ],
)
async def test_podmans_refusals_are_diagnosed(failure: str, error: type[StackError]) -> None:
    with pytest.raises(error, match="wanted"):
        await loader(Storage(failure=failure), image("wanted", a=1)).load()


async def test_an_image_that_turns_out_to_be_another_is_refused() -> None:
    with pytest.raises(ImageCorruptError):
        await loader(Storage(), Layout(Path("a"), "a", "id-b", {"x": 1})).load()
