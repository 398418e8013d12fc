"""The built-in feed as anyone may read it: the files that publishing wrote, and nothing else."""

from pathlib import Path

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse

#: The pages carry their few rules of style inside, and no script ever.
_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src 'self' https:; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'"
)
_TYPES = {".html": "text/html; charset=utf-8", ".xml": "application/atom+xml; charset=utf-8"}


def feed(request: HttpRequest, key: str, name: str = "index.html") -> HttpResponse:
    """One file of the feed of account ``key``. Both parts come from converters that know no slash and no dots."""
    path = Path(settings.KENTONGAN_HOME) / "public" / key / name
    if path.suffix not in _TYPES or not path.is_file():
        raise Http404
    answer = HttpResponse(path.read_bytes(), content_type=_TYPES[path.suffix])
    answer["Content-Security-Policy"] = _POLICY
    return answer
