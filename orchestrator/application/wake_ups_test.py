"""Who is woken by what."""

from orchestrator.application.wake_ups import WakeUps


def test_a_move_wakes_who_follows_and_the_end_wakes_everybody() -> None:
    wake_ups = WakeUps()

    with wake_ups.moves("task") as moved, wake_ups.end("task") as over:
        wake_ups.wake("other", over=True)
        assert not moved.is_set()
        wake_ups.wake("task", over=False)
        assert (moved.is_set(), over.is_set()) == (True, False)
        moved.clear()
        wake_ups.wake("task", over=True)
        assert (moved.is_set(), over.is_set()) == (True, True)


def test_nobody_is_remembered_who_waits_no_longer() -> None:
    wake_ups = WakeUps()
    with wake_ups.moves("task") as first:
        with wake_ups.moves("task") as second:
            pass
        wake_ups.wake("task", over=False)

    assert (first.is_set(), second.is_set()) == (True, False)
    assert not wake_ups._moves
