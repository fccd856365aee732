"""Plays a service, or the tests, in a container: each argument is one step.

  say:TEXT        prints a line
  sleep:SECONDS
  serve:PORT      answers HTTP on that port from then on, in the background; /save/PATH makes a file of 100 KB there
  listen:PORT     accepts connections on that port from then on, and never says anything
  deaf:SECONDS    ends that service after so many seconds, and lives on
  get:URL         fails unless a GET of it succeeds
  reach:HOST      fails when a connection to port 53 of that address can be opened
  slow:URL        fails unless a GET of it takes 0.3 seconds and more
  quick:URL       fails when a GET of it takes as long as that
  lost:URL        fails when a GET of it succeeds
  write:PATH      fails unless a file can be made there
  copy:FROM:TO    copies a file
  refuse:PATH     fails when a file can be made there
  absent:PATH     fails when there is something
  again:PATH      makes a file there; where there is one already, ends with 3 a second later
  child:TEXT      starts a process that waits for ever and has TEXT in its command line
  fault:WORDS     does that to the stack: a method of Faults and its arguments
  unfault:WORDS   fails unless that is refused
  eat             takes memory until it is killed
  feed            starts a process that takes memory until it is killed, and waits for its end
  hold:MEGABYTES  takes that much memory, and keeps it
  moved:SECONDS:STEP  so long after it has come to another network, does that step, in the background
  visited:PORT    waits for a connection to that port, and keeps it open
  visit:HOST:PORT opens such a connection, as soon as it can, and keeps it open
  outlive:HOST:PORT  opens such a connection, and waits until the other end is gone
  mute            answers HTTP no longer, whatever asks
  stubborn        ignores SIGTERM
  obedient        ends with 0 at SIGTERM
  crash           ends by SIGSEGV
  cases:LIST      writes JUnit XML with one case for each word: passed, failed or skipped
  exit:CODE
  end:CODE        the same, from the background
  gate            waits, as pytest does, until the stack is ready
  wait            for ever

As the tests' container it is given pytest's options, too; of those it takes --junitxml and prints the rest.
"""

import contextlib
import ctypes
import fcntl
import http.server
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path

SLOW = 0.3
OUTCOMES = {"passed": "", "failed": "<failure/>", "skipped": "<skipped/>"}


MUTE = threading.Event()
HELD: list[bytearray | socket.socket] = []


class Ok(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        if MUTE.is_set():
            threading.Event().wait()
        if self.path.startswith("/save/"):
            try:
                Path(self.path.removeprefix("/save")).write_bytes(bytes(100_000))
            except OSError:
                self.send_error(507)
                return
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b'{"ok": true}')

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # The base class has it so.
        pass


servers: list[http.server.HTTPServer] = []
listeners: list[socket.socket] = []


def serve(port: str) -> None:
    servers.append(http.server.ThreadingHTTPServer(("", int(port)), Ok))
    threading.Thread(target=servers[-1].serve_forever, daemon=True).start()


def listen(port: str) -> None:
    listeners.append(socket.create_server(("", int(port))))


def deaf(seconds: str) -> None:
    def close() -> None:
        for server in servers:
            server.shutdown()
            server.server_close()

    threading.Timer(float(seconds), close).start()


def get(url: str) -> None:
    urllib.request.urlopen(url, timeout=5).close()  # noqa: S310  # A service of the same stack.


def reach(host: str) -> None:
    try:
        socket.create_connection((host, 53), timeout=3).close()
    except OSError:
        return
    sys.exit(f"{host} can be reached")


def lost(url: str) -> None:
    try:
        urllib.request.urlopen(url, timeout=2).close()  # noqa: S310  # A service of the same stack.
    except OSError:
        return
    sys.exit(f"{url} can be reached")


def took(url: str) -> float:
    began = time.monotonic()
    get(url)
    return time.monotonic() - began


def slow(url: str) -> None:
    if (seconds := took(url)) < SLOW:
        sys.exit(f"{url} took {seconds:.2f} s only")


def quick(url: str) -> None:
    if (seconds := took(url)) >= SLOW:
        sys.exit(f"{url} took {seconds:.2f} s")


def again(path: str) -> None:
    if Path(path).exists():
        threading.Timer(1, os._exit, (3,)).start()
    Path(path).write_text("")


