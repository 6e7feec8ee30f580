"""Presenter mode: links, buttons and panels name the same things."""

import re

import pytest

from core.schema import SpecError
from dashboard.controls import ScreenState
from dashboard.markup import markup
from dashboard.panels import views
from dashboard.presenter import PANELS, chooser


def test_a_link_can_name_every_panel_and_nothing_else():
    codes = "".join(PANELS)
    assert [ScreenState(presented=code).presented for code in codes] == list(codes)
    assert ScreenState(presented=codes[:4]).to_query() == f"show={codes[:4]}"
    for bad in ("x", codes[:5], "L"):
        with pytest.raises(SpecError):
            ScreenState(presented=bad)


def test_every_button_shows_a_panel_that_the_page_has_under_its_title():
    page = markup(views())
    for name, title in PANELS.values():
        panel = page[page.index(f"{name}-panel") :]
        heading = re.search(r"<h2>(.*?)</h2>", panel)
        assert heading
        assert re.sub("<.*?>", "", heading[1]) == title
        assert f'data-shows="{name}"' in markup(chooser())
