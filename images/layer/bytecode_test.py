import importlib.util
import marshal
import struct
import sys
from pathlib import Path

import pytest

from images.layer.bytecode import Source, compiled, pyc_path

SOURCE = b"""\
NAMES = {"reviewer", "proposer", "judge"}
def rank(name):
    return name in {"reviewer", "proposer", "judge"}
"""


def test_bytecode_lies_where_python_looks_for_it() -> None:
    assert pyc_path("app/domain/rank.py") == "app/domain/__pycache__/rank.cpython-311.pyc"


def test_bytecode_is_of_the_unchecked_hash_kind() -> None:
    [(_, content)] = compiled([Source("app/rank.py", SOURCE)])
    magic, flags = content[:4], struct.unpack("<I", content[4:8])[0]
    assert magic == importlib.util.MAGIC_NUMBER
    assert flags == 0b01  # by hash, and not checked (PEP 552)
    assert content[8:16] == importlib.util.source_hash(SOURCE)


def test_python_imports_it_without_looking_at_the_source(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    [(path, content)] = compiled([Source("ranking.py", SOURCE)])
    (tmp_path / "__pycache__").mkdir()
    (tmp_path / path).write_bytes(content)
    (tmp_path / "ranking.py").write_text("raise AssertionError('compiled anew')")
    monkeypatch.syspath_prepend(str(tmp_path))
    module = importlib.import_module("ranking")
    monkeypatch.delitem(sys.modules, "ranking")
    assert module.rank("judge")


def test_tracebacks_name_the_path_in_the_image() -> None:
    [(_, content)] = compiled([Source("app/rank.py", SOURCE)])
    code = marshal.loads(content[16:])  # noqa: S302 - made above
    assert code.co_filename == "/app/rank.py"


def test_what_is_no_python_has_no_bytecode() -> None:
    sources = [Source("a.py", b"x = 1"), Source("template.py", b"def {{ name }}():"), Source("b.py", b"y = 2")]
    assert [path for path, _ in compiled(sources)] == [pyc_path("a.py"), pyc_path("b.py")]


def test_the_same_sources_make_the_same_bytecode(monkeypatch: pytest.MonkeyPatch) -> None:
    sources = [Source(f"module_{number}.py", SOURCE + b"X = %d\n" % number) for number in range(250)]
    first = list(compiled(sources))
    monkeypatch.setenv("PYTHONHASHSEED", "7")
    assert list(compiled(sources)) == first
    assert len(first) == 250
