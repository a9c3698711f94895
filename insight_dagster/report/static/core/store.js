// What the page reads: scripts that hand over values, because no page at a file's address may
// fetch. Belongs here: loading. Does not: keeping values, or what is in them.

const asked = new Map();

window.insightReport = {
  take(name, value) {
    asked.get(name)?.resolve(value);
  },
};

// The value that the script at an address hands over under a name.
export function load(name, address) {
  if (!asked.has(name)) {
    const request = {};
    request.promise = new Promise((resolve, reject) => Object.assign(request, { resolve, reject }));
    asked.set(name, request);
    const script = document.createElement('script');
    const end = (problem) => {
      script.remove();
      asked.delete(name);
      request.reject(new Error(problem)); // of no effect once the value was taken
    };
    script.addEventListener('load', () =>
      end(
        `${address} is broken or half written; load the page again, or materialize insight_report again`,
      ),
    );
    script.addEventListener('error', () =>
      end(
        `${address} is missing; load the page again (old runs make room for new ones), or materialize insight_report again`,
      ),
    );
    script.src = address;
    document.head.append(script);
  }
  return asked.get(name).promise;
}
