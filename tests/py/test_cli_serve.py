"""headrace serve: what its interfaces tell, whom they tell it, and what Prometheus makes of it."""
import http.client
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import threading
import time

import pytest
from places import BIN, ROOT
from runs import until

FAKE = BIN.parents[2] / "tests/fake"
pytestmark = pytest.mark.skipif("microhttpd" not in subprocess.run([str(BIN), "version"], capture_output=True, text=True).stdout or
                                "microhttpd  off" in subprocess.run([str(BIN), "version"], capture_output=True, text=True).stdout,
                                reason="this build has no libmicrohttpd")
if not (FAKE / "fake_nvml.so").exists():
    pytest.skip("the stand-in libraries are not built", allow_module_level=True)


class Server:
    def __init__(self, binary, *args, env=None):
        base = {**os.environ, "HEADRACE_NVML": str(FAKE / "fake_nvml.so"), **(env or {})}
        self.proc = subprocess.Popen([binary, "serve", "--port", "0", *args], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=base)
        self.url = self.proc.stdout.readline().strip()
        assert self.url.startswith("http://"), self.proc.stderr.read()
        self.port = int(re.search(r":(\d+)/", self.url)[1])

    def get(self, path, headers=None, method="GET", host=None, address="127.0.0.1", port=None):
        c = http.client.HTTPConnection(address, port or self.port, timeout=60)
        c.putrequest(method, path, skip_host=True, skip_accept_encoding=True)
        if host is not False:
            c.putheader("Host", host or f"localhost:{self.port}")
        for k, v in (headers or {}).items():
            c.putheader(k, v)
        c.endheaders()
        r = c.getresponse()
        body = r.read()
        c.close()
        return r.status, {k.lower(): v for k, v in r.getheaders()}, body

    def json(self, path):
        status, _, body = self.get(path)
        assert status == 200, (path, status, body)
        return json.loads(body)

    def raw(self, data, wait=3):
        with socket.create_connection(("127.0.0.1", self.port), timeout=wait) as s:
            s.sendall(data)
            out = b""
            try:
                while b := s.recv(65536):
                    out += b
            except (TimeoutError, ConnectionError):
                pass
            return out

    def stop(self):
        self.proc.send_signal(signal.SIGTERM)
        try:
            return self.proc.wait(timeout=60)
        finally:
            self.proc.kill()
            self.proc.stdout.close()
            self.proc.stderr.close()


def drip(server):
    """A byte every half second: never idle, never done.  Returns how long that went on."""
    begun = time.monotonic()
    with socket.create_connection(("127.0.0.1", server.port), timeout=60) as s:
        try:
            for b in f"GET / HTTP/1.1\r\nHost: localhost:{server.port}\r\nX-Slow: {'a' * 200}".encode():
                s.sendall(bytes([b]))
                time.sleep(0.5)
                if time.monotonic() - begun > 80:
                    break
        except ConnectionError:
            pass
    return time.monotonic() - begun


SECRET = "3131.0000000000000731731731"  # for sleep a number like others, and nothing that a figure could look like


@pytest.fixture(scope="module")
def server():
    """One for all tests; beside it run a process with something in its command line, and a client that drips."""
    secret = subprocess.Popen(["sleep", SECRET])
    try:
        s = Server(str(BIN), "--interval", "200ms", "--compat", "node,dcgm,nvidia_gpu")
        took = []
        s.dripping = threading.Thread(target=lambda: took.append(drip(s)))
        s.dripping.took = took
        s.dripping.start()
        until(lambda: s.json("/api/v1/tick")["v"]["cpu"] is not None)  # rates need two looks
        yield s
        s.dripping.join()
        assert s.stop() == 0
    finally:
        secret.kill()
        secret.wait()


# --- what it tells ---
def test_now_is_what_top_tells(server):
    j = server.json("/api/v1/now")
    assert j["schema"] == "headrace-top/1"
    parts = [v for v in j["memory"]["parts"].values() if v is not None]
    assert sum(parts) == j["memory"]["total"] + j["memory"]["overlap"]
    assert len(j["gpus"]) == 1


