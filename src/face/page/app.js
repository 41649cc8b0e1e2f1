"use strict";
/* One request for the past, then a stream of ticks.  The past is kept in columns; a tick falls into the last one or opens new ones. */

const spans = [["2 m", 120], ["10 m", 600], ["1 h", 3600], ["1 d", 86400], ["30 d", 2592000]];
const $ = id => document.getElementById(id);
const state = { span: 600, paused: false, past: null, tick: null, gpus: -1, source: null, fails: 0, poll: 0, begun: new Map(), seen: 0, curves: new Map(), curvesAt: 0, curvesOf: "" };

/* --- small things --- */
function el(name, text, cls) {
  const e = document.createElement(name);
  if (text !== undefined && text !== null) e.textContent = text;
  if (cls) e.className = cls;
  return e;
}
function age(s) {
  if (s === null || s === undefined) return "–";
  return s < 60 ? s + " s" : s < 3600 ? Math.floor(s / 60) + " m " + String(s % 60).padStart(2, "0") + " s"
    : s < 86400 ? Math.floor(s / 3600) + " h " + String(Math.floor(s / 60) % 60).padStart(2, "0") + " m"
    : Math.floor(s / 86400) + " d " + Math.floor(s / 3600) % 24 + " h";
}
/* [["used", "3 GiB"], ...] as text with the figures in bold */
function pairs(id, list) {
  const out = [];
  for (const [name, value, cls] of list) {
    if (out.length) out.push(" · ");
    if (name) out.push(name + " ");
    out.push(el("b", value, cls));
  }
  $(id).replaceChildren(...out);
}

/* --- plots --- */
/* The marks on the memory that is used, where they are of what the plot shows. */
function marks() {
  const m = state.tick && state.tick.marks;
  return !m || m.of !== "machine" ? [] : [["warn", "--warn"], ["act", "--bad"]].filter(([k]) => m[k]).map(([k, color]) => ({ v: m[k].at, name: k, color }));
}
const plots = {
  memory: new Plot($("plot-memory"), { stacked: true, top: () => state.tick && state.tick.memory.total, lines: marks, series: [
    { key: "memory-anonymous", name: "programs", color: "--p-anonymous", unit: "bytes" },
    { key: "memory-shmem", name: "shared", color: "--p-shmem", unit: "bytes" },
    { key: "memory-kernel", name: "kernel and others", color: "--p-kernel", unit: "bytes" },
    { key: "memory-cache", name: "page cache", color: "--p-cache", unit: "bytes" }] }),
  cpu: new Plot($("plot-cpu"), { top: 100, series: [
    { key: "cpu", name: "busy", color: "--c0", unit: "percent" },
    { key: "iowait", name: "waiting for disks", color: "--c1", unit: "percent" }] }),
  disk: new Plot($("plot-disk"), { series: [
    { key: "disk-read", name: "read", color: "--c0", unit: "bytes/s" },
    { key: "disk-write", name: "written", color: "--c2", unit: "bytes/s" }] }),
  net: new Plot($("plot-net"), { series: [
    { key: "net-received", name: "received", color: "--c0", unit: "bytes/s" },
    { key: "net-sent", name: "sent", color: "--c2", unit: "bytes/s" }] }),
  stall: new Plot($("plot-stall"), { top: 100, series: [
    { key: "stall-cpu", name: "CPU", color: "--c0", unit: "percent" },
    { key: "stall-memory", name: "memory", color: "--c4", unit: "percent" },
    { key: "stall-io", name: "disks", color: "--c1", unit: "percent" }] }),
  swap: new Plot($("plot-swap"), { series: [
    { key: "swap-io", name: "swapped", color: "--c4", unit: "bytes/s" }] }),
};
let gpuPlots = [];

