"""Builds share a cache, and bear whatever becomes of it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tools.remote_cache.machine import ACTIONS, COUNT, SUM, Machine
from tools.remote_cache.server import CacheServer

WHOLE = "//:whole"  # Its parts are built, and not asked for by name.
# What was promised is damaged or gone, and stays so: .ci/run looks for it.
LOST = 39
# Where an answer is waited for in vain, it is for no longer than this.
SOON = ("--remote_timeout=1s",)


@pytest.fixture
def fresh(machine: Machine) -> Machine:
    """A machine that has built nothing."""
    machine.write(COUNT)
    machine.clean()
    return machine


@pytest.fixture
def other(tmp_path: Path) -> Iterator[Machine]:
    """Another machine: its checkout and its outputs lie elsewhere, and it has built nothing."""
    machine = Machine(tmp_path / "quite/another/place", tmp_path / "base", Path())
    yield machine
    machine.close()


def damage(cache: CacheServer) -> None:
    """Every blob is as long as before, and its bytes are others."""
    for blob in cache.blobs():
        blob.write_bytes(bytes(byte ^ 1 for byte in blob.read_bytes()))


def test_a_second_machine_runs_neither_actions_nor_tests(cache: CacheServer, fresh: Machine, other: Machine) -> None:
    """What the first one built and tested, the second one has from the cache."""
    with cache.running():
        first = fresh.run("test", cache.url)
        second = other.run("test", cache.url)
    assert (first.status, second.status) == (0, 0)
    assert first.build.hits == 0
    assert first.build.executed > ACTIONS
    assert (second.build.hits, second.build.executed) == (first.build.executed, 0)
    assert first.build.tests == {"//:check": True}
    assert second.build.tests == {"//:check": False}


def test_without_a_cache_that_answers_everything_is_built_here(cache: CacheServer, fresh: Machine) -> None:
    """Nobody listens where the cache should be."""
    outcome = fresh.run("build", cache.url)
    assert (outcome.status, outcome.build.executed) == (0, ACTIONS)


def test_a_cache_that_stops_answering_is_waited_for_and_given_up(cache: CacheServer, fresh: Machine) -> None:
    """Connections are taken, and there is never an answer."""
    with cache.running(), cache.frozen():
        outcome = fresh.run("build", cache.url, *SOON)
    assert (outcome.status, outcome.build.executed) == (0, ACTIONS)


@pytest.mark.parametrize("status", [403, 405, 500, 507])
def test_a_cache_that_takes_nothing_is_still_read(cache: CacheServer, fresh: Machine, status: int) -> None:
    """It is read-only, full, or out of order for uploads; what it has is used."""
    with cache.running():
        fresh.run("build", cache.url)
    stored = len(cache.actions())
    fresh.write(SUM)
    fresh.clean()
    with cache.running(answer_to_put=status):
        outcome = fresh.run("build", cache.url)
    assert (outcome.status, outcome.build.hits, outcome.build.executed) == (0, ACTIONS - 1, 1)
    assert len(cache.actions()) == stored


def test_who_has_no_password_may_only_read(cache: CacheServer, fresh: Machine) -> None:
    """The others have one in the address, and what they store is there for all."""
    with cache.running(password="secret"):
        fresh.run("build", cache.url)
        assert not cache.actions()
        fresh.clean()
        stored = fresh.run("build", cache.url.replace("://", "://ci:secret@"))
        fresh.clean()
        read = fresh.run("build", cache.url)
    assert (stored.status, stored.build.executed) == (0, ACTIONS)
    assert (read.status, read.build.hits) == (0, ACTIONS)


def test_blobs_that_go_between_two_builds_are_built_again(cache: CacheServer, fresh: Machine) -> None:
    """The second build needs parts that the first one has only heard of, and the cache has deleted meanwhile."""
    with cache.running():
        fresh.run("build", cache.url, target=WHOLE)
        fresh.clean()
        assert fresh.run("build", cache.url, target=WHOLE).build.hits == ACTIONS
        for blob in cache.blobs():
            blob.unlink()
        fresh.write(SUM)
        outcome = fresh.run("build", cache.url, target=WHOLE)
    assert outcome.status == 0
    assert outcome.whole


def test_a_damaged_blob_is_never_taken_for_what_it_was(cache: CacheServer, fresh: Machine) -> None:
    """Bazel knows by the digest, and says so by its status; a clean build that asks for nothing mends the cache."""
    with cache.running():
        right = fresh.run("build", cache.url, target=WHOLE).whole
        damage(cache)
        fresh.clean()
        spoiled = fresh.run("build", cache.url, target=WHOLE)
        fresh.clean()
        mending = fresh.run("build", cache.url, "--noremote_accept_cached", target=WHOLE)
        fresh.clean()
        mended = fresh.run("build", cache.url, target=WHOLE)
    assert (spoiled.status, spoiled.whole) == (LOST, "")
    assert (mending.status, mending.whole, mending.build.executed) == (0, right, ACTIONS)
    assert (mended.status, mended.whole, mended.build.hits) == (0, right, ACTIONS)


def test_a_damaged_answer_about_an_action_is_no_answer(cache: CacheServer, fresh: Machine) -> None:
    """The action runs here."""
    with cache.running():
        right = fresh.run("build", cache.url).whole
        for action in cache.actions():
            action.write_bytes(b"\xff" * action.stat().st_size)
        fresh.clean()
        outcome = fresh.run("build", cache.url)
    assert (outcome.status, outcome.whole, outcome.build.executed) == (0, right, ACTIONS)
