// One insight in full: evidence, examples with heatmaps, clips, what to do, its past, definition.

import { csv, download, element, empty, table } from '../core/dom.js';
import { number, points, words } from '../core/format.js';
import { to } from '../core/router.js';
import { past } from '../parts/charts.js';
import { player } from '../parts/player.js';
import { clipGrid } from '../parts/thumbs.js';
import { causes, figures, head } from './insights.js';

const [STEPS_SHOWN, CAUSES_SHOWN] = [200, 8];

export async function insight({ run, runs, path }) {
  const card = run.card(path[1] ?? '');
  if (!card) return absent(run, runs, path[1] ?? '');
  return [
    head(card),
    element('h1', { tabindex: -1, class: 'sentence' }, card.sentence),
    element('p', { class: 'todo' }, element('b', {}, 'What to do: '), card.action),
    figures(run, card),
    element(
      'p',
      {},
      element(
        'a',
        { href: to(['space'], { insight: card.key }) },
        'Outline its clips in the latent space',
      ),
    ),
    element('div', { class: 'panel' }, causes(run, card, CAUSES_SHOWN, { whole: true })),
    examples(run, card),
    steps(run, card),
    element(
      'section',
      { 'aria-label': 'Clips' },
      element('h2', {}, `Its ${card.rows.length} clips`),
      clipGrid(run, [...card.rows], { note: (_, at) => note(run, card, at) }),
    ),
    history(card),
    element(
      'details',
      { class: 'panel' },
      element('summary', {}, `How ${words(card.kind)} is defined`),
      element(
        'pre',
        { class: 'definition' },
        run.definitions[card.kind] ?? 'No definition is stored.',
      ),
    ),
  ];
}

// Why there is no such insight, and where it was.
function absent(run, runs, id) {
  const key = run.identities[id] ?? id;
  const gone = run.gone.find((each) => each.ledger_id === key);
  const had = runs.find((each) => each.name !== run.name && key in each.insights);
  const link = had
    ? element(
        'p',
        {},
        element(
          'a',
          { href: to(['insight', key], { run: had.name }) },
          `It is in the run of ${had.created_at}`,
        ),
      )
    : null;
  if (gone)
    return [
      element(
        'h1',
        { tabindex: -1, class: 'sentence' },
        `Resolved: ${had ? had.insights[key] : `${words(gone.kind)} of ${gone.class_name}`}`,
      ),
      element(
        'div',
        { class: 'panel' },
        element(
          'p',
          {},
          `The run of ${String(gone.recorded_at).slice(0, 19)} UTC no longer found it.`,
        ),
        link,
      ),
    ];
  return [
    element('h1', { tabindex: -1 }, 'No such insight'),
    element(
      'div',
      { class: 'panel' },
      empty('This run has no insight of that id', had ? '' : 'Nor has any other that is kept.'),
      link,
    ),
  ];
}

function note(run, card, at) {
  if (card.suggested[at]) return `→ ${card.suggested[at]}`;
  if (card.partners[at] >= 0)
    return `repeats ${run.fileName(card.partners[at])}${run.text('split', card.partners[at]) ? `, ${run.text('split', card.partners[at])}` : ''}`;
  return `membership ${number(card.weights[at])}`;
}

function examples(run, card) {
  if (!card.examples.length) return null;
  const shown = card.examples
    .slice(0, 4)
    .map((example) =>
      element(
        'figure',
        {},
        player(run, example.row, [example]),
        element(
          'figcaption',
          {},
          element(
            'a',
            { href: to(['clip', run.text('clip_id', example.row)]) },
            run.fileName(example.row),
          ),
          `: what spoke for ${example.target}`,
        ),
      ),
    );
  const mean = card.average
    ? element(
        'figure',
        { class: 'mean' },
        element('img', {
          src: card.average,
          alt: `Mean heatmap for ${card.average_target}`,
          width: 160,
          height: 160,
        }),
        element(
          'figcaption',
          {},
          `Where the model looked for ${card.average_target}, on average over frames and examples`,
        ),
      )
    : null;
  return element(
    'section',
    { 'aria-label': 'Examples' },
    element('h2', {}, 'Examples'),
    element('div', { class: 'examples' }, shown, mean),
  );
}

