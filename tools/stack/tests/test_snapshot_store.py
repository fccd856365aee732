"""Snapshots on the disk: whole or not there, within bounds, and nothing of the dead."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tools.stack.runner.process import ProcessIdentity
from tools.stack.runner.snapshot.store import DamagedError, Store


def make(store: Store, key: str, size: int = 10, used: float | None = None) -> Path:
    with store.draft(key) as draft:
        (draft / "pages").mkdir()
        (draft / "pages/1.img").write_bytes(bytes(size))
    with store.opened(key) as path:
        assert path
    if used is not None:
        os.utime(path / "content.json", (used, used))
    return path


def keys(store: Store) -> list[str]:
    return [entry.path.name for entry in store.entries()]


def test_what_was_made_is_found_under_its_key(tmp_path: Path) -> None:
    store = Store(tmp_path / "store")
    path = make(store, "a", 10)
    assert (path / "pages/1.img").read_bytes() == bytes(10)
    with store.opened("b") as other:
        assert other is None
    assert store.has("a")
    assert not store.has("b")


def test_a_draft_that_fails_leaves_nothing(tmp_path: Path) -> None:
    def fail(store: Store) -> None:
        with store.draft("a") as draft:
            (draft / "1.img").write_bytes(b"half")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail(Store(tmp_path))
    assert not list(tmp_path.iterdir())


def test_a_draft_is_no_snapshot_yet(tmp_path: Path) -> None:
    store = Store(tmp_path)
    with store.draft("a"):
        assert not store.has("a")
        assert not keys(store)


def test_of_two_drafts_the_first_to_be_done_is_kept(tmp_path: Path) -> None:
    store = Store(tmp_path)
    with store.draft("a") as slow:
        (slow / "slow").touch()
        with store.draft("a") as quick:
            (quick / "quick").touch()
    with store.opened("a") as path:
        assert path
        assert (path / "quick").exists()
    assert len(list(tmp_path.iterdir())) == 1


@pytest.mark.parametrize("damage", ["cut", "gone", "more", "no list", "no sense"])
def test_a_damaged_snapshot_is_not_opened(tmp_path: Path, damage: str) -> None:
    store = Store(tmp_path)
    path = make(store, "a")
    if damage == "cut":
        os.truncate(path / "pages/1.img", 9)
    elif damage == "gone":
        (path / "pages/1.img").unlink()
    elif damage == "more":
        (path / "pages/2.img").touch()
    elif damage == "no list":
        (path / "content.json").unlink()
    else:
        (path / "content.json").write_text("{")
    with pytest.raises(DamagedError), store.opened("a"):
        pass
    assert store.discard("a")
    assert not store.discard("a")
    assert not list(tmp_path.iterdir())


def test_the_least_recently_used_make_room(tmp_path: Path) -> None:
    store = Store(tmp_path, most_bytes=25)
    make(store, "a", 10, used=1)
    make(store, "b", 10, used=2)
    with store.opened("a"):  # It is used again.
        pass
    make(store, "c", 10)
    assert keys(store) == ["a", "c"]


def test_one_that_is_larger_than_all_may_be_stays_until_the_next(tmp_path: Path) -> None:
    store = Store(tmp_path, most_bytes=25)
    make(store, "a", 10, used=1)
    make(store, "b", 30, used=2)
    assert keys(store) == ["b"]
    make(store, "c", 10)
    assert keys(store) == ["c"]


def test_one_that_is_being_thawed_stays(tmp_path: Path) -> None:
    store = Store(tmp_path, most_bytes=25)
    make(store, "a", 20, used=1)
    with store.opened("a"):
        os.utime(tmp_path / "a/content.json", (1, 1))
        make(store, "b", 20)
        assert store.has("a")
    assert store.shrink() == ["a"]


def test_what_the_dead_were_making_is_swept_and_what_the_living_make_is_not(tmp_path: Path) -> None:
    store = Store(tmp_path)
    make(store, "a")
    program = "import os; from tools.stack.runner.process import ProcessIdentity as P; print(P.current())"
    dead = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout.strip()
    (tmp_path / f"draft~{dead}~b~1").mkdir()
    with store.draft("c") as living:
        store.sweep()
        assert living.is_dir()
        assert str(ProcessIdentity.current()) in living.name
    assert keys(store) == ["a", "c"]
    assert len(list(tmp_path.iterdir())) == 2


def test_clearing_removes_all_and_says_how_many(tmp_path: Path) -> None:
    store = Store(tmp_path / "store")
    assert store.clear() == 0
    make(store, "a")
    make(store, "b")
    assert store.clear() == 2
    assert not list((tmp_path / "store").iterdir())
