"""How fast the same piece of work was done."""

from __future__ import annotations

import pytest

from tools.benchmarks.tokens.progress import Progress, window

_PROGRESS = Progress(times=[0.0, 1.0, 2.0, 4.0], tokens=[0.0, 10.0, 10.0, 50.0])


@pytest.mark.parametrize(("tokens", "time"), [(0, 0.0), (5, 0.5), (10, 1.0), (20, 2.5), (50, 4.0)])
def test_a_number_of_tokens_is_reached_between_its_nearest_samples(tokens: float, time: float) -> None:
    assert _PROGRESS.reached(tokens) == pytest.approx(time)


def test_more_than_there_were_are_never_reached() -> None:
    with pytest.raises(ValueError, match="51 tokens were never reached: only 50 were"):
        _PROGRESS.reached(51)


def test_speed_is_that_of_a_piece_of_the_work_whenever_it_was_done() -> None:
    later = Progress(times=[0.0, 3.0, 4.0, 5.0], tokens=[0.0, 10.0, 30.0, 50.0])
    assert _PROGRESS.per_second(10, 50) == pytest.approx(40 / 3)
    assert later.per_second(10, 50) == pytest.approx(40 / 2)


def test_the_window_begins_after_the_warm_up() -> None:
    assert window(_PROGRESS, warm_up_s=1.5) == (10, 50)
