// Making elements. Every text from the data goes through text nodes or attributes here, never
// through markup, so that a clip named like a tag stays a name.

const SVG = new Set(['svg', 'line', 'circle', 'path', 'rect', 'text', 'g']);

export function element(tag, attributes = {}, ...children) {
  const made = SVG.has(tag)
    ? document.createElementNS('http://www.w3.org/2000/svg', tag)
    : document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith('on')) made.addEventListener(name.slice(2), value);
    else if (name === 'style') Object.assign(made.style, value);
    else made.setAttribute(name, value === true ? '' : value);
  }
  made.append(...kept(children));
  return made;
}

// Puts children in the place of those that are there; what had the focus keeps it, by its id.
export function fill(target, ...children) {
  const id = target.contains(document.activeElement) ? document.activeElement.id : '';
  target.replaceChildren(...kept(children));
  if (id) document.getElementById(id)?.focus({ preventScroll: true });
  return target;
}

function kept(children) {
  return children
    .flat(3)
    .filter((child) => child !== null && child !== undefined && child !== false);
}

export const empty = (title, text) =>
  element('div', { class: 'empty' }, element('strong', {}, title), text);

export const bar = (share, title) =>
  element(
    'span',
    { class: 'track', title },
    element('i', { class: 'fill', style: { width: `${100 * (share ?? 0)}%` } }),
  );

// A path that may break after its slashes.
export const breakable = (path) =>
  String(path)
    .split('/')
    .flatMap((part, index) => (index ? ['/', element('wbr'), part] : [part]));

export function table(className, headings, rows, caption) {
  const heads = headings.map(([text, kind]) =>
    element(
      'th',
      { scope: 'col', class: kind },
      text || element('span', { class: 'unseen' }, 'name'),
    ),
  );
  return element(
    'table',
    { class: className },
    caption ? element('caption', { class: 'unseen' }, caption) : null,
    element('thead', {}, element('tr', {}, heads)),
    element('tbody', {}, rows),
  );
}

export const option = (value, text, chosen) =>
  element('option', { value, selected: value === chosen }, text);

export const select = (id, label, options, chosen, choose) =>
  element(
    'label',
    {},
    `${label} `,
    element(
      'select',
      { id, onchange: (event) => choose(event.target.value) },
      options.map(([value, text]) => option(value, text, chosen)),
    ),
  );

export const segmented = (label, options, chosen, choose) =>
  element(
    'div',
    { class: 'segmented', role: 'group', 'aria-label': label },
    options.map(([value, text]) =>
      element(
        'button',
        {
          type: 'button',
          id: `${label}-${value}`.toLowerCase(),
          'aria-pressed': String(value === chosen),
          onclick: () => choose(value),
        },
        text,
      ),
    ),
  );

// A list that shows some and more on demand.
export function grown(className, items, draw, first) {
  const list = element('div', { class: className }, items.slice(0, first).map(draw));
  if (items.length <= first) return list;
  const more = element(
    'button',
    {
      type: 'button',
      class: 'quiet',
      onclick: () => {
        list.append(...items.slice(first).map(draw));
        more.remove();
      },
    },
    `Show ${items.length - first} more`,
  );
  return element('div', {}, list, more);
}

// Hands a text to the user as a file.
export function download(name, text) {
  const address = URL.createObjectURL(new Blob([text], { type: 'text/csv' }));
  element('a', { href: address, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(address), 10000);
}

// A CSV that no spreadsheet runs as formulas.
export function csv(headings, rows) {
  const cell = (value) => {
    const text = value === null || value === undefined ? '' : String(value);
    const safe = typeof value === 'string' && /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
    return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
  };
  return [headings, ...rows].map((row) => `${row.map(cell).join(',')}\r\n`).join('');
}
