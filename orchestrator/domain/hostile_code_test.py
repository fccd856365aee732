"""What a model may write to hurt who reads it: each check ends soon, in little memory, and says little."""

import ast
import resource
import time
import tracemalloc
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestrator.domain.code_blocks import extract_blocks
from orchestrator.domain.code_checks import MAX_BLOCKS, MAX_COMPILE_COST, MAX_TOTAL_CHARS, MAX_WARNINGS, check_code
from orchestrator.domain.compile_cost import compile_cost
from orchestrator.domain.policy import check_policy, check_rubric

# Generous for a busy machine, and far below what any of these took, or would take, where nothing bounds it.
_SECONDS = 3.0
_MEGABYTES = 200
_MOST_SAID = 20_000


@contextmanager
def bounded() -> Iterator[None]:
    """Fails if the block takes much time or memory."""
    before_kb, start = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.process_time()
    yield
    assert time.process_time() - start < _SECONDS
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before_kb < _MEGABYTES * 1024


def _finally(depth: int) -> str:
    tries = "".join(f"{'  ' * d}try:\n{'  ' * d}  pass\n{'  ' * d}finally:\n" for d in range(depth))
    return f"{tries}{'  ' * depth}pass\n"


def _returns(depth: int) -> str:
    tries = "".join(f"{' ' * d}try:\n{' ' * d} return\n{' ' * d}finally:\n" for d in range(1, depth + 1))
    return f"def f():\n{tries}{' ' * (depth + 1)}pass\n"


_NAMES = [f"a{number}" for number in range(3000)]


@pytest.mark.parametrize(
    ("language", "text"),
    [
        pytest.param("python", "x = 2**10**9", id="a huge power"),
        pytest.param("python", "x = ((((2**127)**127)**127)**127)**127", id="powers of powers"),
        pytest.param("python", "x = 'a' * 10**9", id="a huge text"),
        pytest.param("python", "x = (('a' * 4096) * 4096) * 4096", id="texts of texts"),
        pytest.param("python", "x = ((1,) * 4096,) * 4096", id="a huge tuple"),
        pytest.param("python", "x = 1 << 10**9", id="a huge shift"),
        pytest.param("python", "x = '%1000000000d' % 1", id="a huge format"),
        pytest.param("python", f"x = {'9' * 49_000}", id="a long number"),
        pytest.param("python", "x = 1\0", id="a null byte"),
        pytest.param("python", "x = '\ud800'", id="half a character"),
        pytest.param("python", "(" * 45_000, id="parentheses"),
        pytest.param("python", f"x = {'-' * 45_000}1", id="signs"),
        pytest.param("python", f"x = a{'()' * 24_000}", id="calls"),
        pytest.param("python", f"x = {'1+' * 24_000}1", id="a long sum"),
        pytest.param("python", f"x = {'lambda:' * 7_000}1", id="functions in functions"),
        pytest.param("python", _finally(19), id="finally in finally"),
        pytest.param("python", _returns(18), id="returns past finally in finally"),
        pytest.param("python", f"match x:\n case [{','.join(_NAMES)}]: pass", id="a case that captures much"),
        pytest.param("python", "'\\d'\n" * 9_000, id="many warnings"),
        pytest.param("python", "def abcdefgh(): 1\n" * 2_700, id="many definitions"),
        pytest.param("json", "[" * 49_000, id="arrays"),
        pytest.param("json", "9" * 49_000, id="a long number in JSON"),
        pytest.param("toml", f"a{'.a' * 24_000} = 1", id="a long key"),
        pytest.param("toml", f"x = {{a{'.a' * 24_000} = 1}}", id="a long key in a table"),
        pytest.param("toml", f"[{'a.' * 24_000}a]", id="a long heading"),
        pytest.param("toml", f"a = {'[' * 24_000}{']' * 24_000}", id="arrays in TOML"),
    ],
)
def test_a_hostile_block_is_read_in_bounds(language: str, text: str) -> None:
    with bounded():
        lint, dryrun = check_code(f"```{language}\n{text}\n```")

    assert len("".join(lint.errors)) + len(dryrun.output) < _MOST_SAID


