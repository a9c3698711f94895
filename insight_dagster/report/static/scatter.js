// The latent space: one dot a clip, drawn by plotly.

Report.scatter = {
  view: { layout: 'tsne', colour: 'class_name', crosses: true, hidden: new Set() },

  start() {
    const { view } = Report.scatter;
    if (!Report.clips.x.some((value) => value !== null)) {
      Report.fill('map', document.getElementById('map-title'), Report.element('div', { class: 'panel' }, Report.empty('No latent space yet', 'It is fitted once embeddings exist; run the pipeline first.')));
      return;
    }
    Report.segmented('layout', [['tsne', 't-SNE'], ['pca', 'PCA']], view.layout, (layout) => Report.scatter.set({ layout }));
    const select = document.getElementById('colour');
    Report.colouring.fill(select);
    select.addEventListener('change', () => Report.scatter.set({ colour: select.value, hidden: new Set() }));
    const crosses = document.getElementById('crosses');
    crosses.addEventListener('change', () => Report.scatter.set({ crosses: crosses.checked }));
    document.getElementById('clear').addEventListener('click', () => Report.change({ insight: null }));
    Report.onChange(() => Report.scatter.draw());
    Report.scatter.draw();
    document.getElementById('plot').on('plotly_click', (event) => {
      const clip = event.points[0].customdata;
      if (typeof clip === 'number') Report.change({ clip });
    });
    Report.scatter.noteMissing();
    const trust = Report.data.facts.space?.trustworthiness;
    if (trust) document.getElementById('trust').textContent = `The t-SNE layout keeps neighbours together with a trustworthiness of ${Report.format.number(trust)} (1 is perfect).`;
  },

  noteMissing() {
    const { clips, clips_shown: shown } = Report.data.facts;
    if (shown === clips) return;
    const text = `${shown.toLocaleString('en-GB')} of ${clips.toLocaleString('en-GB')} clips are drawn: all members of insights and an even sample of the others. Every figure in the tables counts all clips.`;
    document.querySelector('.plot-panel').append(Report.element('p', { class: 'note' }, text));
  },

  set(change) {
    Object.assign(Report.scatter.view, change);
    Report.scatter.draw();
  },

  draw() {
    const { view } = Report.scatter;
    const members = Report.scatter.members();
    const traces = Report.colouring.isCategory(view.colour)
      ? Report.scatter.categoryTraces(members)
      : Report.scatter.numberTraces(members);
    traces.push(...Report.scatter.outlines(members));
    Plotly.react('plot', traces, Report.scatter.layout(), { displaylogo: false, responsive: true, modeBarButtons: [['zoom2d', 'pan2d', 'zoomIn2d', 'zoomOut2d', 'resetScale2d']] });
    Report.scatter.describe();
  },

  members() {
    const { insight } = Report.state;
    return insight === null ? null : new Set(Report.data.insights[insight].members.map((member) => member.clip));
  },

  axes() {
    return Report.scatter.view.layout === 'tsne' ? ['x', 'y'] : ['pca_x', 'pca_y'];
  },

  place(clips) {
    const [x, y] = Report.scatter.axes();
    return {
      x: clips.map((clip) => Report.clips[x][clip]),
      y: clips.map((clip) => Report.clips[y][clip]),
      customdata: clips,
    };
  },

  base(clips) {
    return {
      type: 'scatter',
      mode: 'markers',
      ...Report.scatter.place(clips),
      hoverinfo: 'text',
      text: clips.map(Report.scatter.hover),
      showlegend: false,
    };
  },

  marker(clips, mark, members) {
    const wrong = Report.clips.correct;
    const { crosses } = Report.scatter.view;
    return {
      size: Report.count > 3000 ? 6 : 8,
      symbol: clips.map((clip) => (crosses && wrong[clip] === false ? 'x' : mark)),
      opacity: clips.map((clip) => (members && !members.has(clip) ? 0.22 : 0.9)),
      line: { width: 0.6, color: Report.palette.style('panel') },
    };
  },

  categoryTraces(members) {
    const { view } = Report.scatter;
    const groups = Report.colouring.groups(view.colour);
    Report.scatter.legend(groups);
    return groups.map((group) => ({
      ...Report.scatter.base(group.clips),
      visible: !view.hidden.has(group.text),
      marker: { color: group.colour, ...Report.scatter.marker(group.clips, group.mark, members) },
    }));
  },

  numberTraces(members) {
    const { colour } = Report.scatter.view;
    const values = Report.clips[colour];
    const all = values.map((_, clip) => clip);
    const known = all.filter((clip) => values[clip] !== null);
    const unknown = all.filter((clip) => values[clip] === null);
    const [low, high] = Report.colouring.range(values);
    Report.scatter.legend(unknown.length ? [{ text: `${unknown.length} without this value`, colour: Report.palette.rest, mark: 'circle' }] : []);
    const marker = {
      ...Report.scatter.marker(known, 'circle', members),
      color: known.map((clip) => values[clip]),
      colorscale: Report.palette.scale(),
      cmin: low,
      cmax: high,
      showscale: true,
      colorbar: Report.scatter.colourBar(colour),
    };
    const rest = { ...Report.scatter.base(unknown), marker: { color: Report.palette.rest, ...Report.scatter.marker(unknown, 'circle', members) } };
    return [rest, { ...Report.scatter.base(known), marker }];
  },

  colourBar(name) {
    const field = Report.data.fields.find((each) => each.name === name);
    const [, text, unit] = Report.colouring.numbers.find(([key]) => key === name) ?? [name, Report.format.words(name), field?.unit];
    const title = unit && unit !== '0-1' ? `${text}<br>${unit}` : text;
    return { title: { text: title, side: 'right', font: { size: 12 } }, thickness: 12, len: 0.9, outlinewidth: 0, tickfont: { size: 11 } };
  },

  outlines(members) {
    const traces = [];
    if (members) {
      const clips = [...members];
      traces.push({
        ...Report.scatter.base(clips),
        hoverinfo: 'skip',
        marker: { size: 14, symbol: 'circle-open', color: Report.palette.ink(), line: { width: 1.6 } },
      });
    }
    if (Report.state.clip !== null) {
      traces.push({
        ...Report.scatter.base([Report.state.clip]),
        hoverinfo: 'skip',
        marker: { size: 22, symbol: 'circle-open', color: Report.palette.style('bad'), line: { width: 3 } },
      });
    }
    return traces;
  },

  hover(clip) {
    const { clips, format, escapeForPlot } = Report;
    const lines = [
      `<b>${escapeForPlot(format.fileName(clips.path[clip]))}</b>`,
      `${escapeForPlot(clips.class_name[clip])}${clips.split[clip] ? `, ${escapeForPlot(clips.split[clip])}` : ''}`,
    ];
    if (clips.predicted[clip] !== null) {
      lines.push(`says ${escapeForPlot(clips.predicted[clip])}, loss ${format.number(clips.loss[clip])}`);
    }
    const { colour } = Report.scatter.view;
    if (!Report.colouring.isCategory(colour) && colour !== 'loss') {
      lines.push(`${format.words(colour)} ${format.number(clips[colour][clip])}`);
    }
    lines.push(escapeForPlot(clips.clip_id[clip]));
    return lines.join('<br>');
  },

  legend(groups) {
    const { view } = Report.scatter;
    const toggle = (group) => {
      if (view.hidden.has(group.text)) view.hidden.delete(group.text);
      else view.hidden.add(group.text);
      Report.scatter.draw();
    };
    const entries = groups.map((group) =>
      Report.element(
        'button',
        { type: 'button', 'aria-pressed': String(!view.hidden.has(group.text)), title: group.text, onclick: () => toggle(group) },
        Report.palette.swatch(group.colour, group.mark),
        Report.element('span', { class: 'label' }, group.text),
        group.clips ? Report.element('span', { class: 'faint' }, String(group.clips.length)) : null
      )
    );
    Report.fill('legend', entries);
  },

  describe() {
    const { insight } = Report.state;
    const outlined = document.getElementById('outlined');
    outlined.hidden = insight === null;
    document.getElementById('clear').hidden = insight === null;
    if (insight !== null) {
      const { sentence } = Report.data.insights[insight];
      outlined.replaceChildren(Report.element('span', {}, `Outlined: ${sentence}`));
    }
  },

  layout() {
    const { palette } = Report;
    const axis = { showgrid: false, zeroline: false, showticklabels: false, ticks: '' };
    return {
      margin: { l: 12, r: 12, t: 34, b: 12 },
      paper_bgcolor: palette.style('panel'),
      plot_bgcolor: palette.style('panel'),
      font: { color: palette.style('soft'), family: getComputedStyle(document.body).fontFamily },
      hoverlabel: { bgcolor: palette.style('panel'), bordercolor: palette.style('faint'), font: { color: palette.ink(), size: 12 }, align: 'left' },
      modebar: { bgcolor: 'rgba(0,0,0,0)', color: palette.style('faint'), activecolor: palette.style('accent') },
      hovermode: 'closest',
      dragmode: 'pan',
      uirevision: Report.scatter.view.layout,
      xaxis: axis,
      yaxis: { ...axis, scaleanchor: 'x' },
    };
  },
};

// plotly reads a few tags in texts; with these three escaped it shows every name as it is.
Report.escapeForPlot = (text) =>
  String(text).replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
