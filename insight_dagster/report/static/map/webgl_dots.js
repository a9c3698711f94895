// All dots in one WebGL call.

import { BUDGET, FEW } from './dots.js';

/** @import { CameraPosition, Dots } from './dots.js' */

const VERTEX = `
attribute vec2 place;
attribute vec4 colour;
attribute float size;
attribute float mark;
uniform vec2 scale, shift;
uniform float ratio;
varying vec4 shade;
varying float shape, width;
void main() {
  width = size * ratio * 1.3;
  shape = mark;
  shade = colour;
  gl_PointSize = width;
  gl_Position = size > 0.0 ? vec4(place * scale + shift, 0.0, 1.0) : vec4(2.0, 2.0, 2.0, 1.0);
}`;

// Distances are in halves of a mark's width; an edge is one pixel soft.
const FRAGMENT = `
precision mediump float;
varying vec4 shade;
varying float shape, width;
float edge(vec2 at) {
  if (shape < 0.5) return length(at) - 1.0;
  if (shape < 1.5) return max(abs(at.x), abs(at.y)) - 0.88;
  if (shape < 2.5) return abs(at.x) + abs(at.y) - 1.25;
  if (shape < 3.5) return max(abs(at.x) * 1.6 - at.y, at.y * 1.6) * 0.62 - 0.62;
  float across = min(abs(at.x - at.y), abs(at.x + at.y)) - 0.42;
  return max(across, max(abs(at.x), abs(at.y)) - 1.0);
}
void main() {
  vec2 at = (gl_PointCoord - 0.5) * 2.6;
  float cover = clamp(0.5 - edge(at) * width / 2.6, 0.0, 1.0) * shade.a;
  if (cover <= 0.0) discard;
  gl_FragColor = vec4(shade.rgb * cover, cover);
}`;

/** @type {[name: keyof Dots, width: number][]} */
const ATTRIBUTES = [
  ['place', 2],
  ['colour', 4],
  ['size', 1],
  ['mark', 1],
];

export class WebglDots {
  /** @param {WebGL2RenderingContext} gl */
  constructor(gl) {
    this.gl = gl;
    this.canvas = /** @type {HTMLCanvasElement} */ (gl.canvas);
    /** @type {Dots | null} */
    this.dots = null;
    this.count = 0;
    /** Of how many dots one is drawn while the map moves; null = not measured yet. */
    this.stride = /** @type {number | null} */ (null);
    /** @type {[CameraPosition, number] | null} */
    this.last = null;
    this.prepare();
    this.canvas.addEventListener('webglcontextlost', (event) => event.preventDefault());
    this.canvas.addEventListener('webglcontextrestored', () => {
      this.prepare();
      if (this.dots) this.fill(this.dots);
      if (this.last) this.draw(...this.last, false);
    });
  }

  prepare() {
    const { gl } = this;
    const program = linked(gl);
    gl.useProgram(program);
    gl.enable(gl.BLEND);
    gl.blendFunc(gl.ONE, gl.ONE_MINUS_SRC_ALPHA);
    this.program = program;
    this.some = gl.createBuffer();
    this.buffers = new Map(ATTRIBUTES.map(([name]) => [name, gl.createBuffer()]));
  }

  /** @param {string} name */
  uniform(name) {
    return this.gl.getUniformLocation(/** @type {WebGLProgram} */ (this.program), name);
  }

  /** @param {Dots} dots */
  fill(dots) {
    const { gl } = this;
    this.dots = dots;
    this.count = dots.size.length;
    this.stride = null;
    for (const [name, width] of ATTRIBUTES) {
      const bytes = name === 'colour';
      const place = gl.getAttribLocation(/** @type {WebGLProgram} */ (this.program), name);
      gl.bindBuffer(gl.ARRAY_BUFFER, this.buffers?.get(name) ?? null);
      gl.bufferData(gl.ARRAY_BUFFER, dots[name], gl.STATIC_DRAW);
      gl.enableVertexAttribArray(place);
      gl.vertexAttribPointer(place, width, bytes ? gl.UNSIGNED_BYTE : gl.FLOAT, bytes, 0, 0);
    }
  }

  /**
   * @param {CameraPosition} camera
   * @param {number} ratio
   * @param {boolean} moving
   */
  draw(camera, ratio, moving) {
    const { gl } = this;
    this.last = [camera, ratio];
    const [width, height] = [gl.canvas.width / ratio, gl.canvas.height / ratio];
    const scale = [(2 * camera.scale) / width, (2 * camera.scale) / height];
    gl.viewport(0, 0, gl.canvas.width, gl.canvas.height);
    gl.clearColor(0, 0, 0, 0);
    gl.clear(gl.COLOR_BUFFER_BIT);
    gl.uniform2fv(this.uniform('scale'), scale);
    gl.uniform2fv(this.uniform('shift'), [-camera.x * scale[0], -camera.y * scale[1]]);
    gl.uniform1f(this.uniform('ratio'), ratio);
    if (this.stride === null) this.stride = this.measureStride();
    else if (moving && this.stride > 1) {
      const dots = Math.ceil(this.count / this.stride);
      gl.drawElements(gl.POINTS, dots, gl.UNSIGNED_INT, 0);
    } else gl.drawArrays(gl.POINTS, 0, this.count);
  }

  /**
   * Draw all dots, wait for it, and return of how many dots a frame has time for one. Many dots are
   * drawn twice: the first time includes the driver's preparations.
   */
  measureStride() {
    const { gl } = this;
    const draw = () => {
      const start = performance.now();
      gl.clear(gl.COLOR_BUFFER_BIT);
      gl.drawArrays(gl.POINTS, 0, this.count);
      gl.readPixels(0, 0, 1, 1, gl.RGBA, gl.UNSIGNED_BYTE, new Uint8Array(4));
      return performance.now() - start;
    };
    const first = draw();
    const stride = this.count <= FEW ? 1 : Math.max(1, Math.ceil(Math.min(first, draw()) / BUDGET));
    const places = Uint32Array.from(
      { length: Math.ceil(this.count / stride) },
      (_, at) => at * stride,
    );
    gl.bindBuffer(gl.ELEMENT_ARRAY_BUFFER, this.some ?? null);
    gl.bufferData(gl.ELEMENT_ARRAY_BUFFER, places, gl.STATIC_DRAW);
    return stride;
  }

  close() {
    this.gl.getExtension('WEBGL_lose_context')?.loseContext();
  }
}

/** @param {WebGL2RenderingContext} gl */
function linked(gl) {
  const program = /** @type {WebGLProgram} */ (gl.createProgram());
  for (const [kind, source] of /** @type {const} */ ([
    [gl.VERTEX_SHADER, VERTEX],
    [gl.FRAGMENT_SHADER, FRAGMENT],
  ])) {
    const shader = /** @type {WebGLShader} */ (gl.createShader(kind));
    gl.shaderSource(shader, source);
    gl.compileShader(shader);
    gl.attachShader(program, shader);
  }
  gl.linkProgram(program);
  if (!gl.getProgramParameter(program, gl.LINK_STATUS) && !gl.isContextLost()) {
    throw new Error(`WebGL: ${gl.getProgramInfoLog(program)}`);
  }
  return program;
}
