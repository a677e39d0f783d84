// Draws Plotly figures in place: one stable element per chart, the newest figure only, nothing that nobody sees.
// A person's view (zoom, pan) belongs to the person: it is laid over every figure until they reset it.

const charts = new WeakMap(); // Streamlit's element → Chart
const groups = new Map(); // name of a shared time axis → Set of Chart
const decoder = new TextDecoder();
const AXIS = /^([xy]axis\d*)\.(?:range(?:\[([01])\])?|(autorange))$/;
const REPORT_AFTER_MS = 120;
const WIDTH_TOLERANCE_PX = 16;

let library; // one promise per page: plotly.js is loaded once

function plotly(url) {
  library ??= new Promise((resolve, reject) => {
    if (window.Plotly?.react) return resolve(window.Plotly);
    const script = document.createElement("script");
    script.src = url;
    script.onload = () => resolve(window.Plotly);
    script.onerror = () => {
      library = undefined;
      reject(new Error("The drawing library did not load. Reload the page."));
    };
    document.head.append(script);
  });
  return library;
}

// Whether Streamlit shows its dark theme, by the brightness of the page's background.
function isDark(element) {
  const colour = getComputedStyle(element).getPropertyValue("--st-background-color").trim();
  const [, red, green, blue] = /^#(..)(..)(..)/.exec(colour) ?? [];
  return red !== undefined && parseInt(red, 16) + parseInt(green, 16) + parseInt(blue, 16) < 384;
}

const nextFrame = () => new Promise((done) => requestAnimationFrame(done));

class Chart {
  constructor(parent) {
    this.host = document.createElement("div");
    this.host.className = "nestviz-chart";
    this.host.setAttribute("role", "img");
    parent.append(this.host);
    this.view = {}; // axis → [low, high] that the person chose
    this.revisions = {}; // axis → uirevision for which that choice was made
    this.isSeen = true;
    this.wake = () => this.draw();
    this.sizes = new ResizeObserver(() => this.fit());
    this.sights = new IntersectionObserver((entries) => {
      this.isSeen = entries[entries.length - 1].isIntersecting;
      this.draw();
    }, { rootMargin: "300px" });
    this.sizes.observe(this.host);
    this.sights.observe(this.host);
    document.addEventListener("visibilitychange", this.wake);
    // A plain wheel scrolls the page; with Ctrl or ⌘ it zooms the picture.
    this.host.addEventListener("wheel", (event) => event.ctrlKey || event.metaKey || event.stopPropagation(), { capture: true });
  }

  take(text, report) {
    const message = JSON.parse(text);
    this.text = text;
    this.report = report;
    this.message = message;
    this.host.dataset.key = message.key;
    this.host.setAttribute("aria-label", message.label);
    if (this.host.style.height !== `${message.height}px`) this.host.style.height = `${message.height}px`;
    if (message.group !== this.group) this.join(message.group);
    this.newest = message.figure;
    this.draw();
    // Streamlit calls with the old figure when its theme changes, and does not run the page: ask for new colours.
    const wasDark = this.isDark;
    this.isDark = isDark(this.host);
    if (wasDark !== undefined && wasDark !== this.isDark) this.report("themed", this.isDark);
  }

  join(group) {
    groups.get(this.group)?.delete(this);
    this.group = group;
    if (!group) return;
    if (!groups.has(group)) groups.set(group, new Set());
    for (const other of groups.get(group)) if (other.view.xaxis) this.view.xaxis = other.view.xaxis;
    groups.get(group).add(this);
  }

  async draw() {
    if (this.isBusy) return;
    this.isBusy = true;
    try {
      while (this.newest && this.isSeen && !document.hidden && this.host.isConnected) {
        const Plotly = await plotly(this.message.url);
        if (this.host._dragging) {
          await nextFrame(); // redrawing under a drag would end it
          continue;
        }
        const figure = this.newest;
        this.newest = undefined;
        this.dress(figure.layout);
        await Plotly.react(this.host, figure.data, figure.layout, this.isDrawn ? undefined : this.config());
        if (!this.isDrawn) this.listen();
        this.host.dataset.draws = String((Number(this.host.dataset.draws) || 0) + 1);
        this.tellWidth();
        await nextFrame();
      }
    } catch (error) {
      if (!this.isDrawn) this.host.textContent = error.message;
      else console.error(error);
    } finally {
      this.isBusy = false;
    }
  }

