"""The tests' end of the control socket, whose other end is the runner (tools/stack/runner/faults/control.py)."""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any


class FaultFailed(Exception):
    """What was asked for could not be done; one line says why."""


@dataclass(frozen=True, slots=True)
class Usage:
    """Memory that a service takes, in bytes: `anonymous` is heaps and stacks, `in_use` also active caches of files."""

    in_use: int
    anonymous: int


class Faults:
    """What can be done to the services of this test's stack, by their names in the BUILD file.

    Each method returns when it is done, and raises FaultFailed when it can't be. An end that was not asked for here
    still fails the whole test. Safe to use from several threads.
    """

    def __init__(self, path: str | None = None) -> None:
        """`path` is that of the control socket; without it, the one that the runner names in the environment."""
        self._path = path or os.environ.get("STACK_CONTROL", "")
        if not self._path:
            raise FaultFailed("there is no control socket: declare the test with stack_test(faults = True)")

    def kill(self, service: str) -> None:
        """Ends all its processes by SIGKILL. It stays down until `start`."""
        self._ask("kill", service)

    def stop(self, service: str) -> None:
        """Ends it by SIGTERM, and by SIGKILL after its stop_timeout. It stays down until `start`."""
        self._ask("stop", service)

    def start(self, service: str) -> None:
        """Starts it again, with what its volumes hold, and waits until its probe says that it is ready."""
        self._ask("start", service)

    def restart(self, service: str) -> None:
        """`stop` and `start`."""
        self._ask("restart", service)

    def pause(self, service: str) -> None:
        """Freezes it until `unpause`: its connections stay open, and nothing is answered."""
        self._ask("pause", service)

    def unpause(self, service: str) -> None:
        """Lets it go on after `pause`."""
        self._ask("unpause", service)

    def kill_process(self, service: str, command: str) -> None:
        """Ends one of its processes by SIGKILL: the oldest whose command line contains `command`, but never its first."""
        self._ask("kill_process", service, command)

    def cut(self, one: str, other: str) -> None:
        """Lets no packet pass between two services until `heal`; connections stay open. "tests" is this container."""
        self._ask("cut", one, other)

    def heal(self, one: str = "", other: str = "") -> None:
        """Takes back the cut between two services; without names, all cuts."""
        self._ask("heal", one, other)

    @contextmanager
    def cut_off(self, one: str, other: str) -> Iterator[None]:
        """Two services are cut off from each other for the duration of the block."""
        self.cut(one, other)
        try:
            yield
        finally:
            self.heal(one, other)

    def slow(self, service: str, milliseconds: int) -> None:
        """Has each packet that it sends take so much longer, until this is called with 0."""
        self._ask("slow", service, str(milliseconds))

    def fill_disk(self, service: str, path: str = "") -> None:
        """Takes all room in one of its volumes until `free_disk`; it has to have a `volume_size`.

        `path` is the volume's, and may be left out where the service has one only. A restart changes nothing.
        """
        self._ask("fill_disk", service, path)

    def free_disk(self, service: str, path: str = "") -> None:
        """Gives back the room that `fill_disk` took."""
        self._ask("free_disk", service, path)

    @contextmanager
    def full_disk(self, service: str, path: str = "") -> Iterator[None]:
        """A volume of the service is full for the duration of the block."""
        self.fill_disk(service, path)
        try:
            yield
        finally:
            self.free_disk(service, path)

    def usage(self, service: str) -> Usage:
        """What it takes now."""
        return Usage(**self._ask("usage", service))

    def _ask(self, action: str, *names: str) -> Any:
        with socket.socket(socket.AF_UNIX) as connection:
            connection.connect(self._path)
            connection.sendall(json.dumps({"do": action, "with": names}).encode() + b"\n")
            with connection.makefile("rb") as answers:
                line = answers.readline()
        if not line:
            raise FaultFailed(f"{action} {' '.join(names)}: the runner hung up")
        answer = json.loads(line)
        if "failed" in answer:
            raise FaultFailed(f"{action} {' '.join(names)}: {answer['failed']}")
        return answer["done"]
