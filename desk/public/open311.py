"""The Open311 GeoReport v2 server: services, requests and tokens, in XML and JSON (docs/open311.md)."""

import logging
from collections.abc import Callable
from functools import wraps
from typing import Any

from django.conf import settings
from django.core.exceptions import BadRequest, SuspiciousOperation
from django.db import DatabaseError
from django.http import HttpRequest, HttpResponse
from django.http.multipartparser import MultiPartParserError
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt

from cases import open311_in
from cases.models import Case
from cases.open311_server import Refused, definition, query, request_of, services, w3c
from cases.open311_wire import as_json, one_as_xml, rows_as_xml
from desk.public.limits import address, count, spent

log = logging.getLogger(__name__)
_TYPES = {"xml": "text/xml; charset=utf-8", "json": "application/json; charset=utf-8"}
_READS, _POSTS = 600, 3600  # seconds in which calls are counted

#: A view gives the shape of its answer (a key of SHAPES, or the name of a single element) and the answer.
View = Callable[..., tuple[str, Any]]


def _answering(*methods: str) -> Callable[[View], Callable[..., HttpResponse]]:
    """Answers in the asked format; whatever goes wrong becomes an error of the specification, never a 500 of ours."""

    def wrap(view: View) -> Callable[..., HttpResponse]:
        @csrf_exempt  # no cookie is looked at: who may post shows an api_key
        @wraps(view)
        def answered(request: HttpRequest, form: str = "", **asked: str) -> HttpResponse:
            known = form or _preferred(request)
            try:
                _check(request, known, methods)
                shape, answer = view(request, **asked)
                return _response(known, 200, shape, answer)
            except Refused as refused:
                return _response(known, refused.status, "errors", refused.errors)
            except (SuspiciousOperation, BadRequest, MultiPartParserError, UnicodeError, OSError):
                return _response(known, 400, "errors", _one(400, "Permintaan ini tidak dapat dibaca."))
            except DatabaseError:
                log.exception("open311: the database does not answer")
                said = "Layanan sedang tidak dapat dihubungi; coba lagi nanti."
                return _response(known, 400, "errors", _one(503, said))

        return answered

    return wrap


@_answering("GET", "HEAD")
def discovery(request: HttpRequest) -> tuple[str, Any]:
    """Service discovery (https://wiki.open311.org/Service_Discovery): where the server is and what it speaks."""
    here = settings.PUBLIC_URL or request.build_absolute_uri("/").rstrip("/")
    point = {
        "specification": "http://wiki.open311.org/GeoReport_v2",
        "url": f"{here}{reverse('open311_root')}",
        "changeset": "2026-11-24T00:00:00Z",
        "type": "production",
        "formats": ["text/xml", "application/json"],
    }
    table = settings.DESKS["open311"]
    told = {"changeset": point["changeset"], "contact": table["contact"], "key_service": table["contact"]}
    return "discovery", {**told, "endpoints": [point]}


@_answering("GET", "HEAD")
def root(request: HttpRequest) -> tuple[str, Any]:
    """The endpoint itself is no resource."""
    raise Refused(404, "Pilih services, requests, atau tokens; lihat discovery.json.")


@_answering("GET", "HEAD")
def service_list(request: HttpRequest) -> tuple[str, Any]:
    return "services", services()


@_answering("GET", "HEAD")
def service(request: HttpRequest, code: str) -> tuple[str, Any]:
    return "service_definition", definition(code)


@_answering("GET", "HEAD", "POST")
def requests(request: HttpRequest) -> tuple[str, Any]:
    if request.method == "POST":
        return "requests", [_posted(request)]
    asked = query({name: request.GET[name].strip() for name in request.GET}, timezone.now())
    return "requests", _told(request, list(open311_in.matching(asked)))


@_answering("GET", "HEAD")
def one_request(request: HttpRequest, number: str) -> tuple[str, Any]:
    found = list(open311_in.matching(query({"service_request_id": number}, timezone.now()))[:1])
    if not found or found[0].number != number:
        raise Refused(404, f"service_request_id {number[:40]!r} tidak dikenal.")
    return "requests", _told(request, found)


@_answering("GET", "HEAD")
def token(request: HttpRequest, token: str) -> tuple[str, Any]:
    found = open311_in.by_token(token)
    return "requests", [{"service_request_id": found.number, "token": token}]


def _posted(request: HttpRequest) -> dict[str, Any]:
    """Open the case of a POST; the answer has its id at once (type realtime), never a token."""
    _same_city(request.POST.get("jurisdiction_id", ""))
    if spent("open311_refused", address(request), 20):
        raise Refused(400, "Terlalu banyak api_key yang salah; coba lagi nanti.", code=429)
    try:
        client = open311_in.client_of(request.POST.get("api_key", "").strip())
    except Refused:
        count("open311_refused", address(request), _READS)
        raise
    if spent("open311_posts", client, settings.DESKS["open311"]["posts_an_hour"]):
        raise Refused(400, "Batas laporan per jam untuk api_key ini tercapai; coba lagi nanti.", code=429)
    count("open311_posts", client, _POSTS)
    sent = open311_in.checked(dict(request.POST.lists()))
    case = open311_in.received(client, sent, timezone.now())
    notice = f"Laporan diterima {w3c(case.opened_at)} dan diperiksa petugas."
    return {"service_request_id": case.number, "service_notice": notice, "account_id": None}


def _told(request: HttpRequest, found: list[Case]) -> list[dict[str, Any]]:
    more = request.GET.get("extensions", "").strip().lower() == "true"
    return [request_of(case, extensions=more) for case in found]


def _check(request: HttpRequest, form: str, methods: tuple[str, ...]) -> None:
    if form not in _TYPES:
        raise Refused(400, "Bentuk jawaban harus xml atau json.")
    if request.method not in methods:
        raise Refused(400, f"{request.method} tidak dilayani di alamat ini.")
    if request.method != "POST":
        here = address(request)
        if spent("open311_reads", here, settings.DESKS["open311"]["reads"]):
            raise Refused(400, "Terlalu banyak permintaan; coba lagi sepuluh menit lagi.", code=429)
        count("open311_reads", here, _READS)
    if any("\x00" in value for name in request.GET for value in (name, *request.GET.getlist(name))):
        raise Refused(400, "Permintaan ini memuat huruf NUL.")
    _same_city(request.GET.get("jurisdiction_id", ""))


def _same_city(jurisdiction: str) -> None:
    """The server serves one city, so the argument is optional; another city's is an error all the same."""
    if jurisdiction.strip() not in ("", settings.DESKS["open311"]["jurisdiction"]):
        raise Refused(404, f"jurisdiction_id {jurisdiction[:60]!r} tidak dilayani di sini.")


def _preferred(request: HttpRequest) -> str:
    """Without an extension: XML, which the specification requires, unless the caller accepts JSON alone."""
    wanted = request.headers.get("Accept", "")
    return "json" if "json" in wanted and "xml" not in wanted else "xml"


def _one(code: int, said: str) -> list[dict[str, Any]]:
    return [{"code": code, "description": said}]


def _response(form: str, status: int, shape: str, answer: Any) -> HttpResponse:
    form = form if form in _TYPES else "xml"
    if form == "json":
        body = as_json(answer)
    elif isinstance(answer, list):
        body = rows_as_xml(shape, answer)
    else:
        body = one_as_xml(shape, answer)
    response = HttpResponse(body, status=status, content_type=_TYPES[form])
    response["Access-Control-Allow-Origin"] = "*"  # public data, and no cookie is looked at
    response["X-Content-Type-Options"] = "nosniff"
    response["Cache-Control"] = "no-store"
    return response
