// Drawing dots: one WebGL call for all of them, or one by one where there is no WebGL.
// Belongs here: pixels. Does not: what a dot's look means (`looks.js`), pointers (`scatter.js`).

export const MARKS = ['circle', 'square', 'diamond', 'triangle-up', 'cross'];

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

const FIELDS = { place: 2, colour: 4, size: 1, mark: 1 };

// Milliseconds that a frame may take while the map moves: what takes longer is thinned then.
const BUDGET = 16;
const FEW = 20000; // dots that are never thinned

// Something that draws on a canvas: `fill({ place, colour, size, mark })` hands over the dots in
// drawing order, `draw(camera, ratio, moving)` shows all, or while moving as many as a frame has
// time for, `close()` gives the memory back.
export function dotsOn(canvas) {
  const gl = canvas.getContext('webgl2', { antialias: false, preserveDrawingBuffer: true });
  return gl ? new Dots(gl) : new PlainDots(canvas.getContext('2d'));
}

class Dots {
  constructor(gl) {
    this.gl = gl;
    this.count = 0;
    this.prepare();
    gl.canvas.addEventListener('webglcontextlost', (event) => event.preventDefault());
    gl.canvas.addEventListener('webglcontextrestored', () => {
      this.prepare();
      if (this.dots) this.fill(this.dots);
      if (this.last) this.draw(...this.last, false);
    });
  }

  prepare() {
    const { gl } = this;
    const program = gl.createProgram();
    for (const [kind, source] of [
      [gl.VERTEX_SHADER, VERTEX],
      [gl.FRAGMENT_SHADER, FRAGMENT],
    ]) {
      const shader = gl.createShader(kind);
      gl.shaderSource(shader, source);
      gl.compileShader(shader);
      gl.attachShader(program, shader);
    }
    gl.linkProgram(program);
    if (!gl.getProgramParameter(program, gl.LINK_STATUS) && !gl.isContextLost())
      throw new Error(`WebGL: ${gl.getProgramInfoLog(program)}`);
    gl.useProgram(program);
    gl.enable(gl.BLEND);
    gl.blendFunc(gl.ONE, gl.ONE_MINUS_SRC_ALPHA);
    this.uniform = (name) => gl.getUniformLocation(program, name);
    this.some = gl.createBuffer();
    this.buffers = Object.fromEntries(Object.keys(FIELDS).map((name) => [name, gl.createBuffer()]));
    this.attribute = (name) => gl.getAttribLocation(program, name);
  }

  fill(dots) {
    const { gl } = this;
    this.dots = dots;
    this.count = dots.size.length;
    this.stride = null;
    for (const [name, width] of Object.entries(FIELDS)) {
      const bytes = name === 'colour';
      gl.bindBuffer(gl.ARRAY_BUFFER, this.buffers[name]);
      gl.bufferData(gl.ARRAY_BUFFER, dots[name], gl.STATIC_DRAW);
      gl.enableVertexAttribArray(this.attribute(name));
      gl.vertexAttribPointer(
        this.attribute(name),
        width,
        bytes ? gl.UNSIGNED_BYTE : gl.FLOAT,
        bytes,
        0,
        0,
      );
    }
  }

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
    if (this.stride === null) this.time();
    else if (moving && this.stride > 1)
      gl.drawElements(gl.POINTS, Math.ceil(this.count / this.stride), gl.UNSIGNED_INT, 0);
    else gl.drawArrays(gl.POINTS, 0, this.count);
  }

  // Draws all, waits for it, and so finds how many dots a frame has time for; twice where they are
  // many, because the first time something has to be made ready too.
  time() {
    const { gl } = this;
    const draw = () => {
      const start = performance.now();
      gl.clear(gl.COLOR_BUFFER_BIT);
      gl.drawArrays(gl.POINTS, 0, this.count);
      gl.readPixels(0, 0, 1, 1, gl.RGBA, gl.UNSIGNED_BYTE, new Uint8Array(4));
      return performance.now() - start;
    };
    const first = draw();
    this.stride = this.count <= FEW ? 1 : Math.max(1, Math.ceil(Math.min(first, draw()) / BUDGET));
    const places = Uint32Array.from(
      { length: Math.ceil(this.count / this.stride) },
      (_, at) => at * this.stride,
    );
    gl.bindBuffer(gl.ELEMENT_ARRAY_BUFFER, this.some);
    gl.bufferData(gl.ELEMENT_ARRAY_BUFFER, places, gl.STATIC_DRAW);
  }

  close() {
    this.gl.getExtension('WEBGL_lose_context')?.loseContext();
  }
}

const SHAPES = [
  (paint, r) => paint.arc(0, 0, r, 0, 2 * Math.PI),
  (paint, r) => paint.rect(-0.88 * r, -0.88 * r, 1.76 * r, 1.76 * r),
  (paint, r) =>
    polygon(paint, [
      [0, -1.25 * r],
      [1.25 * r, 0],
      [0, 1.25 * r],
      [-1.25 * r, 0],
    ]),
  (paint, r) =>
    polygon(paint, [
      [0, -r],
      [r, 0.62 * r],
      [-r, 0.62 * r],
    ]),
  (paint, r) => {
    for (const turn of [1, -1]) {
      const [long, wide] = [r, 0.3 * r];
      polygon(paint, [
        [-long - wide, turn * (-long + wide)],
        [-long + wide, turn * (-long - wide)],
        [long + wide, turn * (long - wide)],
        [long - wide, turn * (long + wide)],
      ]);
    }
  },
];

function polygon(paint, [first, ...others]) {
  paint.moveTo(...first);
  for (const corner of others) paint.lineTo(...corner);
  paint.closePath();
}

class PlainDots {
  constructor(paint) {
    this.paint = paint;
  }

  fill(dots) {
    this.dots = dots;
    this.stride = 1;
  }

  draw(camera, ratio, moving) {
    const { paint, dots } = this;
    const start = performance.now();
    const stride = moving ? this.stride : 1;
    const { width, height } = paint.canvas;
    paint.setTransform(1, 0, 0, 1, 0, 0);
    paint.clearRect(0, 0, width, height);
    for (let at = 0; at < dots.size.length; at += stride) {
      if (!dots.size[at] || !Number.isFinite(dots.place[2 * at])) continue;
      const across = (dots.place[2 * at] - camera.x) * camera.scale + width / ratio / 2;
      const down = height / ratio / 2 - (dots.place[2 * at + 1] - camera.y) * camera.scale;
      const [red, green, blue, alpha] = dots.colour.subarray(4 * at, 4 * at + 4);
      paint.setTransform(ratio, 0, 0, ratio, across * ratio, down * ratio);
      paint.fillStyle = `rgb(${red} ${green} ${blue} / ${alpha / 255})`;
      paint.beginPath();
      SHAPES[dots.mark[at]](paint, dots.size[at] / 2);
      paint.fill();
    }
    if (!moving && dots.size.length > FEW)
      this.stride = Math.max(1, Math.ceil((performance.now() - start) / BUDGET));
  }

  close() {}
}
