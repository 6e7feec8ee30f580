"""Dash's HTML components as text."""

import pytest
from dash import dcc, html

from dashboard.controls import attributes
from dashboard.markup import markup


def test_words_and_attributes_are_escaped():
    given = html.P(["a < b & ", html.B("</p>")], title='"<script>"')
    assert markup(given) == '<p title="&quot;&lt;script&gt;&quot;">a &lt; b &amp; <b>&lt;/p&gt;</b></p>'


def test_attributes_have_the_names_of_html():
    more = attributes(data_field="noise")
    given = html.Label("p", htmlFor="noise", className="name", tabIndex=0, hidden=True, **more)
    assert markup(given) == '<label class="name" data-field="noise" hidden for="noise" tabindex="0">p</label>'


def test_what_is_off_or_absent_is_left_out():
    assert markup(html.Button(None, disabled=False, id="go")) == '<button id="go"></button>'


@pytest.mark.parametrize("given", [dcc.Store(id="x"), html.P("x", style={"color": "red"})], ids=["Store", "style"])
def test_what_has_no_text_is_refused(given: object):
    with pytest.raises(TypeError, match="is no"):
        markup(given)
