"""Planes and curves: what stands still does, and what belongs to another model is never among these runs."""

from typing import Any

import numpy as np
import pytest

from tests.browser.conftest import Open
from tests.browser.tab import Tab
from tests.browser.test_film import QUERY, settled_at
from tests.browser.test_settings import Holding
from tests.processes import until

# Where abstract concept, concept and memory are on the canvas of the landmark plane, in CSS pixels.
PLACES = """() => {
  const { xaxis, yaxis } = document.querySelector("#landmark-graph")._fullLayout;
  const at = (a, b) => [xaxis._offset + xaxis.l2p(a), yaxis._offset + yaxis.l2p(b)];
  return [at(0, 0), at(1, 0), at(1, 1)]; }"""
PIXEL = """([id, x, y]) => { const c = document.getElementById(id), r = c.width / c.getBoundingClientRect().width;
  return Array.from(c.getContext("2d").getImageData(Math.round(x * r), Math.round(y * r), 1, 1).data); }"""
COLOURS = (
    """() => [0, 1, 2].map((i) => getComputedStyle(document.documentElement).getPropertyValue(`--point-${i}`).trim())"""
)


def channels(colour: str) -> list[int]:
    """#rrggbb as three numbers and full opacity."""
    return [*bytes.fromhex(colour.removeprefix("#")), 255]


def test_the_landmarks_stay_at_the_same_pixels_for_every_p_and_t(tab: Open):
    one = tab(QUERY).filmed()
    memory, concept, abstract = (channels(colour) for colour in one.page.evaluate(COLOURS))
    first = None
    for noise, t in ((0.1, 0), (0.1, 12), (0.6, 12), (0.9, 30)):
        settled_at(one, noise)
        one.page.evaluate("(t) => latent.player.set(t)", t)
        one.frame()
        places = one.page.evaluate(PLACES)
        assert places == (first := first or places)
        for place, colour in zip(places, (abstract, concept, memory), strict=True):
            assert one.page.evaluate(PIXEL, ["landmark-canvas", *place]) == colour, (noise, t)


# Where every run is on the canvas of a plane, and what it is nearest to; its paleness in the landmark plane.
RUNS = """(view) => { const { [view]: { u8, low, high, levels }, nRuns, steps, state } = latent.films.ensembles.last;
  const { xaxis, yaxis } = document.querySelector(`#${view}-graph`)._fullLayout, t = latent.player.t;
  const at = (b, k) => low[k] + u8[(b * 2 + k) * steps + t] * (high[k] - low[k]) / levels;
  return Array.from({ length: nRuns }, (_, b) => ({ x: xaxis._offset + xaxis.l2p(at(b, 0)),
    y: yaxis._offset + yaxis.l2p(at(b, 1)), nearest: state[b * steps + t] % 3,
    inside: xaxis.range[0] < at(b, 0) && at(b, 0) < xaxis.range[1]
      && yaxis.range[0] < at(b, 1) && at(b, 1) < yaxis.range[1] })); }"""
# What is drawn on a canvas in one frame: calls with their colours, in order.
DRAWN = """(id) => new Promise((done) => { const p = CanvasRenderingContext2D.prototype, calls = [], kept = {};
  for (const name of ["fill", "stroke", "drawImage", "fillText", "moveTo", "lineTo"]) {
    kept[name] = p[name];
    p[name] = function (...given) {
      const [first, ...rest] = given, size = first?.naturalWidth;
      const what = { name, colour: name === "fill" ? this.fillStyle : this.strokeStyle, alpha: this.globalAlpha,
        how: this.globalCompositeOperation, width: this.lineWidth,
        given: size ? [size, ...rest] : first?.tagName ? [0, ...rest] : given };
      if (this.canvas.id === id) calls.push(what);
      return kept[name].apply(this, given); };
  }
  latent.redraw();
  requestAnimationFrame(() => requestAnimationFrame(() => { Object.assign(p, kept); done(calls); })); })"""


