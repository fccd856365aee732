"""The command line of all programs: stack_test, stack_up and those beside it, stack_compose."""

from __future__ import annotations

import argparse
import asyncio
import os
import signal
import sys
from collections.abc import Coroutine, Sequence
from typing import Any

from tools.stack.runner import manifest
from tools.stack.runner.commands import attach, by_hand, hygiene, keep, restart, show_logs, testing, up
from tools.stack.runner.commands.bazel_test import BazelTest
from tools.stack.runner.compose import command as compose
from tools.stack.runner.display.progress import Progress
from tools.stack.runner.engine.podman import Podman
from tools.stack.runner.errors import ManifestError, StackError
from tools.stack.runner.manifest import Manifest, PublishedPort
from tools.stack.runner.reporting.timeline import Timeline
from tools.stack.runner.runfiles import Runfiles
from tools.stack.runner.snapshot.snapshots import store_of

_UP = """\
Brings the stack up on this machine and keeps it up until Ctrl-C. On a terminal it shows all the time how each service
is, what it last answered and what memory it takes (NO_COLOR=1: without colours).

Ports are open on 127.0.0.1 only; containers can reach each other and nothing else. The table that is printed when all
is ready says where each service listens. Every run starts from nothing: no data is kept.
"""
_UP_EXAMPLES = """\
examples:
  bazel run //tools:stack_up
  bazel run //tools:stack_up -- --publish nats:client=4222     another port for NATS
  bazel run //tools:stack_up -- --detach                       return when it is ready, and leave it up
  bazel run //tools:stack_down                                 take it down, from any terminal

working with it, from another terminal:
  bazel run //tools:stack_restart                              replace what you have changed, and only that
  bazel run //e2e:ray_vllm -- --attach -k NAME                 the same, then the tests that match, in seconds

looking inside while it is up:
  bazel run //tools:stack_logs -- -f                           what all services write
  podman ps                                                    the containers, named RUN-SERVICE
  podman exec -it RUN-SERVICE bash                             a shell inside
  podman exec RUN-SERVICE cat /run/secrets/NAME                a password of this run
"""
_DOWN = """\
Takes down what stack_up has brought up on this machine, from any terminal, and removes what killed runs have left.
"""
_LOGS = """\
Shows what the services of the stack that stack_up has brought up have written, in the order of time.
"""
_LOGS_EXAMPLES = """\
examples:
  bazel run //tools:stack_logs                                 all that all services have written
  bazel run //tools:stack_logs -- -f                           and what they write from now on, until Ctrl-C
  bazel run //tools:stack_logs -- vllm orchestrator -n 20 -f   two services, the last 20 lines of each first
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one command; its exit code. The first line of a failure is its diagnosis."""
    options = _parser().parse_args(sys.argv[1:] if arguments is None else arguments)
    try:
        asyncio.run(_interruptible(options.run(options)))
    except _InterruptedError as interrupted:
        if options.left:
            print(f"interrupted by {signal.Signals(interrupted.signal).name}; {options.left}", file=sys.stderr)
        return 0 if options.until_interrupted(options) else 128 + interrupted.signal
    except StackError as error:
        print(f"FAILED: {error}", *([error.evidence] if error.evidence else []), sep="\n", file=sys.stderr)
        return 1
    return 0


class _InterruptedError(Exception):
    def __init__(self, number: int) -> None:
        super().__init__()
        self.signal = number


