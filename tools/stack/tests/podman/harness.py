"""Runs the harness as Bazel does, from outside, and looks for what it leaves."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tools.stack.runner.engine.podman import LABEL_STACK

ACTOR = "/actor.py"
# The label of images that a test has made for itself.
OWNED = "tools.stack.tests"


@dataclass(frozen=True, slots=True)
class Ending:
    """How a run of the harness ended. `error` is its standard error, line by line."""

    code: int
    output: str
    error: list[str]
    seconds: float

    @property
    def diagnosis(self) -> str:
        """The first line of the failure."""
        return next((line for line in self.error if line.startswith("FAILED: ")), "")


class Run:
    """A run of the harness under way, in a process group of its own."""

    def __init__(self, command: Sequence[str], environment: dict[str, str]) -> None:
        self.error: list[str] = []
        self.output: list[str] = []
        self._started = time.monotonic()
        self.process = subprocess.Popen(
            command,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        self._news = threading.Condition()
        self._readers = [
            threading.Thread(target=self._read, args=(self.process.stderr, self.error)),
            threading.Thread(target=self._read, args=(self.process.stdout, self.output)),
        ]
        for reader in self._readers:
            reader.start()

    def _read(self, stream: Any, lines: list[str]) -> None:
        for line in stream:
            with self._news:
                lines.append(line.rstrip("\n"))
                self._news.notify_all()

    def wait_for(self, text: str, timeout: float = 30) -> None:
        """Returns when a line that contains `text` was printed."""
        with self._news:
            seen = self._news.wait_for(lambda: any(text in line for line in [*self.error, *self.output]), timeout)
        if not seen:
            raise AssertionError("\n".join([f"no {text!r} within {timeout} s in:", *self.error, *self.output]))

    def signal_group(self, number: signal.Signals) -> None:
        os.killpg(self.process.pid, number)

    def end(self, timeout: float = 60) -> Ending:
        """Waits for the end."""
        code = self.process.wait(timeout)
        seconds = time.monotonic() - self._started
        for reader in self._readers:
            reader.join(timeout)
        return Ending(code, "\n".join(self.output), self.error, seconds)


@dataclass
class Harness:
    """Starts runs of stacks, all with the label `label`, below `directory`."""

    label: str
    directory: Path
    image: Path
    actor: Path
    environment: dict[str, str] = field(default_factory=dict)
    runs: list[Run] = field(default_factory=list)

    @property
    def outputs(self) -> Path:
        return self.directory / "outputs"

    @property
    def attached(self) -> Path:
        """Where each run of --attach has a folder of its own."""
        return self.directory / "attached"

    @property
    def xml(self) -> Path:
        return self.directory / "test.xml"

    @property
    def timeline(self) -> dict[str, Any]:
        """What the last run wrote as timeline.json."""
        return dict(json.loads((self.outputs / "timeline.json").read_text()))

    def service(self, name: str, *steps: str, **attributes: Any) -> dict[str, Any]:
        """A service that plays these steps of actor.py."""
        return {
            "name": name,
            "image": str(self.image),
            "image_label": "//images:python",
            "command": ["/usr/bin/python3.11", "-u", ACTOR],
            "args": list(steps),
            "mounts": [{"source": str(self.actor), "target": ACTOR}],
            "memory": "128m",
            "ready_timeout": 30,
            "ports": {"main": 8000},
            **attributes,
        }

    def web(self, name: str = "web", *steps: str, **attributes: Any) -> dict[str, Any]:
        """A service that is ready when it answers HTTP on port 8000, after these steps."""
        probe = {"kind": "http", "port": "main"}
        return self.service(name, *steps, "serve:8000", "wait", **{"probe": probe, **attributes})

    def manifest(
        self, *services: dict[str, Any], tests: Sequence[str] | dict[str, Any] = (), **attributes: Any
    ) -> Path:
        """Writes a manifest; `tests` are the steps of the tests' container, or its whole declaration."""
        path = self.directory / f"manifest{len(list(self.directory.glob('manifest*')))}.json"
        document = {"version": 1, "label": self.label, "services": services, **attributes}
        if tests:
            document["tests"] = tests if isinstance(tests, dict) else self.service("tests", *tests)
        path.write_text(json.dumps(document))
        return path

    def start(self, *arguments: str | Path, under: Sequence[str] = (), **environment: str) -> Run:
        """Starts `stack ARGUMENTS`, as arguments of the command `under` if there is one."""
        variables = {
            **os.environ,
            "PYTHONPATH": os.pathsep.join(filter(None, sys.path)),
            "TEST_TMPDIR": str(self.directory),
            "TMPDIR": str(self.directory),
            "TEST_UNDECLARED_OUTPUTS_DIR": str(self.outputs),
            "XML_OUTPUT_FILE": str(self.xml),
            "TESTBRIDGE_TEST_ONLY": "",
            "TEST_TIMEOUT": "",
            **self.environment,
            **environment,
        }
        run = Run([*under, sys.executable, "-m", "tools.stack.main", *map(str, arguments)], variables)
        self.runs.append(run)
        return run

    def test(self, *services: dict[str, Any], tests: Sequence[str] = ("cases:passed",), **environment: str) -> Ending:
        """Runs tests against services to the end."""
        return self.start("test", self.manifest(*services, tests=tests), **environment).end()

    def leftovers(self) -> list[str]:
        """Containers, networks, directories and processes of these runs that are there."""
        by_label = ["--filter", f"label={LABEL_STACK}={self.label}", "--format"]
        containers = podman("ps", "--all", *by_label, "{{.Names}}").split()
        networks = podman("network", "ls", *by_label, "{{.Name}}").split()
        directories = [path.name for path in self.directory.glob("stack-*")]
        return [*containers, *networks, *directories, *self._processes()]

    def _processes(self) -> list[str]:
        found = []
        for directory in Path("/proc").iterdir():
            if directory.name.isdigit() and int(directory.name) != os.getpid():
                try:
                    command = (directory / "cmdline").read_bytes().decode(errors="replace")
                except OSError:
                    continue
                if str(self.directory) in command:
                    found.append(f"{directory.name} {command.replace(chr(0), ' ')}")
        return found


