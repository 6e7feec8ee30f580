"""Films over p: with theirs here a finger on p asks nothing, and every panel shows what the server would have said."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from core import experiments
from core.session import Session
from core.settings import Settings
from core.specs import EmbeddingSpec, EnsembleSpec, RunSpec
from tests.browser.conftest import Open
from tests.browser.tab import FILMED, Tab, asks
from tests.conftest import settings_in

PANELS = ("landmark", "plane", "nearest", "curves", "stage")
QUERY = "d=digits&nz=10&src=decoded&runs=60&T=30&t=12&p=0.3"
MODEL = "digits-nz10-seed0"


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> Session:
    """The experiments in this process, for what the page should show."""
    settings: Settings = settings_in(tmp_path_factory.mktemp("film"))
    return Session.open(settings)


def spec_of(noise: float, *, label: int = 6, **more: Any) -> dict[str, Any]:
    """The settings of `QUERY` at one p."""
    known = {"model": MODEL, "source": "decoded", "label": label, "n_runs": 60, "n_steps": 30, "noise": noise}
    return known | {"noise_kind": "permute", "seed": 0} | more


def settled_at(one: Tab, noise: float) -> Tab:
    """Move p and wait until the picture has glided there."""
    one.slide("noise", noise)
    return one.quiet()


def everything(one: Tab) -> dict[str, str]:
    """All that shows the runs of a p."""
    seen = {name: one.picture(name) for name in PANELS}
    return seen | {"strip": one.strip(), "caption": one.text("#caption"), "minimum": one.text("#minimum-0 .number")}


def test_with_its_film_here_a_drag_of_p_asks_nothing_and_changes_every_panel(tab: Open):
    one = tab(QUERY).filmed()
    seen, asked = everything(one), len(one.requests)
    for noise in (0.1, 0.6, 0.925):
        settled_at(one, noise)
        now = everything(one)
        assert [name for name in seen if seen[name] == now[name]] == [], noise
        seen = now
    assert [request.url for request in one.requests[asked:] if "favicon" not in request.url] == []


def test_while_p_glides_every_panel_follows_and_nothing_is_asked(tab: Open):
    one = tab(QUERY).filmed()
    asked = len(one.requests)
    seen = one.page.evaluate(
        """() => new Promise((done) => {
          const input = document.querySelector('.widget[data-field="noise"] input'), shares = [], pictures = new Set();
          let step = 0;
          const look = () => {
            input.value = String(0.3 + 0.025 * step);
            input.dispatchEvent(new Event("input", { bubbles: true }));
            const run = latent.shownRun();
            shares.push([run.share, run.isStale]);
            pictures.add(document.querySelector("#landmark-canvas").toDataURL());
            if (++step < 25) requestAnimationFrame(look); else done([shares, pictures.size]);
          };
          requestAnimationFrame(look); })"""
    )
    assert not any(stale for _, stale in seen[0])
    assert any(0 < share < 1 for share, _ in seen[0])
    assert seen[1] > 15
    assert [request.url for request in one.requests[asked:] if "favicon" not in request.url] == []


def test_a_film_is_asked_for_once(tab: Open):
    one = tab(QUERY).filmed()
    asked = one.films_asked()
    assert 2 <= asked <= 1 + 10 + 1  # the run's at once, the ensemble's a few p at a time
    assert len([request for request in one.requests if asks(request, "runfilm.data")]) == 1
    settled_at(one, 0.8)
    settled_at(one, 0.3)
    assert one.films_asked() == asked
    assert one.page.evaluate("() => [flow.most['film'], flow.most['runfilm']]") == [1, 1]


def test_p_off_the_grid_has_a_run_and_an_ensemble_of_its_own(tab: Open):
    one = tab(QUERY.replace("p=0.3", "p=0.31"))
    assert one.page.evaluate("() => [latent.shownRun().from.noise, latent.films.ensembles.last.noise]") == [0.31, 0.31]
    assert "31 %" in one.text("#caption")


# What is drawn of the ensemble, but for axes, which remember the largest distance that they had to hold.
ENSEMBLE = """() => { const from = latent.films.ensembles.last;
  return JSON.stringify([from.noise, from.plane, from.landmark, from.curves, from.explained]); }"""


def turn_axes(one: Tab) -> None:
    """The windowed axes, then the same ones turned."""
    one.choose("basis", "windowed")
    one.filmed()
    one.choose("basis", "rotated")


CHANGES: dict[str, Callable[[Tab], None]] = {
    "label": lambda one: one.choose("label", "2"),
    "seed": lambda one: one.page.click("#new-noise"),
    "kind": lambda one: one.choose("noise_kind", "invert"),
    "runs": lambda one: one.slide("n_runs", 30),
    "axes": lambda one: one.choose("basis", "windowed"),
    "turned axes": turn_axes,
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=list(CHANGES))
def test_a_film_of_other_settings_is_never_taken_for_this_one(tab: Open, change: Callable[[Tab], None]):
    one = tab(QUERY).filmed()
    one.page.locator("#sidebar summary").click()
    change(one)
    one.quiet()
    one.page.wait_for_function(FILMED, polling=50)
    settled_at(one, 0.7)
    again = tab(one.page.url.partition("?")[2])
    assert one.badge() == again.badge()
    one.shows_images_of(again)
    assert one.picture("nearest") == again.picture("nearest")
    assert one.page.evaluate(ENSEMBLE) == again.page.evaluate(ENSEMBLE)


# The page against the experiments themselves


@pytest.mark.parametrize(("noise", "t"), [(0.1, 3), (0.6, 12), (0.6, 30)])
def test_what_is_shown_is_what_the_experiments_find(tab: Open, session: Session, noise: float, t: int):
    one = tab(QUERY.replace("t=12", f"t={t}")).filmed()
    settled_at(one, noise)
    runs = experiments.trajectories(EnsembleSpec(**spec_of(noise)), session)
    minima = runs.ensemble.minimum_distance
    assert [float(one.text(f"#minimum-{i} .number")) for i in range(3)] == pytest.approx(minima, abs=0.0051)
    assert one.text("#stage-name") == ("I", "II", "III")[int(minima.argmin())]
    assert f"With {100 * noise:.0f} % of the pixels permuted, 60 runs of ‘6’" in one.text("#caption")
    model = session.model(MODEL)
    z = experiments.latent_activity(EnsembleSpec(**spec_of(noise)), session).z.astype(np.float64)
    points = landmarks_of(model, 6, 60)
    nearest = np.linalg.norm(z[t][:, None] - points, axis=-1).argmin(-1)  # (runs,)
    shares = [round(100 * float((nearest == i).mean())) for i in range(3)]
    said = one.text("#caption-now")
    for share, words in zip(shares, ("own memory", "concept of ‘6’", "abstract concept"), strict=True):
        assert f"{share} %" in said, (words, said)
    frame = "latent.films.ensembles.last"
    page = one.page.evaluate(f"() => Array.from({frame}.state)")
    np.testing.assert_array_equal(np.array(page).reshape(60, 31)[:, t] % 3, nearest)


def landmarks_of(model: Any, label: int, count: int) -> np.ndarray:
    """Memory, concept and abstract concept of every run: (runs, 3, latent)."""
    memories = model.memories[label, :count].double().numpy()
    concept, abstract = model.concepts[label].double().numpy(), model.concepts.double().mean(0).numpy()
    return np.stack([memories, np.broadcast_to(concept, memories.shape), np.broadcast_to(abstract, memories.shape)], 1)


POSITIONS = """(view) => { const { [view]: { u8, low, high, levels }, nRuns, steps } = latent.films.ensembles.last;
  return Array.from({ length: nRuns * 2 * steps }, (_, i) => {
    const k = Math.floor(i / steps) % 2; return low[k] + u8[i] * (high[k] - low[k]) / levels; }); }"""


@pytest.mark.parametrize("noise", [0.1, 0.6])
def test_both_planes_place_the_runs_where_plain_arithmetic_does(tab: Open, session: Session, noise: float):
    one = tab(QUERY)
    settled_at(one, noise)
    z = experiments.latent_activity(EnsembleSpec(**spec_of(noise)), session).z.astype(np.float64)
    points = landmarks_of(session.model(MODEL), 6, 60)
    up, across, origin = points[:, 0] - points[:, 1], points[:, 1] - points[:, 2], points[:, 2]
    expected = np.empty((31, 60, 2))
    for run in range(60):  # least squares: abstract concept + a (concept - abstract) + b (memory - concept)
        axes = np.stack([across[run], up[run]], 1)
        expected[:, run] = np.linalg.lstsq(axes, (z[:, run] - origin[run]).T, rcond=None)[0].T
    low, high = -0.9, 2.0
    shown = np.reshape(one.page.evaluate(POSITIONS, "landmark"), (60, 2, 31)).transpose(2, 0, 1)
    assert np.abs(shown - expected.clip(low, high)).max() <= (high - low) / 191 / 2 + 2e-3
    plane = experiments.embedding(EmbeddingSpec(**spec_of(noise, basis="fixed")), session)
    mine = np.einsum("ki,tri->trk", plane.basis[0].astype(np.float64), z - plane.mean[0].astype(np.float64))
    shown = np.reshape(one.page.evaluate(POSITIONS, "plane"), (60, 2, 31)).transpose(2, 0, 1)
    assert np.abs(shown - mine).max() <= float(np.ptp(mine, (0, 1)).max()) / 191 / 2 + 5e-3


def test_the_highlighted_run_is_that_of_the_experiments(tab: Open, session: Session):
    one = tab(QUERY).filmed()
    settled_at(one, 0.45)
    run = experiments.run(RunSpec(**spec_of(0.45, sample=40)), session)
    found = one.page.evaluate(
        """() => { const { from } = latent.shownRun();
          return [Array.from(from.distances), Array.from(from.greys), from.steps, from.caption]; }"""
    )
    np.testing.assert_allclose(np.reshape(found[0], (3, found[2])), run.distances, atol=np.ptp(run.distances) / 1000)
    greys = np.rint(run.images.clip(0, 1) * 15)
    np.testing.assert_allclose(np.reshape(found[1], run.images.shape), greys, atol=1)  # see Tab.shows_images_of
    assert found[3] in one.text("#run-note") or one.text("#run-note") in found[3]
