"""There is no room on the disk of Redis, which then refuses to write, and later there is again."""

import time

from e2e.faults.scenario import Arena

PAUSE_SECONDS = 5


def test_a_full_disk_loses_nothing(arena: Arena) -> None:
    """Every deliberation completes: what could not be written is written when there is room.

    Redis must not die meanwhile. The last that it acknowledged as its disk filled is in its memory alone, and a
    deliberation that this was of is over at its deadline only.
    """

    def fault() -> None:
        with arena.faults.full_disk("redis"):
            time.sleep(PAUSE_SECONDS)  # The fault itself.

    arena.suffer(f"disk of Redis full for {PAUSE_SECONDS} s", fault)
