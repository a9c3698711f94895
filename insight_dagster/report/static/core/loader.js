// Loading data: scripts that hand over values, because a page at a file's address may not fetch.
// Not here: keeping values, or what is in them.

/** @type {Map<string, { promise: Promise<any>, resolve: (value: any) => void }>} */
const pending = new Map();

window.insightReport = {
  take(name, value) {
    pending.get(name)?.resolve(value);
  },
};

/**
 * Return the value that a script hands over.
 * @param {string} name that the script gives it
 * @param {string} address of the script
 * @returns {Promise<any>} rejects where the script is missing or broken
 */
export function load(name, address) {
  const waiting = pending.get(name);
  if (waiting) return waiting.promise;
  /** @type {(value: any) => void} */
  let resolve = () => {};
  /** @type {(problem: Error) => void} */
  let reject = () => {};
  const promise = new Promise((...settle) => {
    [resolve, reject] = settle;
  });
  pending.set(name, { promise, resolve });
  const script = document.createElement('script');
  /** @param {string} problem */
  const end = (problem) => {
    script.remove();
    pending.delete(name);
    reject(new Error(`${address} ${problem}`)); // without effect once the value was taken
  };
  const again = 'or materialize insight_report again';
  script.addEventListener('load', () =>
    end(`is broken or half written; reload the page, ${again}`),
  );
  script.addEventListener('error', () =>
    end(`is missing; reload the page (new runs replace the oldest ones), ${again}`),
  );
  script.src = address;
  document.head.append(script);
  return promise;
}
