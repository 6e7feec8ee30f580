"""The movies on the page of the paper: made, cancelled, refused."""

import re
from contextlib import suppress
from pathlib import Path
from typing import Any

import imageio_ffmpeg

from tests.browser.conftest import Open
from tests.browser.paper import SMALL, paper
from tests.browser.tab import Tab
from tests.processes import children, until


def movie_page(one: Tab, query: str, **chosen: str) -> Tab:
    """Open the page of the movies and choose what is to be made."""
    paper(one, "movies", query)
    for name, value in chosen.items():
        one.page.select_option(f"#movie-{name}", value)
    return one


def test_a_movie_is_made_before_ones_eyes_and_saved(tab: Open, tmp_path: Path):
    one = movie_page(tab(None), f"{SMALL}&n_steps=30", plane="landmark")
    one.page.evaluate(
        """() => { const bar = document.getElementById("movie-bar"); window.seen = [];
          const look = () => bar.hidden || seen.push(Number(bar.value));
          new MutationObserver(look).observe(bar, { attributes: true }); }"""
    )
    one.page.click("#make-movie")
    one.page.locator("#movie-far", has_text=re.compile(r"\d+ % frame \d+ of 151")).wait_for()
    assert not one.page.locator("#cancel-movie").is_disabled()
    with one.page.expect_download() as download:
        one.page.locator("#movie-file a").click()
    seen = one.page.evaluate("seen")
    assert seen == sorted(seen)
    assert len({share for share in seen if 0 < share < 1}) > 1
    assert one.page.locator("#movie-bar").is_hidden()
    assert one.page.locator("#cancel-movie").is_disabled()
    name = "landmark-plane_digits-nz10-seed0_6_p0.20_permute_seed0.mp4"
    assert download.value.suggested_filename == name
    download.value.save_as(tmp_path / name)
    n_frames, _ = imageio_ffmpeg.count_frames_and_secs(str(tmp_path / name))
    assert n_frames == 30 * 5 + 1
    assert one.too_wide() <= 0
    assert one.barriers() == []


def test_cancel_stops_a_movie_on_the_server(tab: Open):
    one = movie_page(tab(None), f"{SMALL}&n_steps=200", labels="all")
    one.page.click("#make-movie")
    one.page.locator("#movie-far", has_text=re.compile(r"label 0: frame \d+ of 1001")).wait_for()
    assert len(encoders()) == 1
    one.page.click("#cancel-movie")
    one.page.locator("#movie-far", has_text="Cancelled.").wait_for()
    assert one.page.locator("#movie-bar").is_hidden()
    assert one.page.locator("#movie-file a").count() == 0
    until(lambda: not encoders(), "the server ends its encoder")


def encoders() -> list[int]:
    """Processes that write an MP4 for the server of this test."""
    found = []
    for pid in children():
        with suppress(OSError):  # it has just ended
            if "ffmpeg" in Path(f"/proc/{pid}/cmdline").read_text().partition("\0")[0]:
                found.append(pid)
    return found


def test_what_no_movie_can_show_is_said_beside_the_button(tab: Open):
    one = movie_page(tab(None), "model=digits-nz2-seed0&n_runs=20", format="gif")
    one.page.route(re.compile("_dash-update-component"), spoiled)
    one.page.click("#make-movie")
    one.page.locator("#movie-far", has_text="plane must be one of windowed, landmark, not 'round'.").wait_for()


def spoiled(route: Any) -> None:
    """A question of a plane that is not there."""
    route.continue_(post_data=(route.request.post_data or "").replace('"plane":"windowed"', '"plane":"round"'))
