"""The fetcher against a server on 127.0.0.1 that speaks the hub's resolve endpoint."""

import hashlib
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from images.model.fetch import main

REPO = "council/judge"
REVISION = "0123456789abcdef0123456789abcdef01234567"
CONTENT = b'{"model_type": "llama"}\n'
SHA256 = hashlib.sha256(CONTENT).hexdigest()


@dataclass
class Hub:
    """What the hub has and how it behaves; `requests` are those it was sent."""

    address: str = ""
    token: str | None = None
    cut_off: bool = False
    requests: list[str] = field(default_factory=list)


class HubHandler(BaseHTTPRequestHandler):
    hub: Hub

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the parent's name
        pass

    def do_HEAD(self) -> None:
        self._respond(body=b"")

    def do_GET(self) -> None:
        self._respond(body=CONTENT[:5] if self.hub.cut_off else CONTENT)

    def _respond(self, body: bytes) -> None:
        self.hub.requests.append(f"{self.command} {self.path}")
        if self.hub.token and self.headers.get("authorization") != f"Bearer {self.hub.token}":
            self._refuse(401, "GatedRepo")
        elif self.path != f"/{REPO}/resolve/{REVISION}/config.json":
            self._refuse(404, "EntryNotFound")
        else:
            self.send_response(200)
            self.send_header("X-Repo-Commit", REVISION)
            self.send_header("ETag", f'"{SHA256}"')
            self.send_header("Content-Length", str(len(CONTENT)))
            self.end_headers()
            self.wfile.write(body)

    def _refuse(self, status: int, code: str) -> None:
        self.send_response(status)
        self.send_header("X-Error-Code", code)
        self.send_header("Content-Length", "0")
        self.end_headers()


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    hub = Hub()
    handler = type("Handler", (HubHandler,), {"hub": hub})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    hub.address = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    monkeypatch.setenv("HF_ENDPOINT", hub.address)
    monkeypatch.delenv("HF_TOKEN", raising=False)
    yield hub
    server.shutdown()
    thread.join()
    server.server_close()


def fetch(output: Path, name: str = "config.json", sha256: str = SHA256, *arguments: str) -> int:
    given = ["--repo", REPO, "--revision", REVISION, "--file", f"{name}={sha256}", "--output", str(output)]
    return main([*given, *arguments])


def test_a_file_of_the_revision_is_fetched_and_nothing_else_is_left(tmp_path: Path, hub: Hub) -> None:
    (tmp_path / "template").write_text("{{ messages }}")
    assert fetch(tmp_path / "model", "config.json", SHA256, f"--add=chat_template.jinja={tmp_path}/template") == 0
    assert (tmp_path / "model/config.json").read_bytes() == CONTENT
    assert sorted(path.name for path in (tmp_path / "model").iterdir()) == ["chat_template.jinja", "config.json"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["model", "template"]
    assert f"GET /{REPO}/resolve/{REVISION}/config.json" in hub.requests


def test_the_token_comes_from_the_environment(tmp_path: Path, hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    hub.token = "hf_council"
    monkeypatch.setenv("HF_TOKEN", "hf_council")
    assert fetch(tmp_path / "model") == 0


@pytest.mark.parametrize(("token", "hint"), [(None, "set HF_TOKEN"), ("hf_wrong", "does not accept HF_TOKEN")])
def test_a_missing_or_a_wrong_token_is_told_apart(
    token: str | None,
    hint: str,
    tmp_path: Path,
    hub: Hub,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    hub.token = "hf_council"
    if token:
        monkeypatch.setenv("HF_TOKEN", token)
    assert fetch(tmp_path / "model") == 1
    assert hint in one_line(capsys)


def test_a_wrong_hash_names_both_and_leaves_no_file(
    tmp_path: Path, hub: Hub, capsys: pytest.CaptureFixture[str]
) -> None:
    assert fetch(tmp_path / "model", sha256="0" * 64) == 1
    assert one_line(capsys) == (f"fetch: {REPO}@{REVISION}: config.json has SHA-256 {SHA256}, expected {'0' * 64}")
    assert list((tmp_path / "model").iterdir()) == []


def test_a_download_that_is_cut_off_fails_and_leaves_no_file(
    tmp_path: Path, hub: Hub, capsys: pytest.CaptureFixture[str]
) -> None:
    hub.cut_off = True
    assert fetch(tmp_path / "model") == 1
    assert f"fetch: {REPO}: config.json could not be fetched: " in one_line(capsys)
    assert list((tmp_path / "model").iterdir()) == []


def test_a_file_that_the_revision_lacks_is_named(tmp_path: Path, hub: Hub, capsys: pytest.CaptureFixture[str]) -> None:
    assert fetch(tmp_path / "model", "weights.bin") == 1
    assert one_line(capsys) == f"fetch: {REPO}@{REVISION} has no weights.bin"


def test_no_hub_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:1")
    assert fetch(tmp_path / "model") == 1
    assert one_line(capsys).startswith("fetch: no hub answers at http://127.0.0.1:1: ")


def one_line(capsys: pytest.CaptureFixture[str]) -> str:
    """The last line on stderr: the library reports progress and retries before it."""
    return capsys.readouterr().err.strip().splitlines()[-1]
