// The clips in quarantine, with reasons.

import { breakable, element, empty } from '../core/dom.js';
import { to } from '../core/router.js';
import { cell, table, tableRow, textCell } from '../core/tables.js';

/** @import { QuarantinedClip } from '../core/data.js' */

/**
 * Return the quarantined clips as a table.
 * @param {QuarantinedClip[]} clips
 */
export function quarantineTable(clips) {
  if (!clips.length) {
    return empty('Nothing is quarantined', 'Every clip of the library could be decoded.');
  }
  const rows = clips.map((clip) =>
    tableRow(
      cell(element('a', { href: to(['clip', clip.clip_id]) }, breakable(clip.path))),
      textCell(clip.class_name),
      cell(clip.split || '–'),
      textCell(clip.problem ?? 'no reason was recorded'),
      cell(clip.fault === 'file' ? 'when the file changes' : 'with the next run'),
    ),
  );
  const headings = ['clip', 'class', 'split', 'reason', 'tried again'];
  return table('plain', headings, rows, 'Quarantined clips');
}
