"""Who may call: bearer tokens (RFC 6750) in the metadata."""

import hashlib
import hmac
from collections.abc import Collection
from pathlib import Path
from typing import Any

import grpc

from orchestrator.adapters.grpc.interception import HEALTH, Context, Handler, refusing

_SCHEME = "bearer "


class UnusableToken(ValueError):
    """A file of tokens that cannot be read, or has none."""


def read_tokens(path: Path) -> tuple[str, ...]:
    """The tokens in a file, one a line: two are there while one replaces the other. Raises UnusableToken."""
    try:
        lines = path.read_text("ascii").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise UnusableToken(f"{path} cannot be read: {error}") from error
    tokens = tuple(stripped for line in lines if (stripped := line.strip()))
    if not tokens:
        raise UnusableToken(f"{path} has no token")
    return tokens


class RequiresToken(grpc.aio.ServerInterceptor):
    """Answers UNAUTHENTICATED to every call without one of the tokens, health excepted."""

    def __init__(self, tokens: Collection[str]) -> None:
        self._digests = [_digest(token) for token in tokens]

    async def intercept_service(self, continuation: Any, handler_call_details: grpc.HandlerCallDetails) -> Handler:
        handler = await continuation(handler_call_details)
        if handler is None or handler_call_details.method.startswith(HEALTH):
            return handler
        given = [value for key, value in handler_call_details.invocation_metadata or () if key == "authorization"]
        return handler if len(given) == 1 and self._is_known(given[0]) else refusing(handler, _refuse)

    def _is_known(self, authorization: str | bytes) -> bool:
        text = authorization.decode("latin-1") if isinstance(authorization, bytes) else authorization
        if text[: len(_SCHEME)].lower() != _SCHEME:
            return False
        given = _digest(text[len(_SCHEME) :].strip())
        # Each is compared, and in constant time: how long it takes says nothing of the tokens.
        return any([hmac.compare_digest(given, known) for known in self._digests])  # noqa: C419


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()


async def _refuse(context: Context) -> None:
    await context.abort(grpc.StatusCode.UNAUTHENTICATED, "a bearer token is required in the metadata `authorization`")