async def _interruptible(work: Coroutine[Any, Any, None]) -> None:
    """Awaits `work`, cancelling it at the first signal; it then cleans up, and further signals are ignored."""
    task = asyncio.ensure_future(work)
    received: list[int] = []

    def interrupt(number: int) -> None:
        received.append(number)
        if len(received) == 1:
            task.cancel()

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        asyncio.get_running_loop().add_signal_handler(number, interrupt, number)
    try:
        await task
    except asyncio.CancelledError:
        raise _InterruptedError(received[0]) from None


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="stack", description=__doc__)
    parser.set_defaults(left="everything is removed")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    test = commands.add_parser("test", help="run a stack's tests; further arguments go to pytest")
    test.add_argument("manifest")
    test.add_argument("pytest", nargs=argparse.REMAINDER)
    test.set_defaults(run=_test, until_interrupted=lambda options: False)

    alone = commands.add_parser("hygiene", help="run a service alone with what it needs, and end it")
    alone.add_argument("manifest")
    alone.add_argument("service")
    alone.set_defaults(run=_hygiene, until_interrupted=lambda options: False)

    raw = argparse.RawDescriptionHelpFormatter
    bring_up = commands.add_parser(
        "up", prog="stack_up", help="bring a stack up", description=_UP, epilog=_UP_EXAMPLES, formatter_class=raw
    )
    bring_up.add_argument("manifest", help=argparse.SUPPRESS)
    bring_up.add_argument("--detach", action="store_true", help="return when the stack is ready, and leave it up")
    bring_up.add_argument(
        "--publish",
        action="append",
        default=[],
        metavar="SERVICE:PORT=NUMBER",
        help="publish a service's port as NUMBER instead of its default; 0 does not publish it; may be repeated",
    )
    bring_up.set_defaults(run=_up, until_interrupted=lambda options: not options.detach)

    down = commands.add_parser("down", prog="stack_down", help="take stacks down", description=_DOWN)
    down.add_argument("--stack", default="", metavar="LABEL", help="only this stack; an empty label means every stack")
    down.add_argument("--snapshots", action="store_true", help="remove the snapshots of all stacks, too")
    down.set_defaults(run=_down, until_interrupted=lambda options: False)

    renew = commands.add_parser(
        "restart",
        prog="stack_restart",
        help="replace services of a stack that is up",
        description=restart.DESCRIPTION,
        epilog=restart.EXAMPLES,
        formatter_class=raw,
    )
    renew.add_argument("manifest", help=argparse.SUPPRESS)
    renew.add_argument("service", nargs="*", metavar="SERVICE", help="replace these, whether or not they differ")
    renew.set_defaults(run=_restart, until_interrupted=lambda options: False, left="the stack stays up")

    show = commands.add_parser(
        "logs",
        prog="stack_logs",
        help="show what services write",
        description=_LOGS,
        epilog=_LOGS_EXAMPLES,
        formatter_class=raw,
    )
    show.add_argument("--stack", default="", help=argparse.SUPPRESS)
    show.add_argument("--up", default="", help=argparse.SUPPRESS)
    show.add_argument("service", nargs="*", metavar="SERVICE", help="only what these write")
    show.add_argument("-f", "--follow", action="store_true", help="go on with what they write from now on")
    show.add_argument("-n", "--tail", type=_count, metavar="LINES", help="at first only the last LINES of each service")
    show.set_defaults(run=_logs, until_interrupted=lambda options: options.follow, left="")

    export = commands.add_parser(
        "compose",
        prog="stack_compose",
        help="write a stack as a compose file",
        description=compose.DESCRIPTION,
        epilog=compose.EXAMPLES,
        formatter_class=raw,
    )
    export.add_argument("manifest", help=argparse.SUPPRESS)
    compose.add_arguments(export)
    export.set_defaults(run=_compose, until_interrupted=lambda options: False, left="")
    return parser


async def _test(options: argparse.Namespace) -> None:
    wishes = by_hand.parse(options.pytest, os.environ)
    stack, runfiles = _load(options)
    bazel = BazelTest.from_environment()
    if wishes.attach:
        options.left = "the stack stays up"
        await attach.run(stack, runfiles, bazel, wishes.pytest)
    elif wishes.keep:
        await keep.run(stack, runfiles, bazel, wishes.pytest)
    else:
        await testing.run(stack, runfiles, bazel, wishes.pytest)


async def _hygiene(options: argparse.Namespace) -> None:
    stack, runfiles = _load(options)
    await hygiene.run(stack, runfiles, BazelTest.from_environment(), options.service)


async def _up(options: argparse.Namespace) -> None:
    stack, runfiles = _load(options)
    await up.up(stack, runfiles, published(stack, options.publish), options.detach)


async def _restart(options: argparse.Namespace) -> None:
    await restart.restart(*_load(options), options.service)


async def _logs(options: argparse.Namespace) -> None:
    try:
        wanted = show_logs.Wanted(options.service, options.tail, options.follow)
        await show_logs.show(options.stack, wanted, up=options.up)
    except BrokenPipeError:  # Whoever reads it, such as `head`, has seen enough.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _count(text: str) -> int:
    if not text.isdigit():
        raise argparse.ArgumentTypeError(f"a number of lines is wanted, and not {text!r}")
    return int(text)


async def _down(options: argparse.Namespace) -> None:
    progress = Progress(Timeline())
    if not await up.down(options.stack, progress):
        progress.text("No stack is up.")
    if options.snapshots:
        progress.event(f"snapshots removed: {(await store_of(Podman())).clear()}")


async def _compose(options: argparse.Namespace) -> None:
    await compose.run(*_load(options), options)


def published(stack: Manifest, changes: Sequence[str]) -> list[PublishedPort]:
    """The ports to publish: the declared ones, changed by "SERVICE:PORT=NUMBER". Raises ManifestError."""
    ports = {(port.service, port.port): port.host_port for port in stack.publish}
    for change in changes:
        key, _, number = change.partition("=")
        service, _, port = key.partition(":")
        if not number.isdigit() or int(number) > 65535:
            raise ManifestError(f"--publish wants SERVICE:PORT=NUMBER, such as nats:client=24222, and not {change!r}")
        if port not in stack.service(service).ports:
            known = ", ".join(stack.service(service).ports) or "none"
            raise ManifestError(f"service '{service}' has no port '{port}'; it has: {known}")
        ports[service, port] = int(number)
    return [PublishedPort(service, port, number) for (service, port), number in ports.items() if number]


def _load(options: argparse.Namespace) -> tuple[Manifest, Runfiles]:
    runfiles = Runfiles.discover()
    return manifest.load(runfiles.resolve(options.manifest)), runfiles
