// The summary: tiles, banner, accuracy of every class in every split.

Report.summary = () => {
  const { facts, scores } = Report.data;
  const { element, format } = Report;
  document.getElementById('meta').append(
    `made ${facts.created_at}`,
    ...(facts.model_fingerprint ? [' · model ', element('code', {}, facts.model_fingerprint)] : [])
  );
  if (facts.random_weights) Report.fill('banner', Report.randomBanner());
  Report.fill('tiles', Report.tiles(facts));
  if (!scores.length) {
    Report.fill('scores', Report.empty('No clips yet', 'No clip of the library could be used.'));
    return;
  }
  const splits = ['', ...facts.splits];
  const classes = [...new Set(scores.map((score) => score.class_name))];
  const rows = classes.map((name) =>
    element(
      'tr',
      {},
      element('th', { scope: 'row' }, name),
      splits.map((split) => element('td', {}, Report.score(scores, name, split))),
      element('td', { class: 'number' }, format.number(Report.scoreOf(scores, name, '').mean_loss))
    )
  );
  const headings = splits.map((split) => [split ? `accuracy, ${split}` : 'accuracy', '']);
  Report.fill('scores', Report.table('scores', [['class', ''], ...headings, ['mean loss', 'number']], rows));
};

Report.randomBanner = () =>
  Report.element(
    'p',
    { class: 'banner', role: 'note' },
    Report.element('strong', {}, 'Random weights'),
    Report.element(
      'span',
      {},
      'The model is untrained. Its predictions, the latent space, the insights and the heatmaps on this page say nothing about the clips; metadata and quarantine do.'
    )
  );

Report.tiles = (facts) => {
  const { format } = Report;
  const space = facts.space;
  const tile = (value, name, more) =>
    Report.element(
      'div',
      { class: 'tile' },
      Report.element('span', {}, name),
      Report.element('b', {}, value),
      Report.element('small', {}, more)
    );
  const plural = (count, word) => `${count.toLocaleString('en-GB')} ${word}`;
  return [
    tile(facts.clips.toLocaleString('en-GB'), 'clips', plural(facts.classes.length, facts.classes.length === 1 ? 'class' : 'classes')),
    tile(format.share(facts.accuracy), 'accuracy', facts.scored ? `${facts.scored.toLocaleString('en-GB')} clips scored` : 'no clip scored'),
    tile(Report.data.insights.length, 'insights', Report.data.insights.length ? 'ranked by severity' : 'none above the noise'),
    tile(space ? space.clusters : '–', 'clusters', space ? `${format.share(facts.noise_share)} of clips in none` : 'no latent space yet'),
    tile(space ? format.share(space.explained_variance) : '–', 'variance kept', space ? `${space.components} components` : ''),
    tile(facts.quarantined.toLocaleString('en-GB'), 'quarantined', facts.quarantined ? 'reasons at the end' : 'every clip could be used'),
  ];
};

Report.scoreOf = (scores, name, split) =>
  scores.find((score) => score.class_name === name && score.split === split);

Report.score = (scores, name, split) => {
  const found = Report.scoreOf(scores, name, split);
  if (!found) return Report.element('span', { class: 'faint' }, '–');
  if (!found.scored) return Report.element('span', { class: 'faint' }, `${found.clips} clips, none scored`);
  const share = found.right / found.scored;
  return Report.element(
    'div',
    { class: 'score' },
    Report.bar(share, `${found.right} of ${found.scored} right`),
    Report.element('span', {}, Report.format.share(share)),
    Report.element('span', { class: 'faint' }, `of ${found.scored}`)
  );
};
