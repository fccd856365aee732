"""A cache that runs nothing yet, and a machine that builds."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tools.remote_cache.machine import Machine
from tools.remote_cache.server import CacheServer

_LAYERS = [Path("images/layers/base.tar"), Path("images/layers/nginx.tar")]


@pytest.fixture
def cache(tmp_path: Path) -> CacheServer:
    """An empty cache, not started."""
    return CacheServer(_LAYERS, Path("tools/remote_cache/nginx.conf"), tmp_path / "nginx")


@pytest.fixture(scope="session")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    """A machine. What a test before has built is still there."""
    folder = tmp_path_factory.mktemp("first")
    machine = Machine(folder / "checkout", folder / "output", Path())
    yield machine
    machine.close()
