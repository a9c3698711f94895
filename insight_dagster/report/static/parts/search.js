// The search for clips, in every view: by id, path or a part of them.

import { element } from '../core/dom.js';
import { change, to } from '../core/router.js';

export function searchBox(run, view, value) {
  const input = element('input', {
    type: 'search',
    name: 'wanted',
    id: 'search',
    value,
    placeholder: 'clip id or path',
    'aria-label': 'Search clips by id or path',
    oninput: (event) => event.target.setCustomValidity(''),
  });
  return element(
    'form',
    { class: 'search', role: 'search', onsubmit: (event) => find(event, run, view) },
    input,
    element('button', { type: 'submit', id: 'search-go' }, 'Find'),
  );
}

// One clip is shown in the latent space or on its page, several are listed.
function find(event, run, view) {
  event.preventDefault();
  const { wanted } = event.target.elements;
  const text = wanted.value.trim();
  if (!text) return;
  const rows = rowsNamed(run, text);
  if (!rows.length) {
    wanted.setCustomValidity('No clip has this in its id or path');
    wanted.reportValidity();
  } else if (rows.length > 1) location.hash = to(['clips'], { search: text });
  else if (view === 'space') change({ clip: run.text('clip_id', rows[0]) });
  else location.hash = to(['clip', run.text('clip_id', rows[0])]);
}

// Rows of an id or path, else those that have the text in either.
export function rowsNamed(run, text) {
  const every = Array.from({ length: run.rows }, (_, row) => row);
  const exact = every.filter(
    (row) => run.text('clip_id', row) === text || run.text('path', row) === text,
  );
  return exact.length
    ? exact
    : every.filter(
        (row) => run.text('clip_id', row).startsWith(text) || run.text('path', row).includes(text),
      );
}
