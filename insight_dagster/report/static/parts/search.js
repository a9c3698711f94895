// The search for clips, in every view: by id, path or a part of them.

import { element } from '../core/dom.js';
import { change, to } from '../core/router.js';

/** @import { Run } from '../core/run.js' */

/**
 * Return the search field.
 * @param {Run} run
 * @param {string} view that is shown
 * @param {string} value
 */
export function searchBox(run, view, value) {
  const input = element('input', {
    type: 'search',
    id: 'search',
    value,
    placeholder: 'clip id or path',
    'aria-label': 'Search clips by id or path',
    oninput: () => input.setCustomValidity(''),
  });
  const submit = (/** @type {Event} */ event) => {
    event.preventDefault();
    search(input, run, view);
  };
  return element(
    'form',
    { class: 'search', role: 'search', onsubmit: submit },
    input,
    element('button', { type: 'submit', id: 'search-go' }, 'Find'),
  );
}

/**
 * Go to the clips found: one is shown in the latent space or on its page, several are listed.
 * @param {HTMLInputElement} input
 * @param {Run} run
 * @param {string} view
 */
function search(input, run, view) {
  const text = input.value.trim();
  if (!text) return;
  const rows = findRows(run, text);
  if (!rows.length) {
    input.setCustomValidity('No clip has this in its id or path');
    input.reportValidity();
  } else if (rows.length > 1) location.hash = to(['clips'], { search: text });
  else if (view === 'space') change({ clip: run.text('clip_id', rows[0]) });
  else location.hash = to(['clip', run.text('clip_id', rows[0])]);
}

/**
 * Return the clips with an id or path; where there are none, those that have the text in either.
 * @param {Run} run
 * @param {string} text
 */
export function findRows(run, text) {
  const exact = run.rowsWhere(
    (row) => run.text('clip_id', row) === text || run.text('path', row) === text,
  );
  if (exact.length) return exact;
  return run.rowsWhere(
    (row) => run.text('clip_id', row).startsWith(text) || run.text('path', row).includes(text),
  );
}
