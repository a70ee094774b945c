// The channels of a model: their values now as bars, and which of them have a curve.

const AT_FIRST = ["jawOpen", "mouthClose", "mouthPucker"];
/** As many colours as viewer.css has for curves. */
const COLOURS = 6;

export class Channels {
  /** Chosen channels: name -> number of its colour. */
  chosen = new Map();
  #onChoose = () => undefined;

  constructor(find, takes) {
    this.takes = takes.filter((take) => take.channels.length);
    find("channel-section").hidden = !this.takes.length;
    this.names = byMotion(this.takes);
    const list = find("channels");
    this.rows = this.names.map((name) => this.#row(list, name));
    const first = AT_FIRST.filter((name) => this.names.includes(name));
    for (const name of first.length ? first : this.names.slice(0, 3)) this.choose(name, true);
    find("filter").addEventListener("input", ({ target }) => {
      const words = target.value.trim().toLowerCase();
      for (const { line, name } of this.rows) line.hidden = !name.toLowerCase().includes(words);
    });
  }

  /** Call back when other channels are chosen. */
  onChoose(call) {
    this.#onChoose = call;
  }

  choose(name, on) {
    const taken = new Set(this.chosen.values());
    const free = Array.from({ length: COLOURS }, (_, i) => i).find((colour) => !taken.has(colour));
    if (on) this.chosen.set(name, free ?? this.chosen.size % COLOURS);
    else this.chosen.delete(name);
    const { box, line } = this.rows.find((row) => row.name === name);
    box.checked = on;
    line.style.setProperty("--curve", on ? `var(--curve${this.chosen.get(name)})` : "transparent");
    this.#onChoose();
  }

  show() {
    const values = this.takes.map((take) => take.values(take.shown));
    for (const { places } of this.rows) {
      places.forEach(({ channel, value, bar }, i) => {
        if (channel < 0) return;
        value.textContent = values[i][channel].toFixed(2);
        bar.style.setProperty("--weight", Math.min(1, Math.max(0, values[i][channel])));
      });
    }
  }

  #row(list, name) {
    const line = document.createElement("li");
    const label = document.createElement("label");
    const box = Object.assign(document.createElement("input"), { type: "checkbox" });
    const text = Object.assign(document.createElement("span"), { className: "name", textContent: name });
    label.append(box, text);
    line.append(label);
    const places = this.takes.map((take, i) => {
      const side = this.takes.length > 1 ? "ab"[i] : "";
      const value = Object.assign(document.createElement("span"), { className: `value ${side}`, textContent: "–" });
      const bar = Object.assign(document.createElement("i"), { className: `bar ${side}` });
      label.append(value);
      line.append(bar);
      return { channel: take.channels.indexOf(name), value, bar };
    });
    box.addEventListener("change", () => this.choose(name, box.checked));
    list.append(line);
    return { name, line, box, places };
  }
}

/** Names of all channels, those that move most first. */
function byMotion(takes) {
  const travel = new Map();
  for (const { channels, weights, width } of takes) {
    channels.forEach((name, channel) => {
      let low = Infinity;
      let high = -Infinity;
      for (let at = channel; at < weights.length; at += width) {
        low = Math.min(low, weights[at]);
        high = Math.max(high, weights[at]);
      }
      travel.set(name, Math.max(travel.get(name) ?? 0, high - low));
    });
  }
  return [...travel.keys()].sort((a, b) => travel.get(b) - travel.get(a));
}
