/** Taking the screen along: as one HTML file that needs no server, or as a frame in a page of a course. */
import { query } from "#address";
import { copyFrom } from "#copying";
import { download, fetched } from "#export-files";
import { ensembleScope, ensembles, grid, runScope, runs } from "#film";
import { $, write } from "#notices";
import { player } from "#player";
import { serverPath } from "#requests";
import { shownSweep } from "#shown";
import { isSettled, screen } from "#state";
import { _ } from "#words";

const USUAL = _("Save as HTML");
const LOOK = 300; // ms between two looks at what is still on its way

/** The save that is under way. @type {AbortController | null} */
let saving = null;

/** A link's query for the screen of now, which names its model. */
function screenQuery() {
  return query(screen.fields, { ...screen.state, model: screen.model, t: player.t }, false);
}

/** The values of p whose runs are here. */
function countHere() {
  const all = Math.round(1 / grid.step) + 1;
  const { noise } = screen.state;
  const missing = Math.max(ensembles.missing(ensembleScope(), noise).length, runs.missing(runScope(), noise).length);
  return { all, here: isSettled() && shownSweep() ? all - missing : 0 };
}

/**
 * What the server has sent already it gives again at once: only then it is asked for the file.
 * @param {AbortSignal} signal
 * @param {string} size That the file will have at most.
 */
async function complete(signal, size) {
  for (;;) {
    const { all, here } = countHere();
    if (here === all || signal.aborted) return;
    write(
      "#save-state",
      _("Waiting for the runs at every p: {here} of {all}. The file will have {size} at most.", { here, all, size }),
    );
    await new Promise((resolve) => setTimeout(resolve, LOOK));
  }
}

/**
 * How large the file will be, asked before anything is waited for; empty where it would be too large, which is said.
 * @param {AbortSignal} signal
 */
async function foreseen(signal) {
  const answer = await fetched(`${serverPath()}saved-size.json?${screenQuery()}`, signal);
  return answer ? `${(JSON.parse(new TextDecoder().decode(answer.bytes)).bytes / 1e6).toFixed(1)} MB` : "";
}

/** Save the screen, or leave the save that is under way. */
async function save() {
  if (saving) {
    saving.abort();
    return;
  }
  const mine = new AbortController();
  const { signal } = mine;
  saving = mine;
  write("#save-html", _("Cancel"));
  let state = "";
  try {
    const size = await foreseen(signal);
    if (!size) return;
    await complete(signal, size);
    write("#save-state", _("Writing the file …"));
    const file = await fetched(`${serverPath()}saved.html?${screenQuery()}`, signal);
    if (file) {
      download([file.bytes], file.name);
      state = _("Saved as {name}, {size} MB.", { name: file.name, size: (file.bytes.length / 1e6).toFixed(1) });
    }
  } finally {
    saving = null;
    write("#save-state", state);
    write("#save-html", USUAL);
  }
}

/**
 * The HTML that shows a page in a frame.
 * @param {string} address
 * @param {string} title
 */
export function frameCode(address, title) {
  const inHtml = (/** @type {string} */ text) =>
    text.replaceAll("&", "&amp;").replaceAll('"', "&quot;").replaceAll("<", "&lt;");
  const attributes = `src="${inHtml(address)}" title="${inHtml(title)}"`;
  return `<iframe ${attributes} width="100%" height="900" style="border: 0" loading="lazy" allow="clipboard-write"></iframe>`;
}

/** Write the code for the screen of now. */
function writeCode() {
  const address = new URL(`?${screenQuery()}`, location.href).href;
  const code = /** @type {HTMLTextAreaElement} */ ($("#frame-code"));
  code.value = frameCode(address, _("Latent Trajectories: repeated inference in a variational autoencoder"));
}

/** Connect the sheet behind "Share". */
export function bindShare() {
  const sheet = /** @type {HTMLDetailsElement} */ ($("#share"));
  const code = document.createElement("textarea");
  Object.assign(code, { id: "frame-code", readOnly: true, rows: 4, spellcheck: false });
  $("#frame-place").append(code);
  sheet.addEventListener("toggle", () => sheet.open && writeCode());
  $("#save-html").addEventListener("click", save);
  $("#copy-frame").addEventListener("click", () => copyFrom(code, $("#copy-frame")));
  document.addEventListener("pointerdown", (event) => {
    if (sheet.open && !sheet.contains(/** @type {Node} */ (event.target))) sheet.open = false;
  });
  sheet.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    sheet.open = false;
    $("summary", sheet).focus();
  });
}
