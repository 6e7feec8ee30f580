/* Measures the page of the paper from inside it; article.py loads it before the page's own scripts. */
(function () {
  "use strict";

  const PATIENCE = 120000;
  const article = { largest: 0 };
  window.article = article;
  const pictures = () => [...document.querySelectorAll(".picture")];
  const isDrawn = (picture) => Boolean(picture.dataset.look);
  const frame = () => new Promise((resolve) => requestAnimationFrame(resolve));

  new PerformanceObserver((list) => list.getEntries().forEach((entry) => { article.largest = entry.startTime; }))
    .observe({ type: "largest-contentful-paint", buffered: true });

  function isInView(picture) {
    const { top, bottom } = picture.getBoundingClientRect();
    return bottom > 0 && top < innerHeight;
  }

  async function until(condition, what) {
    const end = performance.now() + PATIENCE;
    while (!condition()) {
      if (performance.now() > end) throw new Error(`${what} is not drawn`);
      await frame();
    }
    return performance.now();
  }

  /* All pictures on the screen are drawn; when, in ms since the page was opened. */
  article.firstScreen = () => until(
    () => pictures().length > 0 && pictures().filter(isInView).every(isDrawn), "the first screen");

  article.complete = () => until(() => pictures().every(isDrawn), "the article");

  /* Scroll to the end, so many pixels a second. For each picture that comes into view: how many ms too late it was drawn. */
  article.scroll = async function (speed) {
    const late = new Map(), start = performance.now(), top = scrollY;
    const height = document.documentElement.scrollHeight - innerHeight;
    while (scrollY < height - 1) {
      await frame();
      const now = performance.now();
      scrollTo({ top: Math.min(top + (speed * (now - start)) / 1000, height), behavior: "instant" });
      for (const picture of pictures().filter(isInView)) {
        if (!late.has(picture)) late.set(picture, { seen: now, ms: 0 });
        const entry = late.get(picture);
        if (!isDrawn(picture)) entry.ms = now - entry.seen + 1;
      }
    }
    return [...late].map(([picture, { ms }]) => ({ figure: picture.dataset.figure, ms }));
  };
})();
