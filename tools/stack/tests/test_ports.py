"""Ports of this machine that are taken."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator

import pytest

from tools.stack.runner.cli import published
from tools.stack.runner.engine import ports
from tools.stack.runner.errors import ManifestError, PortTakenError
from tools.stack.runner.manifest import Manifest, PublishedPort, parse
from tools.stack.tests import samples


@pytest.fixture
def taken() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def test_a_taken_port_is_named_with_the_process_that_has_it(taken: int) -> None:
    with pytest.raises(PortTakenError, match=rf"{taken}.*process {os.getpid()}"):
        ports.check_free([PublishedPort("nats", "client", taken)])


def test_a_free_port_passes(taken: int) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        free = server.getsockname()[1]
    ports.check_free([PublishedPort("nats", "client", free)])
    assert ports.listener(free) is None


def stack() -> Manifest:
    return parse(
        samples.manifest({"name": "nats", "ports": {"client": 4222, "monitor": 8222}}, publish={"nats:client": 1})
    )


def test_declared_ports_can_be_changed_added_and_left_out() -> None:
    assert published(stack(), []) == [PublishedPort("nats", "client", 1)]
    assert published(stack(), ["nats:client=2"]) == [PublishedPort("nats", "client", 2)]
    assert PublishedPort("nats", "monitor", 3) in published(stack(), ["nats:monitor=3"])
    assert published(stack(), ["nats:client=0"]) == []


@pytest.mark.parametrize(
    "change", ["nats", "nats:client", "nats:client=x", "nats:client=70000", "nats:http=1", "redis:a=1"]
)
def test_a_change_that_means_nothing_is_refused(change: str) -> None:
    with pytest.raises(ManifestError):
        published(stack(), [change])
