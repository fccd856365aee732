"""Has podman and CRIU freeze a container's processes into a directory, and thaw them from it.

podman keeps a container's checkpoint in the container's own directory, and restores it there with everything that the
container is now: its network, addresses, mounts, limits and log. A link from there to where snapshots are kept saves the
copy of gigabytes that its own way to carry a checkpoint to another container, an archive, would take twice.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from tools.stack.runner.engine.environment import search_path
from tools.stack.runner.engine.podman import Podman, PodmanCommandError, labels_of

# The names that podman gives to them in a container's directory.
_PAGES = "checkpoint"
_SHARED_MEMORY = "devshm-checkpoint.tar"
_DUMP_LOG, _RESTORE_LOG = "dump.log", "restore.log"
_LEFT_BEHIND = (_DUMP_LOG, _RESTORE_LOG, _SHARED_MEMORY, "network.status", "stats-dump", "stats-restore")


class FreezerError(Exception):
    """Something cannot be frozen or thawed; the text is CRIU's or podman's reason."""


class Freezer:
    """Freezes and thaws the containers of one run."""

    def __init__(self, podman: Podman) -> None:
        self._podman = podman

    async def facts(self) -> tuple[Path, dict[str, str]]:
        """Where podman's storage is, and the versions of all programs that have a part in it.

        Raises FreezerError where one is missing.
        """
        if "CONTAINER_HOST" in os.environ:
            raise FreezerError("podman runs on another machine")
        if os.geteuid():
            raise FreezerError("CRIU needs to run as root")
        criu = shutil.which("criu", path=search_path())
        if criu is None:
            raise FreezerError("CRIU is not installed")
        info = json.loads(await self._podman.call("info", "--format", "json"))
        runtime = info["host"]["ociRuntime"]
        return Path(info["store"]["graphRoot"]), {
            "podman": info["version"]["Version"],
            "runtime": f"{runtime['path']} {runtime['version']}",
            "conmon": info["host"]["conmon"]["version"],
            "cgroups": f"{info['host']['cgroupManager']} {info['host']['cgroupVersion']}",
            "criu": _identity(Path(criu)),
        }

    async def freeze(self, container: str, directory: Path) -> None:
        """Writes the container's processes, which run on afterwards, to a directory. Raises FreezerError."""
        (directory / _PAGES).mkdir()
        own = await self._directory(container)
        with _linked(own, directory):
            try:
                await self._podman.call("container", "checkpoint", "--leave-running", "--keep", container)
            except PodmanCommandError as error:
                raise FreezerError(reason(own / _DUMP_LOG, error)) from error
            with contextlib.suppress(FileNotFoundError):
                shutil.move(own / _SHARED_MEMORY, directory / _SHARED_MEMORY)

    async def thaw(self, arguments: Sequence[str], labels: Mapping[str, str], directory: Path) -> str:
        """Makes a container, with the arguments of `podman run`, of what was frozen to a directory; its id.

        Raises FreezerError when that fails; there is no container then.
        """
        container = ""
        try:
            container = (await self._podman.call("create", *labels_of(labels), *arguments)).strip()
            own = await self._directory(container)
            # The runtime's configuration is written when a container is initialised, and restoring needs it, but
            # also a container that is not.
            await self._podman.call("init", container)
            await self._podman.call("container", "cleanup", container)
            with contextlib.suppress(FileNotFoundError):
                shutil.copy(directory / _SHARED_MEMORY, own / _SHARED_MEMORY)
            with _linked(own, directory):
                try:
                    await self._podman.call("container", "restore", "--keep", container)
                except PodmanCommandError as error:
                    raise FreezerError(reason(own / _RESTORE_LOG, error)) from error
        except (PodmanCommandError, FreezerError, OSError) as error:
            if container:
                await self.remove(container)
            raise FreezerError(error.reason if isinstance(error, PodmanCommandError) else str(error)) from error
        return container

    async def remove(self, container: str) -> None:
        """Kills and removes a container."""
        await self._podman.call("rm", "--force", "--ignore", "--volumes", "--time", "0", container)

    async def _directory(self, container: str) -> Path:
        """Where podman keeps what it knows of the container."""
        return Path((await self._podman.call("container", "inspect", "--format", "{{.StaticDir}}", container)).strip())


def _identity(program: Path) -> str:
    status = program.stat()
    return f"{program} {status.st_size} {status.st_mtime_ns}"


@contextmanager
def _linked(own: Path, directory: Path) -> Iterator[None]:
    """Has podman find the pages that are in `directory` in the container's own during the block."""
    link = own / _PAGES
    link.symlink_to(directory / _PAGES)
    try:
        yield
    finally:
        for name in (_PAGES, *_LEFT_BEHIND):
            (own / name).unlink(missing_ok=True)


def reason(log: Path, error: PodmanCommandError) -> str:
    """What CRIU says was wrong; podman's reason where it says nothing."""
    try:
        with log.open(errors="replace") as lines:
            # Without CAP_SYS_RESOURCE it can't raise its own limit, which does no harm.
            wrong = [line for line in lines if "Error (" in line and "RLIMIT_NOFILE for self" not in line]
    except OSError:
        wrong = []
    return wrong[0].partition("): ")[2].strip() if wrong else error.reason
