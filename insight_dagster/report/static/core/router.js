// Addresses of views: `#/view/part?name=value`, which can be kept, sent and gone back to.

/** @typedef {Record<string, string>} Params */
/** @typedef {Record<string, string | null | undefined>} Changes null removes a parameter */

/**
 * Return the parts and parameters of an address.
 * @param {string} hash
 * @returns {{ path: string[], params: Params }}
 */
export function parse(hash) {
  const [path, query] = hash.replace(/^#\/?/, '').split('?');
  return {
    path: path.split('/').filter(Boolean).map(decoded),
    params: Object.fromEntries(new URLSearchParams(query ?? '')),
  };
}

/** @param {string} part */
function decoded(part) {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

/**
 * Return the address of a view of the run that is shown.
 * @param {string[]} path
 * @param {Changes} params
 */
export function to(path, params = {}) {
  const { run } = parse(location.hash).params;
  const known = Object.entries({ run, ...params }).flatMap(([name, value]) =>
    value ? [[name, value]] : [],
  );
  const query = new URLSearchParams(known).toString();
  return `#/${path.map(encodeURIComponent).join('/')}${query ? `?${query}` : ''}`;
}

/** Whether the last change of the address came from the view itself, by `change`. */
export const lastChange = { byView: false };

/**
 * Change parameters of the view that is shown.
 * @param {Changes} params
 * @param {{ step?: boolean }} options step: whether the way back leads to the address before
 */
export function change(params, { step = false } = {}) {
  const shown = parse(location.hash);
  lastChange.byView = true;
  const address = to(shown.path, { ...shown.params, ...params });
  if (step) location.hash = address;
  else {
    history.replaceState(null, '', address);
    window.dispatchEvent(new HashChangeEvent('hashchange'));
  }
}
