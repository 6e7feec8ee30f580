"""What a movie is asked with, and how many frames it has."""

from dataclasses import dataclass

from core.schema import Choice, Integer, SpecError, setting
from core.specs import EmbeddingSpec, EnsembleSpec, RunSpec

PLANES = ("windowed", "landmark")
FORMATS = ("mp4", "gif")
MOST_PIXELS = 300_000_000  # of all frames of a GIF: its writer has them in memory, a byte each


@dataclass(frozen=True)
class MovieSpec(RunSpec):
    """Collective runs in a plane, step by step, and the image of the highlighted one (movies S1 to S10)."""

    window: int = setting(Integer(0, 30), 5, help="steps that the PCA of step t looks ahead")
    plane: str = setting(Choice(PLANES), "windowed", help="windowed PCA (Fig. 2), or the plane of the landmarks")
    format: str = setting(Choice(FORMATS), "mp4", help="H.264 in MP4, or an animated GIF")
    width: int = setting(Integer(640, 1920), 1280, help="of a frame, in pixels")
    height: int = setting(Integer(360, 1080), 720, help="of a frame, in pixels")
    fps: int = setting(Integer(1, 60), 25, help="frames per second")
    between: int = setting(Integer(0, 24), 4, help="frames between two steps, in which the runs glide")

    def __post_init__(self) -> None:
        super().__post_init__()
        size = f"{self.width} x {self.height}"
        if self.sample >= self.n_runs:
            raise SpecError(f"sample must be below n_runs = {self.n_runs}: the highlighted run is one of those drawn.")
        if self.format == "mp4" and (self.width % 2 or self.height % 2):
            raise SpecError(f"width and height of an MP4 must be even numbers, not {size}. Add a pixel, or take a GIF.")
        if self.format == "gif" and 100 % self.fps:
            raise SpecError(
                f"fps of a GIF must be 1, 2, 4, 5, 10, 20, 25 or 50, not {self.fps}: its frames last whole hundredths "
                "of a second."
            )
        if self.format == "gif" and self.width * self.height * self.n_frames > MOST_PIXELS:
            most = MOST_PIXELS // (self.width * self.height)
            raise SpecError(
                f"A GIF of {size} may have {most} frames, not {self.n_frames}. Take a smaller size, fewer frames "
                "between two steps, or an MP4."
            )

    @property
    def n_frames(self) -> int:
        """One for every step, and those between."""
        return self.n_steps * (self.between + 1) + 1

    @property
    def runs(self) -> EmbeddingSpec:
        """The runs that are drawn, and their axes; the same question for both planes."""
        return EmbeddingSpec(**self.part(EnsembleSpec).to_dict(), window=self.window, basis="windowed")

    def moment(self, i: int) -> tuple[int, float]:
        """The step that frame i shows, and how far the runs are on their way to the next one.

        Example:
            >>> MovieSpec(model="m", between=3).moment(6)
            (1, 0.5)
        """
        t, more = divmod(i, self.between + 1)
        return t, more / (self.between + 1)

    def file_name(self) -> str:
        """What the movie holds: plane, model, label, p, kind of noise and seed.

        Example:
            >>> MovieSpec(model="mnist-nz100-seed0", noise=0.3, plane="landmark").file_name()
            'landmark-plane_mnist-nz100-seed0_6_p0.30_permute_seed0.mp4'
        """
        return f"{self._name(str(self.label))}.{self.format}"

    def archive_name(self) -> str:
        """The same of the movies of all labels.

        Example:
            >>> MovieSpec(model="mnist-nz100-seed0", noise=0.3).archive_name()
            'windowed-pca_mnist-nz100-seed0_all-labels_p0.30_permute_seed0_mp4.zip'
        """
        return f"{self._name('all-labels')}_{self.format}.zip"

    def _name(self, label: str) -> str:
        what = {"windowed": "windowed-pca", "landmark": "landmark-plane"}[self.plane]
        p = f"{self.noise:.2f}" if round(self.noise, 2) == self.noise else f"{self.noise:g}"
        return f"{what}_{self.model}_{label}_p{p}_{self.noise_kind}_seed{self.seed}"