@pytest.mark.parametrize(
    "content",
    [
        pytest.param("```" + " " * 500_000 + "`", id="spaces after a fence"),
        pytest.param("`" * 500_000, id="a long fence"),
        pytest.param("`" * 250_000 + "a`", id="a long fence that is none"),
        pytest.param("```" + "a" * 500_000, id="a long language"),
        pytest.param("```python\n" * 50_000, id="many fences"),
        pytest.param("```python\nx = 1\n```\n" * 20_000, id="many blocks"),
        pytest.param(" " * 500_000 + "```", id="spaces before a fence"),
        pytest.param("```python\n" + " " * 500_000 + "x\n```", id="a wide block"),
        pytest.param("\n" * 500_000, id="empty lines"),
    ],
)
def test_a_hostile_text_is_read_in_bounds(content: str) -> None:
    with bounded():
        _, dryrun = check_code(content)

    assert len(dryrun.output) < _MOST_SAID


def test_a_long_text_is_held_to_many_requirements_and_criteria_in_bounds() -> None:
    content, rubric = "word and more words " * 25_000, "clear; " * 1_000 + ";".join(_NAMES[:200])
    with bounded():
        check_policy(["Handle errors, please"] * 50, content)
        result = check_rubric(rubric, content)

    assert result
    assert len(result.details) <= 50


def test_no_more_is_read_than_the_first_blocks_and_so_much_code() -> None:
    many, _ = check_code("```python\nx = 1\n```\n" * MAX_BLOCKS + "```python\nx =\n```")
    much, dryrun = check_code(f"```python\nx = '{'a' * 45_000}'\n```\n" * 5)

    assert many.passed
    assert much.passed
    assert dryrun.output.splitlines()[-1] == "block 5 (python): not checked"
    assert MAX_TOTAL_CHARS < 5 * 45_000


def test_warnings_are_all_counted_and_some_of_them_told() -> None:
    lint, dryrun = check_code("```python\n" + "'\\d'\n" * (MAX_WARNINGS + 5) + "```")

    assert lint.warning_count == MAX_WARNINGS + 5
    assert dryrun.output.count("warning:") == MAX_WARNINGS
    assert "5 more warnings" in dryrun.output


def test_ordinary_code_with_finally_and_cases_is_compiled() -> None:
    source = (
        "def f(x):\n    for y in x:\n        try:\n            with y as z:\n                if z: return z\n"
        "                continue\n        except E as e:\n            return e\n        finally:\n            y.close()\n"
        "    match x:\n        case {'a': b, **rest} | [b, *rest]: return b, rest\n"
    )

    assert compile_cost(ast.parse(source)) < 200
    assert check_code(f"```python\n{source}```")[0].passed


@pytest.mark.parametrize(
    "source", [_finally(depth) for depth in range(1, 13)] + [_returns(depth) for depth in range(1, 9)]
)
def test_the_cost_is_no_less_than_what_the_compiler_writes(source: str) -> None:
    tracemalloc.start()
    tree = ast.parse(source)
    compile(tree, "<test>", "exec")
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert peak < 100_000 + compile_cost(tree) * 4_000


def test_code_at_the_limit_of_cost_is_compiled_in_bounds() -> None:
    depth = next(d for d in range(1, 30) if compile_cost(ast.parse(_finally(d + 1))) > MAX_COMPILE_COST)
    with bounded():
        assert check_code(f"```python\n{_finally(depth)}```")[0].passed
        assert not check_code(f"```python\n{_finally(depth + 1)}```")[0].passed


@pytest.mark.parametrize(
    ("line", "language"),
    [
        ("```python", "python"),
        ("``` Python title=x", "python"),
        ("~~~~ c++", "c++"),
        ("```objective-c", "objective-c"),
        ("```", ""),
        ("```{.python}", ""),
    ],
)
def test_a_fence_names_its_language(line: str, language: str) -> None:
    (block,) = extract_blocks(f"{line}\ncode")

    assert block.language == language


@pytest.mark.parametrize("line", ["``python", "```code```", "text ```python", "", "~~ c"])
def test_what_is_no_fence_opens_nothing(line: str) -> None:
    assert extract_blocks(f"{line}\ncode") == ()


@settings(max_examples=200, deadline=None)
@given(st.text(alphabet="`~ pyx=1()[]{}:\n\\'\"#\0", max_size=400), st.sampled_from(["python", "json", "toml", ""]))
def test_any_text_is_read_without_an_error(text: str, language: str) -> None:
    lint, dryrun = check_code(f"```{language}\n{text}")

    assert lint.passed is dryrun.passed
