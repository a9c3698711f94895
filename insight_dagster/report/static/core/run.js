// One run of the pipeline as the page sees it: its clips, insights and overview.

import { decodeMatrix, decodeNumbers, decodeTexts } from './columns.js';
import { share } from './format.js';
import { load } from './loader.js';

/** @import { ClipColumns, ClipNumbers, ClipTexts, ClipViews, Field, ListedRun } from './data.js' */
/** @import { Numbers, Overview, PackedArray, PackedTexts, StoredClips } from './data.js' */
/** @import { StoredViews } from './data.js' */
/** @import { Card, StoredInsights } from './insight_data.js' */

const MOST_OPEN = 2; // one to look at, one to compare with
/** @type {Map<string, Promise<Run>>} */
const opened = new Map();

/**
 * The run that the address is about; other runs are linked with their names.
 * @type {{ name: string | null }}
 */
export const shownRun = { name: null };

/**
 * Return a run, loaded at most once while it is among the two used last.
 * @param {ListedRun} listed
 */
export function openRun(listed) {
  const run = opened.get(listed.name) ?? read(listed.name);
  opened.delete(listed.name);
  opened.set(listed.name, run);
  run.catch(() => opened.delete(listed.name));
  for (const name of [...opened.keys()].slice(0, -MOST_OPEN)) opened.delete(name);
  return run;
}

/**
 * Return the label of a run in a list of runs.
 * @param {ListedRun} listed
 */
export const runLabel = (listed) =>
  [
    listed.created_at,
    listed.accuracy === null ? '' : `${share(listed.accuracy)} right`,
    listed.model_fingerprint,
  ]
    .filter(Boolean)
    .join(' · ');

/**
 * @param {string} run
 * @param {string} part
 * @returns {Promise<any>}
 */
const loadPart = (run, part) =>
  load(`${run}/${part}`, `runs/${encodeURIComponent(run)}/${part}.js`);

/** @param {string} name */
async function read(name) {
  const [overview, clips, insights] = await Promise.all(
    ['overview', 'clips', 'insights'].map((part) => loadPart(name, part)),
  );
  return new Run(name, overview, clips, insights);
}

export class Run {
  /**
   * @param {string} name
   * @param {Overview} overview
   * @param {StoredClips} clips
   * @param {StoredInsights} insights
   */
  constructor(name, overview, clips, insights) {
    this.name = name;
    this.overview = overview;
    this.facts = overview.facts;
    this.fields = overview.fields;
    this.rows = clips.rows;
    this.thumbs = clips.thumbs;
    this.columns = decoded(clips.columns);
    /** @type {Card[]} the most severe first */
    this.cards = insights.cards.map((card, rank) => ({
      ...card,
      rank,
      rows: /** @type {Int32Array} */ (decodeNumbers(card.rows)),
    }));
    this.definitions = insights.definitions;
    this.identities = insights.identities;
    this.resolved = insights.gone;
    /** Of every clip its place among the thumbnails, -1 = none. */
    this.thumbPlaces = places(this.columns.pictured);
    /** @type {Map<string, Promise<any>>} */
    this.loaded = new Map();
    /** @type {Map<string, number> | null} */
    this.index = null;
    /** @type {Set<number>[] | null} */
    this.members = null;
  }

  /**
   * Return a text of a clip. Only a prediction can be missing.
   * @template {keyof ClipTexts} Name
   * @param {Name} name
   * @param {number} row
   * @returns {Name extends 'predicted' ? string | null : string}
   */
  text(name, row) {
    return /** @type {any} */ (this.columns[name].at(row));
  }

  /**
   * Return a number of a clip; null where it is missing.
   * @param {keyof ClipNumbers} name
   * @param {number} row
   */
  number(name, row) {
    const value = this.columns[name][row];
    return Number.isFinite(value) ? value : null;
  }

  /**
   * Return whether the prediction is right; null where the model does not know the label.
   * @param {number} row
   */
  correct(row) {
    const flag = this.columns.correct[row];
    return flag === 255 ? null : flag === 1;
  }

  /** @param {number} row */
  fileName(row) {
    return this.text('path', row).split('/').at(-1) ?? '';
  }

  /** Rows by clip id, made when they are first asked for. */
  get rowOf() {
    this.index ??= new Map(
      Array.from({ length: this.rows }, (_, row) => [this.text('clip_id', row), row]),
    );
    return this.index;
  }

  /**
   * Return the insight that has an id, or had it in an earlier run.
   * @param {string} id
   */
  card(id) {
    const key = this.identities[id] ?? id;
    return this.cards.find((card) => card.key === key || card.insight_id === id) ?? null;
  }

  /** @param {number} row */
  cardsOf(row) {
    this.members ??= this.cards.map((card) => new Set(card.rows));
    const { members } = this;
    return this.cards.filter((_, rank) => members[rank].has(row));
  }

  /** @param {(row: number) => boolean} test */
  rowsWhere(test) {
    const out = [];
    for (let row = 0; row < this.rows; row += 1) if (test(row)) out.push(row);
    return out;
  }

  /**
   * Return the values of a number of the clips, which is read from its file where it has one.
   * @param {string} name may come from an address
   * @returns {Promise<Numbers>} rejects where there is no such number
   */
  async numbers(name) {
    if (isNumber(this.columns, name)) return this.columns[name];
    if (!this.fields.some((field) => field.name === name)) {
      throw new Error(`There is no field “${name}”`);
    }
    return this.part(`fields/${name}`, decodeNumbers);
  }

  /**
   * Return a part of the run, which is loaded when it is first asked for, and again after a failure.
   * @template Part
   * @param {string} name
   * @param {(stored: any) => Part} decode
   * @returns {Promise<Part>}
   */
  part(name, decode) {
    const known = this.loaded.get(name);
    if (known) return known;
    const loading = loadPart(this.name, name).then(decode);
    loading.catch(() => this.loaded.delete(name));
    this.loaded.set(name, loading);
    return loading;
  }

  /** @returns {Promise<(Field & { values: Numbers })[]>} */
  async allFields() {
    const values = await Promise.all(this.fields.map((field) => this.numbers(field.name)));
    return this.fields.map((field, at) => ({ ...field, values: values[at] }));
  }

  /** @returns {Promise<ClipViews>} */
  views() {
    return this.part('views', (/** @type {StoredViews} */ stored) => ({
      labels: stored.labels,
      top: decodeMatrix(stored.top),
      probabilities: decodeMatrix(stored.probabilities),
      neighbours: decodeMatrix(stored.neighbours),
    }));
  }
}

/**
 * @param {StoredClips['columns']} stored
 * @returns {ClipColumns}
 */
function decoded(stored) {
  const columns = Object.entries(stored).map(([name, packed]) => [
    name,
    isTexts(packed) ? decodeTexts(packed) : decodeNumbers(packed),
  ]);
  return Object.fromEntries(columns);
}

/**
 * @param {PackedArray | PackedTexts} packed
 * @returns {packed is PackedTexts}
 */
const isTexts = (packed) => ['texts', 'levels', 'hex'].includes(packed.kind);

/**
 * @param {ClipColumns} columns
 * @param {string} name
 * @returns {name is keyof ClipNumbers}
 */
const isNumber = (columns, name) =>
  Object.hasOwn(columns, name) && ArrayBuffer.isView(columns[/** @type {'loss'} */ (name)]);

/** @param {Uint8Array} pictured */
function places(pictured) {
  const out = new Int32Array(pictured.length).fill(-1);
  let next = 0;
  pictured.forEach((flag, row) => {
    if (flag) {
      out[row] = next;
      next += 1;
    }
  });
  return out;
}
