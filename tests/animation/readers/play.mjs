// Plays the .glb file named first in three.js at the seconds named after it. Prints, as JSON, what three.js made of the
// file and where it draws the vertices of each mesh at each time.

import { readFileSync } from "node:fs";

import * as THREE from "three";
import { GLTFLoader } from "three/addons/loaders/GLTFLoader.js";

// What the loader looks for in a browser. Pictures are not decoded here.
globalThis.self = globalThis;
THREE.TextureLoader.prototype.load = (url, loaded) => loaded(new THREE.Texture());
if (globalThis.createImageBitmap === undefined) {
    globalThis.createImageBitmap = undefined;
}

const [file, ...times] = process.argv.slice(2);
const bytes = readFileSync(file);
const buffer = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength);
const { scene, animations } = await new GLTFLoader().parseAsync(buffer, "");
const meshes = [];
scene.traverse((node) => node.isMesh && meshes.push(node));

const mixer = new THREE.AnimationMixer(scene);
for (const animation of animations) {
    mixer.clipAction(animation).play();
}
const played = times.map((time) => {
    mixer.setTime(Number(time));
    scene.updateMatrixWorld(true);
    return meshes.map((mesh) => {
        const point = new THREE.Vector3();
        const drawn = [];
        for (let vertex = 0; vertex < mesh.geometry.attributes.position.count; vertex++) {
            mesh.getVertexPosition(vertex, point).applyMatrix4(mesh.matrixWorld);
            drawn.push([point.x, point.y, point.z]);
        }
        return drawn;
    });
});
console.log(
    JSON.stringify({
        meshes: meshes.map((mesh) => ({
            material: mesh.material.name,
            targets: mesh.morphTargetDictionary ?? {},
            textured: mesh.material.map !== null,
        })),
        animations: animations.map((animation) => ({ name: animation.name, seconds: animation.duration })),
        played,
    }),
);
