"""The only module that calls podman.

Commands run in a session of their own: a signal to the test's process group must not stop podman half-way through
creating something. Each carries the run's id in its environment, by which the reaper finds those still under way.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from tools.stack.runner.engine import environment, rootless
from tools.stack.runner.errors import PodmanBrokenError, PodmanMissingError, StackError

RUN_ID_VARIABLE = "TOOLS_STACK_RUN"

LABEL_RUN = "tools.stack.run"
LABEL_OWNER = "tools.stack.owner"
LABEL_KIND = "tools.stack.kind"
LABEL_STACK = "tools.stack.stack"
LABEL_SERVICE = "tools.stack.service"
LABEL_WORKDIR = "tools.stack.workdir"
LABEL_CONTENT = "tools.stack.content"

# podman lists all that it has as slowly as it looks for a few, one by one.
_FEW = 2
_NO_SUCH_IMAGE = 1

_LOG_PREFIX = re.compile(r'^(?:time="[^"]*" )?(?:level=\w+ msg=)?(?:Error:\s*)?')


class PodmanCommandError(StackError):
    """A podman command failed. `reason` is podman's own, and so is `returncode`, -9 where it was killed."""

    def __init__(self, command: str, returncode: int, stderr: str) -> None:
        self.returncode = returncode
        self.reason = reason_of(stderr) or f"it ended with {returncode} and said nothing"
        super().__init__(f"podman {command} failed: {self.reason}", stderr.strip())


def reason_of(stderr: str) -> str:
    """The line of podman's error output that carries the reason, without its prefixes."""
    lines = [line.strip() for line in stderr.splitlines() if line.strip()]
    errors = [line for line in lines if line.startswith("Error:")] or lines
    return _LOG_PREFIX.sub("", errors[-1]).strip('"') if errors else ""


@dataclass(frozen=True, slots=True)
class ContainerState:
    """What podman says of a container. `seconds` is how long it ran, 0 when it didn't end yet."""

    id: str
    service: str
    status: str
    exit_code: int
    oom_killed: bool
    error: str
    seconds: float
    raw: Mapping[str, Any]

    @property
    def running(self) -> bool:
        return self.status in ("running", "paused", "stopping")


@dataclass(frozen=True, slots=True)
class Resource:
    """A container or network that carries our labels. The rest is of containers alone; `pid` is 0 when it has ended."""

    kind: str  # "container" or "network"
    id: str
    name: str
    labels: Mapping[str, str]
    image: str = ""
    pid: int = 0
    exit_code: int = 0