def podman(*arguments: str) -> str:
    """Standard output of podman; a failure is the test's."""
    done = subprocess.run(["podman", *arguments], capture_output=True, text=True, check=False)
    if done.returncode:
        raise AssertionError(f"podman {' '.join(arguments)}: {done.stderr}")
    return done.stdout


def free_port() -> int:
    """A port of this machine that nothing listens on."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


def own_image(layout: Path, directory: Path, owner: str) -> str:
    """An image of this test's own, with another's layers: podman may lose names that two runs change at once."""

    def blob(document: Any) -> dict[str, Any]:
        data = json.dumps(document).encode()
        digest = hashlib.sha256(data).hexdigest()
        (directory / "blobs/sha256" / digest).write_bytes(data)
        return {"digest": f"sha256:{digest}", "size": len(data)}

    def read(descriptor: dict[str, Any]) -> Any:
        return json.loads((layout / "blobs" / descriptor["digest"].replace(":", "/")).read_text())

    (directory / "blobs/sha256").mkdir(parents=True)
    for each in (layout / "blobs/sha256").iterdir():
        (directory / "blobs/sha256" / each.name).symlink_to(each.resolve())
    index = json.loads((layout / "index.json").read_text())
    manifest = read(index["manifests"][0])
    config = read(manifest["config"])
    config["config"]["Labels"] = {OWNED: owner}
    manifest["config"] |= blob(config)
    index["manifests"][0] |= blob(manifest)
    (directory / "index.json").write_text(json.dumps(index))
    shutil.copyfile(layout / "oci-layout", directory / "oci-layout")
    return str(directory)
