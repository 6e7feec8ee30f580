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
