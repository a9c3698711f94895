// What the page reads: scripts that hand over values, because no page at a file's address may
// fetch. Belongs here: loading and keeping them. Does not: what is in them.

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
    script.src = address;
    script.addEventListener('load', () => script.remove());
    script.addEventListener('error', () => {
      asked.delete(name);
      script.remove();
      request.reject(new Error(`${address} is missing; materialize insight_report again`));
    });
    document.head.append(script);
  }
  return asked.get(name).promise;
}
