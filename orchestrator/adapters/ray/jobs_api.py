"""Ray's Jobs API over HTTP, as far as it is needed here.

The documented REST interface is used in place of ray.job_submission: importing ray costs seconds and a hundred
megabytes that the orchestrator has no other use for, and its client blocks.
https://docs.ray.io/en/latest/cluster/running-applications/job-submission/rest.html
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

import aiohttp

from orchestrator.domain.errors import DependencyLost

NAME = "ray"
_TIMEOUT = aiohttp.ClientTimeout(total=10)
_ENDED = frozenset({"STOPPED", "SUCCEEDED", "FAILED"})


@dataclass(frozen=True)
class Job:
    """A submitted job as Ray sees it."""

    submission_id: str
    status: str
    message: str
    metadata: Mapping[str, str]

    @property
    def ended(self) -> bool:
        """Whether it will not run any more."""
        return self.status in _ENDED


class _NotFound(DependencyLost):
    """The Jobs API answers, and knows no such thing."""


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except (aiohttp.ClientError, OSError) as error:
        raise DependencyLost(NAME, f"the Jobs API: {error or type(error).__name__}") from error
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise DependencyLost(NAME, f"the Jobs API's answer cannot be read: {error}") from error


class JobsApi:
    """Submits, watches and stops jobs. Every method raises DependencyLost where the dashboard does not answer."""

    def __init__(self, url: str) -> None:
        self._jobs = f"{url.rstrip('/')}/api/jobs/"
        self._http = aiohttp.ClientSession(timeout=_TIMEOUT, cookie_jar=aiohttp.DummyCookieJar())

    async def submit(
        self, submission_id: str, entrypoint: str, env: Mapping[str, str], metadata: Mapping[str, str]
    ) -> None:
        """Submits a job whose driver and workers have `env` in their environment."""
        body = {
            "entrypoint": entrypoint,
            "submission_id": submission_id,
            "runtime_env": {"env_vars": dict(env)},
            "metadata": dict(metadata),
        }
        await self._ask("POST", "", body)

    async def jobs(self) -> Sequence[Job]:
        """Every submitted job."""
        documents = await self._ask("GET", "")
        with _translated():
            return [_job(document) for document in documents if document.get("submission_id")]

    async def job(self, submission_id: str) -> Job | None:
        """One job; None if Ray knows no such job."""
        try:
            document = await self._ask("GET", submission_id)
        except _NotFound:
            return None
        with _translated():
            return _job(document)

    async def stop(self, submission_id: str) -> None:
        """Has a job stopped; it ends a little later. One that does not exist is stopped already."""
        with suppress(_NotFound):
            await self._ask("POST", f"{submission_id}/stop")

    async def close(self) -> None:
        """Closes the connections."""
        await self._http.close()

    async def _ask(self, method: str, what: str, body: object = None) -> Any:
        """The document that is the answer. Raises _NotFound, or another DependencyLost."""
        with _translated():
            asking = self._http.request(method, self._jobs + what, json=body, allow_redirects=False)
            async with asking as answer:
                if answer.status == HTTPStatus.NOT_FOUND:
                    raise _NotFound(NAME, f"the Jobs API knows no {what or 'jobs'}")
                if answer.status != HTTPStatus.OK:
                    raise DependencyLost(NAME, f"the Jobs API answered {answer.status}")
                return await answer.json(content_type=None)


def _job(document: dict[str, Any]) -> Job:
    return Job(
        submission_id=str(document["submission_id"]),
        status=str(document["status"]),
        message=str(document.get("message") or ""),
        metadata=document.get("metadata") or {},
    )
