// Types of the insights that `runs/RUN/insights.js` hands over. What writes them is in
// `insight_dagster/report/pages/insight_cards.py`.

import type { PackedArray } from './data.js';

export interface Cause {
  field: string;
  direction: string | null;
  effect: number;
  ci_low: number | null;
  ci_high: number | null;
  auc: number | null;
  q_value: number | null;
  value_inside: number | null;
  value_outside: number | null;
  unique_share: number | null;
  relative_of: string | null;
  /** Histograms over the same bins from `low` to `high`; shares. */
  spread: { low: number; high: number; inside: number[]; outside: number[] } | null;
}

/** A clip that stands for an insight, with its heatmap. */
export interface Example {
  row: number;
  target: string;
  method: string;
  heat: string;
}

export interface Action {
  rank: number;
  clip_id: string;
  verb: string;
  suggested_class: string | null;
  partner_clip_id: string | null;
  confidence: number | null;
}

export interface ExpectedEffect {
  advice: string;
  measure: string;
  change: number | null;
  ci_low: number | null;
  ci_high: number | null;
  clips: number | null;
  reason: string | null;
  side_measure: string | null;
  side_change: number | null;
}

export interface LedgerLine {
  /** Lines that were written later have larger numbers. */
  sequence: number;
  recorded_at: string;
  run_id: string;
  status: string;
  size: number;
  severity: number;
  effect: number | null;
  accuracy: number | null;
}

/** An insight as it is written: clips are rows of the run. */
export interface StoredCard {
  insight_id: string;
  /** Its id in the ledger, which lasts from run to run. */
  key: string;
  kind: string;
  class_name: string;
  population: string;
  other_class: string | null;
  found_by: string[] | null;
  size: number;
  severity: number;
  effect_name: string;
  effect: number;
  ci_low: number | null;
  ci_high: number | null;
  q_value: number | null;
  accuracy: number | null;
  mean_loss: number | null;
  sentence: string;
  action: string;
  rows: PackedArray;
  weights: number[];
  /** Rows of the clips that the members repeat; -1 = none. */
  partners: number[];
  suggested: (string | null)[];
  causes: Cause[];
  actions: Action[];
  effects: ExpectedEffect[];
  past: LedgerLine[];
  examples: Example[];
  average: string | null;
  average_target: string | null;
}

/** An insight as views use it. */
export interface Card extends Omit<StoredCard, 'rows'> {
  /** Place by severity, from 0. */
  rank: number;
  rows: Int32Array;
}

/** The last line of an insight that is resolved. */
export interface ResolvedInsight {
  ledger_id: string;
  recorded_at: string;
  kind: string;
  class_name: string;
  population: string;
  other_class: string | null;
}

export interface StoredInsights {
  cards: StoredCard[];
  /** By kind: how it is found, in words. */
  definitions: Record<string, string>;
  /** The ledger's id by insight id. */
  identities: Record<string, string>;
  gone: ResolvedInsight[];
}
