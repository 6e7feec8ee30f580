"""The recipes of the shipped models, and what was shipped under their names before."""

from dataclasses import replace

from core.specs import ClassifierSpec, ModelSpec

PAPER_EPOCHS = 1500
SHORT_EPOCHS = 60  # some minutes on two cores


def recipe(dataset: str, n_latent: int, seed: int = 0, beta: float = 1.0) -> ModelSpec:
    """The recipe of the shipped models, fixed before any of them was trained: the paper's 1,500 epochs."""
    return ModelSpec(dataset=dataset, n_latent=n_latent, epochs=PAPER_EPOCHS, seed=seed, beta=beta)


def short_recipe(dataset: str, n_latent: int) -> ModelSpec:
    """The same as visitors train it who name no epochs: as many as people wait for; the digits take minutes anyway."""
    full = recipe(dataset, n_latent)
    return full if dataset == "digits" else replace(full, epochs=SHORT_EPOCHS)


def zoo_name(spec: ModelSpec) -> str:
    """The name of a shipped model; it names beta where it is not 1.

    Example:
        >>> zoo_name(recipe("mnist", 100)), zoo_name(recipe("mnist", 100, beta=1.5))
        ('mnist-nz100-seed0', 'mnist-nz100-seed0-beta1p5')
    """
    beta = "" if spec.beta == 1 else f"-beta{spec.beta:g}".replace(".", "p")
    return f"{spec.dataset}-nz{spec.n_latent}-seed{spec.seed}{beta}"


ZOO = {
    zoo_name(spec): spec
    for spec in (
        *(recipe("digits", n) for n in (10, 2)),
        *(recipe("mnist", n) for n in (100, 50, 20, 14, 10, 8, 6, 4, 2)),
        *(recipe("fashion", n) for n in (100, 20, 10, 2)),
        *(recipe("mnist", 100, seed) for seed in (1, 2)),
        *(recipe("mnist", 100, beta=beta) for beta in (2, 1.5, 3)),
        *(recipe("mnist", 100, seed) for seed in (3, 4)),
        *(recipe("mnist", 100, seed, beta=2) for seed in (1, 2)),
    )
}
"""The shipped models by name, in the order in which they are trained."""


CLASSIFIERS = {
    "mnist-classifier": ClassifierSpec(dataset="mnist"),
    "fashion-classifier": ClassifierSpec(dataset="fashion"),
    "digits-classifier": ClassifierSpec(dataset="digits", epochs=100, batch_size=32),
}
"""The shipped classifiers by name; the recipe was fixed before any of them was trained."""


FORMER_WEIGHTS = {
    "mnist-nz100-seed0": (
        "82a701a7bb9ef3e6bc31602673995bf1c71ea4499af61362e13953b65dc2e8bb",
        "60f4e48116290ddfe0946f3b4f7d7647f5e2bb4b000f06c1d6657c6b4dbeb065",
    ),
    "mnist-nz50-seed0": ("dd06515560f4eed218ac2493893ef5ff8dea2f9dc1706ca31e8d676307d2d1f4",),
    "mnist-nz20-seed0": (
        "5e56699206955986fab2612afc9ae7080d48381e310866b98412bf005674f57e",
        "97d8139ba6d6670c241fd25008b708d2cd221116d5fcbfb5bcdabe0f3901429f",
    ),
    "mnist-nz14-seed0": ("dd983eb6c83ace5a9f5ec3e63c157ed50da5422770cc52bc3b8eb4ea140d8e2e",),
    "mnist-nz10-seed0": ("9d788f334d3d407d8afa4e194e60c0f8fff10e397b8518f1db00ed0a9b75b15b",),
    "mnist-nz8-seed0": ("b5888251fb811076f9304d5b90e829b5335173daf69b044db3197dde32af5f09",),
    "mnist-nz6-seed0": ("f55024de9355ce74b13e4a86362a13d85881ab50b008d5387e5981bb87ff2451",),
    "mnist-nz4-seed0": ("d5b0a34b22140e73a1f21e4563b550ae0502b4524b886cdd0d3ecd8bda88c02e",),
    "mnist-nz2-seed0": (
        "a814674910d0b54493bd6841ece49d93de6bb130c4abd44dee143120833b33d3",
        "924b8697c6916d9dcd3d9153868e5428a61268f93bc630c75a00306bbdd69eb1",
    ),
    "mnist-nz100-seed1": ("a16a67ae95ba375c313ded0d86dd102cb8f1f6b86b331b67aea9ad8c0c282271",),
    "mnist-nz100-seed2": ("f6f98d6e928d9fa8aa8e75e57e65a62637235e58c882fbac07931df45d96db65",),
    "fashion-nz100-seed0": (
        "609bc7fc07945e93badebe6413b538b2fa87d3ae2743113bf0fbd4cffb477c45",
        "397baf71b20a0df6e44c7ec5779d3a9c9dbf5100bf65d2e3b948f5dcb098668a",
    ),
    "fashion-nz20-seed0": ("51a07b1a5dd262e28d776882780aa7a05102882dc2dd6d2027438116b67e3ed1",),
    "fashion-nz10-seed0": ("94b425b018970242445e8aee9a238ac1feabd91dc3bf466e9b58190bc64b4fdb",),
    "fashion-nz2-seed0": ("6a47023a9867ffc494e02462266297ee9c6d648101f6630892595223d906f4f7",),
}
"""SHA-256 of the files that were shipped under a name until 26 November 2026: models of 60 and 150 epochs."""


def trained_anew(name: str, since: str) -> str:
    """The sentence about what was made with a former model.

    Example:
        >>> trained_anew("mnist-nz2-seed0", "this link was made")
        'The model mnist-nz2-seed0 was trained anew (1,500 epochs) since this link was made.'
    """
    return f"The model {name} was trained anew (1,500 epochs) since {since}."
