"""What compiling a piece of Python is reckoned to cost, in syntax nodes."""

import ast
import textwrap

import pytest

from orchestrator.domain.compile_cost import compile_cost


def _beyond(source: str) -> int:
    """What a source costs beyond one for each of its nodes."""
    tree = ast.parse(textwrap.dedent(source))
    return compile_cost(tree) - len([*ast.walk(tree)])


# Nodes of `a()` as a statement: the expression, the call, the name and its context.
_CALL = 4


@pytest.mark.parametrize(
    ("source", "beyond"),
    [
        pytest.param("x = [a for a in b]\ndef f(y):\n  return y\n", 0, id="plain code"),
        pytest.param("try:\n  a()\nexcept E:\n  b()\nelse:\n  c()\n", 0, id="no finally"),
        pytest.param("try:\n  b()\nfinally:\n  a()\n", _CALL, id="finally is written twice"),
        pytest.param("try:\n  b()\nexcept* E:\n  c()\nfinally:\n  a()\n", _CALL, id="with exception groups, too"),
        pytest.param(
            "def f():\n  try:\n    if x: return\n    return\n  finally:\n    a()\n",
            3 * _CALL,
            id="once more for each exit",
        ),
        pytest.param(
            "while x:\n  try:\n    break\n    continue\n  finally:\n    a()\n",
            3 * _CALL,
            id="break and continue are exits",
        ),
        pytest.param(
            "try:\n  def f(): return\nfinally:\n  a()\n", _CALL, id="a return of a function within leaves nothing"
        ),
        pytest.param("try:\n  g = lambda: 1\nfinally:\n  a()\n", _CALL, id="nor does one of an expression"),
        pytest.param(
            "try:\n  b()\nfinally:\n  try:\n    c()\n  finally:\n    a()\n",
            # The inner one twice; then all of the outer one's last block, which is the inner try with that, once more.
            _CALL + (1 + 3 * _CALL),
            id="finally in finally",
        ),
        pytest.param(
            # The last block has one exit and is written three times, so three exits leave the outer try.
            "def f():\n  try:\n    try:\n      return\n    finally:\n      return\n  finally:\n    a()\n",
            2 * 1 + (1 + 1 + 3) * _CALL,
            id="exits in a last block count for each copy",
        ),
        pytest.param("def f():\n  with x:\n    return\n    return\n", 2, id="each exit ends what with began"),
        pytest.param("async def f():\n  async with x:\n    return\n", 1, id="also in what is asynchronous"),
        pytest.param("def f():\n  try:\n    a()\n  except E as e:\n    return\n", 1, id="each exit forgets the error"),
        pytest.param("match x:\n  case [a, b, *c]: pass\n", 9, id="the square of what a case captures"),
        pytest.param("match x:\n  case {'a': a, **b}: pass\n  case 1: pass\n", 4, id="of each case by itself"),
    ],
)
def test_cost_is_that_of_the_nodes_and_of_what_is_written_more_than_once(source: str, beyond: int) -> None:
    assert _beyond(source) == beyond