def test_tick_history_jobs_alerts(server):
    t = server.json("/api/v1/tick")
    assert t["schema"] == "headrace-tick/1" and t["v"]["cpu"] is not None and t["gpus"][0]["name"]
    h = server.json("/api/v1/history?span=60&width=60")
    assert h["columns"] == 60 and h["step_ms"] == 1000 and len(h["metrics"]["cpu"]["avg"]) == 60
    until(lambda: server.json("/api/v1/history?span=60&width=60")["metrics"]["cpu"]["avg"][-1] is not None)
    h = server.json("/api/v1/history?span=3600&width=60")
    assert h["metrics"]["cpu"]["avg"][0] is None  # what was before is a gap, not 0
    assert len(h["gpus"]) == 1 and h["gpus"][0]["gpu-vram"]["unit"] == "bytes"
    one = server.json("/api/v1/history?span=60&width=10&metric=memory-used")
    assert list(one["metrics"]) == ["memory-used"]
    assert isinstance(server.json("/api/v1/jobs")["jobs"], list)
    doc = server.json("/api/v1/alerts")
    assert isinstance(doc["alerts"], list) and doc["t"] >= t["t"]


@pytest.mark.parametrize("query", ["span=0", "span=x", "width=0", "width=2001", "span=99999999", "span=-1", "width=1e3"])
def test_history_refuses_nonsense(server, query):
    assert server.get("/api/v1/history?" + query)[0] == 400
    assert server.get("/api/v1/history?metric=nonsense")[0] == 404


def test_health_and_files(server):
    assert server.get("/health")[2] == b"ok\n"
    status, head, body = server.get("/")
    assert status == 200 and b"<!doctype html>" in body
    etag = head["etag"]
    assert server.get("/", {"If-None-Match": etag})[0] == 304
    for name in re.findall(rb'(?:src|href)="(/[^"]+)"', body):
        assert server.get(name.decode())[0] == 200, name
    assert not re.search(rb'(?:src|href)="(?:https?:)?//', body)


def test_head_has_no_body(server):
    status, head, body = server.get("/api/v1/now", method="HEAD")
    assert status == 200 and body == b"" and int(head["content-length"]) > 100


def test_command_lines_are_not_told(server):
    for path in ("/api/v1/now", "/api/v1/tick", "/metrics"):
        assert SECRET[-9:].encode() not in server.get(path)[2]


def test_events_come_and_go_on_behind_the_last(server):
    def read(headers, n):
        with socket.create_connection(("127.0.0.1", server.port), timeout=60) as s:
            s.sendall(f"GET /api/v1/events HTTP/1.1\r\nHost: localhost:{server.port}\r\n{headers}\r\n".encode())
            got = b""
            while got.count(b"\ndata: ") < n:
                got += s.recv(65536)
            assert b"text/event-stream" in got
            return [int(i) for i in re.findall(rb"(?:^|\n)id: (\d+)\n", got)]

    first = read("", 3)
    assert first == list(range(first[0], first[0] + len(first)))
    time.sleep(1)
    again = read(f"Last-Event-ID: {first[-1]}\r\n", 4)
    assert again[0] == first[-1] + 1, "nothing was missed"


# --- whom it tells ---
SAFE = ["content-security-policy", "x-content-type-options", "x-frame-options", "referrer-policy", "cache-control"]


@pytest.mark.parametrize("path", ["/", "/api/v1/now", "/metrics", "/nothing", "/api/v1/history?span=x"])
def test_every_answer_is_shut(server, path):
    for method in ("GET", "POST"):
        _, head, _ = server.get(path, method=method, headers={"Content-Length": "0"} if method == "POST" else None)
        assert all(k in head for k in SAFE), head
        assert not any(k.startswith("access-control") for k in head)
        assert "unsafe" not in head["content-security-policy"]
    if path.startswith("/api"):
        assert head["cache-control"] == "no-store"


@pytest.mark.parametrize("host", ["evil.example", "localhost", "localhost.evil.example:{port}", "localhost:{port}.evil.example", "127.0.0.1.nip.io:{port}",
                                  "127.0.0.1:{other}", "localhost:{port}:{port}", "[::1]", "xlocalhost:{port}", "", "localhost:0{port}", "0.0.0.0:{port}"])
def test_a_name_that_is_not_ours(server, host):
    host = host.format(port=server.port, other=server.port % 65535 + 1)
    for path in ("/api/v1/now", "/", "/metrics", "/api/v1/events"):
        status, _, body = server.get(path, host=host or " ")
        assert status in (400, 421) and b"memory" not in body


@pytest.mark.parametrize("host", ["localhost:{port}", "LOCALHOST:{port}", "127.0.0.1:{port}", "[::1]:{port}"])
def test_our_names(server, host):
    assert server.get("/health", host=host.format(port=server.port))[0] == 200