@pytest.mark.parametrize("view", ["landmark", "plane"])
def test_a_run_has_the_colour_of_what_it_is_nearest_to_now(tab: Open, view: str):
    one = tab(QUERY).without_names()
    colours = [channels(colour)[:3] for colour in one.page.evaluate(COLOURS)]
    seen = set()
    for t in (3, 12, 30):
        one.page.evaluate("(t) => latent.player.set(t)", t)
        one.frame()
        runs = one.page.evaluate(RUNS, view)
        places = np.array([[run["x"], run["y"]] for run in runs])
        highlighted = np.linalg.norm(places - places[one.state()["sample"]], axis=1)
        for run, place, far in zip(runs, places, highlighted, strict=True):
            others = np.sort(np.linalg.norm(places - place, axis=1))[1]
            if not run["inside"] or others < 6 or far < 12:
                continue
            *colour, alpha = one.page.evaluate(PIXEL, [f"{view}-canvas", *place])
            apart = [np.abs(np.subtract(colour, each)).sum() for each in colours]
            if alpha < 40 or min(apart) > 60:
                continue  # a landmark or the path of the highlighted run lies over it
            assert int(np.argmin(apart)) == run["nearest"], (t, run)
            seen.add(run["nearest"])
    assert len(seen) >= 2


@pytest.mark.parametrize("view", ["landmark", "plane"])
def test_the_highlighted_run_lies_over_the_others_and_the_landmarks_over_it(tab: Open, view: str):
    one = tab(QUERY)
    calls = one.page.evaluate(DRAWN, f"{view}-canvas")
    ink = one.page.evaluate("() => getComputedStyle(document.documentElement).getPropertyValue('--ink').trim()")
    runs = [i for i, call in enumerate(calls) if call["name"] == "fill" and call["alpha"] < 1]
    path = [i for i, call in enumerate(calls) if call["name"] in ("fill", "stroke") and call["colour"] == ink]
    pictures = [i for i, call in enumerate(calls) if call["name"] == "drawImage"]
    assert runs
    assert max(runs) < min(path)
    assert max(path) < min(pictures)


@pytest.mark.parametrize("view", ["landmark", "plane"])
def test_landmarks_have_their_pictures_with_lines_to_them_and_are_never_hidden(tab: Open, view: str):
    one = tab(QUERY).filmed()
    size = one.page.locator(f"#{view}-canvas").bounding_box()
    assert size
    for noise, t in ((0.1, 0), (0.1, 30), (0.6, 12), (0.9, 30)):
        settled_at(one, noise)
        one.page.evaluate("(t) => latent.player.set(t)", t)
        one.frame()
        calls = one.page.evaluate(DRAWN, f"{view}-canvas")
        pictures = [call["given"] for call in calls if call["name"] == "drawImage"]
        columns = sorted(-1 if given[0] == 0 else round(11 * given[1] / given[0]) for given in pictures)
        assert columns == [-1, 6, 10], (noise, t)  # the own memory, and of the concepts that of '6' and the last one
        boxes = np.array([given[-4:-2] for given in pictures])
        assert (boxes >= 0).all()
        assert (boxes + 30 <= [size["width"], size["height"]]).all()
        apart = np.abs(boxes[:, None] - boxes[None]).max(-1)[np.triu_indices(3, 1)]
        assert (apart >= 30).all(), (noise, t, boxes)
        ends = np.array([call["given"] for call in calls if call["name"] == "lineTo"])
        for box in boxes:
            assert np.abs(ends - (box + 15)).sum(-1).min() < 0.01, (noise, t)
        leaders_lie_over_the_runs(calls, boxes, one.page.evaluate(COLOURS))


