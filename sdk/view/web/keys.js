// What the keyboard does, wherever the focus is but in a field that takes text or arrows itself.

export function followKeys({ player, step, timeline, views, speed, find }) {
  const faster = (by) => {
    const rates = [...speed.options];
    speed.selectedIndex = Math.min(rates.length - 1, Math.max(0, speed.selectedIndex + by));
    player.speed = Number(speed.value);
  };
  const actions = {
    " ": () => player.toggle(),
    k: () => player.toggle(),
    ArrowLeft: () => step(-1),
    ArrowRight: () => step(1),
    "Shift+ArrowLeft": () => player.seek(player.time - 1),
    "Shift+ArrowRight": () => player.seek(player.time + 1),
    PageDown: () => player.seek(player.time - 1),
    PageUp: () => player.seek(player.time + 1),
    Home: () => player.seek(0),
    End: () => player.seek(player.seconds),
    "[": () => faster(-1),
    "]": () => faster(1),
    "+": () => timeline.zoom(0.5),
    "=": () => timeline.zoom(0.5),
    "-": () => timeline.zoom(2),
    l: () => find("loop").click(),
    m: () => find("mute").click(),
    "?": () => find("help").click(),
  };
  views.forEach((view, i) => (actions[String(i + 1)] = () => view.click()));

  document.addEventListener("keydown", (event) => {
    const { target, key } = event;
    if (event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]")) return;
    if (target.matches('input:not([type="checkbox"]), select, textarea')) return;
    // A button or a box that has the focus is pressed by the space bar itself.
    if (key === " " && target.matches("button, input")) return;
    const arrow = key.startsWith("Arrow");
    const action = actions[event.shiftKey && arrow ? `Shift+${key}` : key.length === 1 ? key.toLowerCase() : key];
    if (!action) return;
    event.preventDefault();
    action();
  });
}
