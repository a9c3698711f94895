// What the words of the report and the measured fields mean.

import { element } from '../core/dom.js';
import { words } from '../core/format.js';
import { cell, rowHeading, table, tableRow } from '../core/tables.js';

/** @import { View } from './view.js' */

const WORDS = [
  [
    'clip',
    'A labelled part of a video: a file with a time window. Its id is computed from the contents, the window and the label.',
  ],
  ['true label', 'The class that a clip is labelled with in the library.'],
  [
    'latent space',
    'The coordinates that the model gives to clips (several of its layers, pooled), after scaling and PCA. Clips that are similar to the model lie close together.',
  ],
  [
    'cluster',
    'A dense group of clips in the latent space (HDBSCAN). Clips outside dense regions are in no cluster.',
  ],
  [
    'trustworthiness',
    'How well the 2-D layout keeps the neighbours of the latent space: 1 is perfect.',
  ],
  [
    'loss',
    'The cross-entropy of the true label, in nat: the negative logarithm of its probability. A loss of .69 is a probability of one half.',
  ],
  [
    'margin',
    'The logit of the true label minus the highest other logit: below 0 the prediction is wrong.',
  ],
  [
    'insight',
    'A group of clips that stands out, tested and corrected for the number of groups tested.',
  ],
  [
    'effect',
    'How far the group stands out, in the unit of its kind; the definition is at the end of the page of the insight.',
  ],
  [
    '95 % interval',
    'The interval that covers the effect with 95 % confidence. It does not correct for the selection of the group; the q-value does.',
  ],
  [
    'q-value',
    'The expected share of false discoveries among the insights (or causes) up to this one.',
  ],
  ['severity', 'Effect × size × certainty, from 0 to 1; insights are ranked by it.'],
  [
    'cause',
    'A measured field, or a rule, that distinguishes the clips of an insight from other clips with the same label.',
  ],
  [
    'sd',
    'Standard deviations: a difference of means divided by the deviation within the two groups. .2 is small, .8 large.',
  ],
  ['population', 'A named set of clips in which insights are searched for.'],
  [
    'quarantine',
    'Clips that could not be decoded or read, with the reason. They are in no figure. Damaged files are tried again when they change, everything else with the next run.',
  ],
  ['cleared', 'A class whose checks all passed, or failed only as warnings.'],
  ['drift', 'A change against the baseline, the snapshot that was promoted last.'],
];

/** @type {View} */
export async function glossary({ run }) {
  const terms = WORDS.map(([name, text]) => tableRow(rowHeading(name), cell(text)));
  const fields = run.fields.map((field) =>
    tableRow(
      rowHeading(words(field.name)),
      cell(field.description),
      element('td', { class: 'soft' }, field.unit || '–'),
    ),
  );
  return {
    parts: [
      element('h1', { tabindex: -1 }, 'Glossary'),
      element(
        'div',
        { class: 'panel scroll' },
        table('plain glossary', ['word', 'meaning'], terms, 'Words'),
      ),
      element(
        'section',
        { 'aria-label': 'Measured fields' },
        element('h2', {}, 'Measured fields'),
        element(
          'div',
          { class: 'panel scroll' },
          table('plain glossary', ['field', 'what it measures', 'unit'], fields, 'Measured fields'),
        ),
      ),
    ],
  };
}
