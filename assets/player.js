/* The clock: one integer t for every panel. Playing and scrubbing never ask the server. */
(function (latent) {
  "use strict";

  const STEPS_PER_SECOND = 10; // at speed 1
  const player = { t: 0, fraction: 0, length: 60, playing: false };
  latent.player = player;
  const $ = (selector) => document.querySelector(selector);
  const calm = window.matchMedia("(prefers-reduced-motion: reduce)");
  let scrubber, before;

  /* Go to a step; `fraction` is how far the picture is on its way to the next one while it plays. */
  player.set = function (t, fraction) {
    player.t = Math.min(Math.max(Math.round(t), 0), player.length);
    player.fraction = player.t < player.length ? fraction || 0 : 0;
    if (scrubber && Number(scrubber.value) !== player.t) scrubber.value = player.t;
    if (scrubber) {
      scrubber.style.setProperty("--share", player.t / player.length);
      scrubber.setAttribute("aria-valuetext", `step ${player.t} of ${player.length}`);
    }
    $("#clock").textContent = `t = ${player.t} / ${player.length}`;
    latent.panels.redraw();
    if (!player.playing) latent.screen.set("t", player.t);
  };

  player.setLength = function (length) {
    player.length = length;
    if (scrubber) scrubber.max = length;
    if (player.t > length) player.set(length);
    else if (scrubber) player.set(player.t);
  };

  player.pause = function () {
    if (!player.playing) return;
    player.playing = false;
    button();
    player.set(player.t);
  };

  player.play = function () {
    if (player.t >= player.length) player.set(0);
    player.playing = true;
    before = null;
    button();
    requestAnimationFrame(advance);
  };

  player.step = function (by) { player.pause(); player.set(player.t + by); };
  player.toggle = () => (player.playing ? player.pause() : player.play());

  function button() {
    const play = $("#play");
    play.textContent = player.playing ? "❚❚" : "▶";
    play.setAttribute("aria-label", player.playing ? "Pause" : "Play");
    play.title = (player.playing ? "Pause" : "Play") + " (space)";
  }

  function advance(now) {
    if (!player.playing) return;
    if (before !== null && !document.hidden) {
      const steps = (Math.min(now - before, 250) / 1000) * STEPS_PER_SECOND * Number(latent.screen.state.speed);
      const position = Math.min(player.t + (player.exact || 0) + steps, player.length);
      const t = Math.floor(position);
      player.exact = position - t;
      if (position >= player.length) { player.exact = 0; player.set(player.length); player.pause(); return; }
      player.set(t, calm.matches ? 0 : player.exact);
    }
    before = now;
    requestAnimationFrame(advance);
  }

  player.bind = function () {
    scrubber = latent.range(0, player.length, 1, "Step t");
    $("#scrubber").append(scrubber);
    scrubber.addEventListener("input", () => { player.pause(); player.set(Number(scrubber.value)); });
    $("#play").addEventListener("click", player.toggle);
    $("#back").addEventListener("click", () => player.step(-1));
    $("#forward").addEventListener("click", () => player.step(1));
    $("#replay").addEventListener("click", () => { player.pause(); player.set(0); player.play(); });
    document.addEventListener("keydown", keys);
    // after a click by pointer the space key is again the clock's, not the button's
    $(".transport").addEventListener("click", (event) => { if (event.detail && event.target.closest("button")) event.target.closest("button").blur(); });
  };

  const KEYS = {
    " ": player.toggle, ArrowLeft: () => player.step(-1), ArrowRight: () => player.step(1),
    Home: () => player.step(-Infinity), End: () => player.step(Infinity),
  };

  function keys(event) {
    const typing = event.target.closest("input, textarea, select, [role=radio]");
    const pressing = event.key === " " && event.target.closest("button, summary, a");
    if (typing || pressing || event.ctrlKey || event.metaKey || event.altKey || !KEYS[event.key]) return;
    event.preventDefault();
    KEYS[event.key]();
  }
})(window.latent);
