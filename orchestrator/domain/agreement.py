"""How far reviewers agree, as Krippendorff's alpha.

    alpha = 1 - Do / De

Do is the mean squared difference of two marks of the same proposal, De that of any two marks: what chance would give. A
proposal counts as often as it has marks, and one with a single mark not at all. So no reviewer has to mark everything, which
none does here: nobody marks its own proposal. 1 is perfect agreement, 0 what chance gives; less than that (reviewers who
contradict each other) is told as 0, and so are marks that are all the same, which tell no proposal from another.

Source: K. Krippendorff, "Computing Krippendorff's Alpha-Reliability" (2011), with the interval metric.
"""

from collections.abc import Iterable, Sequence


def alpha(units: Iterable[Sequence[int]]) -> float | None:
    """Alpha of the marks that each proposal was given, in [0, 1]. None where no proposal has two."""
    pairable = [marks for marks in units if len(marks) > 1]
    if not pairable:
        return None
    every = [mark for marks in pairable for mark in marks]
    observed = sum(_squares(marks) / (len(marks) - 1) for marks in pairable) / len(every)
    expected = _squares(every) / (len(every) * (len(every) - 1))
    return max(0.0, 1 - observed / expected) if expected else 0.0


def _squares(marks: Sequence[int]) -> int:
    """The sum of the squared differences over all ordered pairs."""
    return 2 * (len(marks) * sum(mark * mark for mark in marks) - sum(marks) ** 2)
