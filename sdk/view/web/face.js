// A face: the model's values to vertices, vertices to smooth surfaces with normals. sdk/view/mesh.py describes the data.
import * as THREE from "three";
import { materialOf } from "viewer/materials.js";
import { Shapes } from "viewer/shapes.js";
import { asItIs, subdivide } from "viewer/subdivide.js";

/** A mesh of more vertices is fine enough as it is. */
const FINE = 12_000;
/** Of the default head, in millimetres. */
const MIDDLE = new THREE.Vector3(0, -25, -60);

export class Face {
  group = new THREE.Group();

  /**
   * @param tensors of `readTensors`, named as in sdk/view/mesh.py.
   * @param mesh `mesh` of the metadata, parsed.
   */
  constructor(tensors, mesh) {
    const part = (name) => tensors.get(name)?.data;
    this.rest = Float32Array.from(part("vertices"), (steps) => mesh.step * steps);
    this.moved = this.rest.slice();
    this.names = mesh.shapes;
    this.shapes = new Shapes(part);
    const fine = this.rest.length > 3 * FINE;
    this.surfaces = mesh.surfaces.map((look, number) => {
      const triangles = part(`${number}.triangles`);
      return new Surface(this.rest, fine ? asItIs(triangles) : subdivide(triangles), look, tensors.get(`${number}.texture`));
    });
    for (const surface of this.surfaces) this.group.add(surface.mesh);
    if (mesh.place) {
      // Another mesh than the default head: as large, and where the camera looks.
      this.group.scale.setScalar(mesh.place.scale);
      this.group.position.fromArray(mesh.place.centre).multiplyScalar(-mesh.place.scale).add(MIDDLE);
    }
    this.update();
  }

  /** Which shape each of a model's channels moves; -1 for names this face does not know. */
  shapesOf(channels) {
    return channels.map((name) => this.names.indexOf(name));
  }

  /** Whether a pipeline's values are the vertices of this mesh. */
  fits(pipeline) {
    const [name, output] = pipeline.values.split(".");
    const { shape } = pipeline.stages.find((stage) => stage.name === name).outputs.find((each) => each.name === output);
    return shape.length === 2 && shape[0] * shape[1] === this.rest.length;
  }

  /** Weights of shapes; `order` as in `Shapes.add`, `shapes` if they are not the face's own. */
  pose(weights, order, shapes = this.shapes) {
    this.moved.set(this.rest);
    shapes.add(weights, order, this.moved);
    this.update();
  }

  /** Vertices as a model of this mesh gives them, in millimetres. */
  place(vertices) {
    this.moved.set(vertices);
    this.update();
  }

  update() {
    for (const surface of this.surfaces) surface.follow(this.moved);
  }

  /** Colour the skin by how far it lies from another face's, red from `far` millimetres on; without one, as it is. */
  compare(other, far) {
    for (const surface of this.surfaces) surface.paint(this.moved, other?.moved, far);
  }
}

class Surface {
  constructor(rest, { triangles, starts, columns, weights }, look, picture) {
    Object.assign(this, { triangles, starts, columns, weights, skin: look.name === "skin" });
    const count = starts.length - 1;
    this.positions = new Float32Array(3 * count);
    this.normals = new Float32Array(3 * count);
    this.geometry = new THREE.BufferGeometry();
    const attribute = (name, data, size) => {
      this.geometry.setAttribute(name, new THREE.BufferAttribute(data, size).setUsage(THREE.DynamicDrawUsage));
    };
    attribute("position", this.positions, 3);
    attribute("normal", this.normals, 3);
    this.geometry.setIndex(new THREE.BufferAttribute(triangles, 1));
    if (this.skin) {
      this.colours = new Float32Array(3 * count).fill(1);
      attribute("color", this.colours, 3);
    }
    this.follow(rest);
    if (picture) attribute("uv", coordinates(this.positions, look.texture), 2);
    this.mesh = new THREE.Mesh(this.geometry, materialOf(look, picture));
    this.mesh.frustumCulled = false;
    this.mesh.castShadow = this.mesh.receiveShadow = true;
  }

  /** Positions as sums over the face's vertices, then area-weighted normals. */
  follow(vertices) {
    const { positions, normals, starts, columns, weights, triangles } = this;
    for (let row = 0; row + 1 < starts.length; row++) {
      let x = 0;
      let y = 0;
      let z = 0;
      for (let k = starts[row]; k < starts[row + 1]; k++) {
        const at = 3 * columns[k];
        x += weights[k] * vertices[at];
        y += weights[k] * vertices[at + 1];
        z += weights[k] * vertices[at + 2];
      }
      positions[3 * row] = x;
      positions[3 * row + 1] = y;
      positions[3 * row + 2] = z;
    }
    normals.fill(0);
    for (let t = 0; t < triangles.length; t += 3) {
      const a = 3 * triangles[t];
      const b = 3 * triangles[t + 1];
      const c = 3 * triangles[t + 2];
      const ux = positions[b] - positions[a];
      const uy = positions[b + 1] - positions[a + 1];
      const uz = positions[b + 2] - positions[a + 2];
      const vx = positions[c] - positions[a];
      const vy = positions[c + 1] - positions[a + 1];
      const vz = positions[c + 2] - positions[a + 2];
      const x = uy * vz - uz * vy;
      const y = uz * vx - ux * vz;
      const z = ux * vy - uy * vx;
      for (const corner of [a, b, c]) {
        normals[corner] += x;
        normals[corner + 1] += y;
        normals[corner + 2] += z;
      }
    }
    for (let i = 0; i < normals.length; i += 3) {
      const length = Math.hypot(normals[i], normals[i + 1], normals[i + 2]) || 1;
      normals[i] /= length;
      normals[i + 1] /= length;
      normals[i + 2] /= length;
    }
    this.geometry.attributes.position.needsUpdate = true;
    this.geometry.attributes.normal.needsUpdate = true;
  }

  paint(vertices, others, far) {
    if (!this.skin) return;
    const { colours, starts, columns } = this;
    for (let row = 0; row + 1 < starts.length; row++) {
      // The first column is the vertex itself, or an end of the edge that the new vertex lies on.
      const at = 3 * columns[starts[row]];
      const apart = others ? Math.hypot(...[0, 1, 2].map((axis) => vertices[at + axis] - others[at + axis])) : 0;
      const share = Math.min(1, apart / far);
      colours[3 * row] = 1;
      colours[3 * row + 1] = 1 - 0.85 * share;
      colours[3 * row + 2] = 1 - 0.9 * share;
    }
    this.geometry.attributes.color.needsUpdate = true;
  }
}

/** Texture coordinates of a surface at rest, as `sdk.rigs.paint.Texture.coordinates` gives them. */
function coordinates(positions, { corner, extent, back, unpainted }) {
  const uv = new Float32Array((positions.length / 3) * 2);
  for (let i = 0; i < uv.length / 2; i++) {
    const [x, y, z] = positions.subarray(3 * i, 3 * i + 3);
    // The back of the head takes its colour from the sides of the picture.
    const side = z < back && Math.abs(x) < unpainted ? Math.sign(x) * unpainted : x;
    uv[2 * i] = (side - corner[0]) / extent[0];
    uv[2 * i + 1] = (y - corner[1]) / extent[1];
  }
  return uv;
}