def fault(words: str) -> None:
    # Late: only the tests' container has it.
    from tools.stack.faults.client import Faults  # noqa: PLC0415

    action, *names = words.split(" ")
    print(words, getattr(Faults(), action)(*names))


def unfault(words: str) -> None:
    try:
        fault(words)
    except Exception as error:  # It cannot be named where it is not imported.
        if type(error).__name__ != "FaultFailed":
            raise
        print(error)
        return
    sys.exit(f"{words} was not refused")


def refuse(path: str) -> None:
    try:
        Path(path).write_text("")
    except OSError:
        return
    sys.exit(f"{path} can be written")


def cases(outcomes: str) -> None:
    xml = next(word for word in sys.argv if word.startswith("--junitxml=")).partition("=")[2]
    body = "".join(
        f'<testcase classname="actor" name="case{number}" time="0.1">{OUTCOMES[outcome]}</testcase>'
        for number, outcome in enumerate(outcomes.split(","))
        if outcome
    )
    Path(xml).write_text(f"<testsuites><testsuite>{body}</testsuite></testsuites>")


def visited(port: str) -> None:
    with socket.create_server(("", int(port))) as server:
        HELD.append(server.accept()[0])


def connected(address: str) -> socket.socket:
    host, _, port = address.partition(":")
    while True:
        try:
            return socket.create_connection((host, int(port)))
        except OSError:
            time.sleep(0.05)


def visit(address: str) -> None:
    HELD.append(connected(address))


def outlive(address: str) -> None:
    with contextlib.suppress(ConnectionError), connected(address) as connection:
        while connection.recv(1):
            pass


def moved(argument: str) -> None:
    seconds, _, step = argument.partition(":")
    hosts = Path("/etc/hosts")
    before = hosts.read_text()

    def watch() -> None:
        while hosts.read_text() == before:
            time.sleep(0.02)
        time.sleep(float(seconds))
        play(step)

    threading.Thread(target=watch, daemon=True).start()


def eat(_: str) -> None:
    taken = []
    while True:
        taken.append(bytearray(1 << 22))


def gate(_: str) -> None:
    Path(os.environ["STACK_GATE_REACHED"]).touch()
    with Path(os.environ["STACK_GATE"]).open() as file:
        fcntl.flock(file, fcntl.LOCK_SH)


def play(word: str) -> None:
    steps: dict[str, Callable[[str], object]] = {
        "say": print,
        "sleep": lambda seconds: time.sleep(float(seconds)),
        "serve": serve,
        "deaf": deaf,
        "get": get,
        "listen": listen,
        "slow": slow,
        "quick": quick,
        "lost": lost,
        "absent": lambda path: sys.exit(f"{path} is there") if Path(path).exists() else None,
        "again": again,
        "child": lambda text: subprocess.Popen([sys.executable, "-c", "import time; time.sleep(9999)", text]),
        "fault": fault,
        "unfault": unfault,
        "reach": reach,
        "write": lambda path: Path(path).write_text(""),
        "copy": lambda paths: shutil.copyfile(*paths.split(":")),
        "refuse": refuse,
        "eat": eat,
        "feed": lambda _: subprocess.run([sys.executable, __file__, "eat"], check=False),
        "stubborn": lambda _: signal.signal(signal.SIGTERM, signal.SIG_IGN),
        "obedient": lambda _: signal.signal(signal.SIGTERM, lambda *_: sys.exit(0)),
        "crash": lambda _: ctypes.string_at(0),
        "cases": cases,
        "end": lambda code: os._exit(int(code)),
        "gate": gate,
        "exit": lambda code: sys.exit(int(code)),
        "hold": lambda size: HELD.append(bytearray(b"x" * (int(size) << 20))),
        "moved": moved,
        "outlive": outlive,
        "visit": visit,
        "visited": visited,
        "mute": lambda _: MUTE.set(),
        "wait": lambda _: threading.Event().wait(),
    }
    name, _, argument = word.partition(":")
    if name in steps:
        steps[name](argument)
    else:
        print("given", word)


def main() -> None:
    for word in sys.argv[1:]:
        play(word)


if __name__ == "__main__":
    main()
