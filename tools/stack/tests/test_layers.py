"""The packages of the runner lie in layers: each uses only what lies below it."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

from tools.stack import runner

# From the top down; the table in tools/stack/README.md has them in this order.
LAYERS = (
    "cli",
    "commands",
    "faults",
    "running",
    "compose",
    "removal",
    "snapshot",
    "display",
    "reporting",
    "probes",
    "engine",
    "manifest",
    "runfiles",
    "process",
    "errors",
)
_ROOT = Path(runner.__file__).parent


def test_each_layer_uses_only_those_below_it() -> None:
    backwards = [
        f"{path.relative_to(_ROOT)} uses {used}"
        for path in _ROOT.rglob("*.py")
        if path != _ROOT / "__init__.py"
        for used in _used(path)
        if LAYERS.index(used) < LAYERS.index(path.relative_to(_ROOT).with_suffix("").parts[0])
    ]

    assert not backwards


def test_every_layer_is_there() -> None:
    found = {path.stem for path in _ROOT.glob("*.py") if path.stem != "__init__"}
    found |= {path.parent.name for path in _ROOT.glob("*/__init__.py")}

    assert found == set(LAYERS)


def _used(path: Path) -> Iterator[str]:
    """The layers that a file imports from."""
    package = f"{runner.__name__}."
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        else:
            continue
        yield from (name.removeprefix(package).split(".")[0] for name in names if name.startswith(package))
