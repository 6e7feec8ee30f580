"""The plane of the landmarks: closed forms, and a plain least-squares twin on runs of a shipped model."""

import numpy as np
import pytest
import torch

from core import experiments
from core.analysis import concepts, landmarks
from core.session import Session
from core.specs import EnsembleSpec

RUNS, LATENT = 9, 6


def drawn(seed: int = 0) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Memories, a concept and an abstract concept anywhere."""
    draws = torch.randn(RUNS + 2, LATENT, generator=torch.Generator().manual_seed(seed))
    return draws[2:], draws[0], draws[1]


def test_the_three_landmarks_stand_still_for_every_run():
    memories, concept, abstract = drawn()
    z = torch.stack([memories, concept.expand(RUNS, -1), abstract.expand(RUNS, -1)])
    coordinates, rest = landmarks.landmark_coordinates(z, memories, concept, abstract)
    expected = torch.tensor([[1.0, 1.0], [1.0, 0.0], [0.0, 0.0]])[:, None].expand(-1, RUNS, -1)
    torch.testing.assert_close(coordinates, expected, atol=1e-5, rtol=0)
    torch.testing.assert_close(rest, torch.zeros(3, RUNS), atol=1e-5, rtol=0)


def test_what_lies_across_the_plane_is_rest_and_moves_no_coordinate():
    memories, concept, abstract = drawn(1)
    first, second = (concept - abstract).expand(RUNS, -1), memories - concept
    plane = torch.linalg.qr(torch.stack([first, second], dim=-1)).Q
    across = torch.randn(RUNS, LATENT, generator=torch.Generator().manual_seed(2))
    across -= (plane @ (plane.mT @ across[..., None]))[..., 0]
    z = (abstract + 0.25 * first - 2 * second + across)[None]
    coordinates, rest = landmarks.landmark_coordinates(z, memories, concept, abstract)
    torch.testing.assert_close(coordinates, torch.tensor([0.25, -2.0]).expand(1, RUNS, 2), atol=1e-5, rtol=0)
    torch.testing.assert_close(rest[0], torch.linalg.vector_norm(across, dim=-1))


def test_real_runs_agree_with_least_squares(session: Session):
    spec = EnsembleSpec(model="digits-nz10-seed0", source="decoded", n_runs=40, n_steps=12)
    z, model = experiments.latent_activity(spec, session).z, session.model(spec.model)
    memories, concept = model.memories[6, :40], model.concepts[6]
    abstract = concepts.abstract_concept(model.concepts)
    coordinates, rest = landmarks.landmark_coordinates(torch.from_numpy(z), memories, concept, abstract)
    for run in range(40):
        matrix = np.stack([concept - abstract, memories[run] - concept], axis=1).astype(float)
        offset = (z[:, run] - abstract.numpy()).T.astype(float)
        solution = np.linalg.lstsq(matrix, offset)[0]
        np.testing.assert_allclose(coordinates[:, run], solution.T, atol=2e-5)
        np.testing.assert_allclose(rest[:, run], np.linalg.norm(offset - matrix @ solution, axis=0), atol=2e-5)


@pytest.mark.parametrize("memory", [3.0, -1.0])
def test_on_one_latent_unit_the_shortest_of_all_solutions_is_taken(memory: float):
    """Both directions are the unit's: each takes half of the way, in units of its own length."""
    z, sign = torch.tensor([[[5.0]], [[-2.0]]]), 1 if memory > 1 else -1
    coordinates, rest = landmarks.landmark_coordinates(z, torch.tensor([[memory]]), torch.ones(1), torch.zeros(1))
    half = z[:, 0, 0] / 2
    torch.testing.assert_close(coordinates[:, 0], torch.stack([half, sign * half / abs(memory - 1)], dim=1))
    torch.testing.assert_close(rest, torch.zeros(2, 1), atol=1e-6, rtol=0)


@pytest.mark.parametrize(
    ("memory", "concept", "expected", "rest"),
    [
        ([1.0, 0.0], [1.0, 0.0], [3.0, 0.0], 4.0),  # the memory is the concept
        ([0.0, 2.0], [0.0, 0.0], [0.0, 2.0], 3.0),  # the concept is the abstract one
        ([0.0, 0.0], [0.0, 0.0], [0.0, 0.0], 5.0),  # all are one
        ([2.0, 1e-9], [1.0, 0.0], [1.5, 1.5], 4.0),  # all are on a line
    ],
)
def test_without_a_plane_coordinates_are_finite_and_the_rest_leads_away_from_the_line(
    memory: list[float], concept: list[float], expected: list[float], rest: float
):
    z = torch.tensor([[[3.0, 4.0]]])
    found = landmarks.landmark_coordinates(z, torch.tensor([memory]), torch.tensor(concept), torch.zeros(2))
    torch.testing.assert_close(found[0][0, 0], torch.tensor(expected))
    torch.testing.assert_close(found[1], torch.tensor([[rest]]))


@pytest.mark.parametrize(("sine", "is_plane"), [(0.09, False), (0.11, True)])
def test_two_directions_count_as_one_below_a_tenth(sine: float, is_plane: bool):
    """The memory has its place in a plane; along the line, 3 units long, each direction takes half."""
    memory = torch.tensor([[1 + 2 * (1 - sine**2) ** 0.5, 2 * sine]])
    concept, abstract = torch.tensor([1.0, 0.0]), torch.zeros(2)
    coordinates, rest = landmarks.landmark_coordinates(memory[None], memory, concept, abstract)
    assert torch.allclose(coordinates, torch.ones(2), atol=1e-5) == is_plane
    assert (float(rest) < 1e-5) == is_plane
    assert float(rest) < sine
    assert coordinates[0, 0].tolist() == pytest.approx([1, 1] if is_plane else [1.5, 0.75], abs=0.01)
    assert landmarks.are_nearly_on_a_line(memory, concept, abstract) != is_plane


def test_the_view_is_left_out_where_more_than_half_of_the_runs_have_no_plane():
    concept, abstract = torch.tensor([1.0, 0.0]), torch.zeros(2)
    wide, narrow, none = [1.0, 3.0], [-4.0, 0.01], [1.0, 0.0]
    for runs, is_flat in (
        ([wide, wide, narrow], False),
        ([wide, wide, narrow, none], False),
        ([wide, narrow, none], True),
        ([narrow], True),
    ):
        assert landmarks.are_nearly_on_a_line(torch.tensor(runs), concept, abstract) == is_flat
    assert landmarks.are_nearly_on_a_line(torch.tensor([wide]), abstract, abstract)


def test_the_nearest_landmark_is_the_one_at_the_smallest_distance():
    d = torch.tensor([[[1.0, 2.0, 3.0]], [[2.0, 1.0, 2.0]], [[3.0, 3.0, 1.0]]])
    assert landmarks.nearest_now(d).tolist() == [[0, 1, 2]]


def test_the_share_inside_is_of_squared_distances_of_all_runs_together():
    """(3, 4) has 9 of 25 inside, (0, 5) all of 25: 34 of 50; one step later both are outside, then at the origin."""
    z = torch.tensor([[[3.0, 4.0], [0.0, 5.0]], [[3.0, 4.0], [0.0, 5.0]], [[0.0, 0.0], [0.0, 0.0]]]) + 1
    rest = torch.tensor([[4.0, 0.0], [5.0, 5.0], [0.0, 0.0]])
    share = landmarks.share_inside(z, rest, torch.ones(2))
    torch.testing.assert_close(share[:2], torch.tensor([34 / 50, 0.0]))
    assert share.isfinite().all()
