"""Which model a screen is shown with, and what of its state this model and this machine can do."""

from dataclasses import replace

from core.experiments import NoOriginals
from core.library import Entry, preferred
from core.packed_images import unpacked_image, unpacked_mask
from core.schema import SpecError
from core.store import StoreError
from core.zoo import FORMER_WEIGHTS, trained_anew
from dashboard import captions, wire
from dashboard.controls import REFERENCE_RUNS, ScreenState
from dashboard.experiments import Experiments
from dashboard.links import clock_steps
from dashboard.payloads import Offer, SettledPayload
from dashboard.requests import Request
from dashboard.roles import may
from dashboard.theme import TITLES
from dashboard.translation import translate

MANY = 3  # broken files that are named one by one


def model_in_use(experiments: Experiments, request: Request) -> Entry:
    """The model that a screen shows; refused where it is gone or damaged: another one must not answer for it."""
    library, state = experiments.library, request.state
    id = state.model or request.model
    return opened(experiments, library.entry(id) if id else library.default(state.dataset, state.n_latent))


def settled(experiments: Experiments, request: Request) -> SettledPayload:
    """The model that a request asks for, the state within what that model can do, and what the page shows of both.

    Raises:
        StoreError: There is no model of the data set.
    """
    entry, notes, offer = model_of(experiments, request.state, quiet=request.changed == "dataset")
    why = experiments.why_decoded(entry.id)
    n_memories = experiments.session.n_memories(entry.id)
    state, more = fitted(request.state, entry, why, n_memories, first=not request.changed)
    default = experiments.library.default(entry.spec.dataset, entry.spec.n_latent, entry.spec.beta)
    entries = experiments.library.entries()
    usable = [e for e in entries if not e.problem and e.spec.dataset == entry.spec.dataset]
    alike = [e for e in usable if e.spec.n_latent == state.n_latent]
    chosen = captions.model_choices([e for e in alike if e.spec.beta == state.beta])
    shape = entry.image_shape
    if request.version == "1" and entry.origin == "shipped" and entry.id in FORMER_WEIGHTS:
        notes.append(trained_anew(entry.id, "this link was made"))
    broken = [e.problem for e in entries if e.problem] if not request.changed else []
    if len(broken) > MANY:
        broken[MANY:] = [f"{len(broken) - MANY} more files are no models that can be used: see the Models page."]
    return {
        "state": replace(state, model="" if entry.id == default.id else entry.id).to_dict(),
        "space": wire.space_payload(experiments.latent_space(entry.id), shape),
        "fixed": wire.fixed_plane_payload(experiments.fixed_plane(entry.id)),
        "latents": sorted({e.spec.n_latent for e in usable}),
        "betas": sorted({e.spec.beta for e in alike}),
        "models": {id: translate(words) for id, words in chosen.items()},
        "model": entry.id,
        "base": experiments.library.base(entry.id),
        "series": experiments.library.ages(entry.id),
        "labels": list(entry.label_names),
        "limits": {"n_runs": n_memories, "sample": n_memories - 1},
        "images_here": not why,
        "images_note": why.reason if why and not why.is_missing else "",
        "fetchable": bool(why and why.is_fetchable),
        "card": model_card(entry),
        "notes": list(dict.fromkeys([*request.notes, *notes, *more, *broken])),
        "offer": offer,
    }


