// Making elements. Every text from the data goes through `textContent` or an attribute here,
// never through markup, so that a clip named like a tag stays a name.

Report.element = (tag, attributes = {}, ...children) => {
  const svg = ['svg', 'line', 'circle', 'path', 'rect'].includes(tag);
  const element = svg
    ? document.createElementNS('http://www.w3.org/2000/svg', tag)
    : document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (name === 'onclick' || name === 'onchange') element.addEventListener(name.slice(2), value);
    else if (name === 'style') Object.assign(element.style, value);
    else element.setAttribute(name, value === true ? '' : value);
  }
  element.append(...children.flat().filter((child) => child !== null && child !== undefined));
  return element;
};

Report.fill = (id, ...children) => {
  document.getElementById(id).replaceChildren(...children.flat().filter((child) => child));
};

Report.empty = (title, text) =>
  Report.element('div', { class: 'empty' }, Report.element('strong', {}, title), text);

Report.bar = (share, title) =>
  Report.element(
    'span',
    { class: 'track', title },
    Report.element('i', { class: 'fill', style: { width: `${100 * (share ?? 0)}%` } })
  );

// A path that may break after its slashes.
Report.breakable = (path) =>
  path.split('/').flatMap((part, index) => (index ? ['/', Report.element('wbr'), part] : [part]));

Report.table = (className, headings, rows) =>
  Report.element(
    'table',
    { class: className },
    Report.element(
      'thead',
      {},
      Report.element(
        'tr',
        {},
        headings.map(([text, kind]) => Report.element('th', { scope: 'col', class: kind }, text))
      )
    ),
    Report.element('tbody', {}, rows)
  );

Report.segmented = (id, options, chosen, choose) => {
  const buttons = options.map(([value, text]) =>
    Report.element(
      'button',
      {
        type: 'button',
        'aria-pressed': String(value === chosen),
        onclick: (event) => {
          for (const button of buttons) button.setAttribute('aria-pressed', String(button === event.currentTarget));
          choose(value);
        },
      },
      text
    )
  );
  Report.fill(id, buttons);
};

Report.select = (id, label, options, choose) =>
  Report.element(
    'label',
    {},
    `${label} `,
    Report.element(
      'select',
      { id, onchange: (event) => choose(event.target.value) },
      options.map(([value, text]) => Report.element('option', { value }, text))
    )
  );
