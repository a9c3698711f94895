// The page's data and the events that its parts tell one another about.
// Belongs here: reading the embedded data, state shared by parts. Does not: anything drawn.

const Report = {};

Report.data = JSON.parse(document.getElementById('data').textContent);

Report.column = (name) => {
  const column = Report.data.clips[name];
  if (Array.isArray(column)) return column;
  return column.codes.map((code) => (code < 0 ? null : column.labels[code]));
};

Report.clips = Object.fromEntries(
  Object.keys(Report.data.clips).map((name) => [name, Report.column(name)])
);

Report.count = Report.clips.clip_id.length;

Report.state = { insight: null, clip: null };

Report.listeners = [];

Report.onChange = (listener) => Report.listeners.push(listener);

Report.change = (what) => {
  Object.assign(Report.state, what);
  for (const listener of Report.listeners) listener(Object.keys(what));
};
