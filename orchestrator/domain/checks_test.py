"""Policy, rubric, lint and dry run: what they find, and what they do not claim."""

import pytest

from orchestrator.domain.code_blocks import extract_blocks
from orchestrator.domain.code_checks import MAX_BLOCK_CHARS, check_code
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
    assert coverage(frozenset(), frozenset()) == 1.0


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


def test_what_is_never_closed_is_still_read() -> None:
    first, last = extract_blocks("```python\nx = 1\n```\nthen\n```JSON\n[1,")

    assert (first.number, first.language, first.closed) == (1, "python", True)
    assert (last.number, last.language, last.text, last.closed) == (2, "json", "[1,\n", False)
    lint, dryrun = check_code("```python\nx = '\\d'\n```\n```python\nx = '\\d'\ny = '\\d'\n")
    assert lint.warning_count == 4
    assert "block 2 (python): never closed" in dryrun.output.splitlines()


def test_valid_and_broken_blocks_are_counted() -> None:
    lint, dryrun = check_code("```python\nx =\n```\n```json\n{}\n```\n```json\n3\n```\n```toml\na = 1\nb = 2\n```")

    assert len(lint.errors) == 1
    assert dryrun.message.startswith("3 of 4 ")
    assert dryrun.output.splitlines()[1:] == [
        "block 2 (json): valid, an object",
        "block 3 (json): valid, a value",
        "block 4 (toml): valid, 2 keys",
    ]


def test_a_block_without_a_language_is_named_so() -> None:
    assert "block 1 (no language): not checked" in check_code("```\nx\n```")[1].output


@pytest.mark.parametrize(("extra", "errors"), [(0, 0), (1, 1)])
def test_a_block_is_read_up_to_its_limit(extra: int, errors: int) -> None:
    code = "#" * (MAX_BLOCK_CHARS - 1 + extra)

    assert len(check_code(f"```python\n{code}\n```")[0].errors) == errors


@pytest.mark.parametrize(
    "content",
    [
        "```python\nreturn 1\n```",
        "```python\n" + "(" * 300 + "\n```",
        "```json\n" + "[" * 30000 + "\n```",
        "```json\n" + "9" * 5000 + "\n```",
        "```toml\na = \n```",
    ],
)
def test_what_is_wrong_is_said_once_in_the_dry_run_too(content: str) -> None:
    lint, dryrun = check_code(content)

    assert dryrun.output.splitlines() == [*lint.errors]
    assert not lint.errors[0].endswith((": ", ": None"))


@pytest.mark.parametrize(
    ("requirement", "content", "says"),
    [
        ("Must contain `foo` and `bar`", "neither", "lacks 'foo', 'bar'"),
        ("Never use `eval` or `exec`", "eval and exec", "has 'eval', 'exec'"),
    ],
)
def test_a_violation_says_what_is_there_or_lacking(requirement: str, content: str, says: str) -> None:
    assert check_policy([requirement], content).violations == (f"requirement 1 ({requirement}): {says}",)


def test_all_that_cannot_be_decided_is_counted() -> None:
    message = check_policy(["Never block", "Avoid delay", "Handle errors"], "errors are handled").message

    assert message.startswith("1 of 1 requirements addressed; 2 ")


def test_a_rubric_names_each_criterion_with_its_share() -> None:
    result = check_rubric("- clear naming\n* tested.", "It is clear.")

    assert result
    assert result.details == {"clear naming": "0.50", "tested": "0.00"}
    assert result.message.startswith("1 of 2 ")


@pytest.mark.parametrize(("text", "terms"), [("go to db", set()), ("12 ox", {"12"}), ("used yes", {"yes"})])
def test_short_words_are_no_terms_and_stems_keep_three_letters(text: str, terms: set[str]) -> None:
    assert key_terms(text) == terms
