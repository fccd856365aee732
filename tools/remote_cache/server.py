"""The cache that nginx.conf describes, on a port of this machine."""

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from tools.remote_cache.access_log import Request, requests
from tools.servers.layer_program import layer_program
from tools.servers.server import Server, free_port

_USER = "user www-data;"
_LISTEN = "listen 8080;"
_STORE = "dav_methods PUT;"
_WRITERS = "/srv/bazel-cache/writers"
# Directives that are commented out; a comment has a blank behind the #.
_OPTION = re.compile(r"^( *)#(?! \S)", re.MULTILINE)


class CacheServer:
    """nginx with its cache in a folder of its own."""

    def __init__(self, layers: Sequence[Path], configuration: Path, folder: Path) -> None:
        """Unpacks nginx; it does not run yet.

        Args:
            layers: the image layers that nginx is in.
            configuration: nginx.conf.
            folder: an empty one, for all of it.
        """
        # In a sandbox there may be no other user to become.
        self._original = configuration.read_text().replace(_USER, "user root;")
        self._program = layer_program(layers, "usr/sbin/nginx", folder / "program")
        self._folder = folder / "cache"
        (self._folder / "files").mkdir(parents=True)
        self._configuration = folder / "nginx.conf"
        port = free_port()
        self._port = f"listen 127.0.0.1:{port};"
        self.url = f"http://127.0.0.1:{port}"
        # One process, which is all there is to stop or to freeze.
        options = ["-p", f"{self._folder}/", "-c", str(self._configuration), "-g", "daemon off; master_process off;"]
        self._server = Server([*self._program, "-e", "error.log", *options], port)

    @contextmanager
    def running(self, answer_to_put: int | None = None, password: str | None = None) -> Iterator[None]:
        """Serves for the duration of the block.

        Args:
            answer_to_put: a status that every upload is turned down with, such as 507.
            password: with it, as the user `ci`, one may write; without, only read. None: all may.
        """
        turned_down = f" if ($request_method = PUT) {{ return {answer_to_put}; }}" if answer_to_put else ""
        text = self._original.replace(_LISTEN, self._port).replace(_STORE, _STORE + turned_down)
        if password:
            writers = self._folder / "writers"
            writers.write_text(f"ci:{{PLAIN}}{password}\n")
            text = re.sub(_OPTION, r"\1", text).replace(_WRITERS, str(writers))
        self._configuration.write_text(text)
        self._server.start()
        try:
            yield
        finally:
            self._server.stop()

    @contextmanager
    def frozen(self) -> Iterator[None]:
        """While it runs: takes connections and answers none, for the duration of the block."""
        self._server.freeze()
        try:
            yield
        finally:
            self._server.thaw()

    def blobs(self) -> list[Path]:
        """The files of all that is stored."""
        return self._stored("cas")

    def actions(self) -> list[Path]:
        """The files that say what actions led to."""
        return self._stored("ac")

    def requests(self) -> list[Request]:
        """What it was asked so far."""
        log = self._folder / "access.log"
        return requests(log.read_text().splitlines()) if log.exists() else []

    def _stored(self, kind: str) -> list[Path]:
        return [path for path in (self._folder / "files" / kind).glob("*") if re.fullmatch("[0-9a-f]{64}", path.name)]
