// What the timeline draws, lane under lane: phones, waveform with the lip gaps, difference, channels, seconds.

const LEFT = 46;
const RIGHT = 12;
/** Pixels of a frame from which on curves are drawn as stairs. */
const STAIR = 5;

/** Where the plots stand in a timeline so many pixels wide. */
export const plotOf = (width) => ({ left: LEFT, width: Math.max(1, width - LEFT - RIGHT) });

/** The lanes of a timeline, from the top. */
export function lanesOf({ about, takes, difference, channels }) {
  return [
    about.phones.length && { draw: phones, height: 22 },
    { draw: speech, height: takes.some((take) => take.gap) ? 100 : 60 },
    difference && { draw: apart, height: 52 },
    channels.chosen.size && { draw: curves, height: 60 },
    { draw: axis, height: 22 },
  ].filter(Boolean);
}

export function drawLanes(pen, lanes, plot, timeline) {
  const style = getComputedStyle(document.documentElement);
  const colour = (name) => style.getPropertyValue(`--${name}`).trim();
  const [from, to] = timeline.window;
  const x = (time) => plot.left + ((time - from) / (to - from)) * plot.width;
  let top = 0;
  for (const { draw, height } of lanes) {
    pen.save();
    pen.font = `11px ${style.fontFamily}`;
    pen.textBaseline = "middle";
    draw(pen, { ...plot, top, height, from, to, x, colour }, timeline);
    pen.restore();
    top += height;
  }
}

function phones(pen, { top, height, x, left, width, colour }, { about }) {
  clip(pen, left, top, width, height);
  pen.textAlign = "center";
  about.phones.forEach(([name, begin, end], number) => {
    const [first, last] = [x(begin), x(end)];
    pen.fillStyle = colour(number % 2 ? "band" : "band2");
    pen.fillRect(first, top + 2, last - first, height - 4);
    if (pen.measureText(name).width > last - first) return;
    pen.fillStyle = colour("soft");
    pen.fillText(name, (first + last) / 2, top + height / 2);
  });
}

function speech(pen, lane, { about, takes, peaks }) {
  const { top, height, left, width, from, to, x, colour } = lane;
  const middle = top + height / 2;
  pen.fillStyle = colour("wave");
  const perSecond = peaks.length / about.seconds;
  const step = Math.max(1, Math.floor(((to - from) * perSecond) / width));
  const wide = Math.max(1, (width * step) / ((to - from) * perSecond));
  pen.save();
  clip(pen, left, top, width, height);
  for (let i = Math.max(0, Math.floor(from * perSecond / step) * step); i < Math.min(peaks.length, to * perSecond); i += step) {
    let loud = 0;
    for (let k = i; k < Math.min(i + step, peaks.length); k++) loud = Math.max(loud, peaks[k]);
    const tall = Math.max(1, (loud / 127) * (height - 10));
    pen.fillRect(x(i / perSecond), middle - tall / 2, wide, tall);
  }
  pen.restore();
  const gaps = takes.filter((take) => take.gap);
  if (!gaps.length) return;
  const all = gaps.flatMap(({ gap }) => range(gap));
  ruled(pen, lane, [Math.min(0, ...all), Math.max(2, ...all)], "lip gap, mm", (y) => {
    // The second one, thinner, lies upon the first: where they agree both are seen.
    gaps.forEach((take) => {
      const second = takes.indexOf(take) > 0;
      line(pen, lane, take.times[take.timing], take.gap, y, colour(second ? "b" : "a"), takes.length > 1 && !second ? 3.4 : 1.5);
    });
  });
}

function apart(pen, lane, { takes, difference }) {
  const [, most] = range(difference);
  const times = takes[0].times[takes[0].timing];
  ruled(pen, lane, [0, Math.max(most, 1e-3)], "apart, mm", (y) => {
    line(pen, lane, times, difference, y, lane.colour("apart"), 1.4, [], y(0));
  });
}

