"""Chromium without a window, driven by the WebDriver protocol: as much of it as the tests of the page need."""

import json
import os
import shutil
import socket
import subprocess
import time
from contextlib import suppress
from urllib.request import Request, urlopen

TAB, ENTER, SPACE = "\ue004", "\ue007", " "


def why_not():
    """The reason why no browser can be had here, or None."""
    if os.environ.get("CI"):
        return "CI runs no browser"
    missing = [name for name in ("chromium", "chromedriver") if not shutil.which(name)]
    return f"no {' and no '.join(missing)} here" if missing else None


class Browser:
    """One page at a time; use as a context."""

    def __enter__(self):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.driver = subprocess.Popen(
            ["chromedriver", f"--port={self.port}"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        try:
            self._wait()
            self.session = ""
            self.session = f"/session/{self._post('/session', self._wanted())['sessionId']}"
        except BaseException:
            self._stop()
            raise
        return self

    def __exit__(self, *_):
        with suppress(OSError):
            self._call("DELETE", "")
        self._stop()

    def _stop(self):
        self.driver.terminate()
        self.driver.wait(10)

    def _wait(self):
        for _ in range(200):
            with suppress(OSError):
                return urlopen(f"http://127.0.0.1:{self.port}/status").close()
            time.sleep(0.05)
        raise TimeoutError("chromedriver does not answer")

    def _wanted(self):
        options = ["--headless=new", "--hide-scrollbars", "--disable-dev-shm-usage"]
        options += ["--no-sandbox"] if os.geteuid() == 0 else []
        logs = {"browser": "ALL", "performance": "ALL"}
        return {"capabilities": {"alwaysMatch": {"goog:chromeOptions": {"args": options}, "goog:loggingPrefs": logs}}}

    def _call(self, method, path, body=None):
        data = None if body is None else json.dumps(body).encode()
        request = Request(f"http://127.0.0.1:{self.port}{self.session}{path}", data, method=method)
        request.add_header("Content-Type", "application/json")
        with urlopen(request) as answer:
            return json.load(answer)["value"]

    def _post(self, path, body):
        return self._call("POST", path, body)

    def open(self, path, fragment=""):
        self._post("/url", {"url": "about:blank"})
        self._post("/url", {"url": path.as_uri() + fragment})

    def script(self, code, *values):
        """What the body of a function returns in the page."""
        return self._post("/execute/sync", {"script": code, "args": list(values)})

    def command(self, name, **parameters):
        """A command of the DevTools protocol."""
        return self._post("/goog/cdp/execute", {"cmd": name, "params": parameters})

    def size(self, width, height):
        self.command("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1,
                     mobile=width < 700)  # fmt: skip

    def media(self, kind="", scheme="light"):
        features = [{"name": "prefers-color-scheme", "value": scheme}]
        self.command("Emulation.setEmulatedMedia", media=kind, features=features)

    def press(self, *keys):
        strokes = [{"type": each, "value": key} for key in keys for each in ("keyDown", "keyUp")]
        self._post("/actions", {"actions": [{"type": "key", "id": "keyboard", "actions": strokes}]})

    def log(self, kind):
        return self._post("/se/log", {"type": kind})