def leaders_lie_over_the_runs(calls: list[dict[str, Any]], boxes: np.ndarray, colours: list[str]) -> None:
    """Fail unless the line to every picture is drawn opaque, in the colour of its landmark, after all runs."""
    last_run = max(i for i, call in enumerate(calls) if call["alpha"] < 1)
    lines = [
        (i, calls[i + 1])
        for i, call in enumerate(calls[:-1])
        if call["name"] == "lineTo" and np.abs(boxes + 15 - call["given"]).sum(-1).min() < 0.01 and i > last_run
    ]
    assert len(lines) == 3
    assert {line["name"] for _, line in lines} == {"stroke"}
    assert sorted(line["colour"] for _, line in lines) == sorted(colours)
    assert {(line["alpha"], line["how"], line["width"] >= 1) for _, line in lines} == {(1, "source-over", True)}
    pictures = [(call["alpha"], call["how"]) for call in calls if call["name"] == "drawImage"]
    assert set(pictures) == {(1, "source-over")}


@pytest.mark.parametrize(
    ("basis", "words"),
    [
        ("fixed", "of the variance of all memories"),
        ("windowed", "of the variance of the runs around t, and turn with them (Fig. 2). Each step has axes"),
        ("rotated", "These axes explain"),
    ],
)
def test_the_plane_says_what_its_axes_are(tab: Open, basis: str, words: str):
    assert words in tab(f"{QUERY}&pca={basis}").text("#plane-note")


@pytest.mark.parametrize("view", ["landmark", "plane"])
def test_a_plane_can_be_zoomed_and_comes_back(tab: Open, view: str):
    one = tab(QUERY)
    ranges = (
        "(view) => { const { xaxis, yaxis } = document.querySelector(`#${view}-graph`)._fullLayout;"
        " return [xaxis.range, yaxis.range]; }"
    )
    before, picture = one.page.evaluate(ranges, view), one.picture(view)
    box = one.page.locator(f"#{view}-plot").bounding_box()
    assert box
    mouse = one.page.mouse
    mouse.move(box["x"] + 120, box["y"] + 80)
    mouse.down()
    mouse.move(box["x"] + 260, box["y"] + 220, steps=5)
    mouse.up()
    one.page.wait_for_function(
        "([view, low]) => document.querySelector(`#${view}-graph`)._fullLayout.xaxis.range[0] !== low",
        arg=[view, before[0][0]],
    )
    one.frame()
    (left, right), _ = one.page.evaluate(ranges, view)
    assert right - left < 0.7 * (before[0][1] - before[0][0])
    assert one.picture(view) != picture
    mouse.dblclick(box["x"] + 200, box["y"] + 150)
    one.page.wait_for_function(
        "([view, low]) => document.querySelector(`#${view}-graph`)._fullLayout.xaxis.range[0] === low",
        arg=[view, before[0][0]],
    )


def test_nearest_now_names_the_shares_of_the_step_and_so_does_the_caption(tab: Open):
    one = tab(QUERY)
    seen = set()
    for t in (0, 3, 30):
        one.page.evaluate("(t) => latent.player.set(t)", t)
        one.frame()
        words = [c["given"][0] for c in one.page.evaluate(DRAWN, "nearest-canvas") if c["name"] == "fillText"]
        counts = np.bincount([run["nearest"] for run in one.page.evaluate(RUNS, "landmark")], minlength=3) / 60
        said = [f"{name} {round(100 * share)} %" for name, share in zip(NAMES, counts, strict=True) if share >= 0.09]
        assert words == said
        assert f"At t = {t}, {round(100 * counts[0])} % of the runs" in one.text("#caption-now")
        seen.add(tuple(words))
    assert len(seen) == 3


# The colours of one column of the areas, from the bottom up.
COLUMN = """(t) => { const c = document.getElementById("nearest-canvas"), r = c.width / c.getBoundingClientRect().width;
  const { xaxis, yaxis } = document.querySelector("#nearest-graph")._fullLayout;
  const [x, top, height] = [xaxis._offset + xaxis.l2p(t), yaxis._offset, yaxis._length].map((v) => Math.round(v * r));
  const { data } = c.getContext("2d").getImageData(x, top, 1, height);
  return Array.from({ length: height }, (_, i) => Array.from(data.slice(4 * (height - 1 - i), 4 * (height - i)))); }"""
CURSOR = """() => { const { xaxis } = document.querySelector("#nearest-graph")._fullLayout;
  return xaxis._offset + xaxis.l2p(latent.player.t); }"""


