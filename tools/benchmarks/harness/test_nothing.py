"""The test of a stack whose harness is measured: it says when it ran."""

from __future__ import annotations

import time
from pathlib import Path


def test_nothing() -> None:
    Path("/outputs/ran").write_text(f"{time.time()}\n")