function curves(pen, lane, { takes, channels }) {
  const shown = takes.flatMap(({ channels: names, weights, width }) =>
    names.flatMap((name, channel) => (channels.chosen.has(name) ? [range(column(weights, width, channel))] : [])),
  );
  const low = Math.min(0, ...shown.map(([least]) => least));
  const high = Math.max(0.1, ...shown.map(([, most]) => most));
  ruled(pen, lane, [low, high], "channels", (y) => {
    for (const [name, number] of channels.chosen) {
      takes.forEach((take, side) => {
        const channel = take.channels.indexOf(name);
        if (channel < 0) return;
        const values = column(take.weights, take.width, channel);
        line(pen, lane, take.times[take.timing], values, y, lane.colour(`curve${number}`), side ? 1.2 : 1.6, side ? [4, 3] : []);
      });
    }
  });
}

function axis(pen, { top, height, left, width, from, to, x, colour }) {
  const step = round((to - from) / Math.max(2, width / 90));
  const digits = Math.max(0, -Math.floor(Math.log10(step) + 1e-9));
  pen.fillStyle = colour("soft");
  pen.textAlign = "center";
  for (let i = Math.ceil(from / step - 1e-9); i * step <= to + 1e-9; i++) {
    const at = x(i * step);
    pen.fillRect(at, top, 1, 4);
    const text = `${(i * step).toFixed(digits)} s`;
    const half = pen.measureText(text).width / 2;
    pen.fillText(text, Math.min(left + width + RIGHT - half, at), top + height / 2 + 3);
  }
}

/** Rules and their numbers at the left, then what `plot` draws with the height of a value. */
function ruled(pen, { top, height, left, width, colour }, [low, high], title, plot) {
  const y = (value) => top + height - 7 - ((value - low) / (high - low)) * (height - 14);
  const step = round((high - low) / Math.max(1, height / 34));
  const digits = Math.max(0, -Math.floor(Math.log10(step) + 1e-9));
  pen.textAlign = "right";
  for (let i = Math.ceil(low / step - 1e-9); i * step <= high + 1e-9; i++) {
    pen.fillStyle = colour("rule");
    pen.fillRect(left, Math.round(y(i * step)), width, 1);
    pen.fillStyle = colour("soft");
    pen.fillText((i * step).toFixed(digits), left - 7, y(i * step));
  }
  pen.save();
  clip(pen, left, top, width, height);
  plot(y);
  pen.restore();
  pen.textAlign = "left";
  pen.fillStyle = colour("soft");
  pen.fillText(title, left + 6, top + 11);
}

/** Values (T,) of one channel. */
function column(weights, width, channel) {
  return Float32Array.from({ length: weights.length / width }, (_, frame) => weights[frame * width + channel]);
}

/**
 * A curve of frames: where there is room for it each value holds until the next, as it is shown; with `base` filled down
 * to there.
 */
function line(pen, { from, to, x }, times, values, y, colour, width, dash = [], base = undefined) {
  pen.beginPath();
  let begun = false;
  const path = (px, py) => (begun ? pen.lineTo(px, py) : pen.moveTo(px, py), (begun = true));
  const last = times.length - 1;
  const held = last > 0 && ((x(times[last]) - x(times[0])) / last) > STAIR;
  let first;
  let end;
  for (let i = 0; i <= last; i++) {
    const next = i < last ? times[i + 1] : times[i] + (last ? times[last] - times[last - 1] : 0);
    // One more at each side: curves leave the picture at its edge.
    if (next < from || times[Math.max(0, i - 1)] > to) continue;
    first ??= x(times[i]);
    end = x(next);
    path(x(times[i]), y(values[i]));
    if (held) path(end, y(values[i]));
  }
  pen.strokeStyle = colour;
  pen.lineWidth = width;
  pen.lineJoin = "round";
  pen.setLineDash(dash);
  pen.stroke();
  if (base === undefined || first === undefined) return;
  pen.lineTo(end, base);
  pen.lineTo(first, base);
  pen.globalAlpha = 0.25;
  pen.fillStyle = colour;
  pen.fill();
  pen.globalAlpha = 1;
}

function clip(pen, left, top, width, height) {
  pen.beginPath();
  pen.rect(left, top, width, height);
  pen.clip();
}

function range(values) {
  return values.reduce(([low, high], value) => [Math.min(low, value), Math.max(high, value)], [Infinity, -Infinity]);
}

/** The first of 1, 2 and 5 times a power of ten that is not below `size`. */
function round(size) {
  const power = 10 ** Math.floor(Math.log10(size));
  return [1, 2, 5, 10].find((times) => times * power >= size - 1e-9) * power;
}
