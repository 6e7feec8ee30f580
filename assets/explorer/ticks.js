/** Ticks above the scrubber: where the highlighted run is nearest to memory, concept and abstract concept. */
import { $ } from "#notices";
import { beside, shownRun } from "#shown";
import { _ } from "#words";

const TITLES = [_("nearest to own memory"), _("nearest to concept"), _("nearest to abstract concept")];
let drawn = "";

/** Draw them where they have changed. */
export function drawTicks() {
  const run = shownRun();
  if (!run) return;
  const { minimum_step, steps } = run.share < 0.5 ? run.from : run.to;
  const end = Math.max(steps - 1, beside.steps);
  const key = `${minimum_step} ${end}`;
  if (key === drawn) return;
  drawn = key;
  const ticks = Array.from(minimum_step, (step, i) => {
    const tick = document.createElement("i");
    tick.className = `point-${i}`;
    tick.style.left = `${(100 * step) / end}%`;
    tick.title = TITLES[i];
    return tick;
  });
  $("#ticks").replaceChildren(...ticks);
}