function steps(run, card) {
  const { effects, actions } = card;
  if (!effects.length && !actions.length) return null;
  const path = (id) => (id && run.rowOf.has(id) ? run.text('path', run.rowOf.get(id)) : '');
  const write = () =>
    download(
      `actions-${card.key}.csv`,
      csv(
        [
          'rank',
          'clip_id',
          'path',
          'verb',
          'suggested_class',
          'partner_clip_id',
          'partner_path',
          'confidence',
        ],
        actions.map((step) => [
          step.rank,
          step.clip_id,
          path(step.clip_id),
          step.verb,
          step.suggested_class,
          step.partner_clip_id,
          path(step.partner_clip_id),
          step.confidence,
        ]),
      ),
    );
  const rows = actions
    .slice(0, STEPS_SHOWN)
    .map((step) =>
      element(
        'tr',
        {},
        element('td', {}, step.verb),
        element(
          'td',
          { class: 'wrap' },
          run.rowOf.has(step.clip_id)
            ? element('a', { href: to(['clip', step.clip_id]) }, path(step.clip_id))
            : step.clip_id,
        ),
        element(
          'td',
          { class: 'wrap' },
          step.suggested_class ? `→ ${step.suggested_class}` : path(step.partner_clip_id),
        ),
        element('td', { class: 'number' }, number(step.confidence)),
      ),
    );
  return element(
    'section',
    { 'aria-label': 'Actions' },
    element('h2', {}, 'Actions'),
    element(
      'div',
      { class: 'panel' },
      effects.map((each) => element('p', {}, each.advice, ' ', expected(each))),
      actions.length
        ? [
            element(
              'button',
              { type: 'button', onclick: write },
              `Download the ${actions.length} steps (CSV)`,
            ),
            element(
              'details',
              {},
              element('summary', {}, 'Show the steps'),
              table(
                'plain',
                [
                  ['step', ''],
                  ['clip', ''],
                  ['to', ''],
                  ['confidence', 'number'],
                ],
                rows,
                'Steps',
              ),
            ),
          ]
        : null,
    ),
  );
}

function expected(each) {
  if (each.change === null)
    return element('span', { class: 'soft' }, each.reason ? `No estimate: ${each.reason}` : '');
  const side =
    each.side_change === null
      ? ''
      : `; ${words(each.side_measure ?? 'elsewhere')} ${points(each.side_change)}`;
  return element(
    'span',
    {},
    `Expected: ${words(each.measure)} ${points(each.change)} (95 % interval ${points(each.ci_low)} to ${points(each.ci_high)}, ${each.clips} held-out clips)${side}.`,
  );
}

function history(card) {
  if (!card.past.length) return null;
  const rows = [...card.past]
    .reverse()
    .map((each) =>
      element(
        'tr',
        {},
        element('th', { scope: 'row' }, String(each.recorded_at).slice(0, 16)),
        element('td', {}, element('span', { class: `status ${each.status}` }, each.status)),
        element('td', { class: 'number' }, number(each.size)),
        element('td', { class: 'number' }, number(each.severity)),
        element('td', { class: 'number' }, number(each.accuracy)),
      ),
    );
  return element(
    'section',
    { 'aria-label': 'History' },
    element('h2', {}, 'History'),
    element(
      'div',
      { class: 'panel scroll' },
      card.past.length > 1 ? past(card.past) : null,
      table(
        'plain',
        [
          ['run', ''],
          ['status', ''],
          ['clips', 'number'],
          ['severity', 'number'],
          ['accuracy', 'number'],
        ],
        rows,
        'History of the insight',
      ),
    ),
  );
}
