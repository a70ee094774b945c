// The figures, the strongest channels and the waveform.
const BARS = 7;
const SECONDS = 6;
const COLUMNS_A_SECOND = 60;

export class Panel {
  levels = new Float32Array(SECONDS * COLUMNS_A_SECOND);
  heard = 0;
  loudest = 0;

  constructor(find) {
    this.find = find;
    this.wave = find("wave");
    this.bars = Array.from({ length: BARS }, () => {
      const bar = document.createElement("li");
      bar.append(document.createElement("span"), document.createElement("span"));
      find("channels").append(bar);
      return bar;
    });
  }

  say(text, wrong = false) {
    this.find("status").textContent = text;
    this.find("status").classList.toggle("wrong", wrong);
  }

  figures({ stepMs, latencyMs, rate, displayed }) {
    const text = (value, unit) => (Number.isFinite(value) ? `${value.toFixed(unit === " ms" && value < 10 ? 1 : 0)}${unit}` : "–");
    this.find("step").textContent = text(stepMs, " ms");
    this.find("latency").textContent = text(latencyMs, " ms");
    this.find("rate").textContent = text(rate, " fps");
    this.find("display").textContent = text(displayed, " fps");
  }

  channels(names, values) {
    const order = [...values.keys()].sort((a, b) => values[b] - values[a]).slice(0, BARS);
    order.forEach((channel, place) => {
      const [name, value] = this.bars[place].children;
      name.textContent = names[channel];
      value.textContent = values[channel].toFixed(2);
      this.bars[place].style.setProperty("--weight", Math.min(1, Math.max(0, values[channel])));
    });
  }

  hear(pcm, rate) {
    const column = rate / COLUMNS_A_SECOND;
    for (const sample of pcm) {
      this.loudest = Math.max(this.loudest, Math.abs(sample));
      if (++this.heard >= column) {
        this.levels.copyWithin(0, 1);
        this.levels[this.levels.length - 1] = this.loudest;
        this.heard = this.loudest = 0;
      }
    }
  }

  draw() {
    const { wave, levels } = this;
    const scale = window.devicePixelRatio;
    const width = Math.round(wave.clientWidth * scale);
    const height = Math.round(wave.clientHeight * scale);
    if (wave.width !== width || wave.height !== height) Object.assign(wave, { width, height });
    const pen = wave.getContext("2d");
    pen.clearRect(0, 0, width, height);
    const step = width / levels.length;
    const colour = pen.createLinearGradient(0, 0, width, 0);
    colour.addColorStop(0, "rgb(126 224 196 / 8%)");
    colour.addColorStop(1, "rgb(126 224 196 / 95%)");
    pen.fillStyle = colour;
    levels.forEach((level, i) => {
      const tall = Math.max(2 * scale, Math.sqrt(level) * height);
      pen.beginPath();
      pen.roundRect(i * step + step * 0.18, (height - tall) / 2, step * 0.64, tall, step / 3);
      pen.fill();
    });
  }
}
