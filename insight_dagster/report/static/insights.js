// The ranked insight cards: what was found, how sure it is, what sets its clips apart.

Report.insightCards = {
  filter: { kind: '', class_name: '' },

  start() {
    const { insights } = Report.data;
    if (!insights.length) {
      Report.fill('cards', Report.element('div', { class: 'panel' }, Report.empty('No insights', 'No group of clips stood out after correcting for the number of groups looked at.')));
      return;
    }
    Report.fill('insight-controls', ...['kind', 'class_name'].map(Report.insightCards.chooser), Report.element('span', { id: 'insight-count' }));
    Report.onChange((changed) => {
      if (changed.includes('insight')) Report.insightCards.mark();
    });
    Report.insightCards.draw();
    const missing = Report.data.pictures_left_out;
    if (missing) document.getElementById('insights').append(Report.element('p', { class: 'note' }, `Heatmaps that are not on this page: ${missing}. The page holds a limited number; the others, where their files exist, are in the heatmaps folder.`));
  },

  chooser(name) {
    const values = [...new Set(Report.data.insights.map((insight) => insight[name]))].sort();
    const options = [['', 'all'], ...values.map((value) => [value, Report.format.words(value)])];
    return Report.select(`filter-${name}`, name === 'kind' ? 'Kind' : 'Class', options, (value) => {
      Report.insightCards.filter[name] = value;
      Report.insightCards.draw();
    });
  },

  draw() {
    const { kind, class_name: className } = Report.insightCards.filter;
    const shown = Report.data.insights
      .map((insight, index) => ({ insight, index }))
      .filter(({ insight }) => (!kind || insight.kind === kind) && (!className || insight.class_name === className));
    Report.fill('insight-count', `${shown.length} of ${Report.data.insights.length}`);
    Report.fill('cards', shown.length ? shown.map(({ insight, index }) => Report.insightCards.card(insight, index)) : Report.empty('No such insight', 'Choose another kind or class.'));
    Report.insightCards.mark();
  },

  mark() {
    for (const card of document.querySelectorAll('.card')) {
      const chosen = Number(card.dataset.index) === Report.state.insight && Report.state.insight !== null;
      card.classList.toggle('chosen', chosen);
      const button = card.querySelector('.outline');
      button.setAttribute('aria-pressed', String(chosen));
      button.firstChild.textContent = chosen ? 'Outlined in the map' : 'Outline in the map';
    }
  },

  card(insight, index) {
    const { element } = Report;
    const parts = [Report.insightCards.causes(insight), Report.insightCards.examples(insight)].filter((part) => part);
    return element(
      'article',
      { class: 'card', 'data-index': index },
      Report.insightCards.head(insight, index),
      element('h3', {}, insight.sentence),
      insight.action ? element('p', { class: 'todo' }, element('b', {}, 'What to do: '), insight.action) : null,
      Report.insightCards.figures(insight),
      parts.length ? element('div', { class: 'card-body' }, parts) : null,
      Report.insightCards.foot(insight, index)
    );
  },

  head(insight, index) {
    const { element, format } = Report;
    const pair = insight.other_class ? `${insight.class_name} ↔ ${insight.other_class}` : insight.class_name;
    return element(
      'div',
      { class: 'card-head' },
      element('span', { class: 'place' }, `#${index + 1}`),
      element('span', { class: 'badge' }, format.words(insight.kind)),
      element('span', {}, pair),
      insight.population && insight.population !== 'all' ? element('span', {}, `· among ${format.words(insight.population)}`) : null,
      element('span', { class: 'severity' }, 'severity', Report.bar(insight.severity, format.number(insight.severity)), format.number(insight.severity))
    );
  },

  figures(insight) {
    const { element, format } = Report;
    const figure = (name, value, more) =>
      element('div', {}, element('span', {}, name), element('b', {}, value), more ? element('span', { class: 'faint' }, ` ${more}`) : null);
    return element(
      'div',
      { class: 'figures' },
      figure('clips', format.number(insight.size)),
      figure(format.words(insight.effect_name), format.number(insight.effect), `95 % interval ${format.interval(insight.ci_low, insight.ci_high)}`),
      figure('q-value', format.q(insight.q_value)),
      insight.accuracy === null ? null : figure('accuracy inside', format.share(insight.accuracy), Report.data.facts.accuracy === null ? '' : `overall ${format.share(Report.data.facts.accuracy)}`),
      insight.mean_loss === null ? null : figure('mean loss inside', format.number(insight.mean_loss))
    );
  },

  causes(insight) {
    const { element, format } = Report;
    if (!insight.causes.length) {
      return element('div', {}, element('h4', {}, 'What sets these clips apart'), element('p', { class: 'soft' }, 'No measured field differs reliably.'));
    }
    const reach = Math.max(1, ...insight.causes.flatMap((cause) => [Math.abs(cause.ci_low ?? 0), Math.abs(cause.ci_high ?? 0), Math.abs(cause.effect ?? 0)]));
    const rows = insight.causes.map((cause) => {
      const field = Report.data.fields.find((each) => each.name === cause.field);
      const hint = field ? `${field.description}${field.unit ? ` [${field.unit}]` : ''}` : cause.field;
      const up = cause.direction === 'higher';
      return element(
        'tr',
        {},
        element('td', { title: hint }, `${up ? '▲' : '▼'} ${format.words(cause.field)} ${up ? 'higher' : 'lower'}`),
        element('td', { class: 'number' }, format.number(cause.value_inside)),
        element('td', { class: 'number soft' }, format.number(cause.value_outside)),
        element('td', {}, Report.insightCards.interval(cause, reach)),
        element('td', { class: 'number' }, format.q(cause.q_value))
      );
    });
    const headings = [['', ''], ['inside', 'number'], ['outside', 'number'], ['effect in standard deviations', ''], ['q', 'number']];
    return element('div', { class: 'scroll' }, element('h4', {}, 'What sets these clips apart'), Report.table('causes', headings, rows));
  },

  interval(cause, reach) {
    const { element, format } = Report;
    const at = (value) => 68 + (60 * value) / reach;
    const title = `${format.number(cause.effect)}, 95 % interval ${format.interval(cause.ci_low, cause.ci_high)}`;
    return element(
      'svg',
      { class: 'interval', viewBox: '0 0 136 16', role: 'img', 'aria-label': title },
      element('line', { class: 'axis', x1: 68, x2: 68, y1: 1, y2: 15 }),
      element('line', { class: 'range', x1: at(cause.ci_low ?? cause.effect), x2: at(cause.ci_high ?? cause.effect), y1: 8, y2: 8 }),
      element('circle', { class: 'point', cx: at(cause.effect), cy: 8, r: 3.6 })
    );
  },

  examples(insight) {
    const { element } = Report;
    if (!insight.examples.length) return null;
    const figures = insight.examples.map((example) =>
      element(
        'figure',
        {},
        element(
          'button',
          { type: 'button', onclick: () => Report.viewer(example), 'aria-label': `Enlarge ${Report.caption(example)}` },
          element('img', { src: Report.data.pictures[example.picture], alt: '' })
        ),
        element('figcaption', { title: Report.caption(example) }, example.target)
      )
    );
    return element('div', {}, element('h4', {}, 'Where the model looked'), element('div', { class: 'examples' }, figures));
  },

  foot(insight, index) {
    const { element } = Report;
    const outline = () => {
      const again = Report.state.insight === index;
      Report.change({ insight: again ? null : index });
      if (!again) document.getElementById('map').scrollIntoView();
    };
    return element(
      'div',
      { class: 'card-foot' },
      element('button', { type: 'button', class: 'outline', onclick: outline }, 'Outline in the map'),
      Report.insightCards.clipList(insight)
    );
  },

  clipList(insight) {
    const { element } = Report;
    const list = element('ul', { class: 'clip-list' });
    const details = element('details', {}, element('summary', {}, `List the ${insight.members.length} clips`), list);
    // Filled on opening: all lists at once would be many thousand buttons.
    details.addEventListener('toggle', () => {
      if (!list.childElementCount) list.append(...insight.members.map(Report.insightCards.clipItem));
    });
    return details;
  },

  clipItem(member) {
    const { element, clips } = Report;
    const show = () => {
      Report.change({ clip: member.clip });
      document.getElementById('map').scrollIntoView();
    };
    const remarks = [
      member.suggested ? `→ ${member.suggested}` : '',
      member.partner === null || member.partner === undefined ? '' : `repeats ${clips.path[member.partner]}`,
    ].filter((remark) => remark);
    return element(
      'li',
      {},
      element('button', { type: 'button', onclick: show }, clips.path[member.clip]),
      remarks.length ? element('span', { class: 'soft' }, ` ${remarks.join(', ')}`) : null
    );
  },
};
