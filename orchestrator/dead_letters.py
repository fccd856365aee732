"""The command that looks at dead letters and puts messages back: `bazel run //orchestrator:dead_letters -- --help`."""

import argparse
import asyncio
import dataclasses
import json
import os
import sys
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime

from orchestrator.adapters.login import UnusablePassword
from orchestrator.adapters.nats.connection import NatsConnection
from orchestrator.adapters.nats.dead_letters import DeadLetter, DeadLetters, IncompleteDeadLetter, UnknownDeadLetter
from orchestrator.connections import connect_nats
from orchestrator.domain.errors import DependencyLost
from orchestrator.settings import InvalidSettings, Settings

_USAGE = 2
_CONNECT_S = 10
_EXCERPT = 60

_TEACHING = """\
A message goes to the dead letters when it cannot be read, and when handling it failed on a defect or ended its process
AGENT_MAX_DELIVER times. Nothing that waits for NATS, Redis or vLLM ever does.

  list               one line each: id, time, stream, task_id, reason, and how the message begins
  show ID            everything about one of them, as JSON
  replay ID...       puts messages back where they came from, for a version that can handle them
  discard ID...      takes messages off for good

A step has failed for its deliberation when it goes here, and the deliberation has gone on without it: to put it back
does no harm and little good. Ids stay the same, and are not used again. The connection is that of the orchestrator:
NATS_URL, NATS_USER and NATS_PASSWORD_FILE."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the command; returns 0, 1 if a letter is not there or NATS does not answer, or 2 if it is called wrongly."""
    options = _parser().parse_args(arguments)
    try:
        settings = Settings.of_agent({"MODEL": "none", **os.environ})
        return asyncio.run(_run(settings, options))
    except (InvalidSettings, UnusablePassword) as error:
        print(f"dead_letters: {error}", file=sys.stderr)
        return _USAGE
    except (UnknownDeadLetter, DependencyLost) as error:
        reason = f"there is no dead letter {error}" if isinstance(error, UnknownDeadLetter) else error
        print(f"dead_letters: {reason}", file=sys.stderr)
        return 1
    except IncompleteDeadLetter as error:
        print(f"dead_letters: {error} was too long to be kept whole, and cannot be put back", file=sys.stderr)
        return 1


async def _run(settings: Settings, options: argparse.Namespace) -> int:
    nats = connect_nats(settings, "dead-letters")
    await _connect(nats, settings.nats_url)
    try:
        await options.do(DeadLetters(nats), options)
    finally:
        await nats.close()
    return 0


async def _connect(nats: NatsConnection, url: str) -> None:
    try:
        async with asyncio.timeout(_CONNECT_S):
            await nats.connect()
    except TimeoutError:
        raise DependencyLost("nats", f"no connection to {url} within {_CONNECT_S} s") from None


async def _list(letters: DeadLetters, options: argparse.Namespace) -> None:
    count = 0
    async for letter_id, letter in letters.list():
        count += 1
        print(_line(letter_id, letter))
    print(f"{count} dead letters", file=sys.stderr)


async def _show(letters: DeadLetters, options: argparse.Namespace) -> None:
    print(json.dumps(dataclasses.asdict(await letters.show(options.id)), indent=2))


async def _replay(letters: DeadLetters, options: argparse.Namespace) -> None:
    for letter_id in options.ids:
        letter = await letters.replay(letter_id)
        print(f"{letter_id} is back at {letter.subject}")


async def _discard(letters: DeadLetters, options: argparse.Namespace) -> None:
    for letter_id in options.ids:
        await letters.discard(letter_id)
        print(f"{letter_id} is gone")


def _line(letter_id: int, letter: DeadLetter) -> str:
    at = datetime.fromtimestamp(letter.at_ms / 1000, UTC).isoformat(timespec="seconds")
    begins = ascii(letter.data or letter.payload)[:_EXCERPT]
    return "  ".join((str(letter_id), at, letter.stream, letter.task_id or "-", letter.reason, begins))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="dead_letters",
        description="Looks at messages that could not be handled, and puts them back.",
        epilog=_TEACHING,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    commands.add_parser("list").set_defaults(do=_list)
    show = commands.add_parser("show")
    show.add_argument("id", type=int, metavar="ID")
    show.set_defaults(do=_show)
    each: Sequence[tuple[str, Callable[[DeadLetters, argparse.Namespace], Awaitable[None]]]] = (
        ("replay", _replay),
        ("discard", _discard),
    )
    for name, do in each:
        command = commands.add_parser(name)
        command.add_argument("ids", type=int, nargs="+", metavar="ID")
        command.set_defaults(do=do)
    return parser


if __name__ == "__main__":
    sys.exit(main())