  dress(layout) {
    layout.width = this.host.clientWidth;
    layout.height = this.host.clientHeight;
    layout.modebar = { bgcolor: "rgba(0,0,0,0)", color: "rgba(128,136,150,.7)", activecolor: "rgba(128,136,150,1)" };
    for (const axis of Object.keys(layout).filter((name) => /^[xy]axis\d*$/.test(name))) {
      const revision = JSON.stringify([this.message.subject, layout[axis].uirevision ?? layout.uirevision]);
      if (axis in this.revisions && this.revisions[axis] !== revision) delete this.view[axis];
      this.revisions[axis] = revision;
      if (this.view[axis]) Object.assign(layout[axis], { range: [...this.view[axis]], autorange: false });
    }
  }

  async fit() {
    const { clientWidth: width, clientHeight: height } = this.host;
    const drawn = this.host._fullLayout;
    if (!this.isDrawn || !width || (drawn.width === width && drawn.height === height)) return;
    await this.relayout({ width, height });
    this.tellWidth();
  }

  // Python chooses what fits by the width; it hears of a new one once the person has stopped resizing.
  tellWidth() {
    const width = this.host.clientWidth;
    clearTimeout(this.sizing);
    if (this.message.width && Math.abs(width - this.message.width) > WIDTH_TOLERANCE_PX)
      this.sizing = setTimeout(() => this.report("resized", width), REPORT_AFTER_MS);
  }

  async relayout(change) {
    this.isFollowing = true;
    try {
      await window.Plotly.relayout(this.host, change);
    } finally {
      this.isFollowing = false;
    }
  }

  config() {
    const button = (name, title, icon, click) => ({ name, title, icon, click });
    return {
      displaylogo: false,
      doubleClick: false,
      responsive: false,
      scrollZoom: true,
      showTips: false,
      modeBarButtons: [["zoomIn2d", "zoomOut2d", button("reset", "Show all", window.Plotly.Icons.home, () => this.reset())]],
    };
  }

  listen() {
    this.isDrawn = true;
    this.host.on("plotly_relayout", (change) => this.isFollowing || this.moved(change));
    this.host.on("plotly_doubleclick", () => this.reset());
    this.host.on("plotly_click", ({ points }) => {
      const mark = points.find((point) => point.customdata !== undefined && point.customdata !== null);
      if (!mark) return;
      const [key] = typeof mark.customdata === "object" ? Array.from(mark.customdata) : [mark.customdata];
      if (key) this.report("clicked", String(key));
    });
  }

  moved(change) {
    const before = JSON.stringify(this.view.xaxis);
    for (const name of Object.keys(change)) {
      const [, axis, , automatic] = AXIS.exec(name) ?? [];
      if (!axis) continue;
      if (automatic) delete this.view[axis];
      else this.view[axis] = [...this.host._fullLayout[axis].range];
    }
    if (JSON.stringify(this.view.xaxis) !== before) this.share();
  }

  reset() {
    this.view = {};
    this.share();
    this.again();
  }

  again() {
    this.newest ??= JSON.parse(this.text).figure; // anew, because Plotly writes into the figure that it draws
    this.draw();
  }

  // The charts on the same time axis follow at once; Python hears of it and sends figures at the new resolution.
  share() {
    const range = this.view.xaxis;
    for (const other of this.group ? groups.get(this.group) : []) {
      if (other === this) continue;
      if (range) {
        other.view.xaxis = [...range];
        if (other.isDrawn) other.relayout({ "xaxis.range": [...range], "xaxis.autorange": false });
      } else {
        delete other.view.xaxis;
        other.again();
      }
    }
    clearTimeout(this.reporting);
    this.reporting = setTimeout(() => this.report("zoomed", range ? range.map(Number) : []), REPORT_AFTER_MS);
  }

  leave() {
    if (this.host.isConnected) return; // an outdated call was cleaned up, not the chart
    clearTimeout(this.reporting);
    clearTimeout(this.sizing);
    this.sizes.disconnect();
    this.sights.disconnect();
    document.removeEventListener("visibilitychange", this.wake);
    groups.get(this.group)?.delete(this);
    if (this.isDrawn) window.Plotly.purge(this.host);
  }
}

export default function ({ data, parentElement, setTriggerValue }) {
  const text = decoder.decode(data);
  const { url, figure } = JSON.parse(text);
  if (!figure) {
    plotly(url).catch(() => undefined); // only loaded ahead; whoever draws says what is wrong
    return undefined;
  }
  if (!charts.has(parentElement)) charts.set(parentElement, new Chart(parentElement));
  const chart = charts.get(parentElement);
  chart.take(text, setTriggerValue);
  return () => chart.leave();
}
