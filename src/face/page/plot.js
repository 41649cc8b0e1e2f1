"use strict";
/* Curves over time on a canvas: mean, and the band from least to greatest; gaps where nothing is known.  All plots of a page share one
 * cursor.  No library: this is all that the page needs of one. */

const units = {
  percent: v => v.toFixed(v < 9.95 && v >= 0.05 ? 1 : 0) + " %",
  bytes: v => binary(v),
  "bytes/s": v => binary(v) + "/s",
  count: v => v < 100 && v % 1 ? v.toFixed(2) : v.toFixed(0),
  "count/s": v => v.toFixed(v < 10 ? 1 : 0) + "/s",
  ns: v => v < 1e6 ? (v / 1e3).toFixed(0) + " µs" : v < 1e9 ? (v / 1e6).toFixed(1) + " ms" : (v / 1e9).toFixed(1) + " s",
  milliwatts: v => (v / 1000).toFixed(0) + " W",
  celsius: v => v.toFixed(0) + " °C",
  mhz: v => v.toFixed(0) + " MHz",
};

function binary(v) {
  const names = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"];
  let u = 0;
  while (v >= 999.5 && u + 1 < names.length) { v /= 1024; u++; }
  return (u === 0 || v >= 99.95 || v === 0 ? v.toFixed(0) : v >= 9.995 ? v.toFixed(1) : v.toFixed(2)) + " " + names[u];
}

function say(v, unit) { return v === null || v === undefined ? "–" : units[unit](v); }

/* A round figure at or above v. */
function ceiling(v, unit) {
  if (unit.startsWith("bytes")) { let c = 65536; while (c < v) c *= 2; return c; }
  if (!(v > 0)) return 1;
  const base = 10 ** Math.floor(Math.log10(v));
  for (const k of [1, 2, 5, 10]) if (base * k >= v * 0.999) return base * k;
  return base * 10;
}

class Plot {
  /* series: [{ key, name, color (a custom property), unit, line: not stacked }]; top: the fixed ceiling, or null; stacked: one on the
   * other; lines: () => [{ v, name, color }], levels across the plot. */
  constructor(el, options) {
    this.el = el;
    Object.assign(this, { top: null, stacked: false, series: [], lines: null }, options);
    this.canvas = document.createElement("canvas");
    this.canvas.tabIndex = 0;
    this.canvas.setAttribute("role", "img");
    this.names = document.createElement("div");
    this.names.className = "names";
    this.why = document.createElement("div");
    this.why.className = "why";
    this.why.hidden = true;
    el.append(this.canvas, this.names, this.why);
    this.data = null;
    this.marks = [];
    Plot.all.push(this);
    this.canvas.addEventListener("pointermove", e => this.point(e.offsetX));
    this.canvas.addEventListener("pointerleave", () => Plot.move(null));
    this.canvas.addEventListener("keydown", e => this.key(e));
    this.canvas.addEventListener("blur", () => Plot.move(null));
    new ResizeObserver(() => this.draw()).observe(el);
  }

  /* data: { step, last, columns, get(key) -> { avg, min, max } }, shared by all plots. */
  set(data) { this.data = data; this.draw(); }

  tell(why) { this.why.textContent = why || ""; this.why.hidden = !why; this.names.hidden = !!why; }

  area() { return { x: 62, y: 18, w: this.canvas.clientWidth - 70, h: this.canvas.clientHeight - 38 }; }

  point(x) {
    if (!this.data) return;
    const a = this.area(), n = this.data.columns;
    Plot.move(Math.max(0, Math.min(n - 1, Math.round((x - a.x) / a.w * (n - 1)))));
  }

  key(e) {
    if (!this.data || !["ArrowLeft", "ArrowRight", "Escape"].includes(e.key)) return;
    e.preventDefault();
    const n = this.data.columns, at = Plot.cursor === null ? n - 1 : Plot.cursor;
    Plot.move(e.key === "Escape" ? null : Math.max(0, Math.min(n - 1, at + (e.key === "ArrowLeft" ? -1 : 1))));
  }

  static move(at) { Plot.cursor = at; for (const p of Plot.all) p.draw(); }

  ceiling() {
    if (this.top) return typeof this.top === "function" ? this.top() || 1 : this.top;
    let most = 0;
    for (const s of this.series) {
      const c = this.data.get(s.key);
      if (c) for (const v of c.max || c.avg) if (v > most) most = v;
    }
    return ceiling(most, this.series[0].unit);
  }

