"""What a person is told of a stack that is up, is not, or no longer is: commands only where their labels are known."""

from __future__ import annotations

import shutil
from contextlib import AbstractContextManager
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest

from tools.stack.runner import manifest
from tools.stack.runner.cli import main
from tools.stack.runner.commands import keep, show_logs
from tools.stack.runner.engine.container import Place
from tools.stack.runner.engine.locking import FileLock
from tools.stack.runner.engine.podman import LABEL_KIND, LABEL_OWNER, LABEL_RUN, LABEL_STACK, Resource
from tools.stack.runner.errors import StackAlreadyUpError, StackDownError, StackError
from tools.stack.runner.removal import cleanup
from tools.stack.runner.runfiles import Runfiles
from tools.stack.runner.running import standing
from tools.stack.runner.running.session import Session
from tools.stack.tests import samples
from tools.stack.tests.samples import Containers


def declared(**programs: str) -> manifest.Manifest:
    return manifest.parse(samples.manifest({"name": "web"}, **programs))


def is_not_up(stack: manifest.Manifest) -> str:
    with pytest.raises(StackDownError) as raised:
        standing.find([], stack, Runfiles([]))
    return str(raised.value)


async def is_already_up(stack: manifest.Manifest) -> str:
    labels = {LABEL_RUN: "r", LABEL_OWNER: "1:2:3", LABEL_KIND: cleanup.KIND_DETACHED, LABEL_STACK: stack.label}
    with pytest.raises(StackAlreadyUpError) as raised:
        await standing.check_not_up(Containers(Resource("container", "i", "r-web", labels)), stack)
    return str(raised.value)


def test_what_brings_a_stack_up_is_a_command_where_its_label_is_known() -> None:
    assert "//:stack is not up: `bazel run //:up -- --detach` brings it up" in is_not_up(declared(up="//:up"))
    assert "//:stack is not up: its stack_up with --detach brings it up" in is_not_up(declared())


async def test_what_takes_a_stack_down_is_a_command_where_its_label_is_known() -> None:
    assert (await is_already_up(declared(down="//:down"))).endswith(
        ": `bazel run //:down -- --stack=//:stack` takes it down"
    )
    assert (await is_already_up(declared())).endswith(": its stack_down takes it down")


def how_to_go_on(stack: manifest.Manifest, **environment: str) -> list[str]:
    place = SimpleNamespace(container_name=lambda name: f"r-{name}")
    session = cast(Session, SimpleNamespace(manifest=stack, place=place))
    return [line.strip() for line in keep.how_to_go_on(session, StackError("it failed"), environment).splitlines()]


def test_a_stack_that_was_kept_is_gone_on_with_by_commands_where_their_labels_are_known() -> None:
    *_, again, down = how_to_go_on(declared(down="//:down"), TEST_TARGET="//:test")
    assert again.startswith("bazel run //:test -- --attach ")
    assert down.startswith("bazel run //:down -- --stack=//:stack ")
    *_, again, down = how_to_go_on(declared())
    assert again.startswith("its stack_test with --attach ")
    assert down.startswith("its stack_down ")


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--stack=//:stack", "--up=//:up"], "//:stack is not up: `bazel run //:up -- --detach` brings it up"),
        (["--stack=//:stack"], "//:stack is not up: its stack_up with --detach brings it up"),
        ([], "no stack is up: a stack_up with --detach brings one up"),
    ],
)
def test_logs_of_a_stack_that_is_not_up_name_what_brings_just_that_one_up(
    arguments: list[str], told: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(show_logs, "Podman", Containers)
    assert main(["logs", *arguments]) == 1
    assert f"FAILED: {told}" in capsys.readouterr().err


def read_log(workdir: Path, *, taken_down: bool) -> None:
    """Reads a file that is not there, of a stack that is up in that directory when this begins."""
    workdir.mkdir()
    with held_in(workdir) as lock:
        assert lock.try_to_own()
        if taken_down:
            shutil.rmtree(workdir)
        (workdir / "log").read_text()


def held_in(workdir: Path) -> AbstractContextManager[FileLock]:
    place = cast(Place, SimpleNamespace(workdir=workdir))
    return standing.held(standing.Standing({LABEL_STACK: "//:stack"}, place))


def test_what_is_missing_since_the_stack_was_taken_down_is_told_as_that(tmp_path: Path) -> None:
    told = "//:stack was taken down meanwhile"
    with pytest.raises(StackDownError, match=told), held_in(tmp_path / "run"):
        pass
    with pytest.raises(StackDownError, match=told):
        read_log(tmp_path / "run", taken_down=True)


def test_what_is_missing_of_a_stack_that_is_up_is_told_as_it_is(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="log"):
        read_log(tmp_path / "run", taken_down=False)
