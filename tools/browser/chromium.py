"""Opens pages in a headless Chromium over the DevTools protocol (https://chromedevtools.github.io/devtools-protocol/).

The browser and this program talk through a pair of pipes, so that no port is open and both end together.
"""

from __future__ import annotations

import base64
import json
import os
import select
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tools.browser.unpack import unpack

# Names of keys, with their Windows virtual key codes and the text that they type.
KEYS = {"Enter": (13, "\r"), "Tab": (9, "")}

_TIMEOUT = 30.0
_FLAGS = (
    "--headless",
    "--disable-gpu",
    "--hide-scrollbars",
    "--no-first-run",
    "--remote-debugging-pipe",
    # It is this repository's own page, in a test that Bazel has in a sandbox; Chromium's own needs more rights.
    "--no-sandbox",
    "--disable-dev-shm-usage",
    "--font-render-hinting=none",
)


class BrowserError(Exception):
    """The browser did not start, did not answer, or refused what it was asked."""


@dataclass(frozen=True, slots=True)
class Screen:
    """What a page is shown on; sizes in CSS pixels."""

    width: int
    height: int
    dark: bool = False
    mobile: bool = False
    scripts: bool = True


class Page:
    """A page that was opened and has loaded."""

    def __init__(self, browser: Chromium, session: str) -> None:
        self._browser, self._session = browser, session
        self.problems: list[str] = []
        self.requests: list[str] = []

    def evaluate(self, expression: str) -> Any:
        """The value of a JavaScript expression, as JSON has it. Raises BrowserError when it throws."""
        answer = self.call("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in answer:
            raise BrowserError(f"{expression}: {answer['exceptionDetails'].get('exception', {}).get('description')}")
        return answer["result"].get("value")

    def press(self, key: str) -> None:
        """Presses and releases one of the keys in KEYS."""
        code, text = KEYS[key]
        for kind, typed in (("keyDown", {"text": text} if text else {}), ("keyUp", {})):
            self.call("Input.dispatchKeyEvent", type=kind, key=key, code=key, windowsVirtualKeyCode=code, **typed)

    def screenshot(self, path: Path, whole: bool = True) -> None:
        """Writes a PNG of the page; without `whole`, of what the screen shows."""
        answer = self.call("Page.captureScreenshot", captureBeyondViewport=whole, **self._clip(whole))
        path.write_bytes(base64.b64decode(answer["data"]))

    def call(self, method: str, **parameters: Any) -> Mapping[str, Any]:
        """One command of the protocol; its answer. Raises BrowserError."""
        return self._browser.call(method, self._session, **parameters)

    def heard(self, method: str, event: Mapping[str, Any]) -> None:
        """Takes note of what the browser says of the page."""
        if method == "Runtime.exceptionThrown":
            self.problems.append(str(event["exceptionDetails"].get("exception", {}).get("description")))
        elif method == "Runtime.consoleAPICalled" and event["type"] in ("error", "warning", "assert"):
            self.problems.append(" ".join(str(argument.get("value")) for argument in event["args"]))
        elif method == "Log.entryAdded" and event["entry"]["level"] in ("error", "warning"):
            self.problems.append(event["entry"]["text"])
        elif method == "Network.requestWillBeSent":
            self.requests.append(event["request"]["url"])

    def _clip(self, whole: bool) -> dict[str, Any]:
        if not whole:
            return {}
        size = self.call("Page.getLayoutMetrics")["cssContentSize"]
        return {"clip": {"x": 0, "y": 0, "width": size["width"], "height": size["height"], "scale": 1}}


class Chromium:
    """A browser that runs; use `chromium`."""

    def __init__(self, process: subprocess.Popen[bytes], write: int, read: int) -> None:
        self._process, self._write, self._read = process, write, read
        self._buffer = b""
        self._calls = 0
        self._pages: dict[str, Page] = {}
        self._loaded: set[str] = set()

    @contextmanager
    def open(self, url: str, screen: Screen) -> Iterator[Page]:
        """Opens a page in a tab of its own and waits until it has loaded. Raises BrowserError."""
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        page = self._pages[session] = Page(self, session)
        for domain in ("Page", "Runtime", "Log", "Network"):
            page.call(f"{domain}.enable")
        page.call(
            "Emulation.setDeviceMetricsOverride",
            width=screen.width,
            height=screen.height,
            deviceScaleFactor=1,
            mobile=screen.mobile,
        )
        scheme = {"name": "prefers-color-scheme", "value": "dark" if screen.dark else "light"}
        page.call("Emulation.setEmulatedMedia", features=[scheme])
        page.call("Emulation.setScriptExecutionDisabled", value=not screen.scripts)
        self._loaded.discard(session)
        page.call("Page.navigate", url=url)
        self._until(lambda: session in self._loaded, f"{url} to load")
        try:
            yield page
        finally:
            self.call("Target.closeTarget", targetId=target)

    def call(self, method: str, session: str = "", **parameters: Any) -> Mapping[str, Any]:
        """One command of the protocol, to the browser or to a page's session; its answer. Raises BrowserError."""
        self._calls += 1
        number = self._calls
        message = {"id": number, "method": method, "params": parameters, **({"sessionId": session} if session else {})}
        os.write(self._write, json.dumps(message).encode() + b"\0")
        answers: list[Mapping[str, Any]] = []
        self._until(lambda: bool(answers), method, answers, number)
        if "error" in answers[0]:
            raise BrowserError(f"{method}: {answers[0]['error'].get('message')}")
        result: Mapping[str, Any] = answers[0]["result"]
        return result

    def _until(self, done: Any, what: str, answers: list[Mapping[str, Any]] | None = None, number: int = 0) -> None:
        deadline = time.monotonic() + _TIMEOUT
        while not done():
            message = self._receive(deadline, what)
            if message.get("id") == number and answers is not None:
                answers.append(message)
            elif "method" in message:
                self._heard(message)

    def _heard(self, message: Mapping[str, Any]) -> None:
        session = message.get("sessionId", "")
        if message["method"] == "Page.loadEventFired":
            self._loaded.add(session)
        if session in self._pages:
            self._pages[session].heard(message["method"], message["params"])

    def _receive(self, deadline: float, what: str) -> Mapping[str, Any]:
        while b"\0" not in self._buffer:
            ready, _, _ = select.select([self._read], [], [], max(0.0, deadline - time.monotonic()))
            if not ready:
                raise BrowserError(f"the browser did not answer within {_TIMEOUT:.0f} s: {what}")
            data = os.read(self._read, 1 << 20)
            if not data:
                raise BrowserError(f"the browser ended with {self._process.wait()}: {what}")
            self._buffer += data
        raw, _, self._buffer = self._buffer.partition(b"\0")
        message: Mapping[str, Any] = json.loads(raw)
        return message


@contextmanager
def chromium(package: Path, temporary: Path) -> Iterator[Chromium]:
    """Unpacks the browser of the npm package's folder `package` below `temporary`, runs it there, and ends it."""
    installation = unpack(package, temporary)
    fonts = temporary / "fonts.conf"
    fonts.write_text(
        f"<fontconfig><dir>{installation.fonts}</dir><cachedir>{temporary / 'font-cache'}</cachedir></fontconfig>"
    )
    to_browser, from_browser = os.pipe(), os.pipe()
    # The browser reads from descriptor 3 and writes to descriptor 4; a shell puts them there.
    plumbing = f'exec "$0" "$@" 3<&{to_browser[0]} 4>&{from_browser[1]}'
    process = subprocess.Popen(
        ["/bin/bash", "-c", plumbing, installation.program, *_FLAGS, f"--user-data-dir={temporary / 'profile'}"],
        env={
            "PATH": os.defpath,
            "HOME": str(temporary),
            "LD_LIBRARY_PATH": str(installation.libraries),
            "FONTCONFIG_FILE": str(fonts),
        },
        pass_fds=[to_browser[0], from_browser[1]],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    os.close(to_browser[0])
    os.close(from_browser[1])
    try:
        yield Chromium(process, to_browser[1], from_browser[0])
    finally:
        process.kill()
        process.wait()
        os.close(to_browser[1])
        os.close(from_browser[0])
