"""Policy, rubric, lint and dry run: what they find, and what they do not claim."""

import pytest

from orchestrator.domain.code_checks import check_code, extract_blocks
from orchestrator.domain.policy import check_policy, check_rubric
from orchestrator.domain.terms import coverage, key_terms


@pytest.mark.parametrize(
    ("requirement", "content", "passed"),
    [
        ("Handle errors", "Errors are handled by retrying.", True),
        ("Handle errors", "It is fast.", False),
        ("Add unit tests for the parser", "The parser has tests.", True),
        ("Must contain `def add`", "```python\ndef add(a, b): ...\n```", True),
        ("Must contain `def add`", "a sum", False),
        ('Say "thank you"', "Thank You very much", True),
        ("Must not use `eval`", "we call eval(x)", False),
        ("Must not use `eval`", "we call int(x)", True),
        ("Must contain 'never-again'", "something else", False),
        ("Avoid 'global' and 'exec'", "no such thing", True),
        ("Avoid 'global' and 'exec'", "global x", False),
        ("Don't use threads", "threads everywhere", True),
    ],
)
def test_a_requirement_is_addressed_or_not(requirement: str, content: str, passed: bool) -> None:
    result = check_policy([requirement], content)

    assert result.passed is passed
    assert len(result.violations) == (0 if passed else 1)


def test_violations_name_the_requirement_and_what_is_lacking() -> None:
    result = check_policy(["Be quick", "Handle errors"], "quick")

    assert result.violations == ("requirement 2 (Handle errors): lacks error, handl",)
    assert result.message == "1 of 2 requirements addressed"
    assert result.coverage == 0.5


def test_what_cannot_be_decided_counts_neither_way() -> None:
    result = check_policy(["Never block the loop", "Handle errors"], "errors are handled")

    assert result.passed
    assert result.coverage == 1.0
    assert "1 cannot be decided" in result.message
    assert check_policy(["Never block the loop"], "x").coverage is None


def test_without_requirements_there_is_nothing_to_violate() -> None:
    result = check_policy([], "x")

    assert (result.passed, result.message, result.coverage) == (True, "no requirements", None)


@pytest.mark.parametrize(
    ("rubric", "content", "score"),
    [
        ("clear naming\ntests", "Names are clear. Tests exist.", 1.0),
        ("clear; tested", "It is clear.", 0.5),
        ("- clear\n- tested", "neither", 0.0),
    ],
)
def test_a_rubric_is_scored_by_its_criteria(rubric: str, content: str, score: float) -> None:
    result = check_rubric(rubric, content)

    assert result is not None
    assert (result.score, result.passed) == (score, score >= 0.5)
    assert len(result.details) == 2


@pytest.mark.parametrize("rubric", ["", "  \n ", "the; of"])
def test_a_rubric_without_terms_is_none(rubric: str) -> None:
    assert check_rubric(rubric, "x") is None


def test_inflection_does_not_matter_to_terms() -> None:
    assert key_terms("handles errors") == key_terms("Handle the error") == key_terms("handling errors")
    assert coverage(frozenset(), "anything") == 1.0


@pytest.mark.parametrize(
    ("content", "errors", "warnings"),
    [
        ("no code", 0, 0),
        ("```python\nx = 1\n```", 0, 0),
        ("```python\nx = \n```", 1, 0),
        ("```python\nreturn 1\n```", 1, 0),
        ("```python\nx = '\\d'\n```", 0, 1),
        ("```python\nx = 1", 0, 1),
        ('```json\n{"a": 1}\n```', 0, 0),
        ('```json\n{"a": }\n```', 1, 0),
        ("```toml\na = 1\n```", 0, 0),
        ("```toml\na = \n```", 1, 0),
        ("```rust\nfn main( {\n```", 0, 0),
        ("```\nx = \n```", 0, 0),
        ("- item\n  ```py\n  x = 1\n  ```", 0, 0),
        ("~~~python\nx = \n~~~", 1, 0),
        ("```python\nx = 1\n```\n```python\ny =\n```", 1, 0),
        ("```python\n" + "(" * 300 + "\n```", 1, 0),
        ("```json\n" + "[" * 30000 + "\n```", 1, 0),
        ("```python\nx = '\0'\n```", 1, 0),
        ("```python\n" + "x = 1\n" * 20000 + "```", 1, 0),
    ],
)
def test_code_is_read_and_never_run(content: str, errors: int, warnings: int) -> None:
    lint, dryrun = check_code(content)

    assert (len(lint.errors), lint.warning_count) == (errors, warnings)
    assert lint.passed is dryrun.passed is (errors == 0)


def test_the_dry_run_says_what_it_saw() -> None:
    _, dryrun = check_code("```python\ndef add(a, b):\n    return a + b\n```\n```sql\nselect\n```\n```json\n[]\n```")

    assert dryrun.output.splitlines() == [
        "block 1 (python): compiles, 2 lines, defines add",
        "block 2 (sql): not checked",
        "block 3 (json): valid, an array",
    ]
    assert dryrun.message == "2 of 2 code blocks are valid; nothing was executed"
    assert check_code("prose")[1].message == "no code to validate"


def test_lint_errors_say_where() -> None:
    lint, _ = check_code("```python\nx = 1\ny = = 2\n```")

    assert lint.errors == ("block 1 (python): line 2: invalid syntax",)


def test_a_fence_within_a_longer_fence_is_text() -> None:
    (block,) = extract_blocks("````markdown\n```python\nx =\n```\n````")

    assert (block.language, block.closed) == ("markdown", True)
