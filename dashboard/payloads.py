"""What the browser gets, key by key. The axis that is named last changes fastest."""

from typing import Annotated, Any, NotRequired, TypedDict

from dashboard.controls import ScreenState


class Quantised(TypedDict):
    """See `wire.quantised`: numbers as changes to the row before, in base64."""

    u16: str
    low: float
    high: float
    levels: int
    shape: list[int]


class Exact(TypedDict):
    """See `wire.exact`: 32-bit floats in base64."""

    f32: str
    shape: list[int]


class Plane(TypedDict):
    """Positions of all runs in a plane, each coordinate as a whole number from 0 (`low`) to `levels` (`high`).

    `u8` is `wire.packed` of (runs, 2, steps): x of run 0 at all steps, then its y, then x of run 1.
    """

    low: list[float]
    high: list[float]
    levels: int
    u8: str


class FramePayload(TypedDict):
    """Collective runs at one p."""

    plane: Plane  # in the plane of the principal components
    landmark: Plane  # (a, b) in the plane of the landmarks of each run, cut off at wire.LANDMARK_RANGE
    nearest: str  # wire.nibbles of (runs, steps): nearest landmark + 3 * paleness; see wire.PALENESS_CUTS
    curves: Quantised  # (steps, 17): 3 mean distances, their 3 standard errors, 10 mean distances to concepts, the line
    explained: list[list[float]]  # shares of variance of both axes at every step; one pair where the axes are fixed
    inside: list[float]  # share of the squared distance that lies in the plane of the landmarks, at every step
    flat: bool  # the landmarks of most runs span no plane: leave the view out
    minimum_distance: list[float]
    minimum_distance_sem: list[float]
    minimum_distance_difference_sem: list[float]  # memory and concept, memory and abstract, concept and abstract
    runner_up: str | None  # the stage that other runs might give as well
    basis: NotRequired[Quantised]  # (steps, 2, latent); both are absent where the axes are fixed
    mean: NotRequired[Quantised]  # (steps, latent)


class FixedPlanePayload(TypedDict):
    """The plane that does not move: what places a vector on it, and the part of it that is shown."""

    basis: Exact  # (2, latent)
    mean: Exact  # (latent,)
    explained: list[float]
    ranges: list[list[float]]  # [[x low, x high], [y low, y high]]


class RunFilmPayload(TypedDict):
    """The highlighted run at many p. All `Quantised` have the steps first, then the noises."""

    noises: list[float]
    shape: list[int]  # height and width of an image
    clean: str  # wire.nibbles of the pixels, black to white
    images: str  # wire.nibbles of (noises, pixels, steps): grey at t = 0, then changes modulo 16 by wire.zigzag
    distances: Quantised  # (steps, noises, 3): to memory, concept and abstract concept
    minimum_distance: list[list[float]]  # (noises, 3)
    minimum_step: list[list[int]]  # (noises, 3)
    approaches_at_same_step: list[bool]
    plane: Quantised  # (steps, noises, 2), on the axes of the fixed plane
    landmark: Quantised  # (steps, noises, 2)
    rest: Quantised  # (steps, noises)
    memory: Exact  # (latent,)
    captions: list[str]  # one for every p


class OwnImagePayload(TypedDict):
    """A picture as an image that a run can start from."""

    own: str  # for the state: 16 greys, two pixels a byte
    label: int  # that the classifier proposes
    label_probabilities: list[float]  # how probable it finds each


class LastLabelPayload(TypedDict):
    """How the classifier names the highlighted run's last decoded image."""

    label: int


class GalleryPayload(TypedDict):
    """Images that runs can start from."""

    shape: list[int]  # height and width of an image
    images: str  # wire.nibbles of (images, pixels), black to white


class LandmarksPayload(TypedDict):
    """The concepts of all labels, then the abstract concept."""

    landmarks: Exact  # (11, latent)
    tiles: str  # wire.sprite of their decoded images
    shape: list[int]  # height and width of an image


class Limits(TypedDict):
    """The largest values that a model leaves room for."""

    n_runs: int
    sample: int


class Offer(TypedDict):
    """A model that is not here and can be trained."""

    dataset: str
    n_latent: int


class SettledPayload(TypedDict):
    """The model that a state of the screen asks for, and the state within what that model can do."""

    state: Annotated[dict[str, Any], ScreenState]
    space: LandmarksPayload
    fixed: FixedPlanePayload
    latents: list[int]  # numbers of latent units to choose from
    betas: list[float]
    models: dict[str, str]  # models to choose from: id and what tells it from the others
    model: str
    base: str  # the model that this one is an age of, or itself
    series: list[tuple[int, str]]  # epochs and id of every age that was kept
    labels: list[str]
    limits: Limits
    images_here: bool
    images_note: str
    fetchable: bool
    card: str  # a line about the model
    notes: list[str]
    offer: Offer | None


class MinimaPayload(TypedDict):
    """Mean minimum distances over p, to memory, concept and abstract concept."""

    noises: list[float]
    minimum_distance: list[list[float]]  # (noises, 3)
    difference_sem: list[list[float]]  # (noises, 3): memory and concept, memory and abstract, concept and abstract
    runners_up: list[str | None]  # the stage that other runs might give as well, at every p


class Figure(TypedDict):
    """A figure of plotly."""

    data: list[Any]
    layout: dict[str, Any]


class SweepPayload(MinimaPayload):
    """The stage chart, and the sentence for every p."""

    captions: list[str]
    note: str
    figure: Figure
