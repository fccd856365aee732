"""Ray's Jobs API over HTTP, as far as it is needed here.

The documented REST interface is used in place of ray.job_submission: importing ray costs seconds and a hundred
megabytes that the orchestrator has no other use for, and its client blocks.
https://docs.ray.io/en/latest/cluster/running-applications/job-submission/rest.html
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import httpx

from orchestrator.domain.errors import DependencyLost

NAME = "ray"
_TIMEOUT_S = 10.0
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


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except httpx.HTTPError as error:
        raise DependencyLost(NAME, f"the Jobs API: {error or type(error).__name__}") from error
    except (ValueError, KeyError, TypeError) as error:
        raise DependencyLost(NAME, f"the Jobs API's answer cannot be read: {error}") from error


class JobsApi:
    """Submits, watches and stops jobs. Every method raises DependencyLost where the dashboard does not answer."""

    def __init__(self, url: str, transport: httpx.AsyncBaseTransport | None = None) -> None:
        self._http = httpx.AsyncClient(base_url=url, timeout=_TIMEOUT_S, transport=transport)

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
        with _translated():
            (await self._http.post("/api/jobs/", json=body)).raise_for_status()

    async def jobs(self) -> Sequence[Job]:
        """Every submitted job."""
        with _translated():
            answer = (await self._http.get("/api/jobs/")).raise_for_status()
            return [_job(document) for document in answer.json() if document.get("submission_id")]

    async def job(self, submission_id: str) -> Job | None:
        """One job; None if Ray knows no such job."""
        with _translated():
            answer = await self._http.get(f"/api/jobs/{submission_id}")
            if answer.status_code == httpx.codes.NOT_FOUND:
                return None
            return _job(answer.raise_for_status().json())

    async def stop(self, submission_id: str) -> None:
        """Has a job stopped; it ends a little later. One that does not exist is stopped already."""
        with _translated():
            answer = await self._http.post(f"/api/jobs/{submission_id}/stop")
            if answer.status_code != httpx.codes.NOT_FOUND:
                answer.raise_for_status()

    async def close(self) -> None:
        """Closes the connections."""
        await self._http.aclose()


def _job(document: dict[str, Any]) -> Job:
    return Job(
        submission_id=str(document["submission_id"]),
        status=str(document["status"]),
        message=str(document.get("message") or ""),
        metadata=document.get("metadata") or {},
    )
