// The page's beginning: its data to takes, faces and controls, and the loop that keeps picture and sound together.
import { Channels } from "viewer/channels.js";
import { Face } from "viewer/face.js";
import { followKeys } from "viewer/keys.js";
import { Player } from "viewer/player.js";
import { Readings } from "viewer/readings.js";
import { Stage } from "viewer/stage.js";
import { Take } from "viewer/take.js";
import { fromBase64, inflate, readTensors } from "viewer/tensors.js";
import { Timeline } from "viewer/timeline.js";

// ?plain: without reflections and shadows, for a machine without a graphics card; ?full: with them, however slow.
const query = new URLSearchParams(location.search);
const find = (id) => document.getElementById(id);

async function start() {
  const about = JSON.parse(find("document").textContent);
  find("title").textContent = about.title;
  find("speech").textContent = about.speech;
  const { tensors } = readTensors(await inflate(fromBase64(find("data").textContent.trim())));
  find("data").remove();
  const within = (name) => {
    const ours = [...tensors].filter(([key]) => key.startsWith(`${name}.`));
    return new Map(ours.map(([key, tensor]) => [key.slice(name.length + 1), tensor]));
  };
  const takes = about.sides.map((side, number) => {
    const face = new Face(within(`mesh${side.mesh}`), about.meshes[side.mesh]);
    return new Take(side, within(`side${number}`), face);
  });
  const difference = tensors.get("difference")?.data;

  const player = new Player(find("sound"), about.seconds);
  const readings = new Readings(find, about, takes, difference, player);
  const channels = new Channels(find, takes);
  const timeline = new Timeline(find, about, takes, { difference, peaks: tensors.get("peaks").data, channels, player });
  const heat = find("heat");
  // The worst of the clip is red: what two precisions do differs by far less than what two models do.
  const far = Math.max(0.01, ...(difference ?? []));
  find("red").textContent = `, red at ${far.toFixed(2)} mm`;
  let dressed = false;

  const onDraw = () => {
    const time = player.time;
    timeline.follow(time);
    const moved = takes.map((take) => take.show(time)).some(Boolean);
    const compared = heat.getAttribute("aria-pressed") === "true";
    if (!moved && compared === dressed) return false;
    // Each face is coloured by its distance from the other one.
    if (compared || dressed) takes.forEach(({ face }, i) => face.compare(compared ? takes[1 - i].face : undefined, far));
    dressed = compared;
    readings.show();
    channels.show();
    return true;
  };
  const groups = takes.map(({ face }) => face.group);
  const stage = new Stage(find("stage"), groups, { plain: query.has("plain") || (query.has("full") ? false : undefined), onDraw });
  connect({ about, takes, player, timeline, stage, heat, difference });
  find("message").hidden = true;
  // For scripts: what is shown now, and the player that decides it.
  window.viewer = { player, takes, stage, timeline };
}

/** Buttons, lists and keys. */
function connect({ about, takes, player, timeline, stage, heat, difference }) {
  find("stage").setAttribute("aria-label", `${takes.map(({ label }) => label).join(", beside it ")}: a face that speaks`);
  const step = (count) => player.seek(takes[0].besides(player.time, count));
  const views = [...document.querySelectorAll("[data-look]")];
  for (const view of views) view.addEventListener("click", () => stage.look(Number(view.dataset.look)));
  const press = (button, action) => {
    button.addEventListener("click", () => {
      const down = button.getAttribute("aria-pressed") !== "true";
      button.setAttribute("aria-pressed", String(down));
      action?.(down);
    });
  };
  press(heat);
  heat.hidden = !(difference && about.meshes.length === 1);
  press(find("loop"), (down) => (player.loop = down));
  press(find("mute"), (down) => (player.muted = down));
  find("play").addEventListener("click", () => player.toggle());
  find("back").addEventListener("click", () => step(-1));
  find("forward").addEventListener("click", () => step(1));
  const speed = find("speed");
  speed.addEventListener("change", () => (player.speed = Number(speed.value)));
  find("timing").addEventListener("change", ({ target }) => {
    for (const take of takes) take.timing = target.value;
    timeline.redraw();
  });
  const playing = () => {
    document.body.classList.toggle("playing", player.playing);
    find("play").setAttribute("aria-label", player.playing ? "Pause" : "Play");
  };
  player.onChange(playing);
  find("help").addEventListener("click", () => find("keys").showModal());
  const dress = (theme) => {
    document.documentElement.dataset.theme = theme;
    timeline.redraw();
  };
  find("theme").addEventListener("click", () => dress(document.documentElement.dataset.theme === "dark" ? "light" : "dark"));
  matchMedia("(prefers-color-scheme: light)").addEventListener("change", ({ matches }) => dress(matches ? "light" : "dark"));
  followKeys({ player, step, timeline, views, speed, find });
}

start().catch((error) => {
  find("message").textContent = `This page cannot be shown here: ${error.message}`;
  find("message").hidden = false;
  throw error;
});
