"""Key terms: how a text is compared with a requirement or criterion, by plain deterministic means.

A term is a word of three or more letters that is not a stop word, reduced to a crude stem (the suffixes of English
inflection are cut). A text covers a requirement as far as it has the requirement's terms. That is a sign that it
is addressed, not a proof: no meaning is understood here.
"""

import re

_WORD = re.compile(r"[A-Za-z][A-Za-z0-9_]+|\d+")
_SUFFIXES = ("ations", "ation", "ments", "ment", "ings", "ing", "ies", "ied", "ers", "ed", "es", "er", "s", "e", "y")
_STOP_WORDS = frozenset(
    re.findall(
        r"\w+",
        """a about after all also an and any are as at be been before being between both but by can could do does each
    every for from good had has have how if in include including into is it its make may might more most must need
    needs not of on only or other our out over own per proposal provide quality shall should so some such than that
    the their them then there these they this those to under up use used using very was well were what when where
    which while who why will with without would you your""",
    )
)


def key_terms(text: str) -> frozenset[str]:
    """The stems of the words in `text` that carry meaning."""
    words = (word.lower() for word in _WORD.findall(text))
    return frozenset(_stem(word) for word in words if word not in _STOP_WORDS and (len(word) > 2 or word.isdigit()))


def coverage(wanted: frozenset[str], found: frozenset[str]) -> float:
    """The share in [0, 1] of the `wanted` terms that are among those `found`; 1 where none is wanted."""
    if not wanted:
        return 1.0
    return len(wanted & found) / len(wanted)


def _stem(word: str) -> str:
    for suffix in _SUFFIXES:
        if word.endswith(suffix) and len(word) - len(suffix) >= 3:
            return word[: -len(suffix)]
    return word
