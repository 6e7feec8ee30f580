"""Links: a screen state from the query of an address, those of an earlier version with the defaults of their time."""

from dataclasses import dataclass
from urllib.parse import parse_qs

from core.schema import Choice, Integer, Real, setting
from core.specs import BASES, NOISE_KINDS
from dashboard.controls import ScreenState


@dataclass(frozen=True)
class SecondState(ScreenState):
    """The state as links of version 2 have it: what is left out of them are the defaults of their time."""

    v: str = setting(Choice(("2",)), "2")
    basis: str = setting(Choice(BASES), "windowed", key="pca")


@dataclass(frozen=True)
class FirstState(SecondState):
    """The state as links of version 1 have it: what is left out of them are the defaults of their time."""

    v: str = setting(Choice(("1",)), "1")
    label: int = setting(Integer(0, 9), 0)
    sample: int = setting(Integer(0, 499), 56, key="i")
    noise: float = setting(Real(0, 1), 0.2, key="p")
    noise_kind: str = setting(Choice(NOISE_KINDS), "invert", key="kind")


def read_link(query: str) -> tuple[ScreenState, list[str]]:
    """The state of a link, leniently: see `Spec.from_query`. One without a version is of today's."""
    former = {"1": FirstState, "2": SecondState}.get(version_of(query))
    if former is None:
        return ScreenState.from_query(query)
    state, notes = former.from_query(query)
    return ScreenState.from_dict(state.to_dict() | {"v": ScreenState().v}), notes


def clock_steps(state: ScreenState) -> int:
    """Steps that the clock of a screen has: those of the longer one, where another is pinned beside it."""
    return max(state.n_steps, read_link(state.pinned)[0].n_steps if state.pinned else 0)


def version_of(query: str) -> str:
    """The version that a link names; empty where it names none.

    Example:
        >>> version_of("v=1&p=0.3"), version_of("p=0.3")
        ('1', '')
    """
    try:
        return parse_qs(query.lstrip("?")[:20_000], max_num_fields=200).get("v", [""])[-1]
    except ValueError:
        return ""