def test_nearest_now_has_areas_of_the_shares_at_every_step_and_a_cursor_at_the_one_shown(tab: Open):
    one = tab(QUERY).without_names()
    shares = np.reshape(one.page.evaluate("() => Array.from(latent.films.ensembles.last.shares)"), (31, 3))
    assert np.ptp(shares, axis=0).max() > 0.2  # else all steps would look alike
    colours = np.array([channels(colour)[:3] for colour in one.page.evaluate(COLOURS)])
    for t in (2, 9, 15, 28):
        column = np.array(one.page.evaluate(COLUMN, t))[:, :3]
        drawn = np.abs(column[:, None] - colours).sum(-1).argmin(-1)
        np.testing.assert_allclose(np.bincount(drawn, minlength=3) / len(drawn), shares[t], atol=0.04)
    for t in (5, 20):
        one.page.evaluate("(t) => latent.player.set(t)", t)
        calls = one.page.evaluate(DRAWN, "nearest-canvas")
        begins = [call["given"][0] for call in calls if call["name"] == "moveTo"]
        assert begins == [pytest.approx(one.page.evaluate(CURSOR))], t


NAMES = ("memory", "concept", "abstract")
BARS = """() => [0, 1, 2].map((i) => ["--dot", "--from", "--to", "--least"].map((name) =>
  parseFloat(document.querySelector(`#minimum-${i}`).style.getPropertyValue(name))))"""


def test_the_bars_of_the_minima_are_two_errors_of_the_difference_from_the_least(tab: Open):
    one = tab(QUERY)
    minima, errors = one.page.evaluate(
        """() => { const { minimum_distance, minimum_distance_difference_sem } = latent.films.ensembles.last;
          return [minimum_distance, minimum_distance_difference_sem]; }"""
    )
    least = int(np.argmin(minima))
    dot, low, high, line = np.array(one.page.evaluate(BARS)).T
    others = [i for i in range(3) if i != least]
    scale = (dot[others[0]] - dot[least]) / (minima[others[0]] - minima[least])
    for i in others:
        assert dot[i] - dot[least] == pytest.approx(scale * (minima[i] - minima[least]), abs=0.01)
        error = errors[i + least - 1]  # of memory and concept, memory and abstract, concept and abstract
        assert high[i] - low[i] == pytest.approx(4 * scale * error, abs=0.01)
        assert low[i] + high[i] == pytest.approx(2 * dot[i], abs=0.01)
    assert low[least] == high[least] == dot[least]
    assert line == pytest.approx(np.full(3, dot[least]))


def dim(one: Tab, name: str) -> bool:
    return "stale" in (one.page.locator(f".{name}-panel").get_attribute("class") or "")


def test_with_another_model_the_planes_are_dim_until_its_runs_are_here(tab: Open):
    one = tab("d=digits&nz=10&src=decoded&runs=60&T=30").filmed()
    holding = Holding(one, "settled", "ensemble", "run")
    pictures = {name: one.picture(name) for name in ("landmark", "plane")}
    one.slide("n_latent", 0)
    until(lambda: holding.held or one.frame(), "the new model is asked for")
    one.frame()
    assert one.state()["n_latent"] == 2
    assert all(dim(one, name) for name in pictures)
    holding.stores = ("ensemble", "run")
    route, reply = holding.held.pop(0)
    route.fulfill(response=reply)
    one.page.wait_for_function("() => latent.isSettled() && latent.screen.facts.fixed.mean.length === 2")
    one.frame()
    assert all(dim(one, name) for name in pictures)
    # the new model's landmarks are not drawn among the old one's runs: what is there is what was there, or nothing
    assert one.picture("plane") == pictures["plane"] or one.painted("plane") == 0
    holding.let_go()
    one.quiet()
    assert not any(dim(one, name) for name in pictures)
    again = tab(one.page.url.partition("?")[2])
    assert one.page.evaluate("() => latent.films.ensembles.last.n_latent") == 2
    assert one.text("#plane-note") == again.text("#plane-note")


