"""Messages in memory: a queue of steps with redelivery, and announcements handed on to a handler."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable

from orchestrator.adapters.in_memory.newest import KEEP, Newest
from orchestrator.application.ports import DeliberationEvent
from orchestrator.domain.steps import StepRequest


class InMemoryDelivery:
    """One delivery of a step."""

    def __init__(self, queue: "InMemoryQueue", request: StepRequest, count: int) -> None:
        self._queue = queue
        self.request = request
        self.count = count

    async def done(self) -> None:
        """Takes the step off the queue for good."""

    async def retry(self, delay_s: float) -> None:
        """Has it delivered again after a while."""
        self._queue.put_later(self.request, self.count + 1, delay_s)

    async def still_working(self) -> None:
        """Nothing to do: a delivery in memory does not time out."""

    async def bury(self, reason: str) -> None:
        """Keeps it with the reason."""
        self._queue.dead.append((self.request, reason))


class InMemoryQueue:
    """StepQueue and StepSource in memory. A step that was published is not queued again."""

    def __init__(self, keep: int = KEEP) -> None:
        self.dead: deque[tuple[StepRequest, str]] = deque(maxlen=keep)
        self._known: Newest[str, set[str]] = Newest(keep)
        self._queue: asyncio.Queue[tuple[StepRequest, int]] = asyncio.Queue()

    async def publish(self, request: StepRequest) -> None:
        known = self._known.setdefault(request.task_id, set())
        if request.step_id not in known:
            known.add(request.step_id)
            self._queue.put_nowait((request, 1))

    def put_later(self, request: StepRequest, count: int, delay_s: float) -> None:
        """Queues it again after `delay_s` seconds."""
        asyncio.get_running_loop().call_later(delay_s, self._queue.put_nowait, (request, count))

    async def next(self) -> InMemoryDelivery:
        request, count = await self._queue.get()
        return InMemoryDelivery(self, request, count)

    async def close(self) -> None:
        pass


class InMemoryAnnouncer:
    """ResultAnnouncer in memory: hands each announcement to `handler`, which is set once it exists."""

    def __init__(self) -> None:
        self.handler: Callable[[str, str], Awaitable[None]] | None = None

    async def announce(self, task_id: str, step_id: str) -> None:
        if self.handler:
            await self.handler(task_id, step_id)


class InMemoryCanceller:
    """StepCanceller in memory: hands each task_id to `handler`, which is set once it exists."""

    def __init__(self) -> None:
        self.handler: Callable[[str], None] | None = None
        self.cancelled: list[str] = []

    async def cancel(self, task_id: str) -> None:
        self.cancelled.append(task_id)
        del self.cancelled[:-KEEP]
        if self.handler:
            self.handler(task_id)


class InMemoryEvents:
    """EventPublisher in memory: keeps each event once, and the last ones."""

    def __init__(self, keep: int = KEEP) -> None:
        self.published: Newest[tuple[str, str], DeliberationEvent] = Newest(keep)

    async def publish(self, event: DeliberationEvent) -> None:
        self.published.setdefault((event.task_id, event.name), event)