class Podman:
    """Runs podman for one run of a stack."""

    def __init__(self, run_id: str = "", temporary: Path | None = None) -> None:
        """`temporary` is where podman unpacks images to; without it, podman's own default (/var/tmp)."""
        self._environment = environment.of_podman()
        if run_id:
            self._environment[RUN_ID_VARIABLE] = run_id
        if temporary:
            self._environment["TMPDIR"] = str(temporary)

    async def call(self, *arguments: str, timeout: float = 120.0, abort: bool = False) -> str:
        """Standard output of `podman ARGUMENTS`.

        When the caller is cancelled the command is still waited for, so that it can't create anything behind the
        clean-up's back; with `abort` it is told to stop first. Raises PodmanCommandError and PodmanMissingError.
        """
        program = shutil.which("podman", path=self._environment["PATH"])
        if program is None:
            raise PodmanMissingError(
                f"podman is missing: install podman 4.3 or newer (PATH is {self._environment['PATH']})"
            )
        process = await asyncio.create_subprocess_exec(
            program,
            *arguments,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env=self._environment,
            start_new_session=True,
        )
        finished = asyncio.ensure_future(process.communicate())
        try:
            stdout, stderr = await asyncio.wait_for(asyncio.shield(finished), timeout)
        except TimeoutError:
            process.kill()
            await finished
            raise PodmanCommandError(arguments[0], -9, f"no answer within {timeout:.0f} s") from None
        except asyncio.CancelledError:
            if abort:
                process.terminate()
            await finished
            raise
        if process.returncode:
            raise PodmanCommandError(_name(arguments), process.returncode, stderr.decode(errors="replace"))
        return stdout.decode(errors="replace")

    async def check(self) -> None:
        """Raises PodmanMissingError or PodmanBrokenError, with podman's own reason, unless podman works."""
        if os.geteuid():
            raise PodmanBrokenError(rootless.refusal(rootless.Host.here()))
        try:
            await self.call("ps", "--quiet", timeout=30)
        except PodmanCommandError as error:
            raise PodmanBrokenError(f"podman is installed but does not work: {error.reason}", error.evidence) from error

    async def storage(self) -> Path:
        """The directory that holds images and containers."""
        return Path((await self.call("info", "--format", "{{.Store.GraphRoot}}")).strip())

    async def present_images(self, ids: Sequence[str]) -> set[str]:
        """Those of the image ids that are in podman's storage."""
        if len(ids) <= _FEW:
            there = await asyncio.gather(*(self._has_image(image) for image in ids))
            return {image for image, present in zip(ids, there, strict=True) if present}
        known = set((await self.call("images", "--all", "--quiet", "--no-trunc")).split())
        return {image for image in ids if f"sha256:{image}" in known}

    async def _has_image(self, image: str) -> bool:
        try:
            await self.call("image", "exists", image)
        except PodmanCommandError as error:
            if error.returncode == _NO_SUCH_IMAGE:
                return False
            raise
        return True

    async def stored_layers(self) -> set[str]:
        """Digests of the uncompressed layers of all images in storage."""
        ids = set((await self.call("images", "--all", "--quiet", "--no-trunc")).split())
        if not ids:
            return set()
        inspected = json.loads(await self.call("image", "inspect", *ids))
        return {layer for image in inspected for layer in image["RootFS"].get("Layers") or ()}

    async def pull(self, layout: Path) -> str:
        """Copies an OCI layout's missing layers into storage; the image's id."""
        return (await self.call("pull", "--quiet", f"oci:{layout}", timeout=1800, abort=True)).strip()

    async def tag(self, image: str, name: str) -> None:
        """Gives an image in storage a name, besides those that it has."""
        await self.call("tag", image, name)

    async def create_network(
        self, name: str, subnet: str, gateway: str, options: Sequence[str], labels: Mapping[str, str]
    ) -> bool:
        """Creates a bridge network without a name server; False when this machine already uses the subnet."""
        arguments = ["--disable-dns", "--subnet", subnet, "--gateway", gateway, *options, *labels_of(labels), name]
        try:
            await self.call("network", "create", *arguments)
        except PodmanCommandError as error:
            if "already used" in error.reason:
                return False
            raise
        return True

    async def run(self, arguments: Sequence[str], labels: Mapping[str, str]) -> str:
        """Starts a container in the background; its id."""
        return (await self.call("run", "--detach", *labels_of(labels), *arguments)).strip()

    async def execute(self, container: str, command: Sequence[str]) -> str:
        """Runs a command inside a container; its output."""
        return await self.call("exec", container, *command, abort=True)

    async def inspect(self, containers: Sequence[str]) -> list[ContainerState]:
        """States of containers that exist, in the order asked for."""
        if not containers:
            return []
        states = []
        for raw in json.loads(await self.call("inspect", "--type", "container", *containers)):
            state = raw["State"]
            states.append(
                ContainerState(
                    id=raw["Id"],
                    service=raw["Config"]["Labels"].get(LABEL_SERVICE, raw["Name"]),
                    status=state["Status"],
                    exit_code=state["ExitCode"],
                    oom_killed=bool(state["OOMKilled"]),
                    error=state.get("Error") or "",
                    seconds=_seconds(state["StartedAt"], state["FinishedAt"]),
                    raw=raw,
                )
            )
        return states

    async def start(self, container: str) -> None:
        """Starts a container that has ended, with the mounts and the address that it had."""
        await self.call("start", container)

    async def kill(self, container: str, signal: str = "KILL") -> None:
        """Sends a signal to a container; it may still run when this returns."""
        await self.call("kill", "--signal", signal, container)

    async def pause(self, container: str) -> None:
        """Freezes all its processes."""
        await self.call("pause", container)

    async def unpause(self, container: str) -> None:
        """Lets its processes go on."""
        await self.call("unpause", container)

    async def stop(self, container: str, timeout: float) -> None:
        """SIGTERM, and SIGKILL after `timeout` seconds."""
        await self.call("stop", "--ignore", "--time", str(round(timeout)), container, timeout=timeout + 30)

    async def resources(self, label: str = LABEL_RUN) -> list[Resource]:
        """All containers and networks with that label ("NAME" or "NAME=VALUE")."""
        containers, networks = await asyncio.gather(
            self.containers(label),
            self.call("network", "ls", "--filter", f"label={label}", "--format", "json"),
        )
        return containers + [
            Resource("network", network["id"], network["name"], network.get("labels") or {})
            for network in json.loads(networks or "[]")
        ]

    async def containers(self, label: str = LABEL_RUN) -> list[Resource]:
        """All containers with that label, also those that have ended."""
        output = await self.call("ps", "--all", "--no-trunc", "--filter", f"label={label}", "--format", "json")
        return [
            Resource("container", c["Id"], c["Names"][0], c["Labels"] or {}, c["ImageID"], c["Pid"], c["ExitCode"])
            for c in json.loads(output or "[]")
        ]

    async def stop_and_remove(self, container: str, timeout: float) -> None:
        """Ends a container as `stop` does, and removes it."""
        command = ("rm", "--force", "--ignore", "--volumes", "--time", str(round(timeout)), container)
        await self.call(*command, timeout=timeout + 30)

    async def remove(self, resources: Sequence[Resource]) -> None:
        """Kills and removes containers, then networks. What is gone already is no error."""
        containers = [resource.id for resource in resources if resource.kind == "container"]
        networks = [resource.name for resource in resources if resource.kind == "network"]
        if containers:
            await self.call("rm", "--force", "--ignore", "--volumes", "--time", "0", *containers)
        for network in networks:
            try:
                await self.call("network", "rm", "--force", "--time", "0", network)
            except PodmanCommandError as error:
                if "not found" not in error.reason:
                    raise


def _seconds(started: str, finished: str) -> float:
    return max(0.0, (datetime.fromisoformat(finished) - datetime.fromisoformat(started)).total_seconds())


def labels_of(labels: Mapping[str, str]) -> list[str]:
    """podman's options for a resource that is to carry these labels."""
    return [word for name, value in labels.items() for word in ("--label", f"{name}={value}")]


def _name(arguments: Sequence[str]) -> str:
    return " ".join(arguments[:2]) if arguments[0] in ("network", "image") else arguments[0]
