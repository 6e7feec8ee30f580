/** Copying: a browser does it by itself for pages of HTTPS and of this computer alone; elsewhere the text is marked. */
import { _ } from "#words";

/** Mark a text, so that the keyboard can copy it. @param {HTMLInputElement | HTMLTextAreaElement} field */
export function mark(field) {
  field.focus();
  field.select();
}

/**
 * Copy the text of a field, and say on the button what was done.
 * @param {HTMLInputElement | HTMLTextAreaElement} field
 * @param {HTMLElement} button
 * @returns {Promise<boolean>} Whether it is copied; else it is marked, and the keyboard copies it.
 */
export async function copyFrom(field, button) {
  const usual = button.dataset.usual || button.textContent || "";
  button.dataset.usual = usual;
  let isCopied = true;
  try {
    await navigator.clipboard.writeText(field.value);
  } catch {
    mark(field);
    isCopied = false;
  }
  button.textContent = isCopied ? _("Copied") : _("Selected");
  setTimeout(() => {
    button.textContent = usual;
  }, 1500);
  return isCopied;
}
