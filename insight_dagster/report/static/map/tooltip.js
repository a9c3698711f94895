// The tooltip of the clip under the pointer.

import { element, fill } from '../core/dom.js';
import { number } from '../core/format.js';
import { loadPicture, thumbnail } from '../parts/thumbnails.js';

/** @import { Run } from '../core/run.js' */

const WIDTH = 290;

export class Tooltip {
  /** @param {Run} run */
  constructor(run) {
    this.run = run;
    /** @type {number | null} */
    this.row = null;
    this.root = element('div', { class: 'tip', hidden: true });
  }

  /**
   * Show a clip beside the pointer, or hide.
   * @param {number | null} row
   * @param {PointerEvent} [event]
   */
  show(row, event) {
    this.root.hidden = row === null;
    if (row === null || !event) return;
    if (row !== this.row) this.fill(row);
    this.row = row;
    const box = this.root.parentElement?.getBoundingClientRect();
    if (!box) return;
    const [x, y] = [event.clientX - box.left, event.clientY - box.top];
    const left = Math.min(x + 14, box.width - WIDTH);
    Object.assign(this.root.style, { left: `${left}px`, top: `${Math.max(0, y - 60)}px` });
  }

  /** @param {number} row */
  fill(row) {
    const { run } = this;
    const [predicted, split] = [run.text('predicted', row), run.text('split', row)];
    const picture = thumbnail(run, row, 1.5);
    loadPicture(picture);
    fill(
      this.root,
      picture,
      element(
        'span',
        {},
        element('b', {}, run.fileName(row)),
        element('br'),
        run.text('class_name', row),
        split && `, ${split}`,
        element('br'),
        predicted === null
          ? 'no prediction'
          : `predicted ${predicted}, loss ${number(run.number('loss', row))}`,
      ),
    );
  }
}
