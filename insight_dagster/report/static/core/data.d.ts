// Types of the data that the scripts of a site hand over. What writes them is in
// `insight_dagster/report/pages/`; raise FORMAT in `runs.py` when a change breaks stored runs.

declare global {
  interface Window {
    insightReport: { take(name: string, value: unknown): void };
  }
}

export type Numbers = Float32Array | Float64Array | Int32Array | Uint8Array | Uint16Array;

export interface PackedArray {
  kind: 'f4' | 'f8' | 'i4' | 'u1' | 'u2';
  shape: number[];
  data: string;
}

export type PackedTexts =
  | { kind: 'texts'; values: (string | null)[] }
  | { kind: 'levels'; levels: string[]; codes: PackedArray }
  | { kind: 'hex'; digits: number; rows: number; data: string };

export interface TextColumn {
  /** All texts that occur, where they are few. */
  levels: string[] | null;
  at(row: number): string | null;
}

/** A run in the list of runs, `runs.js`. */
export interface ListedRun {
  name: string;
  run_id: string;
  created_at: string;
  accuracy: number | null;
  clips: number;
  model_fingerprint: string;
  random_weights: boolean;
  /** Sentences by key. */
  insights: Record<string, string>;
}

export interface Field {
  name: string;
  description: string;
  unit: string;
}

export interface RunFacts {
  title: string;
  created_at: string;
  /** Number of the last line that the ledger had. */
  ledger_sequence: number;
  run_id: string;
  model_fingerprint: string;
  random_weights: boolean;
  clips: number;
  placed: number;
  quarantined: number;
  classes: string[];
  splits: string[];
  scored: number;
  accuracy: number | null;
  mean_loss: number | null;
  space: { clusters: number; noise_share: number; trustworthiness: number | null } | null;
}

export interface Score {
  class_name: string;
  split: string;
  clips: number;
  scored: number;
  right: number;
  mean_loss: number | null;
}

/** The labels of one class: counts by predicted class, and of labels that are no class here. */
export interface ConfusionRow {
  counts: number[];
  other: number;
  most: [label: string, count: number][];
}

export interface Confusion {
  classes: string[];
  left_out: number;
  splits: string[];
  counts: ConfusionRow[][];
}

export interface DriftRow {
  class_name: string;
  part: string;
  metric: string;
  clips_then: number;
  clips_now: number;
  value_then: number | null;
  value_now: number | null;
  effect: number | null;
  ci_low: number | null;
  ci_high: number | null;
  p_value: number | null;
  adjusted_p: number | null;
  psi: number | null;
  direction: string | null;
  sure: boolean;
}

export interface Drift {
  rows: DriftRow[];
  judged: number;
  worse: number;
  not_judged: [reason: string, count: number][];
  not_judged_count: number;
}

export interface Verdict {
  class_name: string;
  cleared: boolean;
  errors: string[];
  warnings: string[];
}

export interface QuarantinedClip {
  clip_id: string;
  path: string;
  class_name: string;
  split: string;
  problem: string | null;
  fault: string | null;
}

export interface InsightChange {
  ledger_id: string;
  insight_id: string | null;
  status: string;
  kind: string;
  class_name: string;
  size: number | null;
  severity: number | null;
  sentence: string | null;
}

/** How much an insight must change to count as grown or as worse. */
export interface ChangeRules {
  grown: number;
  worse: number;
}

export interface Overview {
  facts: RunFacts;
  fields: Field[];
  scores: Score[];
  confusion: Confusion;
  drift: Drift;
  verdicts: Verdict[];
  quarantine: QuarantinedClip[];
  changes: InsightChange[] | null;
  rules: ChangeRules;
}

export interface StoredClips {
  rows: number;
  columns: Record<keyof ClipTexts, PackedTexts> & Record<keyof ClipNumbers, PackedArray>;
  /** Atlases of thumbnails, in the order of the clips that have a picture. */
  thumbs: string[];
}

export interface ClipTexts {
  clip_id: TextColumn;
  content_key: TextColumn;
  path: TextColumn;
  class_name: TextColumn;
  split: TextColumn;
  predicted: TextColumn;
}

export interface ClipNumbers {
  /** 0, 1, or 255 where the label or the prediction is unknown. */
  correct: Uint8Array;
  /** -1 = in no cluster, -2 = not clustered. */
  cluster: Int32Array;
  /** Whether the site has a contact sheet of the clip: 0 or 1. */
  pictured: Uint8Array;
  probability: Float32Array;
  loss: Float32Array;
  margin: Float32Array;
  entropy: Float32Array;
  x: Float32Array;
  y: Float32Array;
  pca_x: Float32Array;
  pca_y: Float32Array;
  strength: Float32Array;
}

export interface ClipColumns extends ClipTexts, ClipNumbers {}

export interface StoredViews {
  labels: string[];
  top: PackedArray;
  probabilities: PackedArray;
  neighbours: PackedArray;
}

/** The model's most probable labels and the nearest clips, by row. */
export interface ClipViews {
  labels: string[];
  top(row: number): Numbers;
  probabilities(row: number): Numbers;
  neighbours(row: number): Numbers;
}
