"""Lint and dry run of the code in a proposal. The code is read and compiled, never executed.

A model may write anything, and these checks run in the service's own process: what they take is bounded by what they
refuse to read, since a parser at work cannot be interrupted. What they say is bounded, too.
"""

import ast
import json
import tomllib
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from orchestrator.domain.code_blocks import CodeBlock, extract_blocks
from orchestrator.domain.compile_cost import compile_cost
from orchestrator.domain.results import DryRunResult, LintResult

MAX_BLOCK_CHARS = 50_000
MAX_TOTAL_CHARS = 200_000
MAX_BLOCKS = 50
# A block of MAX_BLOCK_CHARS has about half as many nodes; the compiler takes up to 3 KB for each.
MAX_COMPILE_COST = 50_000
# Python's reader of TOML takes memory that grows with the square of a dotted key's length.
MAX_TOML_DOTS = 1_000
MAX_WARNINGS = 20
_MAX_MESSAGE = 200


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


def check_code(content: str) -> tuple[LintResult, DryRunResult]:
    """Reads the code blocks of a proposal. Languages that are not known here are named and not judged.

    Neither is what comes after the first MAX_BLOCKS blocks or MAX_TOTAL_CHARS characters of code.
    """
    blocks = extract_blocks(content)
    totals = _Totals()
    judged = read = 0
    for block in blocks[:MAX_BLOCKS]:
        name = f"block {block.number} ({block.language or 'no language'})"
        if not block.closed:
            totals.warnings += 1
            totals.output.append(f"{name}: never closed")
        reader = _READERS.get(block.language)
        read += len(block.text)
        if reader is None or read > MAX_TOTAL_CHARS:
            totals.output.append(f"{name}: not checked")
            continue
        judged += 1
        _note(totals, name, _read(reader, block))
    if len(blocks) > MAX_BLOCKS:
        totals.output.append(f"{len(blocks) - MAX_BLOCKS} more blocks: not checked")
    passed = not totals.errors
    lint = LintResult(passed, tuple(totals.errors), totals.warnings)
    if not judged:
        message = "no code to validate"
    else:
        message = f"{judged - len(totals.errors)} of {judged} code blocks are valid; nothing was executed"
    return lint, DryRunResult(passed, "\n".join(totals.output), message)


def _note(totals: _Totals, name: str, finding: _Finding) -> None:
    totals.warnings += len(finding.warnings)
    totals.output.extend(f"{name}: warning: {_short(warning)}" for warning in finding.warnings[:MAX_WARNINGS])
    if len(finding.warnings) > MAX_WARNINGS:
        totals.output.append(f"{name}: {len(finding.warnings) - MAX_WARNINGS} more warnings")
    if finding.error:
        totals.errors.append(f"{name}: {_short(finding.error)}")
    totals.output.append(f"{name}: {_short(finding.error or finding.summary)}")


def _short(text: str) -> str:
    return text if len(text) <= _MAX_MESSAGE else f"{text[:_MAX_MESSAGE]} …"


def _read(reader: Callable[[str], _Finding], block: CodeBlock) -> _Finding:
    if len(block.text) > MAX_BLOCK_CHARS:
        return _Finding("", f"longer than {MAX_BLOCK_CHARS} characters")
    try:
        return reader(block.text)
    except (RecursionError, MemoryError):
        return _Finding("", "nested too deeply to be read")


def _read_python(text: str) -> _Finding:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            tree = ast.parse(text)
            if compile_cost(tree) > MAX_COMPILE_COST:
                return _Finding("", "its finally blocks or its cases are too involved to be compiled")
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
    if any(line.count(".") > MAX_TOML_DOTS for line in text.split("\n")):
        return _Finding("", f"a line has more than {MAX_TOML_DOTS} dots")
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
