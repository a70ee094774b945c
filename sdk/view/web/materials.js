// How the surfaces of a face look.
import * as THREE from "three";

// Light from behind would shine through the cheeks: what lies within takes this share of it.
const WITHIN = { cavity: 0.3, teeth: 0.75, tongue: 0.5 };

/**
 * @param look name, colour and gloss of a surface.
 * @param picture (height, width, 3) red, green, blue, the lowest row first; undefined for the colour alone.
 */
export function materialOf({ name, colour, gloss }, picture) {
  const wet = gloss > 0.3;
  const plain = {
    color: new THREE.Color().setRGB(...colour.map((channel) => channel / 255), THREE.SRGBColorSpace).multiplyScalar(WITHIN[name] ?? 1),
    roughness: wet ? 0.25 : name === "cavity" ? 1 : 0.52,
    envMapIntensity: WITHIN[name] ?? 1,
    vertexColors: name === "skin",
  };
  const look = wet
    ? new THREE.MeshPhysicalMaterial({ ...plain, clearcoat: 1, clearcoatRoughness: 0.08 })
    : new THREE.MeshStandardMaterial(plain);
  if (picture) look.map = textureOf(picture);
  return look;
}

function textureOf({ data, shape: [height, width] }) {
  const pixels = new Uint8Array(4 * height * width).fill(255);
  for (let i = 0; i < height * width; i++) for (let k = 0; k < 3; k++) pixels[4 * i + k] = data[3 * i + k];
  const texture = new THREE.DataTexture(pixels, width, height);
  texture.colorSpace = THREE.SRGBColorSpace;
  texture.magFilter = THREE.LinearFilter;
  texture.minFilter = THREE.LinearMipmapLinearFilter;
  texture.generateMipmaps = true;
  texture.anisotropy = 8;
  texture.needsUpdate = true;
  return texture;
}