function makeGpus(list) {
  if (state.gpus === list.length) return;
  state.gpus = list.length;
  for (const p of gpuPlots.flat()) Plot.all.splice(Plot.all.indexOf(p), 1);
  gpuPlots = list.map((gpu, i) => {
    const card = el("section", null, "card"), head = el("h2", "GPU " + i + " "), now = el("span", "", "now"), where = el("div", null, "plot");
    now.id = "gpu-now-" + i;
    where.id = "plot-gpu-" + i;
    head.append(now);
    card.append(head, where);
    card.dataset.gpu = i;
    const vram = el("section", null, "card"), head2 = el("h2", "GPU " + i + " memory and power "), now2 = el("span", "", "now"), where2 = el("div", null, "plot");
    now2.id = "vram-now-" + i;
    head2.append(now2);
    vram.append(head2, where2);
    where.cards = [card, vram];
    return [where, where2];
  });
  /* Of several each has its two cards side by side. */
  const many = list.length > 1, cards = many ? gpuPlots.map(([a]) => el("div", null, "pair")) : gpuPlots.flatMap(([a]) => a.cards);
  if (many) cards.forEach((pair, i) => pair.append(...gpuPlots[i][0].cards));
  $("gpus").className = many ? "many" : "";
  if (!list.length) {
    const card = el("section", null, "card");
    card.append(el("h2", "GPU"), el("p", "", "empty"));
    card.lastChild.id = "gpu-say";
    cards.push(card);
  }
  $("gpus").replaceChildren(...cards);
  gpuPlots = gpuPlots.map(([a, b], i) => [
    new Plot(a, { top: 100, series: [{ key: i + "/gpu-busy", name: "busy", color: "--c3", unit: "percent" },
                                     { key: i + "/gpu-throttled", name: "slowed", color: "--c4", unit: "percent" }] }),
    new Plot(b, { top: () => state.tick && state.tick.gpus[i] && state.tick.gpus[i].memory,
                  series: [{ key: i + "/gpu-vram", name: "VRAM", color: "--c2", unit: "bytes" }] })]);
  for (const p of gpuPlots.flat()) if (state.past) p.set(state.past);
}

/* --- the past --- */
class Past {
  constructor(j) {
    this.step = j.step_ms;
    this.last = j.last_ms;
    this.columns = j.columns;
    this.metrics = new Map(Object.entries(j.metrics));
    j.gpus.forEach((g, i) => { for (const [k, v] of Object.entries(g)) this.metrics.set(i + "/" + k, v); });
    this.n = 1; /* ticks in the last column: not known, so that its mean is of these */
  }
  get(key) { return this.metrics.get(key); }

  add(tick) {
    const moved = Math.floor((tick.t - this.last) / this.step);
    if (moved >= this.columns * 2 || moved < -1) return false;
    const values = Object.entries(tick.v).concat(tick.gpus.flatMap((g, i) => Object.entries(g).map(([k, v]) => [i + "/" + k, v])));
    if (moved > 0) { this.last += moved * this.step; this.n = 0; }
    for (const c of this.metrics.values())
      for (const k of ["avg", "min", "max"])
        if (c[k] && moved > 0) { c[k].splice(0, moved); while (c[k].length < this.columns) c[k].push(null); }
    const i = this.columns - 1;
    for (const [key, v] of values) {
      const c = this.metrics.get(key);
      if (!c || v === null || typeof v !== "number") continue;
      if (this.step > 1000 && !c.max) { c.min = c.avg.slice(); c.max = c.avg.slice(); }
      const old = c.avg[i];
      c.avg[i] = old === null || old === undefined || this.n === 0 ? v : (old * this.n + v) / (this.n + 1);
      if (c.max) {
        c.max[i] = c.max[i] === null || c.max[i] === undefined ? v : Math.max(c.max[i], v);
        c.min[i] = c.min[i] === null || c.min[i] === undefined ? v : Math.min(c.min[i], v);
      }
    }
    this.n++;
    return true;
  }
}

const SILENT = "headrace serve does not answer; trying again";

async function get(path) {
  const r = await fetch(path, { credentials: "same-origin", cache: "no-store" }).catch(() => { throw new Error(SILENT); });
  if (!r.ok) throw new Error(r.status === 401 ? "the token is missing: open the address that headrace serve printed" : "the server says " + r.status);
  return r.json();
}

async function loadPast() {
  const width = Math.max(120, Math.min(600, Math.floor($("plot-memory").clientWidth / 2)));
  const span = state.span, j = await get("/api/v1/history?span=" + span + "&width=" + Math.min(width, span));
  if (span !== state.span) return;
  state.past = new Past(j);
  redraw();
}

