"""The page in a real Chromium: plots appear and move, the past is there after a reload, alerts show, and nothing is asked of anybody else."""
import re

import pytest
import chromium
from places import BIN
from test_cli_serve import Server, pytestmark as built

pytestmark = [built, pytest.mark.skipif(chromium.BINARY is None, reason="no Chromium is installed")]

LIVE = "document.querySelector('#state').className === 'live'"
INK = """(id => { const c = document.querySelector('#' + id + ' canvas'), d = c.getContext('2d').getImageData(0, 0, c.width, c.height).data;
  let h = 0, n = 0; for (let i = 0; i < d.length; i += 4) { if (d[i + 3]) n++; h = (h * 31 + d[i] + d[i + 1] * 7 + d[i + 3]) | 0; } return [n, h]; })"""


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    file = tmp_path_factory.mktemp("gpu") / "nvml"
    file.write_text("FAKE_NVML_BUSY=41\n")
    s = Server(str(BIN), "--interval", "250ms", env={"FAKE_NVML_FILE": str(file), "FAKE_NVML_GPUS": "2"})
    s.file = file
    yield s
    s.stop()


@pytest.fixture(scope="module")
def page(server):
    p = chromium.Page(1280, 900)
    p.goto(server.url)
    p.until(LIVE)
    yield p
    p.close()


def test_plots_appear_and_move(page, server):
    page.until("state.past && state.past.get('cpu').avg.filter(v => v !== null).length >= 2")
    for plot in ("plot-memory", "plot-cpu", "plot-disk", "plot-net", "plot-stall", "plot-gpu-0", "plot-gpu-1"):
        page.until(f"{INK}('{plot}')[0] > 500")
    page.eval("document.querySelector('#spans button').click()")  # two minutes: a column is a second
    page.until("state.span === 120 && state.past !== null")
    page.pump(1)
    page.changes(f"{INK}('plot-cpu')")
    page.changes(f"{INK}('plot-memory')")
    assert page.complaints() == []


def test_the_account_adds_up_on_the_page(page, server):
    twice = server.json("/api/v1/now")["memory"]["overlap"]  # what this kernel counts in two parts, mostly nothing
    total, parts = page.eval("[state.tick.memory.total, Object.values(state.tick.memory.parts).reduce((a, b) => a + (b || 0), 0)]")
    assert -4096 * 16 < parts - total < 4096 * 16 + 2 * twice
    widths = page.eval("[...document.querySelectorAll('#account span')].reduce((a, s) => a + s.getBoundingClientRect().width, 0)")
    assert abs(widths - page.eval("document.querySelector('#account').getBoundingClientRect().width")) < 2


def test_gpus_follow_the_card(page, server):
    page.until("/41 %/.test(document.querySelector('#gpu-now-0').textContent)")
    server.file.write_text("FAKE_NVML_BUSY=97\nFAKE_NVML_THROTTLE=4\n")
    page.until("/97 %/.test(document.querySelector('#gpu-now-0').textContent)")
    page.until("/power/.test(document.querySelector('#gpu-now-0 .slowed').textContent)")


def test_the_past_is_there_after_a_reload(page, server):
    known = page.eval("state.past.get('cpu').avg.filter(v => v !== null).length")
    page.goto(server.url)
    page.until(LIVE)
    page.until("state.past !== null")
    page.eval("document.querySelector('#spans button').click()")
    page.until(f"state.span === 120 && state.past && state.past.get('cpu').avg.filter(v => v !== null).length >= {min(known, 5)}")


def test_a_break_is_bridged(page, server):
    """The stream is cut (as a proxy does); Chromium comes back with Last-Event-ID and no tick is missing."""
    page.eval("window.seqs = []; state.source.addEventListener('message', e => seqs.push(JSON.parse(e.data).seq)); true")
    page.until("seqs.length >= 2")
    page.call("Network.emulateNetworkConditions", offline=True, latency=0, downloadThroughput=-1, uploadThroughput=-1)
    page.pump(1.5)
    known = page.eval("seqs.length")
    page.call("Network.emulateNetworkConditions", offline=False, latency=0, downloadThroughput=-1, uploadThroughput=-1)
    page.until(LIVE)
    page.until(f"seqs.length > {known} + 3")
    seqs = page.eval("seqs")
    assert seqs == sorted(set(seqs))
    page.events.clear()  # the cut itself is complained of


