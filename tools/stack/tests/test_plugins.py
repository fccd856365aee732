"""Plugins that the tests' container is given. That they work is in podman/test_isolation.py and podman/test_early.py."""

from __future__ import annotations

from pathlib import Path

from tools.stack.runner.commands import gate, plugins, sharding
from tools.stack.runner.engine.container import Extra


def test_without_plugins_nothing_is_given() -> None:
    assert plugins.given([], {"PYTHONPATH": "/app"}) == Extra()


def test_each_is_a_file_where_python_looks_for_it() -> None:
    extra = plugins.given([gate.PLUGIN, sharding.PLUGIN], {})
    assert all(file.is_file() for file in extra.readable)
    names = [Path(target).stem for target in extra.readable.values()]
    assert extra.args == ("-p", names[0], "-p", names[1])
    assert {str(Path(target).parent) for target in extra.readable.values()} == {extra.env["PYTHONPATH"]}


def test_what_the_image_adds_to_pythons_path_stays_there() -> None:
    path = plugins.given([gate.PLUGIN], {"PYTHONPATH": "/app:/more"}).env["PYTHONPATH"]
    assert path.split(":")[1:] == ["/app", "/more"]