function redraw() {
  if (!state.past) return;
  for (const p of Plot.all) p.set(state.past);
}

/* --- what a tick says --- */
const groups = [["programs", ["anonymous"], "anonymous"], ["shared", ["shmem"], "shmem"],
  ["kernel", ["slab", "page-tables", "kernel-stacks", "vmalloc"], "kernel"], ["huge pages", ["hugetlb"], "hugetlb"], ["zswap", ["zswap"], "zswap"],
  ["other", ["other"], "other"], ["dirty cache", ["dirty"], "dirty"], ["kernel caches", ["slab-reclaimable"], "caches"],
  ["page cache", ["cache"], "cache"], ["free", ["free"], "free"]];

function showMemory(m, marked) {
  const list = [], used = plots.memory.series.some(s => s.line);
  if (m.total !== null && m.available !== null) list.push(["used", say(m.total - m.available, "bytes")], ["of", say(m.total, "bytes")], ["available", say(m.available, "bytes")]);
  if (m.limit !== null) list.push(["limit", say(m.limit_used, "bytes") + " of " + say(m.limit, "bytes")]);
  if (m.swap_total) list.push(["swap", say(m.swap_used, "bytes") + " of " + say(m.swap_total, "bytes")]);
  if (marked) {
    const of = marked.of === "cgroup" ? " of this cgroup" : "";
    for (const k of ["warn", "act"]) if (marked[k]) list.push([k + " at", say(marked[k].at, "bytes") + of, marked[k].over ? "slowed" : undefined]);
    if (marked.act) list.push(["act", marked.act.does || "is only said"]);
    if (!used && marked.of === "machine") plots.memory.series.push({ key: "memory-used", name: "used", color: "--head", unit: "bytes", line: true });
  }
  pairs("memory-now", list);
  const parts = groups.map(([name, keys, color]) => [name, keys.reduce((a, k) => a + (m.parts[k] || 0), 0), color]).filter(p => p[1] > 0);
  $("account").replaceChildren(...parts.map(([name, v, color]) => {
    const s = el("span");
    s.style.flex = v + " 0 0";
    s.style.background = "var(--p-" + color + ")";
    s.title = name + " " + say(v, "bytes");
    return s;
  }));
  $("legend").replaceChildren(...parts.map(([name, v, color]) => {
    const li = el("li"), i = el("i");
    i.style.background = "var(--p-" + color + ")";
    li.append(i, name + " ", el("b", say(v, "bytes")));
    return li;
  }));
}

function showGpus(t) {
  makeGpus(t.gpus);
  if (!t.gpus.length && $("gpu-say")) $("gpu-say").textContent = t.gpus_say || "no GPU";
  t.gpus.forEach((g, i) => {
    const list = [["", g.name || "–"], ["busy", say(g["gpu-busy"], "percent")], ["", say(g["gpu-celsius"], "celsius")], ["", say(g["gpu-mhz"], "mhz")]];
    if (g.slowed) list.push(["slowed:", g.slowed, "slowed"]);
    if (t.gpus_say) list.push(["", t.gpus_say, "slowed"]);
    pairs("gpu-now-" + i, list);
    pairs("vram-now-" + i, [["", say(g["gpu-vram"], "bytes") + " of " + say(g.memory, "bytes")],
      ["", say(g["gpu-power"], "milliwatts") + " of " + say(g["power-limit"], "milliwatts")]]);
  });
}

function table(id, heads, rows, none) {
  const t = $(id);
  if (!rows.length) { const c = el("caption", none, "empty"); t.replaceChildren(c); return; }
  const head = el("tr");
  for (const h of heads) head.append(el("th", h, h === "members" || h === "command" ? "text" : undefined));
  t.replaceChildren(head, ...rows.map(cells => {
    const tr = el("tr");
    for (const c of cells) tr.append(Array.isArray(c) ? el("td", c[0], c[1]) : el("td", c));
    return tr;
  }));
}

function members(j) {
  return [[j.ranks, "rank"], [j.workers, "worker"], [j.compilers, "compiler"], [j.orphans, "orphan"], [j.zombies, "zombie"]]
    .filter(p => p[0]).map(([n, name]) => n + " " + name + (n === 1 ? "" : "s"))
    .concat(j.gpus.length ? ["GPU " + j.gpus.join(" ")] : []).join(", ");
}