def test_two_hosts_or_none(server):
    p = server.port
    assert b" 421 " in server.raw(f"GET /api/v1/now HTTP/1.1\r\nHost: localhost:{p}\r\nHost: evil.example\r\nConnection: close\r\n\r\n".encode())[:20]
    assert b" 421 " in server.raw(b"GET /api/v1/now HTTP/1.0\r\n\r\n")[:20]
    assert b" 200 " not in server.raw(b"GET /api/v1/now HTTP/1.1\r\n\r\n")[:20]


@pytest.mark.parametrize("headers", [{"Origin": "http://evil.example"}, {"Origin": "null"}, {"Origin": "http://localhost.evil.example:{port}"},
                                     {"Origin": "https://localhost:{port}"}, {"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"}])
def test_pages_of_others(server, headers):
    headers = {k: v.format(port=server.port) for k, v in headers.items()}
    assert server.get("/api/v1/now", headers)[0] == 403


def test_our_own_page(server):
    assert server.get("/api/v1/now", {"Origin": f"http://localhost:{server.port}", "Sec-Fetch-Site": "same-origin"})[0] == 200
    assert server.get("/", {"Sec-Fetch-Site": "none"})[0] == 200


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS", "PATCH", "TRACE", "CONNECT", "get"])
def test_only_get_and_head(server, method):
    status, head, _ = server.get("/api/v1/now", method=method, headers={"Content-Length": "0"})
    assert status == 405 and head["allow"] == "GET, HEAD"


@pytest.mark.parametrize("path", ["/../../etc/passwd", "/..%2f..%2fetc/passwd", "/%2e%2e/%2e%2e/etc/passwd", "//etc/passwd", "/page/../style.css", "/style.css/",
                                  "/style.css%00.html", "/./", "/api/v1/now/..", "http://evil.example/api/v1/now", "/" + "a" * 3000, "/index.html"])
def test_paths_are_names_not_files(server, path):
    status, _, body = server.get(path)
    assert status in (400, 404) and b"root:" not in body


def test_large_heads_are_refused(server):
    p = server.port
    out = server.raw(f"GET / HTTP/1.1\r\nHost: localhost:{p}\r\nX: ".encode() + b"a" * 20000 + b"\r\n\r\n")
    assert b" 200 " not in out[:20]
    out = server.raw(f"GET /{'a' * 20000} HTTP/1.1\r\nHost: localhost:{p}\r\n\r\n".encode())
    assert b" 200 " not in out[:20]
    assert server.get("/health")[0] == 200


def test_who_drips_is_cut(server):
    server.dripping.join()
    assert 4 < server.dripping.took[0] < 60  # what it has to say would take two minutes


def test_a_hundred_connections(server):
    many = [socket.socket() for _ in range(100)]
    try:
        for s in many:
            s.setblocking(False)
            s.connect_ex(("127.0.0.1", server.port))  # some of them wait for a place
        time.sleep(0.5)
        open_files = len(os.listdir(f"/proc/{server.proc.pid}/fd"))
        assert open_files < 60, open_files
    finally:
        for s in many:
            s.close()
    end = time.monotonic() + 60
    while time.monotonic() < end:
        try:
            if server.get("/health")[0] == 200:
                return
        except (ConnectionError, http.client.HTTPException, TimeoutError):
            time.sleep(0.2)
    raise AssertionError("it did not come back")


def test_only_loopback_listens(server):
    table = "".join(open(f) .read() for f in ("/proc/net/tcp", "/proc/net/tcp6") if os.path.exists(f))
    port = f"{server.port:04X}"
    listening = re.findall(rf"\d+: ([0-9A-F]+):{port} [0-9A-F:]+ 0A ", table)
    assert listening and all(a in ("0100007F", "00000000000000000000000001000000") for a in listening), listening


def test_another_address_needs_a_token():
    run = subprocess.run([str(BIN), "serve", "--port", "0", "--listen", "0.0.0.0"], capture_output=True, text=True, timeout=120)
    assert run.returncode == 1 and "token" in run.stderr


def test_the_token():
    s = Server(str(BIN), "--listen", "0.0.0.0", "--token", "auto", "--interval", "200ms")
    try:
        token = re.search(r"#token=(\S+)", s.url)[1]
        assert len(token) >= 32
        assert s.get("/")[0] == 200  # the page itself has no secrets
        for path in ("/api/v1/now", "/metrics", "/health", "/api/v1/events", "/api/v1/session"):
            assert s.get(path)[0] == 401
        for wrong in ("Bearer ", "Bearer x", "Bearer " + token[:-1], "Bearer " + token + "x", "Basic " + token):
            assert s.get("/api/v1/now", {"Authorization": wrong})[0] == 401
        status, head, _ = s.get("/api/v1/session", {"Authorization": "Bearer " + token})
        assert status == 200
        cookie = head["set-cookie"]
        assert "HttpOnly" in cookie and "SameSite=Strict" in cookie
        assert s.get("/api/v1/now", {"Cookie": "a=b; " + cookie.split(";")[0]})[0] == 200
        assert s.get("/api/v1/now", {"Cookie": cookie.split(";")[0]}, host="evil.example")[0] == 421
    finally:
        s.stop()


