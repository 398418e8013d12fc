"""Templat: the wording of each kind and channel, changed by administrators, tried before it may be used."""

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from desk.access import StaffRequest, needs
from desk.frame import page
from ledger.roles import Role
from publisher import wording
from publisher.kinds import AnnouncementKind, TemplateProblem, kind_named, kinds
from publisher.models import TemplateVersion
from publisher.render import NAMES, Rendered
from publisher.rules import Refused


@needs(Role.ADMINISTRATOR)
@require_safe
def templates(request: StaffRequest) -> HttpResponse:
    """Every kind with its templates; those that staff changed are marked."""
    changed = set(TemplateVersion.objects.filter(in_use=True).values_list("kind", "name"))
    shelves = [
        (kind, [(name, name_word(name), (kind.key, name) in changed) for name in wording.ALL_NAMES])
        for kind in kinds().values()
    ]
    return page(request, "desk/templates.html", {"section": "more", "shelves": shelves, "half": len(NAMES)})


@needs(Role.ADMINISTRATOR)
def template(request: StaffRequest, kind: str, name: str) -> HttpResponse:
    """One template: its text, what it gives on the examples, and its versions."""
    known = _found(kind, name)
    if request.method != "POST":
        return _page(request, known, name, wording.body_of(kind, name)[0])
    body = request.POST.get("body", "").replace("\r\n", "\n")
    note, now = request.POST.get("note", "").strip(), timezone.now()
    act, _colon, number = request.POST.get("tindakan", "").partition(":")
    try:
        if act == "pakai" and number.isdecimal():
            wording.use(kind, name, int(number), request.person, now)
            messages.success(request, _("Templat diganti. Naskah yang diajukan mulai sekarang memakainya."))
        elif act == "simpan":
            made = wording.keep(kind, name, body, request.person, now, note)
            messages.success(request, _("Versi %(number)d disimpan dan dipakai.") % {"number": made.number})
        else:
            return _page(
                request, known, name, body, faults=wording.examine(kind, name, body), note=note, tried=True
            )
    except wording.Broken as broken:
        return _page(
            request, known, name, body or wording.body_of(kind, name)[0], faults=broken.faults, note=note
        )
    except Refused as refusal:
        messages.error(request, str(refusal))
    return redirect("template", kind, name)


def name_word(name: str) -> str:
    """What a template is called: "X", "Facebook (Inggris)"."""
    words = {
        "title.txt": _("Judul"),
        "x.txt": "X",
        "facebook.txt": "Facebook",
        "instagram.txt": "Instagram",
        "website.html": _("Situs web dan umpan"),
        "summary.txt": _("Ringkasan situs"),
        "alt.txt": _("Teks alternatif"),
    }
    word = words[name.removeprefix("en/")]
    return _("%(name)s (Inggris)") % {"name": word} if name.startswith("en/") else word


def _found(kind: str, name: str) -> AnnouncementKind:
    try:
        known = kind_named(kind)
    except TemplateProblem as error:
        raise Http404(str(error)) from error
    if name not in wording.ALL_NAMES:
        raise Http404(name)
    return known


def _page(
    request: StaffRequest,
    kind: AnnouncementKind,
    name: str,
    body: str,
    *,
    faults: list[wording.Fault] | None = None,
    note: str = "",
    tried: bool = False,
) -> HttpResponse:
    made: Rendered | None = None
    if not faults:
        try:
            made = wording.shown(kind.key, name, body)
        except TemplateProblem:
            faults = wording.examine(kind.key, name, body)
    context: dict[str, Any] = {
        "section": "more",
        "kind": kind,
        "name": name,
        "word": name_word(name),
        "body": body,
        "note": note,
        "faults": faults or [],
        "tried": tried and not faults,
        "made": made,
        "help": _(
            "{{ nama }} diganti dengan isian; {% if nama %} … {% endif %} hanya tampak bila terisi. Baris yang "
            "berakhir dengan {% endif %} menyatu dengan baris di bawahnya, kecuali ditulis {% endif +%}."
        ),
        "versions": wording.history(kind.key, name),
        "in_use": wording.body_of(kind.key, name)[1],
    }
    return page(request, "desk/template.html", context, status=422 if faults and not tried else 200)
