"""wheel_binary's output is the program itself."""

from __future__ import annotations

import subprocess
from pathlib import Path


def test_the_program_runs() -> None:
    program = Path(__file__).with_name("greeter")
    assert subprocess.run([program, "you"], check=True, capture_output=True, text=True).stdout == "hello you\n"
