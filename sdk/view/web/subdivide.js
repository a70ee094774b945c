// Loop's subdivision (Loop 1987, "Smooth Subdivision Surfaces Based on Triangles") as a linear map, made once: moved
// vertices come out as a finer, smooth surface. Neighbours are weighted as Warren (1995) does; on a border only the
// border counts.

/**
 * @param triangles vertices of each, three after three; any subset of a mesh's.
 * @returns the finer triangles, four for each, and refined vertex i as the sum of weights[k] times vertex columns[k] of
 *   the mesh for k from starts[i] to starts[i + 1].
 */
export function subdivide(triangles) {
  const columns = Int32Array.from(new Set(triangles)).sort();
  const local = new Map(Array.from(columns, (vertex, i) => [vertex, i]));
  const corners = Int32Array.from(triangles, (vertex) => local.get(vertex));
  const edges = new Edges(corners, columns.length);

  const finer = [];
  for (let t = 0; t < corners.length; t += 3) {
    const [a, b, c] = corners.subarray(t, t + 3);
    const [ab, bc, ca] = [0, 1, 2].map((side) => columns.length + edges.ofSide[t + side]);
    finer.push(a, ab, ca, ab, b, bc, ca, bc, c, ab, bc, ca);
  }
  const rows = [...columns.keys()].map((vertex) => edges.moved(vertex)).concat(edges.list.map(middle));
  return { triangles: Uint32Array.from(finer), ...packed(rows, columns) };
}

/** The edges of a mesh: each with its two ends and the one or two vertices across it. */
class Edges {
  constructor(corners, vertices) {
    this.list = [];
    this.ofSide = new Int32Array(corners.length);
    this.around = Array.from({ length: vertices }, () => []);
    const seen = new Map();
    corners.forEach((from, side) => {
      const first = side - (side % 3);
      const to = corners[first + ((side + 1) % 3)];
      const key = Math.min(from, to) * vertices + Math.max(from, to);
      if (!seen.has(key)) {
        seen.set(key, this.list.length);
        this.list.push({ ends: [from, to], across: [] });
        this.around[from].push(seen.get(key));
        this.around[to].push(seen.get(key));
      }
      this.ofSide[side] = seen.get(key);
      this.list[seen.get(key)].across.push(corners[first + ((side + 2) % 3)]);
    });
  }

  /** Where an old vertex goes: [vertex, weight] of itself and its neighbours. */
  moved(vertex) {
    const edges = this.around[vertex].map((edge) => this.list[edge]);
    const rim = edges.filter(({ across }) => across.length === 1);
    // Where two rims touch, nothing moves.
    const by = rim.length === 2 ? rim : rim.length ? [] : edges;
    const share = by === rim ? 1 / 8 : by.length === 3 ? 3 / 16 : 3 / (8 * by.length);
    const neighbours = by.map(({ ends: [from, to] }) => [from === vertex ? to : from, share]);
    return [[vertex, 1 - by.length * (by.length && share)], ...neighbours];
  }
}

/** The new vertex on an edge: [vertex, weight] of its ends and of those across it. */
function middle({ ends, across }) {
  if (across.length === 1) return ends.map((end) => [end, 1 / 2]);
  return [...ends.map((end) => [end, 3 / 8]), ...across.map((vertex) => [vertex, 1 / (4 * across.length)])];
}

function packed(rows, columns) {
  const starts = new Int32Array(rows.length + 1);
  rows.forEach((row, i) => (starts[i + 1] = starts[i] + row.length));
  const entries = rows.flat();
  return {
    starts,
    columns: Int32Array.from(entries, ([vertex]) => columns[vertex]),
    weights: Float32Array.from(entries, ([, weight]) => weight),
  };
}

/** The same without a finer surface: each vertex is itself. */
export function asItIs(triangles) {
  const columns = Int32Array.from(new Set(triangles)).sort();
  const local = new Map(Array.from(columns, (vertex, i) => [vertex, i]));
  const corners = Uint32Array.from(triangles, (vertex) => local.get(vertex));
  return { triangles: corners, ...packed([...columns.keys()].map((vertex) => [[vertex, 1]]), columns) };
}
