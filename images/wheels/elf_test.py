import ctypes
import importlib.util
from pathlib import Path

import pytest

from images.wheels.elf import without_debug_data


def library() -> Path:
    """A shared library that is on every machine that runs the tests: a module of numpy's kind."""
    spec = importlib.util.find_spec("_bz2") or importlib.util.find_spec("_ctypes")
    assert spec is not None
    assert spec.origin is not None
    return Path(spec.origin)


def test_a_library_still_loads_without_its_section_headers(tmp_path: Path) -> None:
    content = library().read_bytes()
    stripped = without_debug_data(content)
    assert len(stripped) < len(content)
    assert stripped[40:48] == bytes(8)  # e_shoff: there is no section header table
    (tmp_path / "stripped.so").write_bytes(stripped)
    ctypes.CDLL(str(tmp_path / "stripped.so"))


def test_stripping_again_changes_nothing() -> None:
    stripped = without_debug_data(library().read_bytes())
    assert without_debug_data(stripped) == stripped


@pytest.mark.parametrize("content", [b"", b"#!/bin/sh\n", b"\x7fELF", b"\x7fELF\x01\x01" + bytes(100)])
def test_what_is_no_64_bit_elf_file_stays_as_it_is(content: bytes) -> None:
    assert without_debug_data(content) == content


def test_a_file_with_data_behind_its_sections_stays_as_it_is() -> None:
    content = library().read_bytes() + b"appended by an installer"
    assert without_debug_data(content) == content
