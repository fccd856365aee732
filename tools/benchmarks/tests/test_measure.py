"""How benchmarks are run: in turn, and whatever goes wrong in one."""

from __future__ import annotations

import asyncio
import io
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest

from tools.benchmarks.core.benchmark import Claim, LeftOut, Setting, Variant
from tools.benchmarks.tests.samples import benchmark, measured, variant


def journalling(name: str, journal: list[str]) -> Variant:
    async def measure(_: Setting) -> Mapping[str, float]:
        journal.append(name)
        return {"time": 1.0}

    return Variant(name, name, measure)


def test_variants_take_turns() -> None:
    journal: list[str] = []
    measured(benchmark(*(journalling(name, journal) for name in "ABC")), 3)
    assert "".join(journal) == "ABCABCABC"


def test_warm_ups_come_first_and_do_not_count() -> None:
    results = measured(benchmark(variant("one", 9.0, 8.0, 1.0, 2.0), warmups=2), 2)
    assert results.variants["one"].values("time") == [1.0, 2.0]


def test_the_short_mode_leaves_details_out() -> None:
    several = [variant("main", 1.0, 2.0), replace(variant("detail", 3.0), detail=True)]
    short = measured(benchmark(*several), 1, short=True)
    assert short.variants["main"].values("time") == [1.0]
    assert short.variants["detail"].left_out
    assert short.complete
    assert measured(benchmark(*several), 1).variants["detail"].values("time") == [3.0]


def test_a_variant_that_fails_is_told_of_in_one_line_and_the_rest_goes_on() -> None:
    log = io.StringIO()
    broken = variant("broken", 1.0, OSError("it broke\nand said much\nof it"), 3.0)
    results = measured(benchmark(broken, variant("sound", 1.0, 2.0, 3.0)), 3, log)
    assert results.variants["broken"].values("time") == [1.0, 3.0]
    assert results.variants["broken"].failures == ["it broke"]
    assert results.variants["sound"].values("time") == [1.0, 2.0, 3.0]
    assert not results.complete
    (line,) = (line for line in log.getvalue().splitlines() if "it broke" in line)
    assert "broken" in line
    assert "round 2 of 3" in line


def test_an_error_without_words_is_named() -> None:
    results = measured(benchmark(variant("broken", RuntimeError()), variant("lost", KeyError("key"))), 1)
    assert results.variants["broken"].failures == ["RuntimeError"]
    assert "KeyError" in results.variants["lost"].failures[0]


def test_of_a_group_of_errors_the_first_is_told() -> None:
    group = ExceptionGroup("many", [ExceptionGroup("inner", [OSError("the cause"), OSError("another")])])
    assert measured(benchmark(variant("broken", group)), 1).variants["broken"].failures == ["the cause"]


def test_what_takes_too_long_is_a_failure() -> None:
    ended: list[bool] = []

    async def hang(_: Setting) -> Mapping[str, float]:
        try:
            await asyncio.Event().wait()
        finally:
            ended.append(True)
        return {}

    results = measured(benchmark(Variant("slow", "hangs", hang, timeout=0.01), variant("sound", 1.0)), 1)
    assert "0.01 s" in results.variants["slow"].failures[0]
    assert results.variants["sound"].values("time") == [1.0]
    assert ended


def test_a_metric_that_nobody_declared_is_a_failure() -> None:
    results = measured(benchmark(variant("odd", 1.0, metric="weight")), 1)
    assert "weight" in results.variants["odd"].failures[0]


def test_what_is_not_possible_here_is_left_out_and_no_failure() -> None:
    log = io.StringIO()
    results = measured(benchmark(variant("frozen", LeftOut("no criu")), variant("sound", 1.0, 2.0)), 2, log)
    assert results.variants["frozen"].left_out == "no criu"
    assert results.variants["frozen"].rounds == []
    assert results.complete
    assert log.getvalue().count("no criu") == 1


def test_all_is_measured_between_preparing_and_its_end_in_a_directory_that_goes() -> None:
    journal: list[str] = []
    settings: list[Setting] = []

    @asynccontextmanager
    async def prepare(setting: Setting) -> AsyncIterator[None]:
        settings.append(setting)
        (setting.directory / "file").write_text("")
        journal.append("in")
        yield
        journal.append("out")

    measured(benchmark(journalling("A", journal), prepare=prepare), 2)
    assert journal == ["in", "A", "A", "out"]
    assert not settings[0].directory.exists()


def test_what_cannot_be_prepared_is_told_of_in_one_line() -> None:
    @asynccontextmanager
    async def prepare(_: Setting) -> AsyncIterator[None]:
        raise OSError("there is no podman\nat all")
        yield

    log = io.StringIO()
    results = measured(benchmark(variant("one", 1.0), prepare=prepare), 1, log)
    assert results.failure == "there is no podman"
    assert not results.complete
    assert "sample failed: there is no podman" in log.getvalue()


@pytest.mark.parametrize(
    "claim",
    [
        Claim("time", ours="nobody", at_most=1),
        Claim("time", ours="one", baseline="nobody", at_least=1),
        Claim("weight", ours="one", at_most=1),
        Claim("time", ours="one"),
        Claim("time", ours="one", at_most=1, at_least=1),
        Claim("time", ours="one", baseline="one", at_most=1),
    ],
)
def test_a_claim_that_means_nothing_is_refused(claim: Claim) -> None:
    with pytest.raises(ValueError, match="claim"):
        benchmark(variant("one", 1.0), claims=[claim])


def test_names_are_not_used_twice() -> None:
    with pytest.raises(ValueError, match="name"):
        benchmark(variant("one", 1.0), variant("one", 1.0))
