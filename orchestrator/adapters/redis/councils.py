"""Councils in Redis. Keys are documented in orchestrator/README.md."""

import hashlib
import secrets
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import cast

from redis.asyncio import Redis

from orchestrator.adapters.json_codec import decode, encode
from orchestrator.adapters.redis.connection import translated
from orchestrator.application.ports import VersionConflict
from orchestrator.domain.council import Council

_KEY = "councils"
_SEEDED = "councils:seeded"

# KEYS: councils, seeded mark. ARGV: role and document, for each of the service's own.
# Those that nobody has changed follow the settings of a newer start; one that was deleted stays away.
_SEED = """
local first = redis.call('SETNX', KEYS[2], '1') == 1
for i = 1, #ARGV, 2 do
    local known = redis.call('HGET', KEYS[1], ARGV[i])
    if (not known and first) or (known and cjson.decode(known)['standing']) then
        redis.call('HSET', KEYS[1], ARGV[i], ARGV[i + 1])
    end
end
"""

# KEYS: councils. ARGV: role, the version it must have (0: there must be none), the document (empty: remove it).
_WRITE = """
local known = redis.call('HGET', KEYS[1], ARGV[1])
if (known and cjson.decode(known)['version'] or 0) ~= tonumber(ARGV[2]) then return 0 end
if ARGV[3] == '' then redis.call('HDEL', KEYS[1], ARGV[1]) else redis.call('HSET', KEYS[1], ARGV[1], ARGV[3]) end
return 1
"""


class RedisCouncils:
    """CouncilStore in Redis. `standing` are the service's own, put there when the store is first used, once for all."""

    def __init__(self, client: Redis, standing: Iterable[Council]) -> None:
        self._client = client
        self._standing = [text for council in standing for text in (council.role, _standing_document(council))]
        self._seed = client.register_script(_SEED)
        self._write = client.register_script(_WRITE)
        self._seeded = False

    async def load(self, role: str) -> Council | None:
        await self._put_standing_once()
        document = await self._get(role)
        if document is None and await self._restored():
            document = await self._get(role)
        return decode(Council, document) if document else None

    async def all(self) -> Sequence[Council]:
        await self._put_standing_once()
        documents = await self._get_all()
        if not documents and await self._restored():
            documents = await self._get_all()
        return [decode(Council, documents[role]) for role in sorted(documents)]

    async def save(self, council: Council) -> Council:
        # With a version that no other write has, a council that is made anew is not taken for the one before.
        written = replace(council, version=1 + secrets.randbits(52))
        await self._replace(council, encode(written))
        return written

    async def remove(self, council: Council) -> None:
        await self._replace(council, b"")

    async def _get(self, role: str) -> str | None:
        with translated():
            return cast("str | None", await self._client.hget(_KEY, role))

    async def _get_all(self) -> Mapping[str, str]:
        with translated():
            return cast("Mapping[str, str]", await self._client.hgetall(_KEY))

    async def _replace(self, council: Council, document: bytes) -> None:
        with translated():
            written = await self._write(keys=(_KEY,), args=(council.role, council.version, document))
        if not written:
            raise VersionConflict(council.role)

    async def _restored(self) -> bool:
        """A Redis that lost everything has lost the mark too; it gets the service's own councils again."""
        with translated():
            if await self._client.exists(_SEEDED):
                return False
        await self._put_standing()
        return True

    async def _put_standing_once(self) -> None:
        if not self._seeded:
            await self._put_standing()

    async def _put_standing(self) -> None:
        with translated():
            await self._seed(keys=(_KEY, _SEEDED), args=self._standing)
        self._seeded = True


def _standing_document(council: Council) -> bytes:
    """The same for the same council, its version included, so that putting it there again is no change."""
    digest = hashlib.sha256(encode(council)).digest()
    return encode(replace(council, version=1 + int.from_bytes(digest[:6], "big")))
