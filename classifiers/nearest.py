"""The reviewed posts that say most nearly the same: what people decided there is a reason that a person can weigh."""

from functools import lru_cache
from typing import Any

import numpy as np
from sklearn.feature_extraction.text import HashingVectorizer

from classifiers.core.normal import normalise
from classifiers.models import Review, Verdict

#: Decisions looked through, the newest first; older ones say less of what people think now.
_LOOKED_AT = 1000
#: Share of common words (cosine) below which two posts are not alike.
_ALIKE = 0.15
_WORDS = HashingVectorizer(ngram_range=(1, 2), n_features=2**16, alternate_sign=False, lowercase=False)


def nearest(verdict: Verdict, count: int = 3) -> list[Review]:
    """Up to ``count`` standing reviews of other posts, the most alike first; [] where none is."""
    newest = Review.objects.order_by("-id").values_list("id", flat=True).first()
    if newest is None or not verdict.mention.text.strip():
        return []
    reviews, words = _library(newest)
    if not reviews:
        return []
    own = _WORDS.transform(normalise([verdict.mention.text]))
    alike = np.asarray((words @ own.T).todense()).ravel()
    best = [place for place in np.argsort(-alike)[: count + 1].tolist() if alike[place] >= _ALIKE]
    # What was erased or restricted since the library was made is not shown from it.
    found = Review.objects.filter(
        pk__in=[reviews[place] for place in best],
        undone_at__isnull=True,
        verdict__mention__gone_at__isnull=True,
        verdict__mention__restricted_at__isnull=True,
    )
    # A second reader does not see the first decision on the same post.
    by_id = {one.pk: one for one in found.exclude(verdict=verdict).select_related("verdict__mention")}
    return [by_id[reviews[place]] for place in best if reviews[place] in by_id][:count]


@lru_cache(maxsize=1)
def _library(newest: int) -> tuple[list[int], Any]:
    """Numbers of the latest reviews and the words of their posts; made anew after each decision, 20 ms."""
    rows = Review.objects.filter(
        undone_at__isnull=True,
        id__lte=newest,
        verdict__mention__gone_at__isnull=True,
        verdict__mention__restricted_at__isnull=True,
    )
    latest = list(rows.order_by("-id").values_list("id", "verdict__mention__text")[:_LOOKED_AT])
    if not latest:  # every decision so far was taken back
        return [], None
    return [number for number, _ in latest], _WORDS.transform(normalise([text for _, text in latest]))
