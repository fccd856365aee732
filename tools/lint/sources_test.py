"""Which file is of which kind."""

from __future__ import annotations

from pathlib import Path

import pytest

from tools.lint.sources import Kind, Sources, kind_of


@pytest.mark.parametrize(
    ("name", "content", "kind"),
    [
        ("a/b.py", "", Kind.PYTHON),
        ("a/b.pyi", "", Kind.PYTHON),
        ("a/BUILD.bazel", "", Kind.STARLARK),
        ("a/defs.bzl", "", Kind.STARLARK),
        ("WORKSPACE", "", Kind.STARLARK),
        ("a/b.proto", "", Kind.PROTO),
        ("a/b.sh", "", Kind.SCRIPT),
        ("bazelw", "#!/bin/sh -eu\n", Kind.SCRIPT),
        ("tool", "#!/usr/bin/env bash\n", Kind.SCRIPT),
        ("tool", "#!/usr/bin/env -S python3 -I\n", Kind.PYTHON),
        ("tool", "#!/usr/bin/python3.11\n", Kind.PYTHON),
        ("tool", "#!/usr/bin/perl\n", None),
        ("tool", "#!\n", None),
        ("LICENSE", "Words\n", None),
        ("README.md", "#!/bin/sh\n", None),
        ("empty", "", None),
    ],
)
def test_a_files_kind(name: str, content: str, kind: Kind | None, tmp_path: Path) -> None:
    path = tmp_path / "content"
    path.write_text(content)
    assert kind_of(name, path) == kind


@pytest.fixture
def sources(tmp_path: Path) -> Sources:
    files = tmp_path / "files"
    (files / "a").mkdir(parents=True)
    (files / "a/one.py.source").write_text("1\n")
    (files / "run.source").write_text("#!/bin/sh\n")
    (files / "run.source").chmod(0o755)
    listing = tmp_path / "files.txt"
    listing.write_text("a/gone.py\na/one.py\nrun\n")
    return Sources(listing)


def test_files_are_named_by_their_kind_while_they_are_there(sources: Sources) -> None:
    assert sources.named(Kind.PYTHON) == ["a/one.py"]
    assert sources.named(Kind.SCRIPT) == ["run"]
    assert sources.named(Kind.PROTO) == []


def test_a_copy_is_laid_out_as_the_workspace(sources: Sources, tmp_path: Path) -> None:
    sources.copy(["a/one.py", "run"], tmp_path / "copy")
    assert (tmp_path / "copy/a/one.py").read_text() == "1\n"
    assert (tmp_path / "copy/run").stat().st_mode & 0o111
