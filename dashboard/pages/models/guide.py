"""What the numbers of a model mean, and which model to choose for what."""

from collections.abc import Iterable

from dash import html

from core.library import Entry
from dashboard.terms import Mark, terms_once

NUMBERS = {
    "N_z": "How many numbers the encoder may give for an image. With 2 the latent space is a plane; beyond 20 the "
    "network leaves the rest unused.",
    "Test −ELBO": "What a test image costs, in nats: the errors of its reconstruction, and what the latent units say "
    "about it. Smaller is better; compare only models of one data set.",
    "Active units": "How many of the latent units carry anything at all. The others give the same for every image, and "
    "the decoder ignores them.",
    "β": "What the KL term weighs in the loss. The paper has 1; with more, fewer units are active and "
    "reconstructions are coarser.",
    "Epochs": "How long the training took. The paper has 1,500; after 60 most of the −ELBO is gained.",
}
MODELS = {
    "mnist-nz100-seed0": "The paper’s experiment: stages I, II and III of ‘6’, as the explorer opens.",
    "mnist-nz2-seed0": "A latent space of two dimensions, all of which the explorer’s plane shows.",
    "mnist-nz100-seed0-beta2": "As many active units as the paper reports, 14: β = 2 does it here.",
    "mnist-nz100-seed1": "The same recipe from another seed: compare it with seed 0 to see what is chance.",
    "mnist-nz100-seed3": "A training age by age: a slider in the explorer leads from epoch 1 to 1,500.",
    "fashion-nz100-seed0": "Clothes in place of digits: what of the paper depends on the data set?",
    "digits-nz10-seed0": "Small images, for slow machines: a training of your own takes a minute or two.",
}


def guide(entries: Iterable[Entry], explorer: str) -> html.Section:
    """Both, with links to the models that are here.

    Args:
        entries: Of the library.
        explorer: The address of the explorer.
    """
    here = {entry.id for entry in entries if not entry.problem}
    mark = terms_once()
    choices = [
        html.Li([html.A(id, href=f"{explorer}?model={id}"), html.Span(mark(words))])
        for id, words in MODELS.items()
        if id in here
    ]
    numbers = html.Div([html.H3("What the numbers mean"), html.Dl(defined(mark))])
    models = html.Div([html.H3("Which to choose"), html.Ul(choices)])
    return html.Section([html.H2("Which model?"), html.Div([numbers, models], className="two guide")], id="guide")


def defined(mark: Mark) -> list[html.Dt | html.Dd]:
    """The numbers, one after the other, with what they mean."""
    return [item for name, words in NUMBERS.items() for item in (html.Dt(mark(name)), html.Dd(mark(words)))]