def test_pause_holds_the_picture(page):
    page.eval("document.querySelector('#pause').click()")
    page.pump(0.5)  # what was about to be drawn is drawn
    before = page.eval(f"[{INK}('plot-cpu'), document.querySelector('#memory-now').textContent]")
    page.pump(1.5)
    assert page.eval(f"[{INK}('plot-cpu'), document.querySelector('#memory-now').textContent]") == before
    page.eval("document.querySelector('#pause').click()")
    page.until(LIVE)


def test_keys_read_values(page):
    page.eval("document.querySelector('#plot-cpu canvas').focus()")
    for _ in range(3):
        page.call("Input.dispatchKeyEvent", type="keyDown", key="ArrowLeft", code="ArrowLeft")
    page.until(r"/\d+:\d+:\d+.*busy/.test(document.querySelector('#plot-cpu canvas').getAttribute('aria-label'))")
    page.call("Input.dispatchKeyEvent", type="keyDown", key="Escape", code="Escape")


def test_light_dark_and_phone(page):
    theme = "document.documentElement.dataset.theme"
    first = page.eval(theme)
    page.eval("document.querySelector('#theme').click()")
    assert page.eval(theme) != first
    page.eval("document.querySelector('#theme').click()")
    page.size(360, 740, 2, True)
    page.until("document.documentElement.scrollWidth <= 360")
    assert page.eval("document.querySelector('#procs').parentElement.scrollWidth - document.querySelector('#procs').parentElement.clientWidth") <= 0
    for sel in ("#account", "#plot-cpu", "#jobs", "header"):
        assert page.eval(f"document.querySelector('{sel}').getBoundingClientRect().right") <= 3000
    page.size(1280, 900)


def test_only_we_are_asked(page, server):
    page.goto(server.url)
    page.until(LIVE)
    assert page.requests() and all(u.startswith(server.url) for u in page.requests()), set(page.requests())
    assert page.complaints() == []


def test_a_hot_card_is_an_alert(page, server):
    """A planted condition: it shows after it has lasted its ten seconds, on the page, in /metrics and in the interface."""
    server.file.write_text("FAKE_NVML_BUSY=97\nFAKE_NVML_THROTTLE=64\nFAKE_NVML_CELSIUS=93\n")
    page.until("[...document.querySelectorAll('#alerts .warn')].some(p => /GPU 0 is slowed down.*93 °C/.test(p.textContent))", 120)
    assert any(a["key"] == "gpu-slowed" for a in server.json("/api/v1/alerts")["alerts"])
    assert b'headrace_alert{alert="gpu-slowed",level="warn"} 1' in server.get("/metrics")[2]


def test_an_alert_brings_its_curve(page):
    page.until("(document.querySelector('#alerts [data-key=gpu-slowed] .curve polyline')?.getAttribute('points') ?? '').trim().split(' ').length >= 2")
    points, text, right = page.eval("""(() => { const c = document.querySelector('#alerts [data-key=gpu-slowed] .curve');
      return [c.querySelector('polyline').getAttribute('points').trim().split(' ').length, c.textContent, c.getBoundingClientRect().right]; })()""")
    assert points >= 2 and re.match(r"GPU temperature \d+ °C to 93 °C, since \d", text) and right <= 1280
    assert page.eval("document.querySelector('#alerts [data-key=gpu-slowed] .curve svg').getBoundingClientRect().width") > 100
    assert page.complaints() == []


def test_marks_are_lines_in_the_plot():
    """Both are crossed at once: the figure lies above the one; the other is a level that shows as a line of its colour."""
    s = Server(str(BIN), "--interval", "250ms", "--warn", "1MiB", "--act", "85%")
    p = chromium.Page(1280, 900)
    try:
        p.goto(s.url)
        p.until(LIVE)
        p.until("document.querySelector('#alerts [data-key=memory-warn] .curve polyline') !== null")
        machine = p.eval("state.tick.marks.of") == "machine"  # not where this test runs in a cgroup with a limit: the plot is the machine's
        assert p.eval("plots.memory.lines().map(l => l.name).join()") == ("warn,act" if machine else "")
        assert "act at" in p.eval("document.querySelector('#memory-now').textContent")
        assert "is only said" in p.eval("document.querySelector('#memory-now').textContent")
        red = """(() => { const c = document.querySelector('#plot-memory canvas'), d = c.getContext('2d').getImageData(0, 0, c.width, c.height).data;
          const e = document.createElement('i'); e.style.color = 'var(--bad)'; document.body.append(e);
          const [r, g, b] = getComputedStyle(e).color.match(/\\d+/g).map(Number); e.remove(); let n = 0;
          for (let i = 0; i < d.length; i += 4) if (Math.abs(d[i] - r) + Math.abs(d[i + 1] - g) + Math.abs(d[i + 2] - b) < 24 && d[i + 3] > 100) n++;
          return n; })()"""
        if machine:
            p.until(f"{red} > 300")
            p.until("state.past.get('memory-used') !== undefined && plots.memory.series.some(k => k.key === 'memory-used')")
        assert p.complaints() == []
        doc = s.json("/api/v1/alerts")
        alert = next(a for a in doc["alerts"] if a["key"] == "memory-warn")
        assert alert["curve"]["metric"] == ("memory-used" if machine else "cgroup-used") and len(alert["curve"]["times"]) == len(alert["curve"]["high"])
        assert doc["marks"]["warn"] == {"at": 1 << 20, "over": True, "times": 1} and doc["act_done"] is None
        text = s.get("/metrics")[2].decode()
        assert 'headrace_memory_mark_bytes{mark="warn"} 1048576' in text and 'headrace_memory_mark_over{mark="warn"} 1' in text
        assert 'headrace_memory_mark_crossed_total{mark="warn"} 1' in text and 'headrace_memory_mark_crossed_total{mark="act"} 0' in text
    finally:
        p.close()
        s.stop()


