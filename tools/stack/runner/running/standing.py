"""A stack that is up: what its run has written down for those who come to it later, and finding it."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tools.stack.runner.engine import locking
from tools.stack.runner.engine.confidential import Secrets
from tools.stack.runner.engine.container import Place
from tools.stack.runner.engine.locking import FileLock
from tools.stack.runner.engine.network import Network
from tools.stack.runner.engine.podman import (
    LABEL_KIND,
    LABEL_OWNER,
    LABEL_RUN,
    LABEL_SERVICE,
    LABEL_STACK,
    LABEL_WORKDIR,
    Podman,
    Resource,
)
from tools.stack.runner.errors import StackAlreadyUpError, StackDownError
from tools.stack.runner.manifest import Manifest, PublishedPort
from tools.stack.runner.removal import cleanup
from tools.stack.runner.runfiles import Runfiles

_RECORD = "place.json"
_LOCK = "changing.lock"


@dataclass(frozen=True, slots=True)
class Standing:
    """A run whose services stay: its place, and the labels that all of it has."""

    labels: Mapping[str, str]
    place: Place

    @property
    def detached(self) -> bool:
        """Whether no process keeps it up."""
        return self.labels[LABEL_KIND] == cleanup.KIND_DETACHED


def is_up(resource: Resource, stack: str) -> bool:
    """Whether it belongs to a stack that stack_up brought up: to that with the label `stack`, if that isn't empty."""
    if stack and resource.labels.get(LABEL_STACK) != stack:
        return False
    return resource.labels.get(LABEL_KIND) in (cleanup.KIND_UP, cleanup.KIND_DETACHED)


def lock_path(workdir: Path) -> Path:
    """The lock of a run.

    Whoever starts, replaces or hurts its services has it for itself meanwhile; those whose tests run on it share it.
    """
    return workdir / _LOCK


@contextmanager
def held(stack: Standing) -> Iterator[FileLock]:
    """The lock of a stack that is up; nobody owns it yet.

    Raises StackDownError when a file is not there since the stack was taken down, before or during the block.
    """
    try:
        with locking.opened(lock_path(stack.place.workdir)) as lock:
            yield lock
    except FileNotFoundError:
        if stack.place.workdir.is_dir():
            raise
        raise StackDownError(f"{stack.labels[LABEL_STACK]} was taken down meanwhile") from None


def write_record(place: Place) -> None:
    """Writes down what containers that are added later need, for this user alone."""
    document = {
        "network": place.network.name,
        "addresses": dict(place.network.addresses),
        "publish": [[each.service, each.port, each.host_port] for each in place.publish],
        "secrets": place.secrets.known,
    }
    path = place.workdir / _RECORD
    new = path.with_suffix(".new")
    new.touch(mode=0o600)
    new.write_text(json.dumps(document))
    new.rename(path)


def read_place(workdir: Path, run_id: str, runfiles: Runfiles) -> Place:
    """The place of a run, as it was written down, for files of `runfiles`. Raises OSError and ValueError."""
    document = json.loads((workdir / _RECORD).read_text())
    return Place(
        run_id,
        Network(document["network"], document["addresses"]),
        runfiles,
        workdir,
        Secrets(workdir / "secrets", document["secrets"]),
        tuple(PublishedPort(*each) for each in document["publish"]),
    )


def find(found: Iterable[Resource], manifest: Manifest, runfiles: Runfiles) -> Standing:
    """The manifest's stack among what was `found`: it is up, or about to be. Raises StackDownError."""
    for resource in found:
        if not is_up(resource, manifest.label):
            continue
        with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
            labels = resource.labels
            place = read_place(Path(labels[LABEL_WORKDIR]), labels[LABEL_RUN], runfiles)
            kept = (LABEL_RUN, LABEL_OWNER, LABEL_KIND, LABEL_STACK, LABEL_WORKDIR)
            return Standing({name: labels[name] for name in kept}, place)
    raise not_up(manifest.label, manifest.up)


def not_up(stack: str, up: str) -> StackDownError:
    """That the stack with that label is not up, or none at all with an empty one; `up` brings it up, where known."""
    whose, it = ("its", "it") if stack else ("a", "one")
    program = f"`bazel run {up} -- --detach`" if up else f"{whose} stack_up with --detach"
    state = f"{stack} is not up" if stack else "no stack is up"
    return StackDownError(f"{state}: {program} brings {it} up, and gives the terminal back")


async def check_not_up(podman: Podman, manifest: Manifest) -> None:
    """Raises StackAlreadyUpError where the manifest's stack is up."""
    for resource in await podman.resources():
        if is_up(resource, manifest.label):
            detached = resource.labels[LABEL_KIND] == cleanup.KIND_DETACHED
            owner = "detached" if detached else f"process {resource.labels[LABEL_OWNER].partition(':')[0]}"
            raise StackAlreadyUpError(f"{manifest.label} is already up ({owner}): {way_down(manifest)} takes it down")


def command_down(manifest: Manifest) -> str:
    """What a person types to take the manifest's stack down, and no other; empty where it names no program for it."""
    return f"bazel run {manifest.down} -- --stack={manifest.label}" if manifest.down else ""


def way_down(manifest: Manifest) -> str:
    """What takes the manifest's stack down, for a sentence."""
    command = command_down(manifest)
    return f"`{command}`" if command else "its stack_down"


async def containers(podman: Podman, run_id: str) -> dict[str, Resource]:
    """The containers of a run by service, also those that have ended."""
    found = await podman.containers(f"{LABEL_RUN}={run_id}")
    return {each.labels[LABEL_SERVICE]: each for each in found if LABEL_SERVICE in each.labels}