  draw() {
    const w = this.canvas.clientWidth, h = this.canvas.clientHeight, dpr = window.devicePixelRatio || 1;
    if (!w || !h || !this.data) return;
    if (this.canvas.width !== Math.round(w * dpr) || this.canvas.height !== Math.round(h * dpr)) {
      this.canvas.width = Math.round(w * dpr);
      this.canvas.height = Math.round(h * dpr);
    }
    const g = this.canvas.getContext("2d"), css = getComputedStyle(document.documentElement), color = name => css.getPropertyValue(name).trim();
    g.setTransform(dpr, 0, 0, dpr, 0, 0);
    g.clearRect(0, 0, w, h);
    g.font = "11px system-ui, 'DejaVu Sans', sans-serif";
    const a = this.area(), top = this.ceiling(), n = this.data.columns;
    this.x = i => a.x + i / (n - 1) * a.w;
    this.y = v => a.y + a.h - Math.min(v / top, 1.02) * a.h;
    this.grid(g, a, top, color);
    const base = this.stacked ? new Float64Array(n) : null;
    for (const s of this.series) this.curve(g, s, color(s.color), s.line ? null : base, a);
    this.level(g, a, top, color);
    this.mark(g, a, color);
    this.legend(g, a, color);
  }

  grid(g, a, top, color) {
    g.strokeStyle = color("--grid");
    g.fillStyle = color("--dim");
    g.lineWidth = 1;
    g.textAlign = "right";
    g.textBaseline = "middle";
    for (let i = 0; i <= 4; i++) {
      const y = Math.round(a.y + a.h * i / 4) + 0.5;
      g.beginPath(); g.moveTo(a.x, y); g.lineTo(a.x + a.w, y); g.stroke();
      if (i % 2 === 0) g.fillText(say(top * (4 - i) / 4, this.series[0].unit), a.x - 6, y);
    }
    const d = this.data, span = d.step * (d.columns - 1), steps = [5, 10, 30, 60, 120, 300, 600, 1800, 3600, 7200, 21600, 43200, 86400, 345600];
    const step = (steps.find(k => span / (k * 1000) <= Math.max(2, a.w / 80)) || 864000) * 1000, off = new Date(d.last).getTimezoneOffset() * 60000;
    g.textAlign = "center";
    g.textBaseline = "top";
    for (let t = Math.ceil((d.last - span - off) / step) * step + off; t <= d.last; t += step) {
      const x = a.x + a.w * (1 - (d.last - t) / span), when = new Date(t);
      g.beginPath(); g.moveTo(x, a.y); g.lineTo(x, a.y + a.h); g.stroke();
      const text = step >= 86400000 ? when.toLocaleDateString([], { month: "short", day: "numeric" })
        : when.toLocaleTimeString([], step < 60000 ? { hour: "2-digit", minute: "2-digit", second: "2-digit", hour12: false } : { hour: "2-digit", minute: "2-digit", hour12: false });
      if (x > a.x + 20 && x < a.x + a.w - 20) g.fillText(text, x, a.y + a.h + 5);
    }
  }

  curve(g, s, color, base, a) {
    const c = this.data.get(s.key), n = this.data.columns;
    if (!c) return;
    const runs = [];
    let run = null;
    for (let i = 0; i < n; i++) {
      if (c.avg[i] === null || c.avg[i] === undefined) { run = null; continue; }
      if (!run) runs.push(run = []);
      run.push(i);
    }
    g.strokeStyle = g.fillStyle = color;
    g.lineWidth = 1.5;
    for (const r of runs) {
      if (base) {
        g.globalAlpha = 0.8;
        g.beginPath();
        for (const i of r) g.lineTo(this.x(i), this.y(base[i] + c.avg[i]));
        for (const i of r.slice().reverse()) g.lineTo(this.x(i), this.y(base[i]));
        g.fill();
        for (const i of r) base[i] += c.avg[i];
      } else {
        if (c.max) {
          g.globalAlpha = 0.3;
          g.beginPath();
          for (const i of r) g.lineTo(this.x(i), this.y(c.max[i]));
          for (const i of r.slice().reverse()) g.lineTo(this.x(i), this.y(c.min[i]));
          g.fill();
        }
        g.globalAlpha = 0.12;
        g.beginPath();
        g.moveTo(this.x(r[0]), a.y + a.h);
        for (const i of r) g.lineTo(this.x(i), this.y(c.avg[i]));
        g.lineTo(this.x(r[r.length - 1]), a.y + a.h);
        g.fill();
        g.globalAlpha = 1;
        g.beginPath();
        if (r.length === 1) g.arc(this.x(r[0]), this.y(c.avg[r[0]]), 1.5, 0, 7);
        for (const i of r) g.lineTo(this.x(i), this.y(c.avg[i]));
        g.stroke();
      }
      g.globalAlpha = 1;
    }
  }

