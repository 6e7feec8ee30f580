"""What a figure of the paper is drawn from, where one experiment's result is not enough; and how files name it."""

from collections.abc import Mapping
from dataclasses import Field, dataclass, field, fields, is_dataclass
from typing import Any

import numpy as np
from jaxtyping import Int

from core.figure_results import ApproachCurves, Branches, ConceptDynamics, Geometry, LabelMap, LatentSweep
from core.results import Embedding, LatentSpace, NoiseSweep, Run, Trajectories

# A mapping stands in files below the name of its field; where `names` says so, by names made of its keys alone. In a
# table its keys are a column, which `key` names.


@dataclass(frozen=True)
class RunInSpace:
    """One run (the paper's Fig. 1), and the landmarks of its model."""

    run: Run
    space: LatentSpace


@dataclass(frozen=True)
class RunOfEveryLabel:
    """A run of every label (Supplement A), by the index of the label, and the landmarks of their model."""

    runs: Mapping[int, Run] = field(metadata={"names": "run_{}", "key": "label"})
    space: LatentSpace


@dataclass(frozen=True)
class EmbeddingInSpace:
    """Collective runs in their plane (Fig. 2, the movies), and the landmarks of their model."""

    embedding: Embedding
    space: LatentSpace


@dataclass(frozen=True)
class RunInPlane:
    """The same with the axes fixed, and one of the runs with them (Fig. 6)."""

    embedding: Embedding
    space: LatentSpace
    run: Run


@dataclass(frozen=True)
class SweepOfEveryLabel:
    """A noise sweep of every label, by the label's name; None where it is not computed yet."""

    sweeps: Mapping[str, NoiseSweep | None] = field(metadata={"names": "{}", "key": "label"})


@dataclass(frozen=True)
class SweepOfEveryNLatent:
    """A noise sweep of one label with every number of latent units; None where it is not computed yet."""

    sweeps: Mapping[int, NoiseSweep | None] = field(metadata={"names": "{}", "key": "n_latent"})


@dataclass(frozen=True)
class GeometryOfEveryNLatent:
    """Where the concepts lie, by the number of latent units (Supplement E)."""

    geometries: Mapping[int, Geometry] = field(metadata={"names": "{}", "key": "n_latent"})


@dataclass(frozen=True)
class OrthogonalityWithRuns:
    """Where the concepts lie, and what runs do, by the number of latent units; of some of them (Fig. 8)."""

    geometry: Mapping[int, Geometry] = field(metadata={"key": "n_latent"})
    runs: Mapping[int, Trajectories] = field(metadata={"key": "n_latent"})


@dataclass(frozen=True)
class LatentSweepWithModels:
    """The test bound over N_z (Fig. 9), and that of the shipped models by their number of latent units, in nats."""

    grid: LatentSweep
    shipped: Mapping[int, float] = field(metadata={"key": "n_latent"})


@dataclass(frozen=True)
class NetworkSizes:
    """How many units the layers of a network have (Fig. 10): pixels, hidden units, latent units."""

    sizes: Int[np.ndarray, "three"]


FigureResult = (
    RunInSpace
    | RunOfEveryLabel
    | EmbeddingInSpace
    | RunInPlane
    | SweepOfEveryLabel
    | SweepOfEveryNLatent
    | GeometryOfEveryNLatent
    | OrthogonalityWithRuns
    | LatentSweepWithModels
    | NetworkSizes
    | ApproachCurves
    | Branches
    | ConceptDynamics
    | Geometry
    | LabelMap
    | NoiseSweep
)
"""All that a figure can be drawn from."""


def arrays_of(result: object, name: str = "") -> dict[str, np.ndarray]:
    """The arrays of a result, named by the way to them.

    Args:
        result: A frozen result, a mapping of some, or what becomes an array.
        name: Its own name; what lies in it has that before its name.

    Example:
        >>> arrays_of({"a": {"b": [1, 2]}})
        {'a.b': array([1, 2])}
        >>> arrays_of(GeometryOfEveryNLatent({}), "geometry")
        {}
    """
    if isinstance(result, Mapping):
        members = [(str(key), value) for key, value in result.items()]
    elif is_dataclass(result):
        members = [member for item in fields(result) for member in members_of(getattr(result, item.name), item)]
    else:
        return {name: np.asarray(result)}
    above = f"{name}." if name else ""
    return {key: array for inner, value in members for key, array in arrays_of(value, above + inner).items()}


def members_of(value: Any, item: Field[Any]) -> list[tuple[str, object]]:
    """What stands in files for a field of a result: itself, or each value of the mapping that it is."""
    names = item.metadata.get("names")
    return [(names.format(key), entry) for key, entry in value.items()] if names else [(item.name, value)]
