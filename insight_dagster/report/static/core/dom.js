// Making elements. Texts from the data become text nodes and attributes here, never markup, so that
// a clip whose name looks like a tag stays a name.

/**
 * @typedef {Node | string | number | false | null | undefined | Child[]} Child
 * what an element can contain; null, undefined and false are left out
 */
/**
 * @typedef {HTMLElement & { value: string, checked: boolean }} Control an input or a select
 * @typedef {(event: any) => void} Handler
 * @typedef {string | number | boolean | null | undefined | Handler | Partial<CSSStyleDeclaration>} Attribute
 */
/**
 * @template {string} Tag
 * @typedef {Tag extends keyof HTMLElementTagNameMap ? HTMLElementTagNameMap[Tag] :
 *   Tag extends keyof SVGElementTagNameMap ? SVGElementTagNameMap[Tag] : HTMLElement} ElementOf
 */

const SVG = new Set(['svg', 'line', 'circle', 'path', 'rect', 'text', 'g']);

/**
 * Return a new element.
 * @template {string} Tag
 * @param {Tag} tag
 * @param {Record<string, Attribute>} attributes `on...` are listeners; null and false are left out
 * @param {Child[]} children
 * @returns {ElementOf<Tag>}
 */
export function element(tag, attributes = {}, ...children) {
  const made = SVG.has(tag)
    ? document.createElementNS('http://www.w3.org/2000/svg', tag)
    : document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (typeof value === 'function') made.addEventListener(name.slice(2), value);
    else if (typeof value === 'object') Object.assign(/** @type {any} */ (made).style, value);
    else made.setAttribute(name, value === true ? '' : String(value));
  }
  made.append(...nodes(children));
  return /** @type {ElementOf<Tag>} */ (made);
}

/**
 * Replace the children of an element; what has the focus keeps it if its id is there again.
 * @template {Element} Target
 * @param {Target} target
 * @param {Child[]} children
 */
export function fill(target, ...children) {
  const id = target.contains(document.activeElement) ? document.activeElement?.id : '';
  target.replaceChildren(...nodes(children));
  if (id) document.getElementById(id)?.focus({ preventScroll: true });
  return target;
}

/**
 * @param {Child[]} children
 * @returns {(Node | string)[]}
 */
function nodes(children) {
  return children.flatMap((child) => {
    if (Array.isArray(child)) return nodes(child);
    if (child === null || child === undefined || child === false) return [];
    return [child instanceof Node ? child : String(child)];
  });
}

/**
 * Return the element of the page shell with an id.
 * @param {string} id
 */
export function byId(id) {
  const found = document.getElementById(id);
  if (!found) throw new Error(`The page has no element #${id}`);
  return found;
}

/**
 * Return what stands where there is nothing to show.
 * @param {string} title
 * @param {string} text
 */
export const empty = (title, text) =>
  element('div', { class: 'empty' }, element('strong', {}, title), text);

/**
 * Return a bar that is filled to a share.
 * @param {number | null} share
 * @param {string} [title]
 */
export const bar = (share, title) =>
  element(
    'span',
    { class: 'track', title },
    element('i', { class: 'fill', style: { width: `${100 * (share ?? 0)}%` } }),
  );

/**
 * Return the parts of a path that may break after its slashes.
 * @param {string} path
 */
export const breakable = (path) =>
  path.split('/').flatMap((part, index) => (index ? ['/', element('wbr'), part] : [part]));

/**
 * Return a list that shows some items, and all of them on demand.
 * @template Item
 * @param {string} className
 * @param {Item[]} items
 * @param {(item: Item) => Child} draw
 * @param {number} first how many are shown at once
 */
export function expandableList(className, items, draw, first) {
  const list = element('div', { class: className }, items.slice(0, first).map(draw));
  if (items.length <= first) return list;
  const expand = () => {
    list.append(...nodes(items.slice(first).map(draw)));
    more.remove();
  };
  const text = `Show ${items.length - first} more`;
  const more = element('button', { type: 'button', class: 'quiet', onclick: expand }, text);
  return element('div', {}, list, more);
}
