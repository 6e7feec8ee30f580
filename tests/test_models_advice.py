"""Recipes that fill the form of trainings, and the advice which model to choose: true of what is shipped."""

from pathlib import Path

import numpy as np

from core.library import Library
from core.model_card import ModelCard
from core.specs import ModelSpec, snapshot_epochs
from core.zoo import ZOO
from dashboard.pages.models.comparison import differing
from dashboard.pages.models.guide import MODELS
from dashboard.pages.models.recipes import PRESETS, Preset
from dashboard.pages.models.training_form import specs_of
from dashboard.pages.models.views import dimensions


def spec_of_form(preset: Preset) -> list[ModelSpec]:
    return specs_of(preset.dataset, preset.n_latent, preset.epochs, preset.beta, preset.seed, preset.kept, preset.seeds)


def test_every_recipe_is_one_that_the_form_takes():
    specs = {preset.name: spec_of_form(preset) for preset in PRESETS}
    assert specs["The paper’s model"] == [ZOO["mnist-nz100-seed0"]]
    assert specs["A short look"] == [ModelSpec(epochs=60)]
    assert specs["Few dimensions"] == [ModelSpec(n_latent=2, epochs=60)]
    assert specs["Strong KL term"] == [ModelSpec(beta=4, epochs=60)]
    assert [spec.seed for spec in specs["Several seeds"]] == [0, 1, 2, 3]
    assert len(snapshot_epochs(specs["From the first epoch on"][0])) == 5
    for preset in PRESETS:
        assert preset.sentence.endswith(".")
        assert preset.sentence.count(". ") == 0


def test_the_advice_is_true_of_the_models_that_it_names(root: Path):
    library = Library([(root / "models", "shipped")])
    cards = {id: library.entry(id) for id in MODELS}
    assert cards["mnist-nz2-seed0"].spec.n_latent == 2
    assert cards["mnist-nz100-seed0-beta2"].card.active_units == 14
    assert set(differing(cards["mnist-nz100-seed0"].spec, cards["mnist-nz100-seed1"].spec)) == {"seed"}
    ages = [epochs for epochs, _ in library.ages(cards["mnist-nz100-seed3"].id)]
    assert (ages[0], ages[-1]) == (1, 1500)
    beta = [library.entry(f"mnist-nz100-seed0{end}").card for end in ("", "-beta1p5", "-beta2", "-beta3")]
    errors = [card.test_negative_elbo - card.test_kl for card in beta if card.test_negative_elbo and card.test_kl]
    units = [card.active_units for card in beta]
    assert errors == sorted(errors)  # coarser with every step of beta
    assert units == sorted(units, key=lambda n: -(n or 0))
    assert (
        library.entry("mnist-nz50-seed0").card.active_units
        == library.entry("mnist-nz100-seed0").card.active_units
        == 20
    )
    bounds = [library.entry(f"mnist-nz100-seed3-epoch{n}").card.test_negative_elbo or 0 for n in (1, 60)]
    last = library.entry("mnist-nz100-seed3").card.test_negative_elbo or 0
    assert bounds[0] - bounds[1] > 0.8 * (bounds[0] - last)
    _, sweeps = library.load_sweeps("mnist-nz100-seed3-epoch60")
    assert set(sweeps["minimum_distance"][0].argmin(0)) == {0, 1, 2}  # the three stages show already


def test_directions_are_counted_as_the_card_has_them(root: Path):
    card = Library([(root / "models", "shipped")]).entry("mnist-nz100-seed0").card
    ratio = np.array(card.contribution_ratio)
    for share in (0.7, 0.99):
        n = dimensions(card, share)
        assert ratio[n - 1] >= share > ratio[n - 2]
    assert dimensions(ModelCard(contribution_ratio=(0.1, 0.2)), 0.7) == 2
