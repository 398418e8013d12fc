"""What `kentongan train` does with the reviews of this installation."""

import time
from collections.abc import Callable

from django.utils import timezone

from classifiers.core.model import ModelError
from classifiers.learn import base_version, challenge
from classifiers.versions import VersionError

Say = Callable[[str], object]


def train_base(say: Say) -> None:
    """A numbered version of the base corpus alone, used at once. Raises ModelError or OSError with a sentence."""
    began = time.monotonic()
    try:
        made = base_version(timezone.now())
    except VersionError as error:
        raise ModelError(str(error)) from error
    say(f"Versi {made.number} dari korpus bawaan dipakai ({time.monotonic() - began:.1f} detik).")


def train_from_reviews(say: Say) -> bool:
    """A challenger from base corpus and reviews; gives whether it is used from now on.

    Not being used is no failure: it is said why. Raises ModelError or OSError with a sentence.
    """
    began = time.monotonic()
    found = challenge(timezone.now())
    for batch in found.held:
        say(f"Ditahan ({batch.pk}): {batch.reviews} tinjauan {batch.reviewer}. {batch.why}.")
    if found.version is not None:
        counts = found.version.counts
        say(
            f"Versi {found.version.number}: {counts['base']} contoh bawaan dan {counts['reviewed']} tinjauan, "
            f"dibandingkan pada {counts['holdout']} tinjauan terbaru ({time.monotonic() - began:.1f} detik)."
        )
    say(("Dipakai. " if found.used else "Tidak dipakai. ") + found.sentence)
    return found.used