@pytest.mark.parametrize("basis", ["fixed", "windowed", "rotated"])
def test_the_plane_holds_every_run_at_every_step(tab: Open, basis: str):
    one = tab(f"{QUERY}&pca={basis}")
    outside = one.page.evaluate(
        """() => { const { plane: { low, high } } = latent.films.ensembles.last;
          const { xaxis, yaxis } = document.querySelector("#plane-graph")._fullLayout;
          return [xaxis, yaxis].map((a, k) => [a.range[0] <= low[k], high[k] <= a.range[1], a.title.text]); }"""
    )
    axis = "axis" if basis == "rotated" else "PC"
    assert [each[2] for each in outside] == [f"{axis} 1", f"{axis} 2"]
    if basis != "fixed":  # which holds all memories instead
        assert [each[:2] for each in outside] == [[True, True]] * 2


CURVES = """() => { const from = latent.films.ensembles.last;
  const { xaxis, yaxis } = document.querySelector("#curves-graph")._fullLayout;
  return { curves: Array.from(from.curves), steps: from.steps, range: yaxis.range,
    x: Array.from({ length: from.steps }, (_, t) => xaxis._offset + xaxis.l2p(t)),
    y: Array.from(from.curves, (v) => yaxis._offset + yaxis.l2p(v)) }; }"""


def without_the_run(one: Tab) -> None:
    """Draw no dashed curves: they cover the means."""
    one.page.evaluate(
        """() => { const p = CanvasRenderingContext2D.prototype, { stroke } = p;
          p.stroke = function () { if (!this.getLineDash().length) stroke.call(this); }; latent.redraw(); }"""
    )
    one.frame()


def test_the_curves_are_the_means_with_their_minima_and_lie_inside_their_axes(tab: Open):
    one = tab(QUERY.replace("t=12", "t=30"))
    without_the_run(one)
    drawn: dict[str, Any] = one.page.evaluate(CURVES)
    values, heights = (np.reshape(drawn[name], (31, 17)) for name in ("curves", "y"))
    assert values[:, :3].min() >= 0 == drawn["range"][0]
    assert (values[:, :3] + 2 * values[:, 3:6]).max() <= drawn["range"][1]
    colours = [channels(colour) for colour in one.page.evaluate(COLOURS)]
    for i, colour in enumerate(colours):
        lowest = int(values[:, i].argmin())
        apart = [t for t in range(1, 30) if np.abs(heights[t, :3] - heights[t, i])[np.arange(3) != i].min() > 8]
        for t in [t for t in apart if abs(t - lowest) > 2][:8]:
            near = [one.page.evaluate(PIXEL, ["curves-canvas", drawn["x"][t], heights[t, i] + dy]) for dy in (-1, 0, 1)]
            assert min(np.abs(np.subtract(each, colour)).max() for each in near) < 60, (i, t, near, colour)


def names_of(one: Tab) -> list[str]:
    """What is written beside the curves, in the order in which it is drawn."""
    return one.page.evaluate(
        """() => new Promise((done) => { const p = CanvasRenderingContext2D.prototype, { fillText } = p, said = [];
          p.fillText = function (text, x, y) {
            if (this.canvas.id === "curves-canvas") said.push([text, this.fillStyle, y]);
            fillText.call(this, text, x, y); };
          latent.redraw();
          requestAnimationFrame(() => requestAnimationFrame(() => { p.fillText = fillText; done(said); })); })"""
    )


@pytest.mark.parametrize("curves", ["points", "all"])
def test_the_names_of_the_curves_stand_apart_in_their_colours(tab: Open, curves: str):
    one = tab(f"{QUERY}&curves={curves}")
    said: Any = names_of(one)
    words = [each[0] for each in said]
    if curves == "points":
        assert words == ["own memory", "concept ‘6’", "abstract concept", "straight line"]
        assert [each[1] for each in said[:3]] == one.page.evaluate(COLOURS)
    else:
        assert set(words) == set("012345789") | {"concept ‘6’"}
    heights = sorted(each[2] for each in said)
    assert min(np.diff(heights)) >= 8