def model_of(experiments: Experiments, state: ScreenState, *, quiet: bool) -> tuple[Entry, list[str], Offer | None]:
    """The model that a state asks for, else the nearest; notes say what was replaced, the offer what to train.

    Raises:
        StoreError: There is no model of the data set.
    """
    library, notes = experiments.library, []
    if state.model:
        try:
            return opened(experiments, library.entry(state.model)), notes, None
        except StoreError as error:
            notes.append(str(error))
    candidates = library.usable(state.dataset)
    while candidates:
        n_latent = min((e.spec.n_latent for e in candidates), key=lambda n: abs(n - state.n_latent))
        alike = [e for e in candidates if e.spec.n_latent == n_latent]
        beta = min((e.spec.beta for e in alike), key=lambda b: (abs(b - state.beta), abs(b - 1)))
        entry = preferred(e for e in alike if e.spec.beta == beta)
        try:
            opened(experiments, entry)
        except StoreError as error:
            notes.append(str(error))
            candidates.remove(entry)
            continue
        offer: Offer | None = None
        if n_latent != state.n_latent and not quiet:
            notes.append(
                f"There is no {TITLES[state.dataset]} model with N_z = {state.n_latent} here: "
                f"N_z = {n_latent} is shown instead."
            )
            offer = {"dataset": state.dataset, "n_latent": state.n_latent} if may("train") else None
        if beta != state.beta:
            notes.append(
                f"There is no such model with β = {state.beta:g} here: β = {beta:g} is shown instead. "
                "The page Models trains one."
            )
        return entry, notes, offer
    raise StoreError(f"There is no model of {TITLES[state.dataset]} here. Choose another data set.")


def opened(experiments: Experiments, entry: Entry) -> Entry:
    """A model whose values, too, are as they should be: only reading them tells."""
    experiments.session.n_memories(entry.id)
    return entry


def fitted(
    state: ScreenState, entry: Entry, why: NoOriginals | None, n_memories: int, *, first: bool
) -> tuple[ScreenState, list[str]]:
    """The state within the limits of a model and of this machine, and what was changed.

    Args:
        state: What is asked for.
        entry: The model.
        why: Its runs cannot start from original images.
        n_memories: Memories per label that it has.
        first: Whether the page has just been opened: then it is said that other files lie in their place.
    """
    notes = []
    if why and (state.source == "original" or (first and not why.is_missing)):
        reason = "The original images are not on this machine:" if why.is_missing else f"{why.reason} Meanwhile,"
        notes.append(f"{reason} runs start from images decoded from memories.")
    source = "decoded" if why else "original"
    fitted = replace(
        state,
        dataset=entry.spec.dataset,
        n_latent=entry.spec.n_latent,
        beta=entry.spec.beta,
        source=source if state.source == "auto" or source == "decoded" else state.source,
        n_runs=min(state.n_runs, n_memories),
        sample=min(state.sample, n_memories - 1),
        t=min(state.t, clock_steps(state)),
    )
    fitted, unusable = fitting_images(fitted, entry)
    notes += unusable
    if fitted.n_runs < state.n_runs and state.n_runs != REFERENCE_RUNS:
        notes.append(f"This model holds {n_memories} memories per label: {n_memories} runs are shown.")
    if fitted.sample < state.sample:
        notes.append(f"This model holds {n_memories} memories per label: image {fitted.sample} is shown.")
    return fitted, notes


def fitting_images(state: ScreenState, entry: Entry) -> tuple[ScreenState, list[str]]:
    """The state without an image or a mask that has another number of pixels than a model's, and what was left out."""
    n_pixels = entry.image_shape[0] * entry.image_shape[1]
    notes: list[str] = []
    for name, unpack in (("own", unpacked_image), ("covered", unpacked_mask)):
        try:
            if getattr(state, name):
                unpack(getattr(state, name), n_pixels)
        except SpecError as error:
            state, notes = replace(state, **{name: ""}), [str(error)]
    return state, notes


def model_card(entry: Entry) -> str:
    """A line about the model on screen."""
    card, spec = entry.card, entry.spec
    epochs = f"{entry.epoch} of {spec.epochs}" if entry.epoch else spec.epochs
    return (
        f"{TITLES[spec.dataset]}, N_z = {spec.n_latent}{captions.with_beta(spec)}, {epochs} epochs, test −ELBO "
        f"{'?' if card.test_negative_elbo is None else card.test_negative_elbo} nats (grey-value Bernoulli), "
        f"{'?' if card.active_units is None else card.active_units} active units, {entry.origin}"
    )
