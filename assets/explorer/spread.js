/** Names beside each other that would overlap. */

/**
 * Move heights as little as needed so that no two are closer than `gap`, within 0 and `top`.
 * @param {number[]} heights
 * @param {number} gap
 * @param {number} top
 * @returns {number[]}
 */
export function spread(heights, gap, top) {
  const order = heights.map((_, i) => i).sort((a, b) => heights[a] - heights[b]);
  /** Neighbours that stand gap by gap around the mean of their heights. @type {number[][]} */
  const groups = [];
  const lowest = (/** @type {number[]} */ group) => {
    const half = (gap * (group.length - 1)) / 2;
    const mean = group.reduce((a, b) => a + b, 0) / group.length;
    return Math.min(Math.max(mean, half), Math.max(half, top - half)) - half;
  };
  for (const i of order) {
    groups.push([heights[i]]);
    while (groups.length > 1) {
      const [before, last] = groups.slice(-2);
      if (lowest(last) >= lowest(before) + gap * before.length) break;
      groups.pop();
      before.push(...last);
    }
  }
  const placed = groups.flatMap((group) => group.map((_, k) => lowest(group) + k * gap));
  /** @type {number[]} */
  const found = [];
  order.forEach((i, k) => {
    found[i] = placed[k];
  });
  return found;
}
