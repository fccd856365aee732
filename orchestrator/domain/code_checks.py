"""Lint and dry run of the code in a proposal. The code is read and compiled, never executed."""

import ast
import json
import re
import textwrap
import tomllib
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from orchestrator.domain.results import DryRunResult, LintResult

# Longer blocks are not parsed: a parser's time and stack must stay bounded whatever a model writes.
MAX_BLOCK_CHARS = 50_000

_OPENING = re.compile(r"^[ \t]*(`{3,}|~{3,})[ \t]*([\w+#.-]*)[^`]*$")


@dataclass(frozen=True)
class CodeBlock:
    """A fenced block: its number from 1, its language as written (lower case), its text, whether it was closed."""

    number: int
    language: str
    text: str
    closed: bool


@dataclass(frozen=True)
class _Finding:
    """What reading one block found. `summary` says in the dry run what the block is."""

    summary: str
    error: str = ""
    warnings: tuple[str, ...] = ()


@dataclass
class _Totals:
    errors: list[str] = field(default_factory=list)
    warnings: int = 0
    output: list[str] = field(default_factory=list)


def extract_blocks(content: str) -> tuple[CodeBlock, ...]:
    """The fenced code blocks of a Markdown text, in order. One that is never closed reaches to the end."""
    blocks: list[CodeBlock] = []
    fence = language = ""
    lines: list[str] = []
    for line in content.splitlines():
        opening = _OPENING.match(line)
        if fence:
            stripped = line.strip()
            if stripped.startswith(fence) and not stripped.strip(fence[0]):
                blocks.append(_block(len(blocks) + 1, language, lines, closed=True))
                fence, lines = "", []
            else:
                lines.append(line)
        elif opening:
            fence, language = opening.group(1), opening.group(2).lower()
    if fence:
        blocks.append(_block(len(blocks) + 1, language, lines, closed=False))
    return tuple(blocks)


def check_code(content: str) -> tuple[LintResult, DryRunResult]:
    """Reads every code block of a proposal. Languages that are not known here are named and not judged."""
    blocks = extract_blocks(content)
    totals = _Totals()
    judged = 0
    for block in blocks:
        name = f"block {block.number} ({block.language or 'no language'})"
        if not block.closed:
            totals.warnings += 1
            totals.output.append(f"{name}: never closed")
        reader = _READERS.get(block.language)
        if reader is None:
            totals.output.append(f"{name}: not checked")
            continue
        judged += 1
        finding = _read(reader, block.text)
        totals.warnings += len(finding.warnings)
        totals.output.extend(f"{name}: warning: {warning}" for warning in finding.warnings)
        if finding.error:
            totals.errors.append(f"{name}: {finding.error}")
        totals.output.append(f"{name}: {finding.error or finding.summary}")
    passed = not totals.errors
    lint = LintResult(passed, tuple(totals.errors), totals.warnings)
    if not judged:
        message = "no code to validate"
    else:
        message = f"{judged - len(totals.errors)} of {judged} code blocks are valid; nothing was executed"
    return lint, DryRunResult(passed, "\n".join(totals.output), message)


def _block(number: int, language: str, lines: list[str], *, closed: bool) -> CodeBlock:
    return CodeBlock(number, language, textwrap.dedent("\n".join(lines)) + "\n", closed)


def _read(reader: Callable[[str], _Finding], text: str) -> _Finding:
    if len(text) > MAX_BLOCK_CHARS:
        return _Finding("", f"longer than {MAX_BLOCK_CHARS} characters")
    try:
        return reader(text)
    except (RecursionError, MemoryError):
        return _Finding("", "nested too deeply to be read")


def _read_python(text: str) -> _Finding:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            tree = ast.parse(text)
            # Compiling finds what parsing does not, such as a return outside of a function.
            compile(tree, "<proposal>", "exec", dont_inherit=True)
        except SyntaxError as error:
            return _Finding("", f"line {error.lineno or 1}: {error.msg}")
        except ValueError as error:
            return _Finding("", str(error))
    definitions = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
    defined = [node.name for node in tree.body if isinstance(node, definitions)]
    summary = f"compiles, {len(text.splitlines())} lines"
    if defined:
        summary += f", defines {', '.join(defined)}"
    return _Finding(summary, warnings=tuple(f"line {found.lineno}: {found.message}" for found in caught))


def _read_json(text: str) -> _Finding:
    try:
        value = json.loads(text)
    except json.JSONDecodeError as error:
        return _Finding("", f"line {error.lineno}: {error.msg}")
    except ValueError as error:
        return _Finding("", str(error))
    kind = "an object" if isinstance(value, dict) else "an array" if isinstance(value, list) else "a value"
    return _Finding(f"valid, {kind}")


def _read_toml(text: str) -> _Finding:
    try:
        document = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, ValueError) as error:
        return _Finding("", str(error))
    return _Finding(f"valid, {len(document)} keys")


_READERS: Mapping[str, Callable[[str], _Finding]] = {
    "json": _read_json,
    "py": _read_python,
    "python": _read_python,
    "python3": _read_python,
    "toml": _read_toml,
}
