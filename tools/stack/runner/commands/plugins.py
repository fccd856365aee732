"""Plugins for pytest that the tests' container is given, whatever its image has."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from tools.stack.runner.engine.container import Extra

_FOLDER = Path(__file__).absolute().parents[3] / "python"
_PLUGINS = "/stack/plugins"


def given(modules: Sequence[str], environment: Mapping[str, str]) -> Extra:
    """What the container has besides, so that pytest loads these modules of tools/python; without any, nothing.

    `environment` is what it has of its image and its declaration.
    """
    if not modules:
        return Extra()
    path = filter(None, (_PLUGINS, environment.get("PYTHONPATH")))
    return Extra(
        args=tuple(word for module in modules for word in ("-p", module)),
        env={"PYTHONPATH": ":".join(path)},
        readable={(_FOLDER / f"{module}.py").resolve(): f"{_PLUGINS}/{module}.py" for module in modules},
    )
