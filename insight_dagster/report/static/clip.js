// The panel beside the map: everything known about one clip.

Report.clipPanel = {
  start() {
    Report.onChange((changed) => {
      if (changed.includes('clip')) Report.clipPanel.draw();
    });
    Report.clipPanel.draw();
  },

  draw() {
    const { clip } = Report.state;
    if (clip === null) {
      Report.fill('clip', Report.empty('No clip chosen', 'Click a dot, or a clip in an insight.'));
      return;
    }
    const { clips, element } = Report;
    Report.fill(
      'clip',
      element('h3', {}, Report.format.fileName(clips.path[clip])),
      Report.clipPanel.facts(clip),
      Report.clipPanel.pictures(clip),
      Report.clipPanel.insights(clip),
      element('h4', {}, 'Measured, and its place among all clips'),
      Report.clipPanel.measures(clip)
    );
  },

  facts(clip) {
    const { clips, format, element } = Report;
    const verdict = { true: '✓', false: '✗' }[clips.correct[clip]] ?? '';
    const rows = [
      ['class', clips.class_name[clip]],
      ['predicted', clips.predicted[clip] === null ? 'nothing yet' : `${verdict} ${clips.predicted[clip]}`],
      ['own-class probability', format.share(clips.probability[clip])],
      ['loss', format.number(clips.loss[clip])],
      ['split', clips.split[clip] || 'none'],
      ['cluster', Report.colouring.label('cluster', clips.cluster[clip])],
      ['video', `${clips.width[clip] ?? '?'}×${clips.height[clip] ?? '?'} · ${format.number(clips.fps[clip])} fps · ${format.number(clips.duration_seconds[clip])} s`],
      ['path', element('code', {}, Report.breakable(clips.path[clip]))],
      ['clip id', element('code', {}, clips.clip_id[clip])],
    ];
    return element('dl', {}, rows.map(([name, value]) => [element('dt', {}, name), element('dd', {}, value)]).flat());
  },

  pictures(clip) {
    const seen = new Set();
    const found = Report.data.insights.flatMap((insight) => insight.examples).filter((example) => {
      const fresh = example.clip === clip && !seen.has(example.picture);
      seen.add(example.picture);
      return fresh;
    });
    return found.map((example) =>
      Report.element('img', {
        src: Report.data.pictures[example.picture],
        alt: `Heatmap of ${example.target}`,
        onclick: () => Report.viewer(example),
      })
    );
  },

  insights(clip) {
    const found = Report.data.insights
      .map((insight, index) => ({ insight, index }))
      .filter(({ insight }) => insight.members.some((member) => member.clip === clip));
    if (!found.length) return [];
    const items = found.map(({ insight, index }) =>
      Report.element(
        'li',
        {},
        Report.element(
          'button',
          { type: 'button', onclick: () => Report.change({ insight: index }) },
          `#${index + 1} ${Report.format.words(insight.kind)}: ${insight.class_name}`
        )
      )
    );
    return [Report.element('h4', {}, 'In these insights'), Report.element('ul', { class: 'clip-list' }, items), Report.element('p', { class: 'note' })];
  },

  measures(clip) {
    const { element, format } = Report;
    const cells = Report.data.fields.flatMap((field) => {
      const value = Report.clips[field.name][clip];
      const place = Report.clipPanel.placeOf(field.name, value);
      const mark = element('i', { style: { left: `${100 * (place ?? 0)}%` } });
      return [
        element('span', { class: 'name', title: `${field.description}${field.unit ? ` [${field.unit}]` : ''}` }, format.words(field.name)),
        element('span', { class: 'value' }, format.number(value)),
        element('span', { class: 'rank', title: place === null ? 'no value' : `above ${format.share(place)} of the clips` }, place === null ? null : mark),
      ];
    });
    return element('div', { class: 'measures' }, cells);
  },

  sorted: {},

  placeOf(name, value) {
    if (value === null) return null;
    const { sorted } = Report.clipPanel;
    sorted[name] ??= Report.clips[name].filter((each) => each !== null).sort((a, b) => a - b);
    const values = sorted[name];
    const below = values.filter((each) => each < value).length;
    return values.length > 1 ? below / (values.length - 1) : 0.5;
  },
};

Report.viewer = (example) => {
  const dialog = document.getElementById('viewer');
  const close = Report.element('button', { type: 'button', onclick: () => dialog.close() }, 'Close');
  dialog.replaceChildren(
    Report.element('div', { class: 'row' }, Report.element('span', { class: 'wrap' }, Report.caption(example)), close),
    Report.element('img', { src: Report.data.pictures[example.picture], alt: `Heatmap of ${example.target}` })
  );
  dialog.showModal();
};

Report.caption = (example) => {
  const name = example.clip === null ? example.clip_id : Report.format.fileName(Report.clips.path[example.clip]);
  return `${name}: what spoke for ${example.target}`;
};
