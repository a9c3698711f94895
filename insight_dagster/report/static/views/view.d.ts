// What a view is: a function from what is shown to elements and, where it needs them, hooks.

import type { ListedRun } from '../core/data.js';
import type { Child } from '../core/dom.js';
import type { Params } from '../core/router.js';
import type { Run } from '../core/run.js';

export interface ViewContext {
  run: Run;
  /** All runs of the site, the newest first. */
  runs: ListedRun[];
  /** The parts of the address, the view's name first. */
  path: string[];
  params: Params;
}

export interface ViewParts {
  parts: Child[];
  /** Called once the parts are on the page. */
  mounted?: () => Promise<void>;
  /** Called when only parameters changed; without it the view is made anew. */
  update?: (context: ViewContext) => Promise<void>;
  /** Called when the view is left. */
  left?: () => void;
}

export type View = (context: ViewContext) => Promise<ViewParts>;
