// A clip as the model sees it: its frames as a grid or played, with a heatmap laid over them.

import { valueOfControl } from '../core/controls.js';
import { element } from '../core/dom.js';

/** @import { Example } from '../core/insight_data.js' */
/** @import { Run } from '../core/run.js' */

const [COLUMNS, FRAMES_PER_SECOND] = [4, 6];
const OPACITY = 70; // of a heatmap at first, per cent

/**
 * Return a player of a clip's contact sheet, or why there is none.
 * @param {Run} run
 * @param {number} row
 * @param {Example[]} heatmaps of the clip
 */
export function player(run, row, heatmaps) {
  if (run.thumbPlaces[row] < 0) {
    const why =
      'There is no contact sheet of this clip. A large report has the contact sheets of some of its clips only; a home of an older version has none until its clips are measured again.';
    return element('p', { class: 'note' }, why);
  }
  return new Player(run, row, heatmaps).root;
}

class Player {
  /**
   * @param {Run} run
   * @param {number} row
   * @param {Example[]} heatmaps
   */
  constructor(run, row, heatmaps) {
    const key = run.text('content_key', row);
    this.frame = 0;
    this.frames = COLUMNS * COLUMNS;
    /** @type {ReturnType<typeof setInterval> | null} */
    this.timer = null;
    this.sheet = element('img', {
      src: `sheets/${key.slice(0, 2)}/${key}.jpg`,
      alt: `Frames of ${run.fileName(row)} as the model sees them`,
      draggable: 'false',
      onload: () => this.measure(),
    });
    this.heatmap = element('img', { class: 'heat', alt: '', hidden: true, draggable: 'false' });
    this.stage = element('div', { class: 'stage', 'data-mode': 'grid' }, this.sheet, this.heatmap);
    this.playButton = element(
      'button',
      { type: 'button', class: 'play', 'aria-pressed': 'false', onclick: () => this.toggle() },
      'Play',
    );
    this.gridButton = element(
      'button',
      { type: 'button', 'aria-pressed': 'true', onclick: () => this.toggleGrid() },
      'All frames',
    );
    this.slider = element('input', {
      type: 'range',
      min: 0,
      max: this.frames - 1,
      value: 0,
      'aria-label': 'Frame',
      oninput: () => this.seek(),
    });
    this.show(0);
    this.root = element(
      'div',
      { class: 'player' },
      this.stage,
      element('div', { class: 'controls' }, this.playButton, this.gridButton, this.slider),
      heatmapControls(this.heatmap, heatmaps),
    );
  }

  /** Take the number of frames from the shape of the contact sheet. */
  measure() {
    const { naturalHeight, naturalWidth } = this.sheet;
    const frames = Math.round((COLUMNS * COLUMNS * naturalHeight) / naturalWidth);
    this.frames = Math.max(1, frames);
    this.slider.max = String(this.frames - 1);
    this.stage.style.setProperty('--rows', String(Math.max(1, this.frames / COLUMNS)));
  }

  /** @param {number} frame */
  show(frame) {
    const { frames, slider, stage } = this;
    this.frame = (frame + frames) % frames;
    slider.value = String(this.frame);
    const [x, y] = [-(this.frame % COLUMNS) * 100, -Math.floor(this.frame / COLUMNS) * 100];
    stage.style.setProperty('--x', `${x / COLUMNS}%`);
    stage.style.setProperty('--y', `${y / Math.max(1, frames / COLUMNS)}%`);
    slider.setAttribute('aria-valuetext', `frame ${this.frame + 1} of ${frames}`);
  }

  /** @param {'grid' | 'single'} mode */
  setMode(mode) {
    this.stage.dataset.mode = mode;
    this.gridButton.setAttribute('aria-pressed', String(mode === 'grid'));
  }

  /** @param {boolean} on */
  play(on) {
    clearInterval(this.timer ?? undefined);
    this.timer = null;
    if (on) {
      this.setMode('single');
      this.timer = setInterval(() => {
        if (this.stage.isConnected) this.show(this.frame + 1);
        else this.play(false);
      }, 1000 / FRAMES_PER_SECOND);
    }
    this.playButton.textContent = on ? 'Pause' : 'Play';
    this.playButton.setAttribute('aria-pressed', String(on));
  }

  toggle() {
    this.play(!this.timer);
  }

  toggleGrid() {
    this.play(false);
    this.setMode(this.stage.dataset.mode === 'grid' ? 'single' : 'grid');
  }

  seek() {
    this.play(false);
    this.setMode('single');
    this.show(Number(this.slider.value));
  }
}

/**
 * Return the controls of the heatmap over a contact sheet, which shows the first one at once.
 * @param {HTMLImageElement} picture
 * @param {Example[]} heatmaps
 */
function heatmapControls(picture, heatmaps) {
  if (!heatmaps.length) {
    const why = 'No heatmap: heatmaps are made for the example clips of insights.';
    return element('p', { class: 'note' }, why);
  }
  /** @param {number} at */
  const choose = (at) => {
    picture.src = heatmaps[at].heat;
    picture.hidden = false;
    picture.alt = `Where the model looked for ${heatmaps[at].target}`;
  };
  /** @param {number} percent */
  const setOpacity = (percent) => {
    picture.style.opacity = String(percent / 100);
  };
  choose(0);
  setOpacity(OPACITY);
  const slider = element('input', {
    type: 'range',
    min: 0,
    max: 100,
    value: OPACITY,
    'aria-label': 'Heatmap opacity',
    oninput: () => setOpacity(Number(slider.value)),
  });
  const targets = element(
    'select',
    { onchange: (/** @type {Event} */ event) => choose(Number(valueOfControl(event))) },
    heatmaps.map((each, at) => element('option', { value: at }, `${each.target} (${each.method})`)),
  );
  return element(
    'div',
    { class: 'controls' },
    element('label', {}, 'Heatmap ', slider),
    element('label', {}, 'of ', targets),
  );
}
