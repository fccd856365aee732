"""The fenced code blocks of a Markdown text. Reads each character a bounded number of times, whatever a model writes."""

import textwrap
from dataclasses import dataclass

_FENCES = "`~"
_SHORTEST_FENCE = 3
_MAX_LANGUAGE = 20


@dataclass(frozen=True)
class CodeBlock:
    """A fenced block: its number from 1, its language as written (lower case), its text, whether it was closed."""

    number: int
    language: str
    text: str
    closed: bool


def extract_blocks(content: str) -> tuple[CodeBlock, ...]:
    """The blocks in order. One that is never closed reaches to the end."""
    blocks: list[CodeBlock] = []
    fence = language = ""
    lines: list[str] = []
    for line in content.splitlines():
        stripped = line.strip()
        if fence:
            if stripped.startswith(fence) and not stripped.strip(fence[0]):
                blocks.append(_block(len(blocks) + 1, language, lines, closed=True))
                fence, lines = "", []
            else:
                lines.append(line)
        else:
            fence, language = _opening(stripped)
    if fence:
        blocks.append(_block(len(blocks) + 1, language, lines, closed=False))
    return tuple(blocks)


def _opening(line: str) -> tuple[str, str]:
    """The fence and language of a line that opens a block; two empty texts for any other line."""
    mark = line[:1]
    if not mark or mark not in _FENCES:
        return "", ""
    info = line.lstrip(mark)
    fence = line[: len(line) - len(info)]
    # A line such as ```code``` is text with code in it.
    if len(fence) < _SHORTEST_FENCE or "`" in info:
        return "", ""
    words = info.split(maxsplit=1)
    return fence, _language(words[0]) if words else ""


def _language(word: str) -> str:
    end = next((index for index, character in enumerate(word) if not _of_language(character)), len(word))
    return word[: min(end, _MAX_LANGUAGE)].lower()


def _of_language(character: str) -> bool:
    return character.isalnum() or character in "_+#.-"


def _block(number: int, language: str, lines: list[str], *, closed: bool) -> CodeBlock:
    return CodeBlock(number, language, textwrap.dedent("\n".join(lines)) + "\n", closed)
