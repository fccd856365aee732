"""Messages come twice, or cannot be read."""

import asyncio
import base64
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from nats.aio.client import Client
from nats.aio.msg import Msg

from e2e.faults.fleet import SIZE, STEPS
from e2e.faults.scenario import Arena, Damage
from e2e.suite.observe import Journal

ECHO = "Test-Echo"
SUBJECT = "agent.steps.ray.dev"
ID = "Nats-Msg-Id"


@contextmanager
def echoing(journal: Journal, subject: str) -> Iterator[list[str]]:
    """Publishes each message that comes to a stream once more, without what lets JetStream notice.

    Yields the subjects of those that it has published.
    """
    echoed: list[str] = []
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    try:
        client = asyncio.run_coroutine_threadsafe(_echo(journal, subject, echoed), loop).result(10)
        yield echoed
        asyncio.run_coroutine_threadsafe(client.drain(), loop).result(10)
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


async def _echo(journal: Journal, subject: str, echoed: list[str]) -> Client:
    client = await journal.connect()
    seen: set[str] = set()

    async def again(message: Msg) -> None:
        headers = message.headers or {}
        # What is published again with the same id, JetStream does not store.
        fresh = ECHO not in headers and (ID not in headers or headers[ID] not in seen)
        seen.add(headers.get(ID, ""))
        if fresh:
            await client.publish(message.subject, message.data, headers={ECHO: "1"})
            echoed.append(message.subject)

    await client.subscribe(subject, cb=again)
    await client.flush()
    return client


@pytest.mark.parametrize("subject", ["agent.steps.>", "agent.results.>"])
def test_a_message_that_comes_twice_is_done_once(arena: Arena, subject: str) -> None:
    """Every message on the subject is delivered twice, from the start to the end; every deliberation completes."""
    with echoing(arena.stack.journal, subject) as echoed:
        arena.suffer(f"every {subject} twice", lambda: None)
    assert len(echoed) >= SIZE * STEPS


@pytest.mark.parametrize("poison", [b"\x00\xff", b"[]", b'{"step_id": 1}', b"{}"], ids=repr)
def test_poison_is_put_aside_and_holds_nothing_up(arena: Arena, poison: bytes) -> None:
    """What cannot be read lies among the dead letters; the others complete."""
    arena.suffer(
        f"poison: {poison!r}",
        lambda: arena.stack.journal.publish_bytes(SUBJECT, poison),
        Damage(dead_letters=1),
    )
    letter = arena.stack.journal.stored("dead.>")[-1].data
    assert letter["reason"]
    assert letter["subject"] == SUBJECT
    assert poison == (base64.b64decode(letter.get("data_base64", "")) or letter.get("data", "").encode())
