// Addresses of views: `#/view/part?name=value`, which can be kept, sent and gone back to.

export function parse(hash) {
  const [path, query] = hash.replace(/^#\/?/, '').split('?');
  return {
    path: path.split('/').filter(Boolean).map(decoded),
    params: Object.fromEntries(new URLSearchParams(query ?? '')),
  };
}

function decoded(part) {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

// The address of a view; the run that is looked at stays the same.
export function to(path, params = {}) {
  const { run } = parse(location.hash).params;
  const known = Object.entries({ run, ...params }).filter(
    ([, value]) => value !== undefined && value !== null && value !== '',
  );
  const query = new URLSearchParams(known).toString();
  return `#/${path.map(encodeURIComponent).join('/')}${query ? `?${query}` : ''}`;
}

export const went = { byChange: false }; // whether the view itself changed its address

// Changes the present view's parameters without a step back, or with one.
export function change(params, { step = false } = {}) {
  const now = parse(location.hash);
  went.byChange = true;
  const address = to(now.path, { ...now.params, ...params });
  if (step) location.hash = address;
  else {
    history.replaceState(null, '', address);
    window.dispatchEvent(new HashChangeEvent('hashchange'));
  }
}
