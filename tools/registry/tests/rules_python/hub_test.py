"""pip.parse as a user sees it: libraries that import, wheels with those that they need."""

from __future__ import annotations

import importlib.metadata
import os
from pathlib import Path

import grpc
import httpx


def _wheels() -> set[str]:
    runfiles = Path(os.environ["TEST_SRCDIR"])
    return {path.name.split("-")[0] for path in runfiles.rglob("*.whl")}


def test_a_distribution_with_its_dependencies_can_be_imported() -> None:
    assert Path(httpx.__file__).parent.parent.name == "site-packages"
    assert httpx.URL("https://example.invalid/").host == "example.invalid"


def test_a_distribution_in_machine_code_can_be_imported() -> None:
    assert grpc.StatusCode.OK.value[0] == 0


def test_a_distribution_knows_its_version() -> None:
    assert importlib.metadata.version("httpx") == httpx.__version__


def test_the_wheel_brings_the_wheels_that_it_needs_and_no_others() -> None:
    assert {"httpx", "httpcore", "h11", "anyio", "idna", "certifi"} <= _wheels()
    # Of the test itself, as a library.
    assert "grpcio" not in _wheels()
