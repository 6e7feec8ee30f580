/* What modules ask of a browser while they are loaded, and the little that questions need; imported before them. */

/** Requests that wait for an answer: a test gives it. @type {{url: string, body: string, signal: AbortSignal}[]} */
export const network = { requests: [] };
/** The sentences that were shown. */
export const notices = [];

class Element {
  classList = { remove() {} };
  textContent = "";
  addEventListener() {}
  append(...children) {
    for (const child of children) if (child.tag === "p") notices.push(child.textContent);
  }
  remove() {}
  scrollIntoView() {}
  setAttribute() {}
}

const element = (tag) => Object.assign(new Element(), { tag });

globalThis.window = globalThis;
globalThis.matchMedia = () => ({ matches: false, addEventListener() {} });
globalThis.document = {
  body: element("body"),
  createElement: element,
  getElementById: element,
  querySelector: element,
  querySelectorAll: () => [],
};
globalThis.fetch = (url, { body, signal }) =>
  new Promise((resolve, reject) => {
    network.requests.push({ url, body, signal, resolve, reject });
    signal.addEventListener("abort", () => reject(signal.reason));
  });