function showTables(t) {
  table("jobs", ["job", "members", "CPU %", "memory", "swap", "VRAM", "read", "written", "for"], t.jobs.map(j => [
    j.name, [members(j), j.orphans || j.zombies ? "text warn" : "text"], j.cpu === null ? "–" : j.cpu.toFixed(0),
    (j.memory_how === "estimate" && j.memory !== null ? "~" : "") + say(j.memory, "bytes"), say(j.swap, "bytes"),
    (j.vram_estimated && j.vram !== null ? "~" : "") + say(j.vram, "bytes"), say(j.read, "bytes/s"), say(j.written, "bytes/s"), age(j.age_s)]),
    "no training job is running");
  const commands = t.processes.some(p => p.command);
  table("procs", ["process", "pid", "state", "CPU %", "memory"].concat(commands ? ["command"] : []), t.processes.map(p =>
    [p.name, p.pid, p.state, p.cpu === null ? "–" : p.cpu.toFixed(1), say(p.memory, "bytes")].concat(commands ? [[p.command || "", "text"]] : [])), "none is known");
  pairs("procs-now", [["", String(t.process_count)]].concat(t.zombies ? [["zombies", String(t.zombies), "slowed"]] : []));
  pairs("jobs-now", [["", String(t.jobs.length)]]);
  const y = t.why_slow;
  $("why").textContent = !y ? "" : y.job + ": " + (y.kind === "cannot-tell" ? "cannot tell what holds it up: " + y.because : y.title + (y.advice ? ". " + y.advice[0].toUpperCase() + y.advice.slice(1) : ""));
}

function showAlerts(t) {
  const signs = { note: "i", warn: "!", bad: "✕" };
  const key = JSON.stringify(t.alerts);
  if (key !== state.alertKey) {
    state.alertKey = key;
    $("alerts").replaceChildren(...t.alerts.map(a => {
      const p = el("p", null, a.level);
      p.dataset.key = a.key || "";
      p.append(el("span", signs[a.level] + " " + a.text));
      return p;
    }));
    showCurves();
  }
  const names = t.alerts.map(a => a.key).join();
  if (t.alerts.length && (names !== state.curvesOf || Date.now() - state.curvesAt > 5000)) {
    state.curvesAt = Date.now();
    state.curvesOf = names;
    get("/api/v1/alerts").then(j => { state.curves = new Map(j.alerts.map(a => [a.key, a])); showCurves(); }).catch(lost);
  }
}

/* The curve around each alert; it grows by a part every five seconds. */
function showCurves() {
  for (const p of $("alerts").children) {
    const a = state.curves.get(p.dataset.key), old = p.querySelector(".curve"), now = a && a.curve && curveOf(a.curve, a.since);
    if (old) old.remove();
    if (now) p.append(now);
  }
}

/* Jobs and alerts that begin while we look leave a mark on the time axis. */
function remember(t) {
  const now = new Map();
  for (const j of t.jobs) now.set("job " + j.lead, ["--c3", j.age_s !== null ? t.t - j.age_s * 1000 : t.t]);
  for (const a of t.alerts) now.set("alert " + a.key + a.since, [a.level === "bad" ? "--bad" : "--warn", a.since || t.t]);
  for (const [k, [color, at]] of now) if (!state.begun.has(k)) {
    state.begun.set(k, true);
    Plot.marks.push({ t: at, color });
    if (Plot.marks.length > 60) Plot.marks.shift();
  }
  if (state.begun.size > 400) state.begun = new Map([...now].map(([k]) => [k, true]));
}

