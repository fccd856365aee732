"""`stack_test --keep`: a run whose stack stays up when it fails, for a person to look at."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from tools.stack.runner.commands import testing
from tools.stack.runner.commands.bazel_test import BazelTest
from tools.stack.runner.errors import ServiceError, StackError
from tools.stack.runner.manifest import Manifest
from tools.stack.runner.removal import cleanup
from tools.stack.runner.runfiles import Runfiles
from tools.stack.runner.running.session import Keep, Session, Settings
from tools.stack.runner.running.standing import check_not_up, command_down

_IN_TOOLBOX = Path("/run/ray-vllm-toolbox")


async def run(manifest: Manifest, runfiles: Runfiles, bazel: BazelTest, arguments: Sequence[str]) -> None:
    """Runs the stack and its tests as testing.run does; after a failure all that runs stays, and it says how to go on.

    Raises StackAlreadyUpError where the same stack is up: nobody could tell which one is meant then.
    """
    directory = Path(tempfile.gettempdir())  # Bazel's own does not outlast the run.
    settings = Settings(cleanup.KIND_DETACHED, directory, bazel.outputs, keep=Keep.AFTER_FAILURE)
    session = Session(manifest, runfiles, settings)
    try:
        await testing.run_in(
            session, replace(bazel, timeout=0), arguments, lambda: check_not_up(session.podman, manifest)
        )
    except StackError as error:
        if session.kept:
            advice = how_to_go_on(session, error, os.environ)
            error.evidence = "\n\n".join(filter(None, (error.evidence, advice)))
        raise


def how_to_go_on(session: Session, error: StackError, environment: Mapping[str, str]) -> str:
    """What a person can do with the stack that stays up after the error: look inside, attach, take it down."""
    inside = error.service if isinstance(error, ServiceError) else ""
    names = [service.name for service in session.manifest.services if not service.task]
    container = session.place.container_name(inside if inside in names else names[-1])
    target = environment.get("TEST_TARGET")
    again = f"bazel run {target} -- --attach" if target else "its stack_test with --attach"
    lines = [
        (f"podman exec -it {container} bash", "inside one service; so with " + ", ".join(names)),
        (f"podman logs {session.place.container_name('tests')}", "what the tests wrote"),
    ]
    lines = [(_podman(environment) + command, meaning) for command, meaning in lines]
    lines += [
        (again, "the tests again; what you have edited is replaced first"),
        (command_down(session.manifest) or "its stack_down", "takes it down"),
    ]
    width = max(len(command) for command, _ in lines)
    return "\n".join(["The stack stays up:", *(f"  {command:<{width}}  {meaning}" for command, meaning in lines)])


def _podman(environment: Mapping[str, str]) -> str:
    """What has to be written before `podman` in a terminal of the workspace: it may be in the toolbox alone."""
    toolbox = Path(environment.get("BUILD_WORKSPACE_DIRECTORY", "/"), "tools/toolbox/toolbox")
    return "tools/toolbox/toolbox run " if _IN_TOOLBOX.exists() and toolbox.is_file() else ""
