"""Takes secrets out of what podman tells of a container."""

from __future__ import annotations

import re
from typing import Any

HIDDEN = "(hidden)"

# NAME=value, as Config.Env and the words of CreateCommand have it. A path is where a secret is, and no secret.
_ASSIGNMENT = re.compile(
    r"([A-Za-z0-9_]*(?:PASSWORD|PASSWD|SECRET|TOKEN|CREDENTIAL|PRIVATE|API_?KEY)[A-Za-z0-9_]*)=(.*)",
    re.DOTALL | re.IGNORECASE,
)
_PATH_NAME = re.compile(r"_(FILE|PATH|DIR)$", re.IGNORECASE)
_URL_PASSWORD = re.compile(r"(?<=://)([^/@\s:]*):[^/@\s]+(?=@)")


def redact(value: Any) -> Any:
    """The same JSON without values of variables that are named like secrets, and without passwords in URLs."""
    if isinstance(value, dict):
        return {key: redact(entry) for key, entry in value.items()}
    if isinstance(value, list):
        return [redact(entry) for entry in value]
    return _text(value) if isinstance(value, str) else value


def _text(text: str) -> str:
    assignment = _ASSIGNMENT.fullmatch(text)
    if assignment and not _PATH_NAME.search(assignment[1]):
        return f"{assignment[1]}={HIDDEN}"
    return _URL_PASSWORD.sub(rf"\1:{HIDDEN}", text)
