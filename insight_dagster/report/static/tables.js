// The confusion matrix and the quarantined clips.

Report.confusion = {
  start() {
    const { confusion } = Report.data;
    if (!confusion.classes.length) {
      Report.fill('matrix', Report.empty('No predictions yet', 'The matrix appears once the model has seen the clips.'));
      return;
    }
    if (confusion.splits.length > 2) {
      document.getElementById('confusion-controls').append(Report.element('div', { class: 'segmented', id: 'confusion-split', role: 'group', 'aria-label': 'Split' }));
      Report.segmented('confusion-split', confusion.splits.map((split, index) => [index, split || 'all splits']), 0, Report.confusion.draw);
    }
    Report.confusion.draw(0);
  },

  draw(split) {
    const { confusion } = Report.data;
    const { element } = Report;
    const rows = confusion.counts[split];
    const others = rows.some((row) => row.other);
    const headings = [['labelled', ''], ...confusion.classes.map((name) => [name, 'column']), ...(others ? [['other labels', 'column']] : []), ['clips', 'column']];
    const body = rows.map((row, index) => {
      const total = row.counts.reduce((sum, count) => sum + count, row.other);
      const cells = row.counts.map((count, column) => Report.confusion.cell(count, total, column === index));
      const most = row.most.map(([label, count]) => `${label}: ${count}`).join('\n');
      if (others) cells.push(Report.confusion.cell(row.other, total, false, most));
      return element('tr', {}, element('th', { scope: 'row' }, confusion.classes[index]), cells, element('td', { class: 'soft' }, String(total)));
    });
    const note = confusion.left_out > 0 ? element('p', { class: 'note' }, `The classes with most errors are shown; ${confusion.left_out} more are left out.`) : null;
    Report.fill('matrix', Report.table(confusion.classes.length > 8 ? 'matrix many' : 'matrix', headings, body), note);
  },

  cell(count, total, own, hint) {
    const share = total ? count / total : 0;
    const tone = own ? 'good' : 'bad';
    const style = count ? { background: `color-mix(in srgb, var(--${tone}) ${Math.round(7 + 45 * share)}%, var(--panel))` } : {};
    return Report.element(
      'td',
      { class: own ? 'own' : null, style, title: hint || null },
      count ? String(count) : '·',
      count ? Report.element('small', {}, Report.format.share(share)) : null
    );
  },
};

Report.quarantine = () => {
  const { quarantine } = Report.data;
  const { element } = Report;
  if (!quarantine.length) {
    Report.fill('quarantined', Report.empty('Nothing is quarantined', 'Every clip of the library could be decoded.'));
    return;
  }
  const rows = quarantine.map((row) =>
    element(
      'tr',
      {},
      element('td', {}, element('code', {}, Report.breakable(row.path))),
      element('td', { class: 'wrap' }, row.class_name),
      element('td', {}, row.split || '–'),
      element('td', { class: 'wrap' }, row.problem ?? 'no reason was recorded')
    )
  );
  Report.fill('quarantined', Report.table('plain', [['clip', ''], ['class', ''], ['split', ''], ['why it was left out', '']], rows));
};
