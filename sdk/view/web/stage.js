// Camera, light and the loop that draws: one face, or several side by side under one camera.
import * as THREE from "three";
import { OrbitControls } from "three/addons/controls/OrbitControls.js";
import { RoomEnvironment } from "three/addons/environments/RoomEnvironment.js";

// Millimetres: between the eyes and the mouth, a little behind the skin.
const FOCUS = new THREE.Vector3(0, -42, -40);
const DISTANCE = 720;
const WARM_UP = 3;
/** Milliseconds a picture that are too slow, and how many such pictures in a row prove it. */
const SLOW = 120;
const PATIENCE = 4;
/** Degrees upwards that show a head, in a view at least `SLIM` times as wide as it is high. */
const FIELD = 27;
const SLIM = 0.64;

export class Stage {
  /**
   * @param groups a face each, drawn from left to right.
   * @param plain true without reflections and shadows, for a machine without a graphics card; false with them; if left
   *   out, until the machine turns out to be too slow for them.
   * @param onDraw called when a picture can be drawn; says whether a face has moved.
   * @param onDrawn called with the time of a picture, in milliseconds.
   */
  constructor(canvas, groups, { plain, onDraw, onDrawn = () => undefined }) {
    this.canvas = canvas;
    this.groups = groups;
    this.renderer = new THREE.WebGLRenderer({ canvas, antialias: !plain, alpha: true });
    this.renderer.setPixelRatio(Math.min(window.devicePixelRatio, 2));
    this.renderer.toneMapping = THREE.NeutralToneMapping;
    this.renderer.toneMappingExposure = 0.82;
    this.scene = new THREE.Scene();
    this.scene.add(...groups);
    if (plain) this.simplify();
    else {
      const rooms = new THREE.PMREMGenerator(this.renderer);
      this.scene.environment = rooms.fromScene(new RoomEnvironment(), 0.04).texture;
      this.scene.environmentIntensity = 0.36;
      this.renderer.shadowMap.enabled = true;
      this.renderer.shadowMap.type = THREE.PCFShadowMap;
    }
    this.light();
    this.camera = new THREE.PerspectiveCamera(FIELD, 1, 50, 3000);
    this.controls = new OrbitControls(this.camera, canvas);
    this.controls.enablePan = false;
    this.controls.minDistance = 300;
    this.controls.maxDistance = 1100;
    this.controls.minPolarAngle = Math.PI / 3;
    this.controls.maxPolarAngle = (2 * Math.PI) / 3;
    this.controls.enableDamping = true;
    this.look(5);
    // The first pictures wait for the graphics card to compile: longer than a word takes on a slow one.
    this.ready = new Promise((resolve) => (this.begun = resolve));
    this.turns = 0;
    let slow = 0;
    let drawn = 0;
    // A face at rest costs nothing: a picture is drawn only where it differs from the last.
    this.renderer.setAnimationLoop((time) => {
      if (drawn && this.turns > 2 * WARM_UP && plain === undefined) {
        slow = time - drawn > SLOW ? slow + 1 : 0;
        if (slow === PATIENCE) this.simplify();
      }
      const moved = onDraw() || this.turns < WARM_UP;
      if (++this.turns > WARM_UP) this.begun();
      const turned = this.controls.update();
      drawn = this.fit() || moved || turned ? time : 0;
      if (!drawn) return;
      this.draw();
      onDrawn(time);
    });
  }

  /** Without shadows, reflections and fine pixels. */
  simplify() {
    this.renderer.shadowMap.enabled = false;
    this.renderer.setPixelRatio(1);
    this.scene.environment = null;
    this.scene.add(new THREE.HemisphereLight("#dfe8f5", "#50443e", 1.3));
    this.scene.traverse(({ material }) => material && (material.needsUpdate = true));
  }

  /** Put the camera in front of the face, or `degrees` to its left. */
  look(degrees) {
    const angle = THREE.MathUtils.degToRad(degrees);
    this.controls.target.copy(FOCUS);
    this.camera.position.set(DISTANCE * Math.sin(angle), 37, DISTANCE * Math.cos(angle)).add(FOCUS);
    this.controls.update();
    this.turns = 0;
  }

  draw() {
    const { x: width, y: height } = this.renderer.getSize(new THREE.Vector2());
    this.renderer.setScissorTest(true);
    this.groups.forEach((group, place) => {
      for (const each of this.groups) each.visible = each === group;
      const left = Math.round((place * width) / this.groups.length);
      const right = Math.round(((place + 1) * width) / this.groups.length);
      this.renderer.setViewport(left, 0, right - left, height);
      this.renderer.setScissor(left, 0, right - left, height);
      this.renderer.render(this.scene, this.camera);
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
    if (!width || !height || (size.x === width && size.y === height)) return false;
    this.renderer.setSize(width, height, false);
    const aspect = width / this.groups.length / height;
    const half = Math.tan(THREE.MathUtils.degToRad(FIELD / 2)) * Math.max(1, SLIM / aspect);
    this.camera.fov = 2 * THREE.MathUtils.radToDeg(Math.atan(half));
    this.camera.aspect = aspect;
    this.camera.updateProjectionMatrix();
    return true;
  }
}
