"""Templates as staff change them: tried on samples for every channel, kept as versions, taken back when wished."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _
from jinja2 import TemplateSyntaxError, nodes

from channels.models import Kind
from ledger.chain import record
from ledger.models import Person
from ledger.roles import Role
from publisher.kinds import AnnouncementKind, TemplateProblem, kind_named
from publisher.models import TemplateVersion
from publisher.render import NAMES, Rendered, problems, render
from publisher.rules import Refused, need
from publisher.sandbox import SHELF, place_of, room, said, shipped

#: Every template of a kind: in Indonesian, and in English under en/.
ALL_NAMES = (*NAMES, *(f"en/{name}" for name in NAMES))
LONGEST = 20_000  #: characters of a template
_SAMPLE, _LINK = "KTG-ABC123", "https://www.bekasikota.go.id/pengumuman/contoh-ktg-abc123"
#: What a template must not contain: with these it could work for hours, or reach other files.
_FORBIDDEN = (nodes.Macro, nodes.CallBlock, nodes.Import, nodes.FromImport, nodes.Extends, nodes.Include)
_DEEPEST = 2  #: loops inside loops


@dataclass(frozen=True, slots=True)
class Fault:
    """Why a template may not be used."""

    file: str
    line: int  #: 0 when it is about the template as a whole
    sentence: str  #: what is wrong
    advice: str  #: what to do

    def __str__(self) -> str:
        at = _("%(file)s baris %(line)d") % {"file": self.file, "line": self.line} if self.line else self.file
        return f"{at}: {self.sentence} {self.advice}"


class Broken(Refused):
    """Templat ini belum dapat dipakai; perbaiki dulu."""

    def __init__(self, faults: list[Fault]) -> None:
        super().__init__(_("Templat ini belum dapat dipakai; perbaiki dulu."))
        self.faults = faults


def body_of(kind: str, name: str) -> tuple[str, int]:
    """The body in use and its number; 0: the shipped file. Raises TemplateProblem for a name that there is not."""
    _known(kind, name)
    row = TemplateVersion.objects.filter(kind=kind, name=name, in_use=True).first()
    return (row.body, row.number) if row else (shipped(kind, name), 0)


def history(kind: str, name: str) -> list[TemplateVersion]:
    """The versions that staff wrote, newest first."""
    return list(
        TemplateVersion.objects.filter(kind=kind, name=name).select_related("author").order_by("-number")
    )


def examine(kind: str, name: str, body: str) -> list[Fault]:
    """Try ``body`` in the place of a template, on samples and for every channel; [] when it may be used."""
    known = _known(kind, name)
    file = f"{SHELF}/{kind}/{name}"
    if not body.strip() or len(body) > LONGEST:
        return [
            Fault(
                file,
                0,
                _("Templat kosong atau terlalu panjang."),
                _("Tulis isinya, paling panjang 20.000 huruf."),
            )
        ]
    if faults := _grammar(file, body):
        return faults
    return list(dict.fromkeys(_tried(known, name, body, file)))[:6]


def sample(kind: AnnouncementKind, language: str, *, full: bool = True) -> dict[str, str]:
    """Example values of a kind; without ``full`` only what is required."""
    return {one.name: one.example_in(language) if full or one.required else "" for one in kind.fields}


def keep(kind: str, name: str, body: str, person: Person, now: datetime, note: str = "") -> TemplateVersion:
    """Store ``body`` as the next version and use it from now on. Raises Broken with its faults."""
    need(person, Role.ADMINISTRATOR)
    body = body.replace("\r\n", "\n").rstrip() + "\n"
    if faults := examine(kind, name, body):
        raise Broken(faults)
    made = TemplateVersion(
        kind=kind, name=name, body=body, note=note[:300], author=person, at=now, in_use=True
    )
    try:
        return _stored(made)
    except IntegrityError as error:
        raise Refused(
            _("Orang lain baru saja menyimpan templat ini; muat ulang dan lihat versinya.")
        ) from error


@transaction.atomic
def _stored(made: TemplateVersion) -> TemplateVersion:
    """Take the next number, and the place of the version that was in use."""
    earlier = TemplateVersion.objects.select_for_update().filter(kind=made.kind, name=made.name)
    made.number = max((row.number for row in earlier), default=0) + 1
    earlier.update(in_use=False)
    made.save()
    subject = f"template:{made.kind}/{made.name}"
    record("template.kept", subject, actor=made.author, at=made.at, number=made.number, note=made.note)
    return made


@transaction.atomic
def use(kind: str, name: str, number: int, person: Person, now: datetime) -> None:
    """Go back to an older version, or with 0 to the shipped file. Raises Broken, or Refused for no such version."""
    need(person, Role.ADMINISTRATOR)
    rows = TemplateVersion.objects.select_for_update().filter(kind=kind, name=name)
    wanted = next((row for row in rows if row.number == number), None)
    if number and wanted is None:
        raise Refused(_("Versi templat itu tidak ada."))
    if wanted and (faults := examine(kind, name, wanted.body)):  # the kind's fields may have changed since
        raise Broken(faults)
    rows.update(in_use=False)
    rows.filter(number=number).update(in_use=True)
    record("template.used", f"template:{kind}/{name}", actor=person, at=now, number=number)


def shown(kind: str, name: str, body: str) -> Rendered:
    """What ``body`` gives on the examples. Raises TemplateProblem."""
    known = _known(kind, name)
    english = name.startswith("en/")
    return render(
        kind,
        sample(known, "id"),
        _channels(name)[0],
        _SAMPLE,
        fields_en=sample(known, "en"),
        language="en" if english else "id",
        trial={f"{kind}/{name}": body},
    )


def _known(kind: str, name: str) -> AnnouncementKind:
    if name not in ALL_NAMES:
        raise TemplateProblem(_("Tidak ada templat bernama %(name)s.") % {"name": name})
    return kind_named(kind)


def _channels(name: str) -> list[str]:
    """The channels on which a template is seen."""
    stem = name.removeprefix("en/").partition(".")[0]
    where = {"title": Kind.WEBSITE, "summary": Kind.WEBSITE, "alt": Kind.INSTAGRAM}  #: the same on all
    return [where.get(stem) or Kind(stem)]


def _grammar(file: str, body: str) -> list[Fault]:
    """Whether it can be read, and holds nothing that a template has no need of."""
    try:
        tree = room().parse(body, file)
    except TemplateSyntaxError as error:
        advice = _("Periksa tanda {{ }} dan {% %} di baris itu: tiap pembuka harus punya penutup.")
        return [
            Fault(
                file, error.lineno or 0, _("Templat tidak terbaca: %(why)s.") % {"why": said(error)}, advice
            )
        ]
    faults = []
    for node in tree.find_all(_FORBIDDEN):
        advice = _("Tulis isinya langsung di templat ini.")
        faults.append(Fault(file, node.lineno, _("Perintah ini tidak boleh dipakai dalam templat."), advice))
    for node in tree.find_all(nodes.For):
        if node.recursive or _depth(node) > _DEEPEST:
            advice = _("Pakai paling banyak dua perulangan bersarang.")
            faults.append(Fault(file, node.lineno, _("Perulangannya terlalu dalam."), advice))
    return faults


def _depth(node: nodes.Node) -> int:
    return int(isinstance(node, nodes.For)) + max((_depth(one) for one in node.iter_child_nodes()), default=0)


def _tried(kind: AnnouncementKind, name: str, body: str, file: str) -> Iterator[Fault]:
    trial = {f"{kind.key}/{name}": body}
    english = name.startswith("en/")
    for channel in _channels(name):
        for what, fields, fields_en in _samples(kind, english=english):
            try:
                made = render(
                    kind.key, fields, channel, _SAMPLE, fields_en=fields_en, link=_LINK, trial=trial
                )
                if english:
                    made = render(
                        kind.key, fields, channel, _SAMPLE, fields_en=fields_en, language="en", trial=trial
                    )
            except TemplateProblem as error:
                yield _unfilled(error, kind, file)
                return
            found = list(_unfit(kind, name, channel, made, what, fields_en if english else fields, file))
            yield from found
            if found:
                return


def _samples(
    kind: AnnouncementKind, *, english: bool
) -> Iterator[tuple[str, dict[str, str], dict[str, str]]]:
    """What it is tried on, by name: the examples, the required fields alone, the longest and the oddest values."""
    yield _("contoh lengkap"), sample(kind, "id"), sample(kind, "en")
    yield (
        _("isian wajib saja"),
        sample(kind, "id", full=False),
        sample(kind, "en", full=False) if english else {},
    )
    words = ("kata " * 2000, "word " * 2000)
    long = {
        one.name: words[0][: one.max_length].strip() if one.translated else one.example for one in kind.fields
    }
    yield _("isian terpanjang"), long, {name: value.replace("kata", "word") for name, value in long.items()}
    odd = {one.name: "<b>&\"'🏛️" if one.translated else one.example for one in kind.fields}
    yield _("tanda baca"), odd, odd


def _unfilled(problem: TemplateProblem, kind: AnnouncementKind, file: str) -> Fault:
    """The template asked for something that there is not."""
    cause = problem.__cause__ or problem
    at, line = place_of(cause, file.removeprefix(f"{SHELF}/"))
    names = ", ".join(one.name for one in kind.fields)
    advice = _("Yang dapat dipakai: %(names)s, reference, article, city.name, city.hotline.") % {
        "names": names
    }
    return Fault(at, line, _("Templat tidak dapat diisi: %(why)s.") % {"why": said(cause)}, advice)


def _unfit(
    kind: AnnouncementKind,
    name: str,
    channel: str,
    made: Rendered,
    what: str,
    fields: dict[str, str],
    file: str,
) -> Iterator[Fault]:
    """What a channel would not take, and what must not be missing."""
    on = {"channel": Kind(channel).label, "what": what}
    for sentence in problems(channel, made):
        yield Fault(
            file,
            0,
            f"{sentence} ({on['channel']}, {what})",
            _("Pendekkan kalimat tetapnya atau lengkapi isinya."),
        )
    if _SAMPLE not in (made.html or made.text):
        advice = _("Tulis {{ reference }} di bagian akhir.")
        yield Fault(file, 0, _("Rujukan tidak tampak di %(channel)s (%(what)s).") % on, advice)
    about = kind.shown(fields)[kind.fields[0].name]
    if what == _("contoh lengkap") and name.endswith("x.txt") and about not in made.text:
        advice = _("Pendekkan kalimat tetapnya, dan mulai dengan {{ %(name)s }}.") % {
            "name": kind.fields[0].name
        }
        sentence = _("“%(label)s” tidak tampak utuh di X.") % {"label": kind.fields[0].label}
        yield Fault(file, 0, sentence, advice)
    if what == _("contoh lengkap") and name.endswith("website.html"):
        seen = kind.shown(fields)
        for one in kind.fields:
            if one.required and one.translated and one.name != kind.fields[0].name:
                first = seen[one.name].splitlines()[0]
                if first.split("&")[0] not in made.html.replace("&amp;", "&"):
                    advice = _("Tulis {{ %(name)s }} di tempat yang sesuai.") % {"name": one.name}
                    yield Fault(
                        file, 0, _("Isian wajib “%(label)s” tidak tampak.") % {"label": one.label}, advice
                    )
    both = name in ("facebook.txt", "instagram.txt", "website.html")
    if what == _("contoh lengkap") and both and not _has_english(kind, made):
        advice = _("Tulis {{ english }} di tempat bahasa Inggrisnya.")
        yield Fault(file, 0, _("Versi bahasa Inggris tidak tampak di %(channel)s.") % on, advice)


def _has_english(kind: AnnouncementKind, made: Rendered) -> bool:
    first = next(
        one.example_en for one in kind.fields if one.required and one.example_en not in ("", one.example)
    )
    return first.splitlines()[0] in (made.html or made.text) or made.shortened
