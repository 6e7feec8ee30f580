/** Training a model or fetching images from the explorer: an offer, an estimate, progress, cancel. */
import { $, $$, button, notice } from "#notices";
import { post } from "#questions";
import { initial, screen, tell } from "#state";
import { _ } from "#words";

/** @typedef {{ action: string, dataset: string, n_latent: number }} Wish */
/** @type {{ row: HTMLElement, box: HTMLElement, wish: Wish, key: string } | null} */
let job = null;

/** @param {string[]} sentences @param {Wish} wish */
function open(sentences, wish) {
  job?.box.remove();
  const row = document.createElement("div");
  row.className = "job";
  row.innerHTML = '<span class="text"></span><progress max="1" value="0" hidden></progress>';
  job = { row, wish, box: notice(sentences, row), key: "" };
  return job;
}

/** @param {Record<string, unknown>} data */
async function ask(data) {
  const mine = job;
  const answer = await post("job", data, new AbortController().signal, () => true);
  if (job !== mine || !job) return;
  if (answer.said) notice(answer.said);
  if (answer.data) take(answer.data);
  else if (job.key && !answer.said) setTimeout(poll, 2000); // one lost answer: the job goes on
}

const poll = () => job?.key && ask({ action: "status", key: job.key });

/**
 * Offer to train what is not here.
 * @param {string} dataset
 * @param {number} n_latent
 * @param {string[]} [sentences]
 */
export function offerTraining(dataset, n_latent, sentences) {
  const wish = { action: "train", dataset, n_latent };
  const { row } = open(
    sentences || [_("A model of this data set with N_z = {n} can be trained here.", { n: n_latent })],
    wish,
  );
  $(".text", row).textContent = _("Estimating how long it takes …");
  row.append(button(_("Train it"), () => start(wish)));
  ask({ action: "estimate", dataset, n_latent });
}

/** @param {Wish} wish */
function start(wish) {
  if (!job || wish.action === "download")
    open([wish.action === "download" ? _("Fetching the original images.") : ""], wish);
  for (const each of $$("button", job?.row)) each.remove();
  if (job) job.wish = wish;
  ask(wish);
}

/** Fetch the original images of the data set on the screen. */
export function fetchImages() {
  const { dataset, n_latent } = screen.state;
  start({ action: "download", dataset, n_latent });
}

/** @param {import("./types").JobReply} reply */
function take(reply) {
  if (!job) return;
  const { row } = job;
  const bar = /** @type {HTMLProgressElement} */ ($("progress", row));
  const text = $(".text", row);
  if (reply.estimate) {
    text.textContent = reply.estimate;
    return;
  }
  job.key = reply.key;
  const isBusy = reply.state === "waiting" || reply.state === "running";
  bar.hidden = !isBusy;
  bar.value = reply.fraction;
  text.textContent = isBusy
    ? `${Math.round(reply.fraction * 100)} % · ${reply.text}`
    : reply.state === "done"
      ? _("Done.")
      : reply.text;
  if (isBusy) {
    if (!$("button", row)) row.append(button(_("Cancel"), () => ask({ action: "cancel", key: reply.key })));
    setTimeout(poll, 700);
    return;
  }
  for (const each of $$("button", row)) each.remove();
  if (reply.state === "done") row.append(button(job.wish.action === "train" ? _("Show it") : _("Use them"), use));
}

/** Show what has been trained or fetched. */
function use() {
  if (!job) return;
  const { wish, box } = job;
  if (wish.action === "train") {
    Object.assign(screen.state, { dataset: wish.dataset, n_latent: wish.n_latent, model: "", beta: initial("beta") });
    screen.model = "";
  } else screen.state.source = "original";
  screen.settled = ""; // the same state may now mean another model
  tell(wish.action === "train" ? "n_latent" : "source");
  box.remove();
  job = null;
}
