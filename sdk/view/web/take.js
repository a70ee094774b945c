// The frames of one model: which of them a moment shows, and the face that shows it.
import { Shapes } from "viewer/shapes.js";

/** Seconds by which a frame may be early: times are kept in single precision. */
const EARLY = 1e-4;
/** Seconds into a frame that stepping goes to. */
const INTO = 1e-3;

export class Take {
  /** Position of the frame that is shown; -1 for the face at rest, undefined before anything was shown. */
  shown = undefined;
  /** `begins`: as an animation file is played. `arrives`: when a device has the frame. */
  #timing = "begins";

  constructor(side, tensors, face) {
    Object.assign(this, side, { face });
    const part = (name) => tensors.get(name)?.data;
    this.index = part("index");
    this.times = { begins: part("begins"), arrives: part("arrives") };
    this.gap = part("gap");
    this.weights = part("values");
    this.width = tensors.get("values").shape[1];
    // Channels move the face's own shapes by name; vertices come as shapes of their own.
    this.shapes = this.channels.length ? face.shapes : new Shapes(part);
    this.order = this.channels.length ? face.shapesOf(this.channels) : Array.from({ length: this.width }, (_, i) => i);
    this.rest = new Float32Array(this.width);
  }

  get timing() {
    return this.#timing;
  }

  set timing(name) {
    this.#timing = name;
    this.shown = undefined;
  }

  /** Values (C,) of a frame. */
  values(frame) {
    return frame < 0 ? this.rest : this.weights.subarray(frame * this.width, (frame + 1) * this.width);
  }

  /** Position of the newest frame that has come at `time` in seconds; -1 if none has. */
  at(time) {
    const times = this.times[this.timing];
    let low = 0;
    let high = times.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (times[middle] <= time + EARLY) low = middle + 1;
      else high = middle;
    }
    return low - 1;
  }

  /** Move the face to what `time` shows; says whether that is another frame. */
  show(time) {
    const frame = this.at(time);
    if (frame === this.shown) return false;
    this.shown = frame;
    this.face.pose(this.values(frame), this.order, this.shapes);
    return true;
  }

  /** The time of the frame `count` frames after the one that `time` shows. */
  besides(time, count) {
    const times = this.times[this.timing];
    const frame = this.at(time) + count;
    return frame < 0 ? 0 : times[Math.min(frame, times.length - 1)] + INTO;
  }
}
