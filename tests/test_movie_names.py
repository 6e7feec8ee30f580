"""Where runs and names stand in a frame of a movie."""

import numpy as np

from dashboard.movies.canvas import Axes
from dashboard.movies.names import Name, box_of, overlap, sides_of


def test_a_plane_fills_its_box_with_equal_scales():
    axes = Axes.fit((100, 50, 300, 150), np.array([[-1.0, 0.0], [1.0, 2.0]]))
    np.testing.assert_allclose(
        axes.to_pixels(np.array([[0.0, 1.0], [-1.0, 0.0], [1.0, 2.0]])), [[200, 100], [150, 150], [250, 50]]
    )
    np.testing.assert_allclose(axes.ranges(), [(-2, 2), (0, 2)])


def test_names_that_matter_never_cover_each_other_where_there_is_room():
    generator = np.random.default_rng(0)
    three = [Name(word, 9, width, 18, True) for word, width in (("memory", 90), ("concept", 80), ("abstract", 115))]
    for places in generator.uniform(380, 460, (50, 3, 2)):
        at = [tuple(place) for place in places.tolist()]
        sides = sides_of(three, at, (0, 0, 800, 800), ["right"] * 3)
        boxes = [box_of(name, place, side) for name, place, side in zip(three, at, sides, strict=True)]
        assert all(overlap(boxes[i], boxes[j]) == 0 for i in range(3) for j in range(i))


def test_a_name_that_finds_no_room_is_left_out_unless_it_matters():
    for matters in (True, False):
        last = Name("b", 4, 60, 12, matters)
        sides = sides_of([Name("a", 4, 60, 12, True), last], [(20, 10), (28, 10)], (0, 0, 100, 20), ["right"] * 2)
        assert bool(sides[1]) == matters
