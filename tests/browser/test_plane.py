"""The latent plane: what the server packs is what is drawn, on axes of equal scale."""

import numpy as np
import pytest

from dashboard import wire
from tests.browser.conftest import Open
from tests.browser.tab import Tab


@pytest.mark.parametrize(("levels", "old"), [(65535, False), (65535, True), (wire.MAP_LEVELS, False)])
def test_arrays_arrive_as_they_were(tab: Open, levels: int, old: bool):
    values = np.random.default_rng(0).standard_normal((7, 3, 2)).cumsum(0).astype(np.float32)
    page = tab().page
    if old:  # as browsers of before 2025
        page.evaluate("delete Uint8Array.fromBase64")
    for sent, error in (
        (wire.quantised(values, levels), 0.51 * float(np.ptp(values)) / levels),
        (wire.exact(values), 0),
    ):
        got = page.evaluate(
            "(sent) => { const { values, shape } = latent.quantised(sent); return [Array.from(values), shape]; }",
            sent,
        )
        assert got[1] == [7, 3, 2]
        np.testing.assert_allclose(np.reshape(got[0], (7, 3, 2)), values, atol=error)


def scales(one: Tab) -> tuple[float, float]:
    """Units per pixel of the two axes, once plotly has drawn those of the panel's present size."""
    axes = one.page.wait_for_function(
        """() => {
          const { xaxis, yaxis } = document.querySelector("#plane-graph")._fullLayout;
          const { width } = document.querySelector("#plane-plot").getBoundingClientRect();
          if (Math.abs(xaxis._offset + xaxis._length + 12 - width) > 1) return null;
          return [xaxis, yaxis].map((axis) => (axis.range[1] - axis.range[0]) / axis._length); }"""
    )
    return tuple(axes.json_value())


def test_the_axes_of_the_plane_have_equal_scales_at_every_size(tab: Open):
    one = tab()
    for width in (1440, 1100, 390):
        one.page.set_viewport_size({"width": width, "height": 900})
        if width < 400:
            one.choose("view", "plane")
        one.frame()
        across, up = scales(one)
        assert across == pytest.approx(up, rel=1e-2), width


@pytest.mark.parametrize("name", ["landmark", "plane", "nearest", "curves", "stage"])
def test_the_axes_of_a_panel_fill_it_at_every_size(tab: Open, name: str):
    one = tab()
    for width in (1440, 1100, 1440):
        one.page.set_viewport_size({"width": width, "height": 900})
        one.page.wait_for_function(
            """(name) => { const { width, height } = document.querySelector(`#${name}-plot`).getBoundingClientRect();
              const { width: w, height: h } = document.querySelector(`#${name}-graph`)._fullLayout;
              return Math.abs(w - width) < 2 && Math.abs(h - height) < 2; }""",
            arg=name,
        )
