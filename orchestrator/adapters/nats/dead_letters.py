"""The dead letters: messages that cannot be handled, with the reason, for a person to look at and put back."""

import base64
import time
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field, replace
from typing import TypedDict

from nats.aio.msg import Msg
from nats.js.errors import NotFoundError

from orchestrator.adapters.json_codec import MalformedDocument, decode, encode
from orchestrator.adapters.nats.connection import NatsConnection, translated
from orchestrator.adapters.nats.topology import CONTEXT, DEAD_LETTERS, MESSAGE_ID, PLANNING, STEPS, dead_subject

_MAX_REASON = 1000
# Of a message that is too long to be kept whole; and what NATS counts as payload beside the letter.
_BEGINNING_BYTES = 64 * 1024
_HEADERS_BYTES = 1024


class UnknownDeadLetter(LookupError):
    """There is no dead letter with this id."""


class IncompleteDeadLetter(ValueError):
    """Only the beginning of the message was kept, so that it cannot be put back."""


@dataclass(frozen=True)
class DeadLetter:
    """A message that was given up. `data` is its text; where it is not text, `data_base64` has it instead.

    `deliveries` says how often it was delivered, `at_ms` when it was given up, in milliseconds since the epoch. task_id and
    step_id are those that it was about, as far as that is known. `cut`: it was too long to be kept, and this is how it
    begins, without its headers.
    """

    stream: str
    sequence: int
    subject: str
    reason: str
    deliveries: int
    at_ms: int
    task_id: str = ""
    step_id: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    data: str = ""
    data_base64: str = ""
    cut: bool = False

    @property
    def payload(self) -> bytes:
        """The message as it was."""
        return base64.b64decode(self.data_base64) if self.data_base64 else self.data.encode()


class DeadLetters:
    """The stream of dead letters. An id is a sequence number of it. Every method raises DependencyLost."""

    def __init__(self, connection: NatsConnection) -> None:
        self._connection = connection

    async def bury(self, message: Msg, reason: str, task_id: str = "", step_id: str = "") -> None:
        """Keeps a message as delivered and takes it off its consumer. Once only, though it be delivered again."""
        delivered = message.metadata
        await self._keep(
            DeadLetter(
                stream=delivered.stream,
                sequence=delivered.sequence.stream,
                subject=message.subject,
                reason=reason[:_MAX_REASON],
                deliveries=delivered.num_delivered or 1,
                at_ms=_now_ms(),
                task_id=task_id,
                step_id=step_id,
                headers=message.headers or {},
                **_as_text(message.data),
            )
        )
        with translated():
            await message.term()

    async def bury_undelivered(self, stream: str, sequence: int, deliveries: int, reason: str) -> None:
        """Keeps a message that its consumer will not be given again, and takes it off its stream, where it would stay."""
        with translated():
            try:
                stored = await self._connection.jetstream.get_msg(stream, seq=sequence)
            except NotFoundError:
                return
            await self._keep(
                DeadLetter(
                    stream=stream,
                    sequence=sequence,
                    subject=stored.subject or "",
                    reason=reason,
                    deliveries=deliveries,
                    at_ms=_now_ms(),
                    headers=stored.headers or {},
                    **_as_text(stored.data or b""),
                )
            )
            if stream in (STEPS, PLANNING, CONTEXT):
                await self._connection.jetstream.delete_msg(stream, sequence)

    async def _keep(self, letter: DeadLetter) -> None:
        document = encode(letter)
        if len(document) > self._connection.client.max_payload - _HEADERS_BYTES:
            beginning = base64.b64encode(letter.payload[:_BEGINNING_BYTES]).decode()
            document = encode(replace(letter, cut=True, headers={}, data="", data_base64=beginning))
        headers = {MESSAGE_ID: f"{letter.stream}/{letter.sequence}"}
        await self._connection.publish(dead_subject(letter.stream), document, headers)

    async def list(self) -> AsyncIterator[tuple[int, DeadLetter]]:
        """Every dead letter with its id, oldest first."""
        sequence = 0
        while True:
            with translated():
                try:
                    found = await self._connection.jetstream.get_msg(
                        DEAD_LETTERS, seq=sequence + 1, subject=dead_subject("*"), next=True
                    )
                except NotFoundError:
                    return
            sequence = found.seq or 0
            yield sequence, _read(found.data or b"")

    async def show(self, letter_id: int) -> DeadLetter:
        """One dead letter. Raises UnknownDeadLetter."""
        with translated():
            try:
                found = await self._connection.jetstream.get_msg(DEAD_LETTERS, seq=letter_id)
            except NotFoundError:
                raise UnknownDeadLetter(letter_id) from None
        return _read(found.data or b"")

    async def replay(self, letter_id: int) -> DeadLetter:
        """Puts a message back where it came from, and takes it off the dead letters.

        Raises UnknownDeadLetter or IncompleteDeadLetter.
        """
        letter = await self.show(letter_id)
        if not letter.subject:
            raise UnknownDeadLetter(letter_id)
        if letter.cut:
            raise IncompleteDeadLetter(letter_id)
        # A message id of its own: the first one may still count as a repeat. The same each time, should this break off.
        headers = {**letter.headers, MESSAGE_ID: f"{DEAD_LETTERS}/{letter_id}"}
        with translated():
            await self._connection.jetstream.publish(letter.subject, letter.payload, headers=headers)
        await self.discard(letter_id)
        return letter

    async def discard(self, letter_id: int) -> None:
        """Takes a message off the dead letters for good. Raises UnknownDeadLetter."""
        await self.show(letter_id)
        with translated():
            await self._connection.jetstream.delete_msg(DEAD_LETTERS, letter_id)


def _now_ms() -> int:
    return time.time_ns() // 1_000_000


class _Text(TypedDict, total=False):
    data: str
    data_base64: str


def _as_text(data: bytes) -> _Text:
    try:
        return {"data": data.decode()}
    except UnicodeDecodeError:
        return {"data_base64": base64.b64encode(data).decode()}


def _read(document: bytes) -> DeadLetter:
    try:
        return decode(DeadLetter, document)
    except MalformedDocument as error:
        # Somebody else put it there. It can be shown and discarded all the same.
        reason = f"not a dead letter of ours: {error}"
        return DeadLetter("", 0, "", reason, deliveries=0, at_ms=0, data_base64=base64.b64encode(document).decode())
