// The speech over time: scrubbed with the pointer, zoomed with the wheel, a playhead that follows the sound.
import { drawLanes, lanesOf, plotOf } from "viewer/lanes.js";

/** Shortest stretch that can be looked at, in seconds. */
const SHORTEST = 0.25;
/** Of longer speech only so much is shown at first: curves of more seconds run into one another. */
const LONG = 20;

export class Timeline {
  constructor(find, about, takes, { difference, peaks, channels, player }) {
    Object.assign(this, { about, takes, difference, peaks, channels, player });
    this.root = find("timeline");
    this.canvas = find("lanes");
    this.playhead = find("playhead");
    this.hover = find("hover");
    this.clock = find("clock");
    this.window = [0, Math.min(about.seconds, LONG)];
    this.root.setAttribute("aria-valuemax", about.seconds.toFixed(3));
    channels.onChoose(() => this.redraw());
    new ResizeObserver(() => this.redraw()).observe(this.root);
    this.#listen();
    this.redraw();
  }

  /** Put the playhead where `time` is, and keep it in sight while the sound plays. */
  follow(time) {
    if (time === this.time) return;
    this.time = time;
    const [from, to] = this.window;
    if (time < from || time > to) this.#look(time - 0.1 * (to - from), to - from);
    this.#place();
    const text = `${clock(time)} / ${clock(this.about.seconds)}`;
    this.clock.textContent = text;
    this.root.setAttribute("aria-valuenow", time.toFixed(3));
    this.root.setAttribute("aria-valuetext", `${time.toFixed(2)} seconds${this.#spoken(time)}`);
  }

  /** Show `by` times as much, about the playhead or about a time in seconds. */
  zoom(by, about = this.time ?? 0) {
    const [from, to] = this.window;
    const length = Math.min(this.about.seconds, Math.max(SHORTEST, (to - from) * by));
    const share = (Math.min(Math.max(about, from), to) - from) / (to - from);
    this.#look(about - share * length, length);
  }

  redraw() {
    const { clientWidth: width } = this.root;
    if (!width) return;
    this.lanes = lanesOf(this);
    this.plot = plotOf(width);
    const height = this.lanes.reduce((sum, lane) => sum + lane.height, 0);
    this.root.style.height = `${height}px`;
    const scale = window.devicePixelRatio;
    Object.assign(this.canvas, { width: Math.round(width * scale), height: Math.round(height * scale) });
    const pen = this.canvas.getContext("2d");
    pen.scale(scale, scale);
    drawLanes(pen, this.lanes, this.plot, this);
    this.#place();
  }

  #look(from, length) {
    const first = Math.min(Math.max(from, 0), this.about.seconds - length);
    this.window = [first, first + length];
    this.redraw();
  }

  #place() {
    const [from, to] = this.window;
    const x = this.plot.left + (((this.time ?? 0) - from) / (to - from)) * this.plot.width;
    this.playhead.style.transform = `translateX(${x}px)`;
    this.playhead.hidden = x < this.plot.left - 1 || x > this.plot.left + this.plot.width + 1;
  }

  #timeAt(event) {
    const x = event.clientX - this.root.getBoundingClientRect().left;
    const [from, to] = this.window;
    const share = Math.min(1, Math.max(0, (x - this.plot.left) / this.plot.width));
    return from + share * (to - from);
  }

  #listen() {
    const { root } = this;
    root.addEventListener("pointerdown", (event) => {
      if (event.button) return;
      root.setPointerCapture(event.pointerId);
      this.player.seek(this.#timeAt(event));
    });
    root.addEventListener("pointermove", (event) => {
      if (root.hasPointerCapture(event.pointerId)) this.player.seek(this.#timeAt(event));
      this.#tell(event);
    });
    root.addEventListener("pointerleave", () => (this.hover.hidden = true));
    root.addEventListener(
      "wheel",
      (event) => {
        event.preventDefault();
        const [from, to] = this.window;
        if (Math.abs(event.deltaX) > Math.abs(event.deltaY)) this.#look(from + ((to - from) * event.deltaX) / 600, to - from);
        else this.zoom(Math.exp(event.deltaY / 400), this.#timeAt(event));
      },
      { passive: false },
    );
  }

  /** Beside the pointer: the time, the sound and the gaps there. */
  #tell(event) {
    const time = this.#timeAt(event);
    const gaps = this.takes.map((take) => take.gap?.[Math.max(0, take.at(time))]).filter((gap) => gap !== undefined);
    const parts = [`${time.toFixed(2)} s${this.#spoken(time)}`, gaps.map((gap) => `${gap.toFixed(1)} mm`).join(" | ")];
    if (this.difference) parts.push(`Δ ${this.difference[Math.max(0, this.takes[0].at(time))].toFixed(2)} mm`);
    this.hover.textContent = parts.filter(Boolean).join("  ·  ");
    this.hover.hidden = false;
    const x = event.clientX - this.root.getBoundingClientRect().left;
    const most = this.root.clientWidth - this.hover.offsetWidth;
    this.hover.style.transform = `translateX(${Math.max(0, Math.min(most, x - this.hover.offsetWidth / 2))}px)`;
  }

  #spoken(time) {
    const phone = this.about.phones.find(([, begin, end]) => begin <= time && time < end);
    return phone ? `, ${phone[0]}` : "";
  }
}

function clock(seconds) {
  const minutes = Math.floor(seconds / 60);
  return `${minutes}:${(seconds - 60 * minutes).toFixed(2).padStart(5, "0")}`;
}
