import gzip
import json
from pathlib import Path
from typing import Any

from tools.remote_cache.profile import Kind, profile, read_profile


def span(category: str, name: str, ts: int, dur: int, tid: int = 1, mnemonic: str = "") -> dict[str, Any]:
    args = {"args": {"mnemonic": mnemonic}} if mnemonic else {}
    return {"ph": "X", "cat": category, "name": name, "ts": ts, "dur": dur, "tid": tid, "pid": 1, **args}


def action(mnemonic: str, ts: int, dur: int, tid: int = 1) -> dict[str, Any]:
    return span("action processing", f"{mnemonic} of something", ts, dur, tid, mnemonic)


EVENTS = [
    {"ph": "M", "name": "thread_name", "pid": 1, "tid": 1},
    # In the order in which Bazel writes: what is inside is over first.
    span("remote action cache check", "check cache hit", 110, 20),
    span("remote output download", "download outputs", 140, 50),
    action("Wheel", 100, 100),
    span("remote action cache check", "check cache hit", 310, 20),
    span("general information", "subprocess.run", 340, 2_000_000),
    span("Remote execution upload time", "upload outputs", 2_100_000, 400_000),
    action("Wheel", 300, 3_000_000),
    # At the same time, in another thread: one that Bazel does itself, and one that runs without a sandbox.
    action("FileWrite", 100, 50, tid=2),
    span("local action execution", "TestRunner", 210, 70, tid=2),
    action("TestRunner", 200, 1_000_000, tid=2),
]


def test_actions_are_told_apart_by_what_their_thread_did() -> None:
    assert profile(EVENTS).kinds == {"Wheel": Kind(1, 1, 3.0), "TestRunner": Kind(0, 1, 1.0)}


def test_waiting_is_added_up_by_what_was_waited_for() -> None:
    seen = profile(EVENTS)
    assert [round(seconds, 6) for seconds in (seen.lookups, seen.downloads, seen.uploads)] == [0.00004, 0.00005, 0.4]


def test_a_profile_is_read_as_bazel_writes_it(tmp_path: Path) -> None:
    file = tmp_path / "profile.gz"
    file.write_bytes(gzip.compress(json.dumps({"traceEvents": EVENTS}).encode()))
    assert read_profile(file) == profile(EVENTS)
