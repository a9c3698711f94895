// Clips as a CSV file.

import { csv } from '../core/csv.js';

/** @import { Run } from '../core/run.js' */

/**
 * Return clips as CSV: what they are and what the model predicts.
 * @param {Run} run
 * @param {number[]} rows
 */
export const clipCsv = (run, rows) =>
  csv(
    ['clip_id', 'class_name', 'split', 'predicted', 'correct', 'loss', 'path'],
    rows.map((row) => [
      run.text('clip_id', row),
      run.text('class_name', row),
      run.text('split', row),
      run.text('predicted', row),
      run.correct(row),
      run.number('loss', row),
      run.text('path', row),
    ]),
  );
