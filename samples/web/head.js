// The head: the model's values to vertices, vertices to smooth surfaces with normals. head.safetensors is described in make_head.py.
import * as THREE from "three";
import { readSafetensors } from "nowface";

export class Head {
  group = new THREE.Group();
  surfaces = [];

  constructor(bytes) {
    const { tensors, metadata } = readSafetensors(bytes, "head.safetensors");
    const data = (name) => tensors.get(name)?.data;
    this.rest = data("vertices");
    this.moved = this.rest.slice();
    this.shapes = JSON.parse(metadata.shapes);
    this.starts = data("shape_starts");
    this.indices = data("shape_vertices");
    this.deltas = data("shape_deltas");
    JSON.parse(metadata.surfaces).forEach((look, number) => {
      const part = (name) => data(`${number}.${name}`);
      const surface = new Surface(part, look, tensors.get(`${number}.texture`));
      this.surfaces.push(surface);
      this.group.add(surface.mesh);
    });
    this.update();
  }

  /** Which shape each of a model's channels moves; -1 for names this head does not know. */
  shapesOf(channels) {
    return channels.map((name) => this.shapes.indexOf(name));
  }

  /** Whether a pipeline's values are the vertices of this mesh. */
  fits(pipeline) {
    const [name, output] = pipeline.values.split(".");
    const { shape } = pipeline.stages.find((stage) => stage.name === name).outputs.find((each) => each.name === output);
    return shape.length === 2 && shape[0] * shape[1] === this.rest.length;
  }

  /** Weights of shapes, each normally in [0, 1]. */
  pose(weights, shapes) {
    this.moved.set(this.rest);
    weights.forEach((weight, channel) => {
      const shape = shapes[channel];
      if (shape < 0 || Math.abs(weight) < 1e-4) return;
      for (let k = this.starts[shape]; k < this.starts[shape + 1]; k++) {
        const at = 3 * this.indices[k];
        this.moved[at] += weight * this.deltas[3 * k];
        this.moved[at + 1] += weight * this.deltas[3 * k + 1];
        this.moved[at + 2] += weight * this.deltas[3 * k + 2];
      }
    });
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
}

class Surface {
  constructor(part, look, picture) {
    this.starts = part("starts");
    this.columns = part("columns");
    this.weights = part("weights");
    this.triangles = part("triangles");
    const count = this.starts.length - 1;
    this.positions = new Float32Array(3 * count);
    this.normals = new Float32Array(3 * count);
    const geometry = new THREE.BufferGeometry();
    geometry.setAttribute("position", new THREE.BufferAttribute(this.positions, 3).setUsage(THREE.DynamicDrawUsage));
    geometry.setAttribute("normal", new THREE.BufferAttribute(this.normals, 3).setUsage(THREE.DynamicDrawUsage));
    geometry.setIndex(new THREE.BufferAttribute(new Uint32Array(this.triangles), 1));
    if (picture) geometry.setAttribute("uv", new THREE.BufferAttribute(part("coordinates"), 2));
    this.mesh = new THREE.Mesh(geometry, material(look, picture));
    this.mesh.frustumCulled = false;
    this.mesh.castShadow = this.mesh.receiveShadow = true;
  }

  /** Positions as sums over the head's vertices, then area-weighted normals. */
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
    this.mesh.geometry.attributes.position.needsUpdate = true;
    this.mesh.geometry.attributes.normal.needsUpdate = true;
  }
}

// Light from behind would shine through the cheeks: what lies within takes this share of it.
const WITHIN = { cavity: 0.3, teeth: 0.75, tongue: 0.5 };

function material({ name, colour, gloss }, picture) {
  const wet = gloss > 0.3;
  const plain = {
    color: new THREE.Color().setRGB(...colour.map((channel) => channel / 255), THREE.SRGBColorSpace).multiplyScalar(WITHIN[name] ?? 1),
    roughness: wet ? 0.25 : name === "cavity" ? 1 : 0.52,
    envMapIntensity: WITHIN[name] ?? 1,
  };
  const look = wet
    ? new THREE.MeshPhysicalMaterial({ ...plain, clearcoat: 1, clearcoatRoughness: 0.08 })
    : new THREE.MeshStandardMaterial(plain);
  if (picture) {
    const [height, width] = picture.shape;
    const texture = new THREE.DataTexture(picture.data, width, height);
    texture.colorSpace = THREE.SRGBColorSpace;
    texture.magFilter = THREE.LinearFilter;
    texture.minFilter = THREE.LinearMipmapLinearFilter;
    texture.generateMipmaps = true;
    texture.anisotropy = 8;
    texture.needsUpdate = true;
    look.map = texture;
  }
  return look;
}
