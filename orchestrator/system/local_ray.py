"""Ray's Jobs API over HTTP, whose jobs are processes here."""

import contextlib
import json
import os
import shlex
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class LocalRay:
    """Runs `actors` processes for each job that is submitted, and starts one again that dies, as Ray does."""

    def __init__(self, actors: int = 2) -> None:
        self._actors = actors
        self._lock = threading.Lock()
        self._closed = False
        self.jobs: dict[str, dict[str, Any]] = {}
        self._processes: dict[str, list[subprocess.Popen[bytes]]] = {}

    @property
    def running(self) -> list[str]:
        """The jobs that have not ended."""
        return [name for name, job in self.jobs.items() if job["status"] == "RUNNING"]

    def submit(self, body: dict[str, Any]) -> None:
        """Starts a job."""
        name = body["submission_id"]
        with self._lock:
            if self._closed:
                return
            self.jobs[name] = {**body, "status": "RUNNING", "message": ""}
            self._processes[name] = [self._start(name) for _ in range(self._actors)]

    def stop(self, name: str) -> None:
        """Ends a job."""
        with self._lock:
            self.jobs[name]["status"] = "STOPPED"
            for process in self._processes.pop(name, ()):
                process.terminate()
                try:
                    process.wait(5)
                except subprocess.TimeoutExpired:
                    process.kill()
                    process.wait()

    def kill_an_actor(self) -> None:
        """Kills one, as a crash would, and starts another in its place."""
        with self._lock:
            name = self.running[0]
            victim = self._processes[name].pop(0)
            victim.send_signal(signal.SIGKILL)
            victim.wait()
            self._processes[name].append(self._start(name))

    def close(self) -> None:
        """Ends every job, and starts no more."""
        with self._lock:
            self._closed = True
        for name in self.running:
            self.stop(name)

    def _start(self, name: str) -> "subprocess.Popen[bytes]":
        job = self.jobs[name]
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), **job["runtime_env"]["env_vars"]}
        return subprocess.Popen(shlex.split(job["entrypoint"]), env=environment)


@contextmanager
def serving(ray: LocalRay) -> Iterator[str]:
    """Serves the API for the duration of the block, and ends every job then; yields its address."""

    class Handler(_Handler):
        served = ray

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
        ray.close()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    served: LocalRay

    def do_GET(self) -> None:
        name = self.path.removeprefix("/api/jobs/")
        if not name:
            self._answer(200, [*self.served.jobs.values()])
        elif name in self.served.jobs:
            self._answer(200, self.served.jobs[name])
        else:
            self._answer(404, {})

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if self.path == "/api/jobs/":
            self.served.submit(json.loads(body))
        else:
            self.served.stop(self.path.split("/")[3])
        self._answer(200, {})

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 (the base class names it so)
        """Says nothing."""

    def _answer(self, status: int, document: object) -> None:
        data = json.dumps(document).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        with contextlib.suppress(OSError):
            self.wfile.write(data)
