// What changed against the baseline, as a table: the worst first.

import { element, empty, table } from '../core/dom.js';
import { number, q, words } from '../core/format.js';

const SHORT = 12;
const PARTS = {
  total: 'all clips, then and now',
  model_change: 'the same clips, another model',
  population_change: 'other clips, the same model',
  metadata: 'new clips',
  embedding: 'new clips',
};

export function driftTable(drift) {
  if (!drift.judged && !drift.not_judged_count)
    return empty('No baseline to compare with', 'Promote one: `insight baseline promote`.');
  const left = drift.rows.length - SHORT;
  const more = drift.judged - drift.rows.length;
  return [
    element(
      'p',
      { class: 'soft' },
      `${drift.worse ? `${drift.worse} of ${drift.judged} comparisons are worse or differ (p at most .05)` : `none of ${drift.judged} comparisons is worse for sure (p at most .05)`}${missing(drift)}.`,
    ),
    drift.rows.length ? drawn(drift.rows.slice(0, SHORT)) : null,
    left > 0
      ? element(
          'details',
          {},
          element('summary', {}, `and ${left} more`),
          drawn(drift.rows.slice(SHORT)),
          more > 0
            ? element(
                'p',
                { class: 'note' },
                `${more} others, the least changed, are left out; \`insight drift\` lists them.`,
              )
            : null,
        )
      : null,
  ];
}

function missing(drift) {
  if (!drift.not_judged_count) return '';
  const reasons = drift.not_judged
    .slice(0, 2)
    .map(([reason, count]) => `${reason || 'no reason was recorded'}: ${count}`)
    .join('; ');
  return `; ${drift.not_judged_count} could not be judged (${reasons})`;
}

function drawn(rows) {
  const body = rows.map((row) =>
    element(
      'tr',
      {},
      element('th', { scope: 'row' }, row.class_name || 'all classes'),
      element(
        'td',
        {},
        words(row.metric),
        element('small', { class: 'soft' }, ` ${PARTS[row.part] ?? words(row.part)}`),
      ),
      element(
        'td',
        { class: 'number' },
        number(row.value_then),
        element('small', { class: 'faint' }, ` of ${row.clips_then}`),
      ),
      element(
        'td',
        { class: 'number' },
        number(row.value_now),
        element('small', { class: 'faint' }, ` of ${row.clips_now}`),
      ),
      element('td', {}, change(row)),
      element(
        'td',
        { class: 'number' },
        row.adjusted_p === null ? q(row.p_value) : `${q(row.adjusted_p)} (corrected)`,
      ),
    ),
  );
  return table(
    'plain',
    [
      ['class', ''],
      ['what', ''],
      ['then', 'number'],
      ['now', 'number'],
      ['change', ''],
      ['p', 'number'],
    ],
    body,
    'Drift',
  );
}

// The change in words: the sign of a figure alone does not say which way is worse.
function change(row) {
  const interval =
    row.ci_low === null || row.ci_low === row.ci_high
      ? ''
      : ` (95 % interval ${number(row.ci_low)} to ${number(row.ci_high)})`;
  if (row.part === 'metadata')
    return `${row.direction ?? 'differs'}, ${number(row.effect)} sd apart${interval}`;
  if (row.part === 'embedding')
    return `told from old clips with AUC ${number(row.effect)}${interval}`;
  if (row.effect === null) return '–';
  if (row.effect === 0) return 'none';
  const text = `${row.effect > 0 ? 'worse' : 'better'} by ${number(Math.abs(row.effect))}${interval}`;
  return element('span', { class: row.sure ? 'bad' : '' }, text);
}
