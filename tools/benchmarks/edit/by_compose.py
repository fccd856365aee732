"""The loop as people have it today: an ordinary Dockerfile, podman build, podman-compose, and pytest in a container."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import shutil
import sys
import tarfile
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import yaml

from tools.benchmarks.core.benchmark import MeasurementFailed, Setting
from tools.benchmarks.core.process import call
from tools.benchmarks.edit.by_bazel import TEST, workspace
from tools.benchmarks.edit.line import edited
from tools.stack.runner.compose.document import project
from tools.stack.runner.runfiles import Runfiles

_PROGRAM = "_main/e2e/orchestrator"
_LAYER = "_main/images/layers/orchestrator.tar"
_IMAGE = "localhost/benchmark-of-an-edit:latest"
_SERVICE = "orchestrator"
_PATIENCE = 240.0
_POLL = 0.2


class Composed:
    """The same stack, brought up by podman-compose from its export, with the image of the orchestrator built by podman.

    The image has the layers of Ray's, which come from a registry where people do this, and the code copied on top.
    """

    def __init__(self) -> None:
        self._directory = Path()
        self._environment: dict[str, str] = {}
        self._project = ""

    @asynccontextmanager
    async def up(self, setting: Setting) -> AsyncIterator[None]:
        """Has it up, beside whatever else is."""
        self._directory = setting.directory / "composed"
        self._environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
        await self._export(setting.directory)
        self._write_context(self._directory / "build")
        await self._build()
        checks = await asyncio.create_subprocess_exec(self._directory / "healthchecks.sh")
        try:
            await self._compose("up", "-d", *self._services())
            await self._until_healthy()
            yield
        finally:
            checks.terminate()
            await checks.wait()
            await self._compose("down", "-v")
            with contextlib.suppress(MeasurementFailed):
                await call("podman", "rmi", "--force", _IMAGE)

    async def edit(self, _: Setting) -> Mapping[str, float]:
        """Edit, build, have podman-compose put it in the old one's place, wait for its health, run the test."""
        return await self._edit(agents_stay=False)

    async def edit_beside_agents(self, _: Setting) -> Mapping[str, float]:
        """The same with AGENT_JOB_STAYS: the agents go on, and the new orchestrator finds them."""
        return await self._edit(agents_stay=True)

    async def _edit(self, *, agents_stay: bool) -> Mapping[str, float]:
        await self._have_agents_stay(agents_stay)
        with edited(self._directory / "build"):
            began = time.monotonic()
            await self._build()
            built = time.monotonic()
            await self._recreate()
            healthy = time.monotonic()
            await self._compose("run", "--rm", "--no-deps", "-T", "tests", *self._test_arguments())
            ended = time.monotonic()
        return {"verdict": ended - began, "build": built - began, "ready": healthy - built, "test": ended - healthy}

    async def _have_agents_stay(self, stay: bool) -> None:
        """Sets it, also for the orchestrator that is replaced: it is this one that stops its agents."""
        document = self._document()
        environment = document["services"][_SERVICE]["environment"]
        if environment["AGENT_JOB_STAYS"] != str(int(stay)):
            environment["AGENT_JOB_STAYS"] = str(int(stay))
            self._write(document)
            await self._recreate()

    async def _recreate(self) -> None:
        await self._compose("up", "-d", "--no-deps", "--force-recreate", _SERVICE)
        await self._until_healthy()

    async def _export(self, directory: Path) -> None:
        runfiles = Runfiles.discover()
        declared = json.loads(runfiles.resolve(f"{_PROGRAM}.manifest.json").read_text())
        self._project = project(declared["label"])
        declared["services"].append(declared.pop("tests"))
        manifest = directory / "manifest.json"
        manifest.write_text(json.dumps(declared))
        await call(runfiles.resolve(_PROGRAM), "compose", manifest, "--output", self._directory)
        document = self._document()
        document["services"][_SERVICE]["image"] = _IMAGE
        self._write(document)

    def _write(self, document: Mapping[str, Any]) -> None:
        (self._directory / "compose.yaml").write_text(yaml.safe_dump(dict(document), sort_keys=False))

    def _document(self) -> dict[str, Any]:
        return dict(yaml.safe_load((self._directory / "compose.yaml").read_text()))

    def _services(self) -> list[str]:
        return [name for name in self._document()["services"] if name != "tests"]

    def _test_arguments(self) -> list[str]:
        return [*self._document()["services"]["tests"]["command"], "-k", TEST]

    def _write_context(self, directory: Path) -> None:
        base = self._document()["services"]["ray-head"]["image"]
        directory.mkdir()
        shutil.copytree(workspace() / "orchestrator", directory / "orchestrator")
        # The stubs, which a person makes by hand.
        with tarfile.open(Runfiles.discover().resolve(_LAYER)) as layer:
            stubs = [member for member in layer if member.name.startswith("app/protos") and member.name.endswith(".py")]
            layer.extractall(directory, members=stubs)  # noqa: S202  # It is ours.
        (directory / "Dockerfile").write_text(
            f"FROM {base}\n"
            "COPY app/protos /app/protos\n"
            "COPY orchestrator /app/orchestrator\n"
            'ENTRYPOINT ["/usr/bin/python3.11", "-m", "orchestrator"]\n'
        )

    async def _build(self) -> None:
        await call("podman", "build", "--quiet", "--tag", _IMAGE, self._directory / "build")

    async def _compose(self, *arguments: str) -> str:
        file = self._directory / "compose.yaml"
        command = (sys.executable, "-m", "podman_compose", "-f", file)
        return await call(*command, *arguments, environment=self._environment)

    async def _until_healthy(self) -> None:
        container = f"{self._project}_{_SERVICE}_1"
        async with asyncio.timeout(_PATIENCE):
            while await self._health(container) != "healthy":
                await asyncio.sleep(_POLL)

    async def _health(self, container: str) -> str:
        return (await call("podman", "inspect", "--format", "{{.State.Health.Status}}", container)).strip()
