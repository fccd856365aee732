"""The same build on a first and on a second machine, which share a cache over HTTP or don't."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import AsyncIterator, Mapping
from contextlib import ExitStack, asynccontextmanager
from pathlib import Path

from tools.benchmarks.core.benchmark import (
    Benchmark,
    Better,
    Claim,
    MeasurementFailed,
    Metric,
    Setting,
    Variant,
)
from tools.benchmarks.remote_cache.checkout import copy_sources, figures, run_bazel
from tools.remote_cache.access_log import traffic
from tools.remote_cache.server import CacheServer
from tools.stack.runner.runfiles import Runfiles

_WHOLE = ["test", "//e2e:ray_vllm"]
# As the whole, where the cache answers for the test too, it fetches no file that nothing here reads.
_SHORT = ["build", "//e2e:ray_vllm", "--remote_download_outputs=minimal"]
_FILES = ("images/layers/base.tar", "images/layers/nginx.tar", "tools/remote_cache/nginx.conf")


class _Machines:
    """What the variants share: the sources, and the cache that the first machine of a round fills."""

    def __init__(self) -> None:
        self._cache: CacheServer | None = None

    @asynccontextmanager
    async def prepare(self, setting: Setting) -> AsyncIterator[None]:
        """Copies the sources and starts nginx."""
        await copy_sources(Path(os.environ["BUILD_WORKSPACE_DIRECTORY"]), setting.directory / "sources")
        base, nginx, configuration = (Runfiles.discover().resolve(f"_main/{name}") for name in _FILES)
        self._cache = CacheServer([base, nginx], configuration, setting.directory / "nginx")
        with ExitStack() as stack:
            stack.enter_context(self._cache.running())
            yield

    async def alone(self, setting: Setting) -> Mapping[str, float]:
        """Without a cache."""
        return await self._build(setting)

    async def first(self, setting: Setting) -> Mapping[str, float]:
        """With an empty cache, which it fills."""
        for file in [*self._server.actions(), *self._server.blobs()]:
            file.unlink()
        return await self._build(setting, self._url)

    async def second(self, setting: Setting) -> Mapping[str, float]:
        """With what the first has left."""
        return await self._build(setting, *self._filled())

    async def narrow(self, setting: Setting) -> Mapping[str, float]:
        """The same, but layers of wheels and the model are made here."""
        return await self._build(setting, *self._filled(), "--config=narrow")

    @property
    def _server(self) -> CacheServer:
        if self._cache is None:
            raise MeasurementFailed("there is no cache yet: prepare comes first")
        return self._cache

    @property
    def _url(self) -> str:
        return f"--remote_cache={self._server.url}"

    def _filled(self) -> list[str]:
        if not self._server.actions():
            raise MeasurementFailed("the first machine has left nothing in the cache")
        return [self._url]

    async def _build(self, setting: Setting, *flags: str) -> Mapping[str, float]:
        # Each lies somewhere else, as deep as it happens to be.
        folder = Path(tempfile.mkdtemp(dir=setting.directory))
        shutil.copytree(setting.directory / "sources", folder / "checkout")
        before = len(self._server.requests())
        seconds, build = await run_bazel(folder / "checkout", [*(_SHORT if setting.short else _WHOLE), *flags])
        shutil.rmtree(folder)
        through = traffic(self._server.requests()[before:])
        return {
            **figures(seconds, build),
            "received": through.bytes_down / 1e6,
            "sent": through.bytes_up / 1e6,
        }


_MACHINES = _Machines()

BENCHMARK = Benchmark(
    name="remote_cache",
    title="bazel test //e2e:ray_vllm on a machine that starts from nothing; the short mode only builds",
    metrics=[
        Metric("seconds", "until Bazel has ended"),
        Metric("executed", "actions, with the test, that ran on this machine", unit=""),
        Metric("hits", "actions that the cache answered for", unit="", better=Better.HIGHER),
        Metric("received", "received from the cache", unit="MB"),
        Metric("sent", "sent to the cache", unit="MB"),
    ],
    variants=[
        Variant("alone", "without a cache", _MACHINES.alone, 900, detail=True),
        Variant("first", "the first machine that uses the cache, and fills it", _MACHINES.first, 900),
        Variant("second", "another one after it, with its checkout at another path", _MACHINES.second, 900),
        Variant(
            "narrow",
            "the same with --config=narrow: layers of wheels and the model are not fetched",
            _MACHINES.narrow,
            900,
            detail=True,
        ),
    ],
    claims=[Claim("executed", ours="second", at_most=0)],
    rounds=2,
    short_rounds=1,
    prepare=_MACHINES.prepare,
)
