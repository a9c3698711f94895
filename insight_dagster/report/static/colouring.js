// What a dot's colour can stand for: categories and numbers of the clips.

Report.colouring = {
  categories: [
    ['class_name', 'class'],
    ['predicted', 'predicted class'],
    ['correct', 'right or wrong'],
    ['split', 'split'],
    ['cluster', 'cluster'],
  ],

  numbers: [
    ['loss', 'loss', 'nat'],
    ['probability', 'probability of the own class', '0-1'],
    ['margin', 'margin', ''],
    ['entropy', 'entropy of the prediction', 'nat'],
    ['strength', 'cluster membership', '0-1'],
  ],

  fill(select) {
    const group = (label, options) =>
      Report.element(
        'optgroup',
        { label },
        options.map(([value, text]) => Report.element('option', { value }, text))
      );
    const fields = Report.data.fields.map((field) => [field.name, Report.format.words(field.name)]);
    select.append(
      group('category', Report.colouring.categories),
      group('model', Report.colouring.numbers),
      group('metadata', fields)
    );
  },

  isCategory(name) {
    return Report.colouring.categories.some(([key]) => key === name);
  },

  label(name, value) {
    if (value === null) return name === 'correct' ? 'not scored' : 'unknown';
    if (name === 'correct') return value ? 'right' : 'wrong';
    if (name === 'cluster') return value < 0 ? 'in no cluster' : `cluster ${value}`;
    if (name === 'split') return value || 'no split';
    return String(value);
  },

  // Groups of clip positions in legend order; what exceeds the palette becomes one grey group.
  groups(name) {
    const members = new Map();
    Report.clips[name].forEach((value, clip) => {
      if (!members.has(value)) members.set(value, []);
      members.get(value).push(clip);
    });
    const isRest = (value) => value === null || (name === 'cluster' && value < 0);
    const known = [...members.keys()].filter((value) => !isRest(value));
    known.sort((a, b) => members.get(b).length - members.get(a).length);
    const most = Report.palette.most();
    const shown = known.slice(0, most).sort(Report.colouring.order);
    const groups = shown.map((value, index) => ({
      text: Report.colouring.label(name, value),
      clips: members.get(value),
      ...Report.colouring.paint(name, value, index),
    }));
    const more = known.slice(most).flatMap((value) => members.get(value));
    if (more.length) groups.push({ text: `${known.length - most} others`, clips: more, colour: Report.palette.rest, mark: 'circle' });
    for (const value of [...members.keys()].filter(isRest)) {
      groups.unshift({ text: Report.colouring.label(name, value), clips: members.get(value), colour: Report.palette.rest, mark: 'circle' });
    }
    return groups;
  },

  order(a, b) {
    return typeof a === 'number' || typeof a === 'boolean' ? Number(b) < Number(a) ? 1 : -1 : String(a).localeCompare(String(b));
  },

  paint(name, value, index) {
    if (name === 'correct') return { colour: value ? Report.palette.colours[0] : Report.palette.colours[1], mark: 'circle' };
    return Report.palette.category(index);
  },

  // Ends of the colour scale: the middle 96 %, so that one outlier does not flatten the rest.
  range(values) {
    const known = values.filter((value) => value !== null).sort((a, b) => a - b);
    if (!known.length) return [0, 1];
    const at = (share) => known[Math.round(share * (known.length - 1))];
    const [low, high] = [at(0.02), at(0.98)];
    return low < high ? [low, high] : [known[0], Math.max(known[known.length - 1], known[0] + 1e-9)];
  },
};