  level(g, a, top, color) {
    g.setLineDash([6, 4]);
    g.textAlign = "left";
    g.textBaseline = "bottom";
    for (const l of this.lines ? this.lines() : []) {
      if (l.v > top) continue;
      const y = Math.round(this.y(l.v)) + 0.5;
      g.strokeStyle = g.fillStyle = color(l.color);
      g.lineWidth = 1.5;
      g.beginPath(); g.moveTo(a.x, y); g.lineTo(a.x + a.w, y); g.stroke();
      g.fillText(l.name + " " + say(l.v, this.series[0].unit), a.x + 4, y - 1);
    }
    g.setLineDash([]);
  }

  /* Where alerts and jobs began. */
  mark(g, a, color) {
    const d = this.data, span = d.step * (d.columns - 1);
    g.setLineDash([3, 3]);
    for (const m of Plot.marks) {
      const x = a.x + a.w * (1 - (d.last - m.t) / span);
      if (x < a.x || x > a.x + a.w) continue;
      g.strokeStyle = color(m.color);
      g.beginPath(); g.moveTo(x, a.y); g.lineTo(x, a.y + a.h); g.stroke();
    }
    g.setLineDash([]);
  }

  legend(g, a, color) {
    const d = this.data, at = Plot.cursor === null || Plot.cursor >= d.columns ? null : Plot.cursor;
    if (at !== null) {
      g.strokeStyle = color("--dim");
      g.beginPath(); g.moveTo(this.x(at), a.y); g.lineTo(this.x(at), a.y + a.h); g.stroke();
    }
    const i = at === null ? d.columns - 1 : at;
    const words = this.series.map(s => {
      const c = d.get(s.key);
      let v = c ? c.avg[i] : null;
      if (at === null && c) for (let k = i; v === null && k > i - 3 && k >= 0; k--) v = c.avg[k];
      const spike = at !== null && c && c.max && c.max[i] !== null && c.max[i] !== v ? " (to " + say(c.max[i], s.unit) + ")" : "";
      return { name: s.name + " " + say(v, s.unit) + spike, color: s.color };
    });
    if (at !== null) words.unshift({ name: new Date(d.last - (d.columns - 1 - at) * d.step).toLocaleTimeString([], { hour12: false }) });
    const text = words.map(k => k.name).join(", ");
    this.canvas.setAttribute("aria-label", text);
    if (this.said === text + (document.documentElement.dataset.theme || "")) return;
    this.said = text + (document.documentElement.dataset.theme || "");
    this.names.replaceChildren(...words.map(k => {
      const span = document.createElement("span");
      if (k.color) {
        const i2 = document.createElement("i");
        i2.style.background = "var(" + k.color + ")";
        span.append(i2);
      }
      span.append(k.name);
      return span;
    }));
  }
}
/* The curve around an alert: the band from least to greatest, gaps where nothing is known, and a line where it began. */
function curveOf(c, since) {
  const ns = "http://www.w3.org/2000/svg", w = 240, h = 44, make = (name, attributes) => {
    const e = document.createElementNS(ns, name);
    for (const [k, v] of Object.entries(attributes)) e.setAttribute(k, v);
    return e;
  };
  const seen = c.low.map((v, i) => i).filter(i => c.low[i] !== null);
  if (!seen.length) return null;
  const low = Math.min(...seen.map(i => c.low[i])), high = Math.max(...seen.map(i => c.high[i])), first = c.times[0], last = c.times[c.times.length - 1] + c.step_ms;
  const x = t => ((t - first) / (last - first) * w).toFixed(1), y = v => (h - 3 - (high > low ? (v - low) / (high - low) : 0.5) * (h - 6)).toFixed(1);
  const svg = make("svg", { viewBox: "0 0 " + w + " " + h, width: w, height: h, role: "img" }), text = c.name + " " + say(low, c.unit) + " to " + say(high, c.unit);
  svg.setAttribute("aria-label", text);
  const runs = [];
  for (const i of seen) {
    if (!runs.length || runs[runs.length - 1].at(-1) !== i - 1) runs.push([]);
    runs[runs.length - 1].push(i);
  }
  for (const r of runs) {
    const middle = i => x(c.times[i] + c.step_ms / 2);
    svg.append(make("polygon", { class: "band", points: r.map(i => middle(i) + "," + y(c.high[i])).concat(r.slice().reverse().map(i => middle(i) + "," + y(c.low[i]))).join(" ") }));
    svg.append(make("polyline", { points: r.map(i => middle(i) + "," + y(c.high[i])).join(" ") }));
    if (r.length === 1) svg.append(make("circle", { cx: middle(r[0]), cy: y(c.high[r[0]]), r: 2 }));
  }
  if (since > first && since < last) svg.append(make("line", { class: "began", x1: x(since), x2: x(since), y1: 0, y2: h }));
  const figure = document.createElement("span"), caption = document.createElement("small");
  figure.className = "curve";
  caption.textContent = text + ", since " + new Date(first).toLocaleTimeString([], { hour12: false });
  figure.append(svg, caption);
  return figure;
}

Plot.all = [];
Plot.cursor = null;
Plot.marks = [];
