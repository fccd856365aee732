"""Keeps the agents' Ray job running."""

import asyncio
import hashlib
import json
import logging
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager

from orchestrator.adapters.ray.jobs_api import Job, JobsApi
from orchestrator.agents.job import JOB_VARIABLE
from orchestrator.domain.errors import DependencyLost

_log = logging.getLogger(__name__)

APP = "orchestrator-agents"

_PERIOD_S = 1.0
_STOP_PERIOD_S = 0.1


class AgentJob:
    """One job of ours on the cluster, shared by all instances of the orchestrator: adopted if it runs, else submitted.

    Adopting lets a restarted orchestrator find its agents at work. A job with another configuration is replaced by an
    instance when it starts, and only then: so the instance that started last decides, and two never take turns at it.
    `lock` says whether this instance may look and submit now; several at once must not.
    """

    def __init__(
        self,
        api: JobsApi,
        entrypoint: str,
        env: Mapping[str, str],
        version: str,
        new_id: Callable[[], str],
        lock: Callable[[], AbstractAsyncContextManager[bool]],
        on_found: Callable[[], None] = lambda: None,
    ) -> None:
        """`on_found` is called whenever there is a current job that was not it before."""
        self._api = api
        self._lock = lock
        self._entrypoint = entrypoint
        self._env = dict(env)
        self._new_id = new_id
        self._on_found = on_found
        canonical = json.dumps([version, entrypoint, self._env], sort_keys=True)
        self._configuration = hashlib.sha256(canonical.encode()).hexdigest()[:16]
        self._current = ""
        self._may_replace = True

    @property
    def current(self) -> str:
        """Submission id of the job; empty until there is one."""
        return self._current

    async def keep_running(self) -> None:
        """Has the job run, and starts another one when it ends. Runs until cancelled."""
        said = ""
        while True:
            try:
                await self._ensure()
                said = ""
            except DependencyLost as lost:
                if str(lost) != said:
                    said = str(lost)
                    _log.info("the agents' job has to wait: %s", lost)
            await asyncio.sleep(_PERIOD_S)

    async def stop(self, patience_s: float) -> None:
        """Stops the job and waits until it has ended, for `patience_s` seconds at most."""
        if not self._current:
            return
        try:
            async with asyncio.timeout(patience_s):
                await self._api.stop(self._current)
                while (job := await self._api.job(self._current)) and not job.ended:
                    await asyncio.sleep(_STOP_PERIOD_S)
            _log.info("stopped the agents", extra={"job": self._current})
        except (DependencyLost, TimeoutError) as error:
            _log.warning("the agents may still be running: %s", error or "no end in time")

    async def _ensure(self) -> None:
        if self._current:
            job = await self._api.job(self._current)
            if job and not job.ended:
                return
            _log.warning(
                "the agents' job has ended: %s", f"{job.status}: {job.message}" if job else "unknown to Ray now"
            )
            self._current = ""
        async with self._lock() as mine:
            if not mine:
                return
            ours = [job for job in await self._api.jobs() if job.metadata.get("app") == APP and not job.ended]
            adopted = await self._adopt(ours)
            self._current = adopted or await self._submit()
            self._may_replace = False
        self._on_found()

    async def _adopt(self, ours: Sequence[Job]) -> str:
        """Returns the id of the one of our jobs to go on with, if there is one, and stops the others."""
        same = [job for job in ours if job.metadata.get("configuration") == self._configuration]
        adopted = next(iter(same if self._may_replace else (*same, *ours)), None)
        if adopted:
            _log.info("adopted the agents' job", extra={"job": adopted.submission_id})
        for job in ours:
            if job is not adopted:
                await self._api.stop(job.submission_id)
                _log.info("stopped a stale job of ours", extra={"job": job.submission_id})
        return adopted.submission_id if adopted else ""

    async def _submit(self) -> str:
        submission_id = f"{APP}-{self._new_id()}"
        env = {**self._env, JOB_VARIABLE: submission_id}
        metadata = {"app": APP, "configuration": self._configuration}
        await self._api.submit(submission_id, self._entrypoint, env, metadata)
        _log.info("submitted the agents' job", extra={"job": submission_id})
        return submission_id