def test_any_alert_is_text(page):
    """Hostile text stays text.  In one go: the next tick takes it away again."""
    text, images, title = page.eval("""take({...state.tick, seq: state.tick.seq + 0.5, t: state.tick.t + 1,
        alerts: [{level: 'bad', text: '<img src=x onerror=alert(1)> memory is full in 14 min'}]});
        [document.querySelector('#alerts .bad').textContent, document.querySelectorAll('#alerts img').length, document.title]""")
    assert text.endswith("memory is full in 14 min") and images == 0 and title.startswith("(1)")


def test_several_cards_stand_in_pairs():
    """Load and memory of each card side by side; on a phone below each other; and a driver that hangs is said beside its old figures."""
    s = Server(str(BIN), "--interval", "250ms", env={"FAKE_NVML_GPUS": "8"})
    p = chromium.Page(1280, 900)
    try:
        p.goto(s.url)
        p.until(LIVE)
        p.until("document.querySelectorAll('#gpus .pair').length === 8")
        box = "(n => [...document.querySelectorAll('#gpus .pair')[n].children].map(c => c.getBoundingClientRect()).map(r => [r.left, r.top, r.right]))"
        for n in (0, 7):
            (x1, y1, r1), (x2, y2, r2) = p.eval(f"{box}({n})")
            assert y1 == y2 and r1 < x2 and r2 <= 1280
        p.size(390, 844, 1, True)
        p.until("document.documentElement.scrollWidth <= 390")
        p.until(f"(([a, b]) => a[0] === b[0])({box}(7))")
        (x1, y1, r1), (x2, y2, r2) = p.eval(f"{box}(7)")
        assert x1 == x2 and y1 < y2 and r2 <= 390 and p.eval("document.documentElement.scrollWidth") <= 390
        said = "take({...state.tick, seq: state.tick.seq + 0.5, t: state.tick.t + 1, gpus_say: 'the driver has not answered for 4 s'});"
        assert "has not answered" in p.eval(said + "document.querySelector('#gpu-now-3').textContent")
        assert p.complaints() == []
    finally:
        p.close()
        s.stop()


def test_a_token_in_the_address():
    s = Server(str(BIN), "--listen", "0.0.0.0", "--token", "auto", "--interval", "250ms")
    p = chromium.Page(900, 700)
    try:
        p.goto(s.url.replace("0.0.0.0", "127.0.0.1"))
        p.until(LIVE)
        assert "token" not in p.eval("location.href") and p.eval("document.cookie") == ""
        p.goto(s.url.replace("0.0.0.0", "127.0.0.1").split("#")[0])
        p.until(LIVE)  # the cookie is enough
    finally:
        p.close()
        s.stop()


def test_a_server_that_is_gone_is_told(tmp_path):
    """In our words, whatever the browser calls it; and the page goes on when there is one again."""
    s = Server(str(BIN), "--interval", "250ms")
    p = chromium.Page(600, 800)
    try:
        p.goto(s.url)
        p.until(LIVE)
        s.stop()
        for poll in (False, True):  # the stream breaks first; the page then asks by itself
            if poll:
                p.eval("poll()")
                p.pump(3)
            p.until("document.querySelector('#state').textContent === 'headrace serve does not answer; trying again'")
            assert p.eval("document.querySelector('#state').className") == "lost"
    finally:
        p.close()
        s.stop()
