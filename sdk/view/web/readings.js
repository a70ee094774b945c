// The numbers beside the faces: what is shown, the lip gap, and how far two takes lie apart.

const millimetres = (value) => (Number.isFinite(value) ? `${value.toFixed(Math.abs(value) < 0.0995 ? 3 : 2)} mm` : "–");
const seconds = (value) => `${value.toFixed(2)} s`;

export class Readings {
  constructor(find, about, takes, difference, player) {
    this.takes = takes;
    this.difference = difference;
    this.now = find("apart-now");
    this.labels = takes.map((take, i) => label(find("labels"), take, takes.length > 1 ? "ab"[i] : ""));
    this.gaps = takes.map((take, i) => take.gap && row(find("gap-now"), takes.length > 1 ? take.label : "now", takes.length > 1 ? "ab"[i] : ""));
    find("gaps").hidden = !this.gaps.some(Boolean);
    for (const [i, take] of takes.entries()) find("about").append(facts(take, takes.length > 1 ? "ab"[i] : ""));
    if (!difference) return;
    find("apart").hidden = false;
    find("apart-what").textContent = about.difference.what === "lips" ? "lips" : "worst vertex";
    find("apart-mean").textContent = millimetres(difference.reduce((sum, value) => sum + value, 0) / difference.length);
    const worst = difference.indexOf(difference.reduce((most, value) => Math.max(most, value), 0));
    const button = find("apart-worst");
    const { begins } = takes[0].times;
    button.textContent = `${millimetres(difference[worst])} at ${seconds(begins[worst])}`;
    button.setAttribute("aria-label", `Go to the worst frame: ${button.textContent}`);
    button.addEventListener("click", () => player.seek(takes[0].times[takes[0].timing][worst] + 1e-3));
  }

  show() {
    this.takes.forEach((take, i) => {
      this.labels[i].textContent = take.shown < 0 ? "no frame yet" : `frame ${take.index[take.shown]}`;
      if (this.gaps[i]) this.gaps[i].textContent = take.shown < 0 ? "–" : millimetres(take.gap[take.shown]);
    });
    if (this.difference) this.now.textContent = millimetres(this.difference[this.takes[0].shown]);
  }
}

function element(name, text, kind) {
  const made = document.createElement(name);
  if (text !== undefined) made.textContent = text;
  if (kind) made.className = kind;
  return made;
}

/** The name over a face; gives the place of its frame's number. */
function label(parent, take, side) {
  const chip = element("div", undefined, `label ${side}`);
  const frame = element("span", "", "quiet");
  chip.append(element("strong", take.label), frame);
  if (take.facts.some(([name]) => name === "untrained")) chip.append(element("span", "untrained: the motion means nothing", "warn"));
  parent.append(chip);
  return frame;
}

function row(list, name, side) {
  const line = element("div", undefined, side);
  const value = element("dd", "–");
  line.append(element("dt", name), value);
  list.append(line);
  return value;
}

function facts(take, side) {
  const list = element("dl", undefined, `facts ${side}`);
  for (const [name, text] of take.facts) row(list, name, "").textContent = text;
  return list;
}
