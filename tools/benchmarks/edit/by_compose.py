"""The loop as people have it today: an ordinary Dockerfile, podman build, podman-compose, and pytest in a container.

README.md says why podman-compose is called as it is.
"""

from __future__ import annotations

import contextlib
import json
import shutil
import tarfile
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import yaml

from tools.benchmarks.core.benchmark import MeasurementFailed, Setting
from tools.benchmarks.core.process import call
from tools.benchmarks.edit.by_bazel import CASE, workspace
from tools.benchmarks.edit.line import edited
from tools.benchmarks.stacks.compose import Composed
from tools.stack.runner.runfiles import Runfiles

_PROGRAM = "_main/tools/benchmarks/edit/test"
_LAYER = "_main/images/layers/orchestrator.tar"
_IMAGE = "localhost/benchmark-of-an-edit:latest"
_SERVICE = "orchestrator"
_OFTEN_S = 1.0


class Loop:
    """The same stack, brought up by podman-compose from its export, with the image of the orchestrator built by podman.

    The image has the layers of Ray's, which come from a registry where people do this, and the code copied on top.
    """

    def __init__(self) -> None:
        self._stack = Composed("", Path())
        self._build_context = Path()

    @asynccontextmanager
    async def up(self, setting: Setting) -> AsyncIterator[None]:
        """Has it up, beside whatever else is."""
        await self._export(setting.directory)
        self._write_context()
        try:
            await self._build()
            await self._stack.up(_OFTEN_S, *self._services())
            yield
        finally:
            await self._stack.down()
            with contextlib.suppress(MeasurementFailed):
                await call("podman", "rmi", "--force", _IMAGE)

    async def edit(self, interval: float, _: Setting, *, agents_stay: bool = False) -> Mapping[str, float]:
        """Edit, build, have podman-compose put it in the old one's place, wait for its health, run the test.

        Args:
            interval: between two checks of the new orchestrator's health, in seconds; the rest is not checked meanwhile.
            agents_stay: sets AGENT_JOB_STAYS: the agents go on, and the new orchestrator finds them.
        """
        await self._have_agents_stay(agents_stay)
        with edited(self._build_context):
            began = time.monotonic()
            await self._build()
            built = time.monotonic()
            await self._recreate(interval)
            healthy = time.monotonic()
            await self._stack.call("run", "--rm", "--no-deps", "-T", "tests", *self._test_arguments())
            ended = time.monotonic()
        return {"verdict": ended - began, "build": built - began, "ready": healthy - built, "test": ended - healthy}

    async def _have_agents_stay(self, stay: bool) -> None:
        """Sets it, also for the orchestrator that is replaced: it is this one that stops its agents."""
        document = self._document()
        environment = document["services"][_SERVICE]["environment"]
        if environment["AGENT_JOB_STAYS"] != str(int(stay)):
            environment["AGENT_JOB_STAYS"] = str(int(stay))
            self._write(document)
            await self._recreate(_OFTEN_S)

    async def _recreate(self, interval: float) -> None:
        await self._stack.up(interval, "--no-deps", "--force-recreate", _SERVICE)

    async def _export(self, directory: Path) -> None:
        runfiles = Runfiles.discover()
        declared = json.loads(runfiles.resolve(f"{_PROGRAM}.manifest.json").read_text())
        self._stack = Composed(declared["label"], directory / "composed")
        declared["services"].append(declared.pop("tests"))
        manifest = directory / "manifest.json"
        manifest.write_text(json.dumps(declared))
        await call(runfiles.resolve(_PROGRAM), "compose", manifest, "--output", self._stack.directory)
        document = self._document()
        document["services"][_SERVICE]["image"] = _IMAGE
        self._write(document)

    def _write(self, document: Mapping[str, Any]) -> None:
        self._stack.file.write_text(yaml.safe_dump(dict(document), sort_keys=False))

    def _document(self) -> dict[str, Any]:
        return dict(yaml.safe_load(self._stack.file.read_text()))

    def _services(self) -> list[str]:
        return [name for name in self._document()["services"] if name != "tests"]

    def _test_arguments(self) -> list[str]:
        return [*self._document()["services"]["tests"]["command"], "-k", CASE]

    def _write_context(self) -> None:
        directory = self._build_context = self._stack.directory / "build"
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
        await call("podman", "build", "--quiet", "--tag", _IMAGE, self._build_context)
