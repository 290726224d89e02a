"""What a photograph may carry into the house: a picture, and neither where, when, by which camera nor anything else."""

from dataclasses import dataclass
from io import BytesIO

from django.utils.translation import gettext_lazy as _
from PIL import Image, ImageOps, UnidentifiedImageError

from qipan.kernel.refusal import Refusal

MOST_PHOTOS = 3
MOST_BYTES = 8_000_000
MOST_PIXELS = 40_000_000
SIDE = 1600
KINDS = ("JPEG", "PNG", "WEBP")


class PhotoTooLarge(Refusal):
    code = "photo_too_large"
    sentence = _("A photograph has at most %(megabytes)s MB and %(megapixels)s million points.")
    status = 413

    def __init__(self) -> None:
        super().__init__(field="photos", megabytes=MOST_BYTES // 1_000_000, megapixels=MOST_PIXELS // 1_000_000)


class NotAPhoto(Refusal):
    code = "not_a_photo"
    sentence = _("This file is not a photograph (JPEG, PNG or WebP), whatever its name says.")
    status = 400

    def __init__(self) -> None:
        super().__init__(field="photos")


class TooManyPhotos(Refusal):
    code = "too_many_photos"
    sentence = _("At most %(most)s photographs go with a report.")
    status = 400

    def __init__(self) -> None:
        super().__init__(field="photos", most=MOST_PHOTOS)


@dataclass(frozen=True)
class Picture:
    """A photograph written anew."""

    image: bytes
    width: int
    height: int


def clean(raw: bytes) -> Picture:
    """This function will take a photograph apart and write its points anew as JPEG, turned upright, at most 1,600 wide.

    Nothing but the points is carried over: no EXIF, no place, no comment, no hidden second file. The
    content decides what it is, not the name. Raises ``PhotoTooLarge``, ``NotAPhoto``.
    """
    if len(raw) > MOST_BYTES:
        raise PhotoTooLarge
    try:
        with Image.open(BytesIO(raw), formats=KINDS) as opened:
            if opened.width * opened.height > MOST_PIXELS:
                raise PhotoTooLarge
            opened.draft("RGB", (SIDE, SIDE))
            upright = ImageOps.exif_transpose(opened).convert("RGB")
    except (UnidentifiedImageError, Image.DecompressionBombError, OSError, ValueError, SyntaxError, EOFError):
        raise NotAPhoto from None
    upright.thumbnail((SIDE, SIDE))
    bare = Image.new("RGB", upright.size)
    bare.paste(upright)
    written = BytesIO()
    bare.save(written, "JPEG", quality=82, optimize=True)
    return Picture(written.getvalue(), bare.width, bare.height)
