"""What tests do to services: each fault in a stack of its own, seen from the tests' container."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from tools.stack.faults import client
from tools.stack.tests.podman.harness import Ending, Harness

URL = "http://web:8000/"


def hurt(harness: Harness, *steps: str, web: Sequence[str] = (), **attributes: object) -> Ending:
    """Runs these steps of actor.py as the tests of a stack of "web" and "peer"."""
    services = [harness.web("web", *web, **{"stop_timeout": 1, **attributes}), harness.web("peer")]
    tests = harness.service("tests", *steps, "cases:passed")
    library = {"source": str(Path(client.__file__).resolve()), "target": "/app/tools/stack/faults/client.py"}
    manifest = harness.manifest(*services, tests={**tests, "mounts": [*tests["mounts"], library]}, faults=True)
    return harness.start("test", manifest).end()


@pytest.mark.parametrize(
    "steps",
    [
        ["fault:kill web", f"lost:{URL}", "fault:start web", f"get:{URL}"],
        ["fault:stop web", f"lost:{URL}", "fault:start web", f"get:{URL}"],
        ["fault:restart web", f"get:{URL}"],
        ["fault:pause web", f"lost:{URL}", "fault:unpause web", f"get:{URL}"],
        ["fault:cut web tests", f"lost:{URL}", "get:http://peer:8000/", "fault:heal web tests", f"get:{URL}"],
        ["fault:cut tests web", "fault:restart web", f"lost:{URL}", "fault:heal", f"get:{URL}"],
        ["fault:cut web peer", f"get:{URL}", "get:http://peer:8000/"],
        ["fault:slow web 200", f"slow:{URL}", "quick:http://peer:8000/", "fault:slow web 0", f"quick:{URL}"],
        ["fault:slow web 200", "fault:restart web", f"slow:{URL}", "unfault:slow web x"],
        ["fault:usage web"],
        ["unfault:kill nobody", "unfault:kill tests", "unfault:cut web web", "unfault:start web", f"get:{URL}"],
        ["fault:kill web", "unfault:kill web", "unfault:usage web", "fault:start web"],
        ["unfault:kill_process web sleeper", "unfault:kill_process web actor.py"],
    ],
    ids=" ".join,
)
def test_a_fault_does_what_it_says_and_nothing_else(harness: Harness, steps: Sequence[str]) -> None:
    ended = hurt(harness, *steps)
    assert ended.code == 0, "\n".join([*ended.error, ended.output])


def test_one_process_of_a_service_can_be_killed(harness: Harness) -> None:
    steps = ["fault:kill_process web sleeper", f"get:{URL}", "unfault:kill_process web sleeper"]
    ended = hurt(harness, *steps, web=["child:sleeper"])
    assert ended.code == 0, "\n".join([*ended.error, ended.output])


def test_an_end_that_nobody_asked_for_is_still_a_failure(harness: Harness) -> None:
    """The volume tells the service that it was started before, and then it ends by itself."""
    ended = hurt(harness, "fault:restart web", "sleep:20", web=["again:/data/first"], volumes=["/data"])
    assert ended.code == 1
    assert "web exited 3" in ended.diagnosis


def test_memory_does_not_survive_a_restart_as_volumes_do(harness: Harness) -> None:
    steps = ["fault:restart web", "sleep:2", f"get:{URL}"]
    ended = hurt(harness, *steps, web=["again:/memory/first"], tmpfs=["/memory"])
    assert ended.code == 0, "\n".join([*ended.error, ended.output])


def test_what_a_test_did_is_in_the_timeline(harness: Harness) -> None:
    hurt(harness, "fault:kill web", "fault:start web")
    assert [fault["name"] for fault in harness.timeline["faults"]] == ["kill web", "start web"]


def test_tests_that_did_not_declare_faults_have_no_socket(harness: Harness) -> None:
    assert harness.test(harness.web(), tests=["absent:/stack/control", "cases:passed"]).code == 0


SAVE = f"{URL}save/data"


def test_a_full_disk_takes_nothing_until_there_is_room_again_also_after_a_restart(harness: Harness) -> None:
    steps = [
        f"get:{SAVE}/before",
        "fault:fill_disk web",
        f"lost:{SAVE}/full",
        "fault:kill web",
        "fault:start web",
        f"lost:{SAVE}/full",
        f"get:{URL}save/other/data",
        "fault:free_disk web /data",
        f"get:{SAVE}/after",
        "unfault:fill_disk web /absent",
        "unfault:fill_disk peer",
    ]
    ended = hurt(harness, *steps, volumes=["/data"], volume_size="1m", tmpfs=["/other"])
    assert ended.code == 0, "\n".join([*ended.error, ended.output])


def test_a_volume_of_which_nothing_was_said_cannot_be_filled(harness: Harness) -> None:
    """It is on this machine's disk."""
    ended = hurt(harness, "unfault:fill_disk web /data", volumes=["/data"])
    assert ended.code == 0, "\n".join([*ended.error, ended.output])


def test_a_size_that_cannot_be_had_is_told_of(harness: Harness) -> None:
    ended = hurt(harness, volumes=["/data"], volume_size="much")
    assert ended.code == 1
    for fact in ("web", "much"):
        assert fact in ended.diagnosis


def test_a_task_is_no_service_that_tests_could_hurt(harness: Harness) -> None:
    ended = hurt(
        harness, "unfault:kill web", "unfault:start web", "fault:cut web peer", web=["exit:0"], probe=None, task=True
    )
    assert ended.code == 0, "\n".join([*ended.error, ended.output])


def test_a_service_is_ready_when_its_log_says_so_and_after_a_restart_when_it_says_so_again(harness: Harness) -> None:
    steps = ["get:http://web:8001/", "fault:restart web", "get:http://web:8001/"]
    web = ["sleep:1", "serve:8001", "say:listening"]
    ended = hurt(harness, *steps, web=web, probe={"kind": "log", "pattern": "^listening$"})
    assert ended.code == 0, "\n".join([*ended.error, ended.output])
