/** Groups of radio buttons: one stop of the tab key each, gone through with the arrow keys. */
import { $$ } from "#notices";

/** @type {Record<string, number>} */
const TURNS = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 };

/** Let the arrow keys press the next button of a group, or the one before. @param {HTMLElement} group */
export function bindArrows(group) {
  group.addEventListener("keydown", (event) => {
    const by = TURNS[event.key];
    if (!by) return;
    event.preventDefault();
    const all = () => /** @type {HTMLButtonElement[]} */ ($$("[role=radio]:not(:disabled)", group));
    const at = all().indexOf(/** @type {HTMLButtonElement} */ (document.activeElement));
    const next = (at + by + all().length) % all().length;
    all()[next].click();
    all()[next].focus(); // the press may have made other buttons
  });
}

/** Show which button of a group is chosen. @param {HTMLElement[]} buttons @param {(button: HTMLElement) => boolean} isChosen */
export function showChoice(buttons, isChosen) {
  for (const button of buttons) {
    const on = isChosen(button);
    button.setAttribute("aria-checked", String(on));
    button.tabIndex = on ? 0 : -1;
  }
}