function show(t) {
  $("host").textContent = t.host || "";
  document.title = (t.alerts.length ? "(" + t.alerts.length + ") " : "") + "headrace" + (t.host ? " · " + t.host : "");
  $("about").textContent = [t.machine, t.uptime_s !== null ? "up " + age(t.uptime_s) : null,
    "own cost " + say(t.v["own-cpu"], "percent") + " CPU, " + say(t.own_resident, "bytes")].filter(Boolean).join(" · ");
  showMemory(t.memory, t.marks);
  pairs("cpu-now", [["", say(t.v.cpu, "percent")], ["of", t.cpus + " CPUs"], ["load", say(t.v.load1, "count")]]);
  pairs("disk-now", [["busiest", say(t.v["disk-busy"], "percent")], ["a request takes", say(t.v["disk-wait"], "ns")]]);
  pairs("net-now", [["in", say(t.v["net-received"], "bytes/s")], ["out", say(t.v["net-sent"], "bytes/s")]]);
  pairs("swap-now", [["major faults", say(t.v["major-faults"], "count/s")], ["swap used", say(t.v["swap-used"], "bytes")]]);
  plots.stall.tell(t.stall_say ? "– " + t.stall_say : null);
  showGpus(t);
  showTables(t);
  showAlerts(t);
}

function take(t) {
  if (state.tick && t.seq === state.tick.seq && t.t === state.tick.t) return;
  state.tick = t;
  state.seen = Date.now();
  remember(t);
  const fits = state.past && state.past.add(t);
  if (state.paused) return;
  show(t);
  if (fits) redraw();
  else if (state.past) { state.past = null; loadPast().catch(lost); }
}

/* --- the stream --- */
function lost(e) {
  $("state").className = "lost";
  $("state").textContent = e && e.message ? e.message : SILENT;
}
function live() {
  $("state").className = "live";
  $("state").textContent = state.paused ? "paused" : "live";
}

function listen() {
  if (state.source) state.source.close();
  const source = state.source = new EventSource("/api/v1/events");
  source.onmessage = e => { state.fails = 0; stopPolling(); live(); take(JSON.parse(e.data)); };
  source.addEventListener("gap", () => loadPast().catch(lost));
  source.onerror = () => { if (++state.fails >= 3) poll(); lost(); };
}
/* A proxy that holds streams back: ask every two seconds instead. */
function poll() {
  if (state.poll) return;
  state.poll = setInterval(() => get("/api/v1/tick").then(t => { live(); take(t); }).catch(lost), 2000);
}
function stopPolling() { clearInterval(state.poll); state.poll = 0; }

async function begin() {
  try {
    if (location.hash.startsWith("#token=")) {
      const token = decodeURIComponent(location.hash.slice(7));
      history.replaceState(null, "", location.pathname);
      await fetch("/api/v1/session", { headers: { Authorization: "Bearer " + token } });
    }
    take(await get("/api/v1/tick"));
    await loadPast();
    listen();
  } catch (e) {
    lost(e);
    setTimeout(begin, 3000);
  }
}

/* --- controls --- */
for (const [name, seconds] of spans) {
  const b = el("button", name);
  b.type = "button";
  b.setAttribute("aria-pressed", String(seconds === state.span));
  b.onclick = () => {
    state.span = seconds;
    for (const o of $("spans").children) o.setAttribute("aria-pressed", String(o === b));
    loadPast().catch(lost);
  };
  $("spans").append(b);
}
$("pause").onclick = () => {
  state.paused = !state.paused;
  $("pause").setAttribute("aria-pressed", String(state.paused));
  if (!state.paused) { if (state.tick) show(state.tick); loadPast().catch(lost); }
  live();
};
function theme(name) {
  document.documentElement.dataset.theme = name;
  $("theme").textContent = name === "light" ? "dark" : "light";
  redraw();
}
$("theme").onclick = () => {
  const name = document.documentElement.dataset.theme === "light" ? "dark" : "light";
  try { localStorage.setItem("headrace-theme", name); } catch (e) { /* private windows keep nothing */ }
  theme(name);
};
let kept = null;
try { kept = localStorage.getItem("headrace-theme"); } catch (e) { /* likewise */ }
theme(kept || (matchMedia("(prefers-color-scheme: light)").matches ? "light" : "dark"));

/* A tab that nobody sees asks for nothing. */
document.addEventListener("visibilitychange", () => {
  if (document.hidden) {
    if (state.source) state.source.close();
    state.source = null;
    stopPolling();
  } else if (!state.source) {
    loadPast().then(listen).catch(lost);
  }
});
let width = 0;
new ResizeObserver(() => {
  const w = $("plot-memory").clientWidth;
  if (Math.abs(w - width) > 150 && width) loadPast().catch(lost);
  if (Math.abs(w - width) > 150) width = w;
}).observe($("plot-memory"));
begin();
