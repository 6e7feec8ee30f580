/** Choosing the highlighted image: by its picture, or at random. */
import { nibbles } from "#decode";
import { paintTile } from "#filmstrip";
import { $, $$ } from "#notices";
import { refresh } from "#questions";
import { isSettled, screen, set } from "#state";
import { _ } from "#words";

/** The images that are shown, and what they are of. */
const gallery = { scope: "", isOpen: false };

/** All that the pictures depend on. */
const scope = () => [screen.model, screen.state.source, screen.state.label].join(" ");

/** The pictures that are wanted and not here; null where there are none. */
export function wantedGallery() {
  return gallery.isOpen && isSettled() && gallery.scope !== scope() ? scope() : null;
}

/** @param {import("./types").GalleryPayload} reply @param {string} of */
export function takeGallery(reply, of) {
  gallery.scope = of;
  const greys = nibbles(reply.images);
  const pixels = reply.shape[0] * reply.shape[1];
  const buttons = Array.from({ length: greys.length / pixels }, (_each, i) => {
    const button = document.createElement("button");
    const canvas = document.createElement("canvas");
    Object.assign(button, { type: "button", title: _("image {n}", { n: i }) });
    button.setAttribute("aria-label", _("Image {n}", { n: i }));
    canvas.className = "tile";
    paintTile(canvas, greys, i * pixels, /** @type {[number, number]} */ (reply.shape));
    button.append(canvas);
    button.addEventListener("click", () => set("sample", i));
    return button;
  });
  $("#gallery-images").replaceChildren(...buttons);
  showChosen();
}

/** Mark the image that is highlighted. */
export function showChosen() {
  $$("#gallery-images button").forEach((button, i) => {
    button.setAttribute("aria-pressed", String(i === screen.state.sample));
  });
}

/** Bind the two buttons. */
export function bindGallery() {
  $("#random-sample").addEventListener("click", () => {
    const count = (screen.facts?.limits.sample || 0) + 1;
    const other = Math.floor(Math.random() * (count - 1)); // never the one that is shown
    set("sample", other + (other >= screen.state.sample ? 1 : 0));
  });
  $("#open-gallery").addEventListener("click", () => {
    gallery.isOpen = !gallery.isOpen;
    $("#gallery-images").hidden = !gallery.isOpen;
    $("#open-gallery").setAttribute("aria-expanded", String(gallery.isOpen));
    refresh();
  });
}
