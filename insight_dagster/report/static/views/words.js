// What the words and the measured fields mean.

import { element, table } from '../core/dom.js';
import { words as spaced } from '../core/format.js';

const WORDS = [
  [
    'clip',
    'A labelled piece of a video: a file with a time window. Its id comes from the contents, the window and the label.',
  ],
  [
    'latent space',
    'The coordinates that the model itself gives to clips (several of its layers, pooled), after scaling and PCA. Clips that the model sees alike lie together.',
  ],
  [
    'cluster',
    'A dense group of clips in the latent space (HDBSCAN). Clips in no dense place are in none.',
  ],
  ['trustworthiness', 'How well the 2-D layout keeps neighbours: 1 is perfect.'],
  [
    'loss',
    'The cross-entropy of the clip’s own label, in nat: the negative logarithm of its probability. .69 is a probability of one half.',
  ],
  ['margin', 'The own label’s logit minus the highest other one: below 0 the prediction is wrong.'],
  ['insight', 'A group of clips that stands out, tested and corrected for all groups looked at.'],
  [
    'effect',
    'How far the group stands out, in the unit that its kind uses; its definition is at the end of the insight’s page.',
  ],
  [
    '95 % interval',
    'Where the effect may lie. It does not correct for having picked the group; the q-value does.',
  ],
  ['q-value', 'The share of false alarms to expect among insights (or causes) up to this one.'],
  ['severity', 'Effect × size × certainty, from 0 to 1: what to look at first.'],
  [
    'cause',
    'A measured field, or a rule, that sets the clips of an insight apart from others with the same label.',
  ],
  [
    'sd',
    'Standard deviations: a difference of means over the deviation within the two groups. .2 is small, .8 large.',
  ],
  ['population', 'A named set of clips that insights are looked for in.'],
  [
    'quarantine',
    'Clips that could not be decoded or read, with the reason. They are in no figure.',
  ],
  ['cleared', 'A class that every check of it passed, or failed only as a warning.'],
  ['drift', 'A change against the baseline, the state that somebody promoted.'],
];

export async function words({ run }) {
  const row = (name, text, unit) =>
    element(
      'tr',
      {},
      element('th', { scope: 'row' }, name),
      element('td', {}, text),
      unit === undefined ? null : element('td', { class: 'soft' }, unit),
    );
  return [
    element('h1', { tabindex: -1 }, 'What the words mean'),
    element(
      'div',
      { class: 'panel scroll' },
      table(
        'plain glossary',
        [
          ['word', ''],
          ['meaning', ''],
        ],
        WORDS.map(([name, text]) => row(name, text)),
        'Words',
      ),
    ),
    element(
      'section',
      { 'aria-label': 'Measured fields' },
      element('h2', {}, 'Measured fields'),
      element(
        'div',
        { class: 'panel scroll' },
        table(
          'plain glossary',
          [
            ['field', ''],
            ['what it measures', ''],
            ['unit', ''],
          ],
          run.fields.map((field) => row(spaced(field.name), field.description, field.unit || '–')),
          'Measured fields',
        ),
      ),
    ),
  ];
}
