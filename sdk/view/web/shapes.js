// What moves a mesh: shapes, each a list of vertices and how far it takes them at weight 1.

/** Weights below this move nothing that could be seen. */
const NOTHING = 1e-4;

export class Shapes {
  /** @param part gives the numbers of the tensors `shape_counts`, `shape_vertices`, `shape_deltas` and `shape_steps`. */
  constructor(part) {
    const counts = part("shape_counts");
    this.starts = new Int32Array(counts.length + 1);
    counts.forEach((count, i) => (this.starts[i + 1] = this.starts[i] + count));
    this.vertices = part("shape_vertices");
    const steps = part("shape_steps");
    const whole = part("shape_deltas");
    this.deltas = new Float32Array(whole.length);
    for (let shape = 0; shape < counts.length; shape++) {
      for (let k = 3 * this.starts[shape]; k < 3 * this.starts[shape + 1]; k++) this.deltas[k] = steps[shape] * whole[k];
    }
  }

  /** Add what weights do to vertices; weight i is of shape order[i], none where that is -1. */
  add(weights, order, vertices) {
    const { starts, deltas } = this;
    for (let i = 0; i < order.length; i++) {
      const weight = weights[i];
      if (order[i] < 0 || Math.abs(weight) < NOTHING) continue;
      for (let k = starts[order[i]]; k < starts[order[i] + 1]; k++) {
        const at = 3 * this.vertices[k];
        vertices[at] += weight * deltas[3 * k];
        vertices[at + 1] += weight * deltas[3 * k + 1];
        vertices[at + 2] += weight * deltas[3 * k + 2];
      }
    }
  }
}
