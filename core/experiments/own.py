"""An image of one's own: what somebody drew, as the explorer starts a run from it, and which label it is given."""

from core import own_image, packed_images
from core.experiments.classifier import label_probabilities
from core.results import OwnImage
from core.session import Session


def read_own_image(content: bytes, dataset: str, session: Session) -> OwnImage:
    """A picture as an image of a data set, and the classifier's proposal for its label.

    Args:
        content: A file: PNG, JPEG, ...
        dataset: Whose images it becomes one of.
        session: Where the classifier is.

    Raises:
        PictureError: The file cannot be used.
        StoreError: There is no classifier, or its file is damaged.
    """
    levels = own_image.own_image(content, dataset)
    shares = label_probabilities(dataset, (levels / packed_images.LEVELS)[None], session)[0]
    return OwnImage(packed_images.packed_image(levels), int(shares.argmax()), shares)
