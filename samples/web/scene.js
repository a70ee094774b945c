// Camera, light and the loop that draws.
import * as THREE from "three";
import { OrbitControls } from "three/addons/controls/OrbitControls.js";
import { RoomEnvironment } from "three/addons/environments/RoomEnvironment.js";

// Millimetres: between the eyes and the mouth, a little behind the skin.
const FOCUS = new THREE.Vector3(0, -42, -40);
const DISTANCE = 720;
const WARM_UP = 3;

export class Stage {
  /**
   * @param plain without reflections and shadows, for a machine without a graphics card.
   * @param onDraw called when a picture can be drawn; says whether the face has moved.
   * @param onDrawn called with the time of a picture, in milliseconds.
   */
  constructor(canvas, group, plain, onDraw, onDrawn) {
    this.canvas = canvas;
    this.renderer = new THREE.WebGLRenderer({ canvas, antialias: !plain, alpha: true });
    this.renderer.setPixelRatio(Math.min(window.devicePixelRatio, 2));
    this.renderer.toneMapping = THREE.NeutralToneMapping;
    this.renderer.toneMappingExposure = 0.82;
    this.renderer.shadowMap.enabled = !plain;
    this.renderer.shadowMap.type = THREE.PCFShadowMap;
    this.scene = new THREE.Scene();
    this.scene.add(group);
    if (plain) this.scene.add(new THREE.HemisphereLight("#dfe8f5", "#50443e", 1.3));
    else {
      const rooms = new THREE.PMREMGenerator(this.renderer);
      this.scene.environment = rooms.fromScene(new RoomEnvironment(), 0.04).texture;
      this.scene.environmentIntensity = 0.36;
    }
    this.light();
    this.camera = new THREE.PerspectiveCamera(27, 1, 50, 3000);
    this.camera.position.set(60, -5, DISTANCE);
    const controls = new OrbitControls(this.camera, canvas);
    controls.target.copy(FOCUS);
    controls.enablePan = false;
    controls.minDistance = 380;
    controls.maxDistance = 1100;
    controls.minPolarAngle = Math.PI / 3;
    controls.maxPolarAngle = (2 * Math.PI) / 3;
    controls.enableDamping = true;
    // The first pictures wait for the graphics card to compile: longer than a word takes on a slow one.
    this.ready = new Promise((resolve) => (this.begun = resolve));
    let turns = 0;
    // A face at rest costs nothing: a picture is drawn only where it differs from the last.
    this.renderer.setAnimationLoop((time) => {
      const moved = onDraw() || turns < WARM_UP;
      if (++turns > WARM_UP) this.begun();
      const turned = controls.update();
      if (!(this.fit() || moved || turned)) return;
      this.renderer.render(this.scene, this.camera);
      onDrawn(time);
    });
  }

  light() {
    const lamp = (colour, strength, x, y, z, shadow = 0) => {
      const light = new THREE.DirectionalLight(colour, strength);
      light.position.set(x, y, z);
      light.target.position.copy(FOCUS);
      this.scene.add(light, light.target);
      if (!shadow) return;
      light.castShadow = true;
      light.shadow.mapSize.set(shadow, shadow);
      Object.assign(light.shadow.camera, { left: -190, right: 190, top: 190, bottom: -190, near: 100, far: 1100 });
      Object.assign(light.shadow, { normalBias: 1.2, bias: -0.0004, radius: 4 });
    };
    lamp("#fff6ee", 2.6, -300, 300, 400, 1024);
    lamp("#cfe0ff", 0.45, 420, 60, 380);
    // From behind, along the edges; without a shadow they would light the mouth from within.
    lamp("#9fc4ff", 2.4, 420, 190, -380, 512);
    lamp("#ffd9c2", 1.2, -480, 80, -260, 512);
  }

  /** Follow the size of the canvas; says whether it has changed. */
  fit() {
    const { clientWidth: width, clientHeight: height } = this.canvas;
    const size = this.renderer.getSize(new THREE.Vector2());
    if (size.x === width && size.y === height) return false;
    this.renderer.setSize(width, height, false);
    this.camera.aspect = width / height;
    this.camera.updateProjectionMatrix();
    return true;
  }
}
