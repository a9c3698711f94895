// One run of the pipeline as the page sees it: its clips, insights and overview.

import { decode } from './columns.js';
import { share } from './format.js';
import { load } from './store.js';

const TEXTS = ['clip_id', 'content_key', 'path', 'class_name', 'split', 'predicted'];
export const onPage = { name: null }; // of the run that the address is about
const MOST_OPEN = 2; // one to look at, one to compare with
const opened = new Map();

export function openRun(facts) {
  const run = opened.get(facts.name) ?? read(facts);
  opened.delete(facts.name);
  opened.set(facts.name, run);
  run.catch(() => opened.delete(facts.name));
  for (const name of [...opened.keys()].slice(0, -MOST_OPEN)) opened.delete(name);
  return run;
}

// What a list of runs calls one.
export const runLabel = (facts) =>
  [
    facts.created_at,
    facts.accuracy === null ? '' : `${share(facts.accuracy)} right`,
    facts.model_fingerprint,
  ]
    .filter(Boolean)
    .join(' · ');

function part(name, what) {
  return load(`${name}/${what}`, `runs/${encodeURIComponent(name)}/${what}.js`);
}

async function read(facts) {
  const [overview, clips, insights] = await Promise.all(
    ['overview', 'clips', 'insights'].map((what) => part(facts.name, what)),
  );
  return new Run(facts, overview, clips, insights);
}

class Run {
  constructor(facts, overview, clips, insights) {
    this.name = facts.name;
    this.overview = overview;
    this.facts = overview.facts;
    this.fields = overview.fields;
    this.rows = clips.rows;
    this.thumbs = clips.thumbs;
    this.columns = Object.fromEntries(
      Object.entries(clips.columns).map(([name, column]) => [name, decode(column)]),
    );
    this.cards = insights.cards.map((card, rank) => ({ ...card, rank, rows: decode(card.rows) }));
    this.definitions = insights.definitions;
    this.identities = insights.identities;
    this.gone = insights.gone;
    this.atlasPlaces = places(this.columns.pictured);
    this.loaded = new Map();
  }

  text(name, row) {
    return this.columns[name].at(row);
  }

  number(name, row) {
    const value = this.columns[name][row];
    return Number.isFinite(value) ? value : null;
  }

  // true, false, or null where the model does not know the label.
  correct(row) {
    const flag = this.columns.correct[row];
    return flag === 255 ? null : flag === 1;
  }

  fileName(row) {
    return this.text('path', row).split('/').pop();
  }

  // Rows by clip id, made when first asked for.
  get rowOf() {
    this.index ??= new Map(
      Array.from({ length: this.rows }, (_, row) => [this.text('clip_id', row), row]),
    );
    return this.index;
  }

  // The insight of an id that it has, or had in an earlier run.
  card(id) {
    const key = this.identities[id] ?? id;
    return this.cards.find((card) => card.key === key || card.insight_id === id) ?? null;
  }

  cardsOf(row) {
    this.cardRows ??= this.cards.map((card) => new Set(card.rows));
    return this.cards.filter((_, rank) => this.cardRows[rank].has(row));
  }

  rowsOfClass(name) {
    const out = [];
    for (let row = 0; row < this.rows; row += 1)
      if (this.text('class_name', row) === name) out.push(row);
    return out;
  }

  // Values of a number of the clips. The name may come from an address: only what is known is read.
  async field(name) {
    if (Object.hasOwn(this.columns, name) && !TEXTS.includes(name)) return this.columns[name];
    if (!this.fields.some((field) => field.name === name))
      throw new Error(`There is no field “${name}”`);
    return this.kept(`fields/${name}`, decode);
  }

  // A part of the run, read when it is asked for; after a failure it is asked for again.
  kept(name, read) {
    if (!this.loaded.has(name)) {
      const loading = part(this.name, name).then(read);
      loading.catch(() => this.loaded.delete(name));
      this.loaded.set(name, loading);
    }
    return this.loaded.get(name);
  }

  async allFields() {
    const values = await Promise.all(this.fields.map((field) => this.field(field.name)));
    return this.fields.map((field, at) => ({ ...field, values: values[at] }));
  }

  async views() {
    return this.kept('views', (views) => ({
      labels: views.labels,
      top: rowsOf(views.top),
      probabilities: rowsOf(views.probabilities),
      neighbours: rowsOf(views.neighbours),
    }));
  }
}

function rowsOf(column) {
  const [values, width] = [decode(column), column.shape[1]];
  return (row) => values.subarray(row * width, (row + 1) * width);
}

// The place of every pictured clip among the thumbnails, -1 for the others.
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
