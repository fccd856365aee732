"""Asks until a service is ready."""

from __future__ import annotations

import asyncio

from tools.stack.runner.probes.base import Answer, Probe, Target

INTERVAL = 0.1
ATTEMPT_TIMEOUT = 2.0
MOST_CHANGES = 100


class Readiness:
    """What is known of a service's readiness while it is being asked.

    `changes` has each answer that differed from the one before, with the time of the event loop's clock.
    """

    def __init__(self) -> None:
        self.attempts = 0
        self.last = Answer(False, "it was not asked yet")
        self.changes: list[tuple[float, Answer]] = []

    def answered(self, answer: Answer, at: float) -> None:
        """Takes note of an answer."""
        if (not self.changes or self.last != answer) and len(self.changes) < MOST_CHANGES:
            self.changes.append((at, answer))
        self.last = answer


async def until_ready(
    probe: Probe,
    target: Target,
    readiness: Readiness,
    interval: float = INTERVAL,
    attempt_timeout: float = ATTEMPT_TIMEOUT,
) -> None:
    """Asks every `interval` seconds, giving each attempt `attempt_timeout`, and returns at the first "ready".

    `readiness` is kept up to date throughout. It asks for ever: the caller sets the limit.
    """
    clock = asyncio.get_running_loop().time
    while True:
        began = clock()
        readiness.attempts += 1
        readiness.answered(await ask(probe, target, attempt_timeout), began)
        if readiness.last.ready:
            return
        await asyncio.sleep(max(0.0, began + interval - clock()))


async def ask(probe: Probe, target: Target, timeout: float) -> Answer:
    """Asks once. A service that answers wrongly, not in time or not at all is not ready; it raises nothing."""
    try:
        async with asyncio.timeout(timeout):
            return await probe.attempt(target)
    except TimeoutError:
        return Answer(False, f"no answer within {timeout:g} s")
    except ConnectionRefusedError:
        return Answer(False, "connection refused")
    except Exception as error:  # noqa: BLE001  # Probes are open for extension; what they can raise is not known here.
        return Answer(False, " ".join(str(error).split()) or type(error).__name__)
