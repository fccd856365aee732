"""There is no room on the disk of Redis, which then refuses to write, and later there is again."""

import time

from e2e.faults.scenario import Arena

PAUSE_SECONDS = 5


def test_a_full_disk_loses_nothing(arena: Arena) -> None:
    """Every deliberation completes: what could not be written is written when there is room."""

    def fault() -> None:
        with arena.faults.full_disk("redis"):
            time.sleep(PAUSE_SECONDS)  # The fault itself.

    arena.suffer(f"disk of Redis full for {PAUSE_SECONDS} s", fault)


def test_a_disk_that_is_full_when_redis_starts_loses_nothing(arena: Arena) -> None:
    """Redis dies while its disk is full, and starts on a disk that is still full, with all that it had acknowledged."""

    def fault() -> None:
        with arena.faults.full_disk("redis"):
            arena.faults.kill("redis")
            arena.faults.start("redis")

    arena.suffer("Redis killed with its disk full", fault)
