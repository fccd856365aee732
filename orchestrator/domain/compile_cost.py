"""How much work and memory compiling a piece of Python takes, found without compiling it.

CPython 3.11 writes the body of a `finally` out once for each way through it: when nothing is raised, when something is,
and for each return, break and continue that leaves its `try`. Nested, that multiplies, so a screenful of source can
take gigabytes. Each name that a `case` captures is moved past all the others. The rest grows in step with the source.
"""

import ast

_EXITS = (ast.Return, ast.Break, ast.Continue)
_CAPTURES = (ast.MatchAs, ast.MatchStar, ast.MatchMapping)
_SCOPES = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda, ast.ClassDef)


def compile_cost(tree: ast.AST) -> int:
    """About how many syntax nodes the compiler has to write out, duplicates included; never much too few."""
    costs: dict[int, int] = {}
    exits: dict[int, int] = {}
    # `ast.walk` yields a node before its children, so the reverse has every child first, and needs no recursion.
    for node in reversed([*ast.walk(tree)]):
        children = [*ast.iter_child_nodes(node)]
        cost = 1 + sum(costs[id(child)] for child in children)
        leaving = isinstance(node, _EXITS) + sum(exits[id(child)] for child in children)
        if isinstance(node, ast.Try | ast.TryStar) and node.finalbody:
            last = sum(costs[id(child)] for child in node.finalbody)
            last_exits = sum(exits[id(child)] for child in node.finalbody)
            copies = 2 + leaving - last_exits
            cost += (copies - 1) * last
            leaving += (copies - 1) * last_exits
        elif isinstance(node, ast.With | ast.AsyncWith | ast.ExceptHandler):
            cost += leaving
        elif isinstance(node, ast.match_case):
            cost += sum(isinstance(part, _CAPTURES) for part in ast.walk(node.pattern)) ** 2
        costs[id(node)] = cost
        exits[id(node)] = 0 if isinstance(node, _SCOPES) else leaving
    return costs[id(tree)]
