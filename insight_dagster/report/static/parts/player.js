// A clip as the model saw it: its frames as a grid, or played, with a heatmap laid over them.

import { element } from '../core/dom.js';

const [COLUMNS, FRAMES_PER_SECOND] = [4, 6];

// heats: [{ target, method, heat }], possibly none.
export function player(run, row, heats) {
  if (run.atlasPlaces[row] < 0) {
    return element(
      'p',
      { class: 'note' },
      'No contact sheet of this clip: a large site holds those of a part of the clips, and an older home has them once its clips are measured again.',
    );
  }
  const key = run.text('content_key', row);
  const sheet = `sheets/${key.slice(0, 2)}/${key}.jpg`;
  const stage = element('div', { class: 'stage', 'data-mode': 'grid' });
  const picture = element('img', {
    src: sheet,
    alt: `Frames of ${run.fileName(row)} as the model sees them`,
    draggable: 'false',
  });
  const heat = element('img', { class: 'heat', alt: '', hidden: true, draggable: 'false' });
  stage.append(picture, heat);
  const state = { frame: 0, frames: 16, timer: null };
  picture.addEventListener('load', () => {
    state.frames = Math.max(
      1,
      Math.round((COLUMNS * COLUMNS * picture.naturalHeight) / picture.naturalWidth),
    );
    seek.max = String(state.frames - 1);
    stage.style.setProperty('--rows', String(Math.max(1, state.frames / COLUMNS)));
  });

  const show = (frame) => {
    state.frame = (frame + state.frames) % state.frames;
    seek.value = String(state.frame);
    const [x, y] = [-(state.frame % COLUMNS) * 100, -Math.floor(state.frame / COLUMNS) * 100];
    stage.style.setProperty('--x', `${x / COLUMNS}%`);
    stage.style.setProperty('--y', `${y / Math.max(1, state.frames / COLUMNS)}%`);
    seek.setAttribute('aria-valuetext', `frame ${state.frame + 1} of ${state.frames}`);
  };
  const mode = (name) => {
    stage.dataset.mode = name;
    gridButton.setAttribute('aria-pressed', String(name === 'grid'));
  };
  const play = (on) => {
    clearInterval(state.timer);
    state.timer = null;
    if (on) {
      mode('single');
      state.timer = setInterval(() => {
        if (stage.isConnected) show(state.frame + 1);
        else play(false);
      }, 1000 / FRAMES_PER_SECOND);
    }
    playButton.textContent = on ? 'Pause' : 'Play';
    playButton.setAttribute('aria-pressed', String(on));
  };
  const playButton = element(
    'button',
    { type: 'button', class: 'play', 'aria-pressed': 'false', onclick: () => play(!state.timer) },
    'Play',
  );
  const gridButton = element(
    'button',
    {
      type: 'button',
      'aria-pressed': 'true',
      onclick: () => {
        play(false);
        mode(stage.dataset.mode === 'grid' ? 'single' : 'grid');
      },
    },
    'All frames',
  );
  const seek = element('input', {
    type: 'range',
    min: 0,
    max: 15,
    value: 0,
    'aria-label': 'Frame',
    oninput: () => {
      play(false);
      mode('single');
      show(Number(seek.value));
    },
  });
  show(0);
  return element(
    'div',
    { class: 'player' },
    stage,
    element('div', { class: 'controls' }, playButton, gridButton, seek),
    overlay(heat, heats),
  );
}

function overlay(picture, heats) {
  if (!heats.length)
    return element(
      'p',
      { class: 'note' },
      'No heatmap: they are made for the clips that stand for an insight.',
    );
  const choose = (at) => {
    picture.src = heats[at].heat;
    picture.hidden = false;
    picture.alt = `Where the model looked for ${heats[at].target}`;
  };
  choose(0);
  const slider = element('input', {
    type: 'range',
    min: 0,
    max: 100,
    value: 70,
    'aria-label': 'Heatmap opacity',
    oninput: () => {
      picture.style.opacity = String(slider.value / 100);
    },
  });
  picture.style.opacity = '0.7';
  const names = heats.map((each, at) =>
    element('option', { value: at }, `${each.target} (${each.method})`),
  );
  return element(
    'div',
    { class: 'controls' },
    element('label', {}, 'Heatmap ', slider),
    element(
      'label',
      {},
      'of ',
      element('select', { onchange: (event) => choose(Number(event.target.value)) }, names),
    ),
  );
}