def test_a_taken_port_is_told(server):
    run = subprocess.run([str(BIN), "serve", "--port", str(server.port)], capture_output=True, text=True, timeout=120)
    assert run.returncode == 1 and "taken by another program" in run.stderr and "--port" in run.stderr


def test_many_at_once(server):
    bad = []

    def ask(path):
        for _ in range(10):
            try:
                if server.get(path)[0] != 200:
                    bad.append(path)
            except Exception as e:  # noqa: BLE001
                bad.append(repr(e))

    threads = [threading.Thread(target=ask, args=(p,)) for p in ("/api/v1/now", "/metrics", "/api/v1/history?span=3600&width=600", "/") * 2]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert not bad


# --- Prometheus ---
def samples(text):
    return re.findall(r"^([a-zA-Z_:][a-zA-Z0-9_:]*)(\{[^\n]*\})? (\S+)$", text, re.M)


def test_metrics_make_sense(server):
    _, head, body = server.get("/metrics")
    assert head["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    text = body.decode()
    got = samples(text)
    keys = [(n, l) for n, l, _ in got]
    assert len(keys) == len(set(keys)), "no sample is there twice"
    value = {n + l: float(v) for n, l, v in got}
    parts = sum(v for k, v in value.items() if k.startswith("headrace_memory_part_bytes"))
    twice = server.json("/api/v1/now")["memory"]["overlap"]  # what this kernel counts in two parts, mostly nothing
    assert -(1 << 20) < parts - value["headrace_memory_total_bytes"] < (1 << 20) + 2 * twice
    assert re.search(r'^headrace_gpu_info\{uuid="GPU-[^"]+",gpu="0",name="[^"]+"', text, re.M)
    for old in ("DCGM_FI_DEV_FB_USED", "DCGM_FI_DEV_GPU_UTIL", "nvidia_smi_memory_used_bytes", "nvidia_smi_gpu_info", "node_cpu_seconds_total", "node_uname_info",
                "node_memory_MemAvailable_bytes", "node_memory_Active_anon_bytes", "node_vmstat_pgmajfault", "node_disk_io_time_seconds_total",
                "node_network_receive_bytes_total", "node_filesystem_avail_bytes", "node_load1", "node_boot_time_seconds", "node_filefd_allocated"):
        assert any(n == old for n, _, _ in got), old


def test_compat_names_mean_the_same(server):
    """Against the kernel's own files, as node_exporter reads them."""
    text = server.get("/metrics")[2].decode()
    value = {n + l: float(v) for n, l, v in samples(text)}
    mem = dict(re.findall(r"^(\w+):\s+(\d+) kB", open("/proc/meminfo").read(), re.M))
    assert value["node_memory_MemTotal_bytes"] == int(mem["MemTotal"]) * 1024
    boot = int(re.search(r"^btime (\d+)", open("/proc/stat").read(), re.M)[1])
    assert value["node_boot_time_seconds"] == boot
    user = int(re.search(r"^cpu0 (\d+)", open("/proc/stat").read(), re.M)[1]) / 100
    assert 0 <= user - value['node_cpu_seconds_total{cpu="0",mode="user"}'] < 10
    devices = set(re.findall(r'^node_disk_read_bytes_total\{device="([^"]+)"', text, re.M))
    assert not any(re.fullmatch(r"(z?ram|loop|fd|(h|s|v|xv)d[a-z]|nvme\d+n\d+p)\d+", d) for d in devices)


@pytest.mark.skipif(not shutil.which("promtool"), reason="promtool is not installed (Debian: prometheus)")
@pytest.mark.parametrize("compat", ["", "dcgm,nvidia_gpu"])
def test_promtool_has_nothing_to_say(compat):
    s = Server(str(BIN), "--interval", "200ms", *(["--compat", compat] if compat else []))
    try:
        until(lambda: s.json("/api/v1/tick")["v"]["cpu"] is not None)
        text = s.get("/metrics")[2]
    finally:
        s.stop()
    if compat:  # their names are not ours to choose: only what is ours is held to the linter's taste
        text = b"".join(line for line in text.splitlines(True) if b"DCGM" not in line and b"nvidia_smi" not in line)
    run = subprocess.run(["promtool", "check", "metrics"], input=text, capture_output=True)
    assert run.returncode == 0 and run.stdout + run.stderr == b"", run.stdout + run.stderr


@pytest.mark.skipif(not shutil.which("promtool"), reason="promtool is not installed (Debian: prometheus)")
def test_promtool_reads_the_names_of_others(server):
    """Lint of names apart, every line is well formed: the parser's errors begin with 'error while'."""
    run = subprocess.run(["promtool", "check", "metrics"], input=server.get("/metrics")[2].decode(), capture_output=True, text=True)
    said = [line for line in (run.stdout + run.stderr).splitlines() if not line.startswith(("node_", "DCGM_", "nvidia_smi_"))]
    assert said == [] and "error while" not in run.stdout + run.stderr


def test_openmetrics_when_asked(server):
    _, head, body = server.get("/metrics", {"Accept": "application/openmetrics-text; version=1.0.0"})
    text = body.decode()
    assert head["content-type"].startswith("application/openmetrics-text") and text.endswith("# EOF\n")
    for name, kind in re.findall(r"^# TYPE (\S+) (\S+)$", text, re.M):
        assert kind in ("gauge", "counter", "unknown")
        if kind == "counter":
            assert not name.endswith("_total") and re.search(rf"^{name}_total[ {{]", text, re.M)
    assert "\n\n" not in text


@pytest.mark.skipif(not shutil.which("prometheus"), reason="prometheus is not installed")
def test_a_real_prometheus_scrapes_it(server, tmp_path):
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        port = s.getsockname()[1]
    (tmp_path / "p.yml").write_text("global: {scrape_interval: 1s, scrape_timeout: 1s}\nscrape_configs:\n- job_name: headrace\n  static_configs:\n"
                                    f"  - targets: ['localhost:{server.port}']\n")
    prom = subprocess.Popen(["prometheus", f"--config.file={tmp_path}/p.yml", f"--storage.tsdb.path={tmp_path}/db", f"--web.listen-address=127.0.0.1:{port}",
                             "--log.level=error"], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    try:
        def asked(what):
            """The first value of a query, once there is one."""
            assert prom.poll() is None, prom.stderr.read()
            try:
                c = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
                c.request("GET", "/api/v1/query?query=" + what)
                found = json.loads(c.getresponse().read())["data"]["result"]
            except (ConnectionError, http.client.HTTPException, TimeoutError, ValueError):
                return None
            return float(found[0]["value"][1]) if found else None

        until(lambda: (asked("headrace_memory_total_bytes") or 0) > 0, 120)
        until(lambda: asked("up") == 1, 60)  # the last scrape: one that took longer than its second is no defect of ours
    finally:
        prom.kill()
        prom.wait()
        prom.stderr.close()


def test_the_dashboard_asks_for_names_that_there_are(server):
    """Every metric of contrib/grafana is told by the program, or is one that this machine has no value for."""
    board = json.loads((ROOT / "contrib/grafana/headrace.json").read_text())
    asked = set(re.findall(r"headrace_[a-z0-9_]+", json.dumps([p["targets"] for p in board["panels"]])))
    source = "".join((ROOT / "src/face/prom_own.c").read_text().split("\n"))
    told = {n for n, _, _ in samples(server.get("/metrics")[2].decode())}
    for name in asked:
        short = re.sub(r"^headrace_(gpu|disk|network|job)_", "", name)
        assert name in told or f'"{name}"' in source or f'"{short}"' in source, name
    assert len(asked) > 15


def test_a_program_is_told_of_alerts(tmp_path):
    """A card that gets hot and cools down; the name of nothing can become a command, since no shell is in between."""
    told, nvml = tmp_path / "told", tmp_path / "nvml"
    program = tmp_path / "hook.sh"
    program.write_text(f'#!/bin/sh\nprintf "%s|" "$@" >>{told}\necho >>{told}\n')
    program.chmod(0o755)
    nvml.write_text("FAKE_NVML_THROTTLE=64\n")
    s = Server(str(BIN), "--interval", "200ms", "--on-alert", str(program), env={"FAKE_NVML_FILE": str(nvml)})
    try:
        until(lambda: told.exists() and told.read_text().endswith("\n"), 120)  # it has to last for ten seconds
        words = told.read_text().split("|")
        assert words[:3] == ["begin", "gpu-slowed", "warn"] and words[3].startswith("GPU 0 is slowed down")
    finally:
        s.stop()
