"""A real Chromium, headless, driven over its DevTools protocol: just enough of a websocket client for that."""
import base64
import json
import os
import re
import select
import shutil
import socket
import struct
import subprocess
import tempfile
import time
import urllib.request

BINARY = next((p for n in ("chromium", "chromium-browser", "google-chrome") if (p := shutil.which(n))), None)


class Socket:
    """RFC 6455, client side, text frames."""

    def __init__(self, url):
        host, port, path = re.match(r"ws://([^:/]+):(\d+)(/.*)", url).groups()
        self.s = socket.create_connection((host, int(port)), timeout=120)
        key = base64.b64encode(os.urandom(16)).decode()
        self.s.sendall(f"GET {path} HTTP/1.1\r\nHost: {host}:{port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: {key}\r\n"
                       "Sec-WebSocket-Version: 13\r\n\r\n".encode())
        self.rest = b""
        while b"\r\n\r\n" not in self.rest:
            self.rest += self.s.recv(4096)
        head, self.rest = self.rest.split(b"\r\n\r\n", 1)
        assert b" 101 " in head, head

    def send(self, text):
        data, mask = text.encode(), os.urandom(4)
        n = len(data)
        head = bytes([0x81]) + (bytes([0x80 | n]) if n < 126 else bytes([0xFE]) + struct.pack(">H", n) if n < 65536 else bytes([0xFF]) + struct.pack(">Q", n))
        self.s.sendall(head + mask + bytes(b ^ mask[i % 4] for i, b in enumerate(data)))

    def take(self, n):
        while len(self.rest) < n:
            more = self.s.recv(1 << 16)
            assert more, "Chromium closed the connection"
            self.rest += more
        out, self.rest = self.rest[:n], self.rest[n:]
        return out

    def recv(self):
        text = b""
        while True:
            a, b = self.take(2)
            n = b & 127
            n = struct.unpack(">H", self.take(2))[0] if n == 126 else struct.unpack(">Q", self.take(8))[0] if n == 127 else n
            data = self.take(n)
            if a & 15 in (0, 1):
                text += data
                if a & 128:
                    return text.decode()

    def waiting(self, seconds):
        return bool(self.rest) or bool(select.select([self.s], [], [], seconds)[0])


class Page:
    def __init__(self, width=1280, height=900, scale=1, mobile=False, dark=True):
        self.home = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)
        self.proc = subprocess.Popen([BINARY, "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run",
                                      "--hide-scrollbars", "--remote-debugging-port=0", "--user-data-dir=" + self.home.name, "about:blank"],
                                     stderr=subprocess.PIPE, stdout=subprocess.DEVNULL)
        port = None
        end = time.monotonic() + 100
        while port is None and time.monotonic() < end:
            m = re.search(rb"ws://[^:]+:(\d+)/", self.proc.stderr.readline())
            port = m and int(m[1])
        assert port, "Chromium did not start"
        tab = None
        while tab is None and time.monotonic() < end:  # the first page comes a little later
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/json", timeout=60) as tabs:
                tab = next((t for t in json.load(tabs) if t["type"] == "page"), None)
        assert tab, "Chromium has no page"
        self.ws = Socket(tab["webSocketDebuggerUrl"])
        self.n, self.events = 0, []
        for domain in ("Page", "Runtime", "Network", "Log"):
            self.call(domain + ".enable")
        self.size(width, height, scale, mobile)
        self.dark(dark)

    def call(self, method, **params):
        self.n += 1
        self.ws.send(json.dumps({"id": self.n, "method": method, "params": params}))
        while True:
            m = json.loads(self.ws.recv())
            if m.get("id") == self.n:
                assert "error" not in m, m
                return m["result"]
            self.events.append(m)

    def pump(self, seconds):
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            if self.ws.waiting(left):
                self.events.append(json.loads(self.ws.recv()))

    def size(self, width, height, scale=1, mobile=False):
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=scale, mobile=mobile)

    def dark(self, on):
        self.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": "dark" if on else "light"}])

    def goto(self, url):
        self.call("Page.navigate", url=url)
        self.until("document.readyState === 'complete'")

    def eval(self, js):
        r = self.call("Runtime.evaluate", expression=js, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in r, r["exceptionDetails"]
        return r["result"].get("value")

    def until(self, js, seconds=90):
        end = time.monotonic() + seconds
        while not self.eval(js):
            assert time.monotonic() < end, js
            self.pump(0.2)

    def changes(self, js, seconds=90):
        """Waits until the value is another one."""
        before, end = self.eval(js), time.monotonic() + seconds
        while self.eval(js) == before:
            assert time.monotonic() < end, js
            self.pump(0.2)

    def picture(self, whole=True):
        args = {"format": "png"}
        if whole:
            size = self.call("Page.getLayoutMetrics")["cssContentSize"]
            args.update(captureBeyondViewport=True, clip={"x": 0, "y": 0, "width": size["width"], "height": size["height"], "scale": 1})
        return base64.b64decode(self.call("Page.captureScreenshot", **args)["data"])

    def requests(self):
        return [e["params"]["request"]["url"] for e in self.events if e.get("method") == "Network.requestWillBeSent"]

    def complaints(self):
        """What the console said of errors, and exceptions."""
        out = [e["params"]["exceptionDetails"] for e in self.events if e.get("method") == "Runtime.exceptionThrown"]
        out += [e["params"]["entry"] for e in self.events if e.get("method") == "Log.entryAdded" and e["params"]["entry"]["level"] == "error"]
        return out

    def close(self):
        self.proc.kill()
        self.proc.wait()
        self.proc.stderr.close()
        self.home.cleanup()
