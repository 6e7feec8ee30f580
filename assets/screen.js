/* The state of the screen in the browser: widgets, address, questions to the server. One object, one list of fields
 * (ScreenState in controls.py). Nothing here draws a panel. */
window.latent = window.latent || {};

(function (latent) {
  "use strict";

  const screen = { fields: [], state: {}, facts: null, client: Math.random().toString(36).slice(2, 12), sequence: 0 };
  latent.screen = screen;

  /* Which questions a change of a field asks again, and how often at most (ms) while a finger drags. */
  const ASKS = {
    dataset: ["settle"], n_latent: ["settle"], beta: ["settle"], model: ["settle"], source: ["settle"],
    label: ["run", "cloud", "curves", "sweep"], noise_kind: ["run", "cloud", "curves", "sweep"],
    noise: ["run", "cloud", "curves"], seed: ["run", "cloud", "curves"], n_steps: ["run", "cloud", "curves"],
    sample: ["run"], n_runs: ["cloud", "curves"], window: ["cloud"], basis: ["cloud"],
    curves: ["curves"], theme: ["cloud", "curves", "sweep"], t: [], speed: [],
  };
  const FOLLOW = ["cloud", "curves"];
  const CHOOSE = ["dataset", "n_latent", "beta", "model"]; // fields that another model belongs to
  const EVERY = { settle: 0, run: 30, cloud: 150, curves: 150, sweep: 50, image: 0 };

  const $ = (selector, root) => (root || document).querySelector(selector);
  const $$ = (selector, root) => Array.from((root || document).querySelectorAll(selector));
  const say = (id, props) => window.dash_clientside.set_props(id, props);

  // ---- address

  function query(state, whole) {
    const pairs = screen.fields
      .filter((f) => f.name === "v" || whole || state[f.name] !== f.default)
      .map((f) => [f.key, String(state[f.name])]);
    return new URLSearchParams(pairs).toString();
  }
  screen.query = () => query(screen.state, false);

  let writing = null;
  function writeAddress() {
    clearTimeout(writing);
    writing = setTimeout(() => history.replaceState(null, "", "?" + screen.query()), 300);
  }

  // ---- questions

  const timers = {}, last = {}, asked = {}, tries = {}, touched = new Set(); // fields changed since the last "settle" was asked
  function ask(route, extra) {
    const wait = (last[route] || 0) + EVERY[route] - performance.now();
    clearTimeout(timers[route]);
    if (wait > 0) {
      timers[route] = setTimeout(() => ask(route, extra), wait);
      return;
    }
    last[route] = performance.now();
    const settle = route === "settle";
    if (settle) touched.clear();
    const state = Object.assign({}, screen.state, settle ? {} : { theme: latent.theme() }, (extra && extra.state) || {});
    const data = { query: (extra && extra.query) || query(state, false), client: screen.client, sequence: ++screen.sequence };
    if (extra && extra.changed) data.changed = extra.changed;
    if (!settle && screen.model) data.model = screen.model; // gone meanwhile? no other one may answer
    asked[route] = data.sequence;
    if (!(extra && extra.again)) tries[route] = 0;
    if (route === "cloud") latent.panels.waiting(true);
    say("ask-" + route, { data });
  }
  screen.ask = ask;

  /* A question that found the server busy is asked again after a while, the longer the oftener, unless it has become
   * an old one. Not all at the same moment: a class of thirty found it busy. */
  function busy(reply) {
    if (!reply || reply.sequence !== asked[reply.route]) return;
    latent.panels.busy(reply.route, reply.text);
    const wait = 700 * Math.pow(1.6, Math.min(tries[reply.route]++, 6)) * (0.75 + 0.5 * Math.random());
    timers[reply.route] = setTimeout(() => ask(reply.route, { again: true }), wait);
  }

  /* The run goes first, the finger is on it; the cloud follows when it is here, or when it had its start. */
  const behind = new Set();
  let patience = null;
  function askAll(routes, changed) {
    const first = routes.includes("run") ? routes.filter((route) => !FOLLOW.includes(route)) : routes;
    first.forEach((route) => ask(route, route === "settle" ? { changed } : null));
    routes.filter((route) => !first.includes(route)).forEach((route) => behind.add(route));
    if (behind.size && !patience) patience = setTimeout(catchUp, 25);
  }
  function catchUp() {
    clearTimeout(patience);
    patience = null;
    behind.forEach((route) => ask(route));
    behind.clear();
  }

  /* Set a field: widgets, address and panels follow; what depends on it is asked again. */
  screen.set = function (name, value) {
    if (screen.state[name] === value) return;
    screen.state[name] = value;
    touched.add(name);
    if (name === "dataset" || name === "n_latent") Object.assign(screen.state, { model: "", beta: initial("beta") });
    if (name === "beta") screen.state.model = "";
    if (CHOOSE.includes(name)) screen.model = "";
    if (name === "dataset") Object.assign(screen.state, { source: "auto", n_runs: unlimited("n_runs"), sample: unlimited("sample") });
    if (name === "theme") latent.applyTheme();
    if (name === "n_steps") latent.player.setLength(value);
    show(name);
    writeAddress();
    latent.panels.changed(name);
    askAll(ASKS[name], name);
  };

  /* A value that only the model's limit brought down goes back to its default with another model. */
  function unlimited(name) {
    const value = screen.state[name];
    if (!screen.facts || value !== screen.facts.limits[name]) return value;
    return initial(name);
  }
  const initial = (name) => screen.fields.find((f) => f.name === name).default;

  // ---- widgets

  const widgets = {};

  function range(low, high, step, label) {
    const input = document.createElement("input");
    Object.assign(input, { type: "range", min: low, max: high, step });
    input.setAttribute("aria-label", label);
    return input;
  }
  latent.range = range;

  const shown = {
    noise: (v) => v.toFixed(3).replace(/0$/, ""), n_latent: String, n_runs: String, n_steps: String, window: String,
  };

  function bindSlider(root, name) {
    const { low, high, step, label } = root.dataset;
    const input = range(low, high, step, label);
    $(".input", root).append(input);
    input.addEventListener("input", () => screen.set(name, Number(input.value)));
    return (value) => {
      input.value = value;
      input.style.setProperty("--share", (value - input.min) / (input.max - input.min));
      input.setAttribute("aria-valuetext", shown[name](value));
      $(".value", root).textContent = shown[name](value);
    };
  }

  function bindSteps(root, name) {
    const input = range(0, 0, 1, root.dataset.label);
    const place = $(".input", root);
    place.append(input);
    const values = () => (screen.facts ? screen.facts.latents : []);
    input.addEventListener("input", () => screen.set(name, values()[Number(input.value)]));
    return (value) => {
      const all = values();
      input.max = Math.max(all.length - 1, 0);
      input.disabled = all.length < 2;
      input.value = all.indexOf(value);
      input.style.setProperty("--share", all.length > 1 ? all.indexOf(value) / (all.length - 1) : 0);
      input.setAttribute("aria-valuetext", String(value));
      $(".value", root).textContent = value;
    };
  }

  function bindNumber(root, name) {
    const { low, high, label } = root.dataset;
    const input = document.createElement("input");
    Object.assign(input, { type: "number", min: low, max: high, step: 1, inputMode: "numeric" });
    input.setAttribute("aria-label", label);
    const step = (by) => set((screen.state[name] + by - low + (input.max - low + 1)) % (input.max - low + 1) + Number(low));
    const set = (value) => {
      const whole = Math.round(Number(value));
      if (String(value).trim() === "" || !Number.isFinite(whole)) input.value = screen.state[name];
      else screen.set(name, Math.min(Math.max(whole, Number(low)), Number(input.max)));
      input.value = screen.state[name];
    };
    const button = (text, by, what) => {
      const element = document.createElement("button");
      Object.assign(element, { type: "button", textContent: text, className: "step" });
      element.setAttribute("aria-label", what + " " + label.toLowerCase());
      element.addEventListener("click", () => step(by));
      return element;
    };
    $(".input", root).append(button("‹", -1, "Previous"), input, button("›", 1, "Next"));
    input.addEventListener("change", () => set(input.value));
    return (value) => { input.value = value; };
  }

  function bindChoice(root, name) {
    const group = $("[role=radiogroup]", root);
    const buttons = () => $$("[role=radio]", group);
    group.addEventListener("click", (event) => {
      const button = event.target.closest("[role=radio]");
      if (button && !button.disabled) screen.set(name, typed(name, button.dataset.value));
    });
    group.addEventListener("keydown", (event) => {
      const by = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
      if (!by) return;
      event.preventDefault();
      const all = buttons().filter((b) => !b.disabled);
      const next = all[(all.indexOf(document.activeElement) + by + all.length) % all.length];
      next.focus();
      next.click();
    });
    return (value) => buttons().forEach((button) => {
      const on = button.dataset.value === String(value);
      button.setAttribute("aria-checked", on);
      button.tabIndex = on ? 0 : -1;
    });
  }

  function typed(name, text) {
    const field = screen.fields.find((f) => f.name === name);
    return typeof field.default === "number" ? Number(text) : text;
  }

  const BIND = { slider: bindSlider, steps: bindSteps, number: bindNumber, choice: bindChoice };

  function bindWidgets() {
    $$(".widget").forEach((root) => { widgets[root.dataset.field] = BIND[root.dataset.kind](root, root.dataset.field); });
    const n = document.createElement("input");
    Object.assign(n, { type: "number", id: "train-n", min: 1, max: 512, value: 50 });
    $("#train-n-place").append(n);
    $("#train-ask").addEventListener("click", () => offer(screen.state.dataset, Math.min(Math.max(Number(n.value) || 1, 1), 512)));
    $("#new-noise").addEventListener("click", () => screen.set("seed", Math.floor(Math.random() * 1e6)));
    $("#fetch").addEventListener("click", () => startJob({ action: "download", dataset: screen.state.dataset, n_latent: screen.state.n_latent }));
    $("#copy-link").addEventListener("click", copyLink);
    $("#toggle-theme").addEventListener("click", () => screen.set("theme", latent.theme() === "dark" ? "light" : "dark"));
    $("#open-rail").addEventListener("click", () => { $("#rail").classList.add("open"); $("#rail button, #rail input").focus(); });
    $("#close-rail").addEventListener("click", () => { $("#rail").classList.remove("open"); $("#open-rail").focus(); });
  }

  function show(name) {
    if (widgets[name]) widgets[name](screen.state[name]);
  }

  async function copyLink() {
    history.replaceState(null, "", "?" + screen.query());
    const button = $("#copy-link");
    try {
      await navigator.clipboard.writeText(location.href);
      button.textContent = "Copied";
    } catch {
      notice(["The link could not be copied: take it from the address bar."]);
    }
    setTimeout(() => { button.textContent = "Copy link"; }, 1500);
  }

  // ---- theme

  const dark = window.matchMedia("(prefers-color-scheme: dark)");
  latent.theme = function () {
    const chosen = screen.state.theme || new URLSearchParams(location.search).get("theme");
    return chosen === "dark" || chosen === "light" ? chosen : dark.matches ? "dark" : "light";
  };
  function wear() {
    document.documentElement.dataset.theme = latent.theme();
    $("#toggle-theme").textContent = latent.theme() === "dark" ? "Light" : "Dark";
    const chosen = latent.theme() === (dark.matches ? "dark" : "light") ? "" : "?theme=" + latent.theme();
    $$("nav a").forEach((a) => { a.href = a.pathname + chosen; });
  }
  latent.applyTheme = function () {
    wear();
    latent.panels.redraw();
  };
  /* Dash draws its upload when it has loaded it, and gives it no name. */
  function nameFiles() {
    const name = () => $$("input[type=file]").forEach((input) => input.setAttribute("aria-label", "Choose a file"));
    new MutationObserver(name).observe(document.body, { childList: true, subtree: true });
    name();
  }
  /* A page without a screen has its theme in the address alone. */
  latent.page = function (clicks) {
    if (!clicks) nameFiles();
    const next = latent.theme() === "dark" ? "light" : "dark";
    if (clicks) history.replaceState(null, "", "?theme=" + next);
    wear();
    return latent.theme();
  };
  /* A claim's figure is drawn by the figure's own button. */
  latent.openFigure = function (clicks) {
    const chosen = window.dash_clientside.callback_context.triggered_id;
    if (!clicks.some(Boolean) || !chosen) return window.dash_clientside.no_update;
    document.getElementById(JSON.stringify({ draw: chosen.open })).click();
    document.getElementById("again").closest("section").scrollIntoView();
    return chosen.open;
  };
  dark.addEventListener("change", () => {
    if (screen.facts && screen.state.theme === "auto") { latent.applyTheme(); askAll(ASKS.theme); }
  });

  // ---- notices and jobs

  function notice(sentences, extra) {
    const before = document.activeElement;
    const box = document.createElement("div");
    box.className = "notice";
    sentences.forEach((text) => { const p = document.createElement("p"); p.textContent = text; box.append(p); });
    if (extra) box.append(extra);
    const close = document.createElement("button");
    Object.assign(close, { type: "button", textContent: "×", className: "close" });
    close.setAttribute("aria-label", "Dismiss");
    close.addEventListener("click", () => {
      box.remove();
      if (before !== document.body && before.isConnected) before.focus(); // back to what was refused
    });
    box.append(close);
    const same = $$("#notices .notice").find((other) => other.textContent === box.textContent);
    if (same) same.remove();
    $("#notices").append(box);
    $("#rail")?.classList.remove("open"); // on a phone it lies over the notices
    $("#notices").scrollIntoView({ block: "nearest" });
    return box;
  }
  latent.notice = notice;

  /* Dash's upload is silent about files that it does not take, and about the same file chosen once more. */
  function checkFiles(event) {
    const area = event.target.closest && event.target.closest("[data-largest]");
    const files = Array.from((event.dataTransfer || event.target).files || []);
    if (!area || !files.length) return;
    const { largest, ending } = area.dataset, [file] = files;
    const problem = files.length > 1 ? "Choose one file at a time."
      : !file.name.toLowerCase().endsWith(ending) ? `${file.name} does not end in ${ending}. Only such files are read here.`
      : file.size > largest ? `${file.name} has ${(file.size / 1e6).toFixed(1)} MB. Choose a file of at most ${largest / 1e6} MB.`
      : "";
    if (problem) {
      event.preventDefault();
      event.stopPropagation();
      if (event.type === "change") event.target.value = "";
      notice([problem]);
    } else if (area.dataset.used) say($("[id]", area).id, { contents: null });
    area.dataset.used = "yes";
  }
  ["change", "drop"].forEach((type) => document.addEventListener(type, checkFiles, true));

  let jobBox = null;
  function actions() {
    const row = document.createElement("div");
    row.className = "job";
    row.innerHTML = '<span class="text"></span><progress max="1" value="0" hidden></progress>';
    return row;
  }
  function jobButton(text, run) {
    const button = document.createElement("button");
    Object.assign(button, { type: "button", textContent: text });
    button.addEventListener("click", run);
    jobBox.row.append(button);
    return button;
  }
  function openJobBox(sentences, what) {
    if (jobBox) jobBox.box.remove();
    const row = actions();
    jobBox = { row, what, box: notice(sentences, row) };
  }

  function offer(dataset, n_latent, sentences) {
    openJobBox(sentences || [`A model of this data set with N_z = ${n_latent} can be trained here.`], { dataset, n_latent });
    $(".text", jobBox.row).textContent = "Estimating how long it takes …";
    jobButton("Train it", () => startJob({ action: "train", dataset, n_latent }));
    say("ask-job", { data: { action: "estimate", dataset, n_latent } });
  }

  function startJob(data) {
    if (!jobBox || data.action === "download") openJobBox([data.action === "download" ? "Fetching the original images." : ""], data);
    $$("button", jobBox.row).forEach((b) => b.remove());
    jobBox.what = data;
    say("ask-job", { data });
  }

  function jobReply(reply) {
    if (!jobBox || !reply) return;
    const text = $(".text", jobBox.row), bar = $("progress", jobBox.row);
    if (reply.estimate) { text.textContent = reply.estimate; return; }
    const busy = reply.state === "waiting" || reply.state === "running";
    bar.hidden = !busy;
    bar.value = reply.fraction;
    text.textContent = busy ? `${Math.round(reply.fraction * 100)} % · ${reply.text}` : reply.state === "done" ? "Done." : reply.text;
    if (busy) {
      if (!$("button", jobBox.row)) jobButton("Cancel", () => say("ask-job", { data: { action: "cancel", key: reply.key, at: Date.now() } }));
      setTimeout(() => say("ask-job", { data: { action: "status", key: reply.key, at: Date.now() } }), 700);
      return;
    }
    $$("button", jobBox.row).forEach((b) => b.remove());
    if (reply.state !== "done") return;
    const what = jobBox.what;
    const open = what.action === "train"
      ? () => { screen.state.dataset = what.dataset; screen.state.n_latent = what.n_latent; Object.assign(screen.state, { model: "", beta: initial("beta") }); ask("settle", { changed: "job" }); }
      : () => { screen.state.source = "original"; ask("settle", { changed: "source" }); };
    jobButton(what.action === "train" ? "Show it" : "Use them", () => { open(); jobBox.box.remove(); jobBox = null; });
  }

  // ---- replies

  /* One of what the library has, in order; hidden where there is no choice. */
  function options(name, texts, chosen) {
    const group = $(`.widget[data-field="${name}"]`);
    group.hidden = texts.length < 2;
    $("[role=radiogroup]", group).replaceChildren(...texts.map(([value, text]) => {
      const button = document.createElement("button");
      Object.assign(button, { type: "button", textContent: text });
      button.setAttribute("role", "radio");
      button.dataset.value = value;
      return button;
    }));
    widgets[name](chosen);
  }

  function dynamicOptions(reply) {
    options("beta", reply.betas.map((beta) => [beta, beta]), reply.state.beta);
    options("model", Object.entries(reply.models), reply.model);
    $$('.widget[data-field="label"] [role=radio]').forEach((button, i) => {
      button.title = reply.labels[i];
      button.setAttribute("aria-label", reply.labels[i]);
      latent.panels.tile(button, reply.space.tiles, 11, i);
    });
    [["n_runs", "n_runs"], ["sample", "sample"]].forEach(([name, limit]) => {
      const input = $(`.widget[data-field="${name}"] input`);
      input.max = reply.limits[limit];
    });
    $('.widget[data-field="source"] [data-value=original]').disabled = !reply.images_here;
    $("#fetch-row").hidden = reply.images_here;
    $("#fetch").hidden = !reply.fetchable;
    $("#images-note").textContent = reply.images_note;
    $("#model-card").textContent = reply.card;
  }

  window.dash_clientside = window.dash_clientside || {};
  window.dash_clientside.latent = {
    begin: function begin(data) {
      if (!$("#scrubber") || !$("#train-n-place")) { // not by `this`: Dash calls it by itself
        setTimeout(() => begin(data), 20);
        return;
      }
      screen.fields = data.fields;
      latent.markers = data.markers;
      data.fields.forEach((f) => { screen.state[f.name] = f.default; });
      bindWidgets();
      latent.player.bind();
      latent.panels.bind();
      const given = new URLSearchParams(location.search).get("theme");
      if (given === "dark" || given === "light") screen.state.theme = given;
      latent.applyTheme();
      ask("settle", { query: location.search.slice(1) || "v=" + initial("v") });
    },
    settled(reply) {
      if (!reply) return;
      const kept = Array.from(touched, (name) => [name, screen.state[name]]);
      screen.state = Object.assign(reply.state, Object.fromEntries(kept)); // a finger was quicker than the answer
      screen.facts = reply;
      screen.model = CHOOSE.some((name) => touched.has(name)) ? "" : reply.model;
      latent.player.t = screen.state.t;
      latent.player.setLength(screen.state.n_steps);
      latent.panels.settled(reply);
      dynamicOptions(reply);
      screen.fields.forEach((f) => f.name !== "model" && show(f.name));
      latent.applyTheme();
      writeAddress();
      if (reply.offer) offer(reply.offer.dataset, reply.offer.n_latent, reply.notes);
      else if (reply.notes.length) notice(reply.notes);
      askAll(["run", "sweep", "cloud", "curves"]);
    },
    run: (reply) => { if (reply) { latent.panels.run(reply); catchUp(); } },
    cloud: (reply) => (reply ? latent.panels.cloud(reply) : window.dash_clientside.no_update),
    sweep: (reply) => reply && latent.panels.sweep(reply),
    curves: (reply) => reply && latent.panels.busy("curves", ""),
    busy,
    image: (reply) => reply && latent.panels.image(reply),
    progress: (reply) => reply && latent.panels.progress(reply),
    job: jobReply,
    notice: (reply) => { if (reply) { notice(reply.sentences); latent.panels.waiting(false); } },
  };
})(window.latent);
