"""Articles of one WordPress site: published once under a slug of ours, corrected and withdrawn where they stand."""

import re
from html import escape
from typing import Any

from channels.changed import label_of_correction, label_of_withdrawal, started, withdrawn_title
from channels.contract import Absent, Act, ChannelError, Failure, Memo, Outgoing, Sent
from channels.plain import plain
from channels.reading import identifier, listing, mapping, optional, same_words
from channels.sameness import same_article
from channels.website_access import categories, signed_in
from channels.website_media import place
from channels.website_rest import Rest

_ANY_STATUS = "publish,future,draft,pending,private,trash"
_SEEN = "id,slug,status,link,author"
_STANDING = "id,status,link,date_gmt,modified_gmt,title,content,excerpt,featured_media"
#: A note of ours in an article; an editor may add classes and attributes to the paragraph.
_NOTE = re.compile(
    r'<p\b[^>]*\bclass="[^"]*\bkentongan-ralat\b[^>]*>\s*<strong>(.*?)</strong>(.*?)</p>', re.DOTALL
)
#: WordPress's states in which nobody outside sees an article.
_HIDDEN = {
    "trash": "di tempat sampah",
    "draft": "sebagai draf",
    "pending": "menunggu tinjauan",
    "private": "sebagai artikel pribadi",
    "future": "dijadwalkan untuk nanti",
}
_OR_AWAY = ", atau hapus permanen bila memang harus dikirim ulang"


class Articles:
    """The three acts on one site. ``login`` is our user there; ``fallback`` a category that surely exists, or ""."""

    def __init__(self, rest: Rest, login: str, fallback: str = "") -> None:
        self.rest = rest
        self.login = login
        self.fallback = fallback

    def prepare(self, outgoing: Outgoing, memo: Memo) -> Memo:
        """Sign-in and role checked; picture, categories and earlier notes as numbers and words in the memo."""
        member = signed_in(self.rest, self.login, picture=outgoing.picture is not None)
        memo = {**memo, "started_at": started(memo).isoformat(), "user": member.number}
        if outgoing.act == Act.RETRACT:
            return memo
        if outgoing.picture is not None:
            memo["picture"] = place(self.rest, outgoing.picture, outgoing.alt)[0]
        if outgoing.act == Act.CORRECT:
            row = self._standing(outgoing)
            memo["notes"] = _notes(_raw(row, "content"))
            _refuse_edited(row, outgoing, memo)
        elif outgoing.categories:
            memo["categories"] = categories(self.rest, member, outgoing.categories, self.fallback)
        return memo

    def send(self, outgoing: Outgoing, memo: Memo) -> Sent:
        """The one call. A correction or withdrawal that is there already is not written again."""
        if outgoing.act == Act.PUBLISH:
            return self._publish(outgoing, memo)
        row = self._standing(outgoing)
        body = article(outgoing, memo, _raw(row, "title"))
        if not _holds(row, body):
            if outgoing.act == Act.CORRECT:
                _refuse_edited(row, outgoing, memo)
            row = self.rest.write("POST", f"/wp/v2/posts/{outgoing.remote_id}", json=body)
        return self._sent(row, outgoing)

    def find(self, outgoing: Outgoing, memo: Memo) -> Sent | Absent:
        """Whether the site holds what `send` was to bring about. Raises ChannelError where a person has to go on."""
        if outgoing.act == Act.PUBLISH:
            return self._published(outgoing, memo)
        row = self._standing(outgoing)
        if _holds(row, article(outgoing, memo, _raw(row, "title"))):
            return self._sent(row, outgoing)
        # Sure: should a late answer still land, it brings the same article as the repeat.
        return Absent(sure=True, note="perubahan artikel belum ada di situs")

    # --- publishing

    def _publish(self, outgoing: Outgoing, memo: Memo) -> Sent:
        """Create the article unless its slug is taken; a twin that slipped in is put in the trash."""
        already = self._published(outgoing, memo)
        if isinstance(already, Sent):
            return already
        made = self.rest.write("POST", "/wp/v2/posts", json=article(outgoing, memo))
        if optional(made.get("slug")) != outgoing.slug:
            # WordPress renames a taken slug to "...-2" without an error (seen with 6.8.12): ours is the twin.
            # It also spells a slug its own way ("AIR" becomes "air"); what is found is then ours and no twin.
            number = identifier(made.get("id"))
            first = self._published(outgoing, {**memo, "user": ""})
            if isinstance(first, Sent) and first.remote_id != number:
                self.rest.write("DELETE", f"/wp/v2/posts/{number}")
                return first
        if (status := made.get("status")) in _HIDDEN:
            raise _hidden(made, f"Situs menyimpannya {_HIDDEN[status]}, belum tayang", _OR_AWAY)
        return self._sent(made, outgoing)

    def _published(self, outgoing: Outgoing, memo: Memo) -> Sent | Absent:
        # Not with context=edit: that hides from an author what another user published (seen with 6.8.12).
        rows = self.rest.read("/wp/v2/posts", slug=_slugs(outgoing), status=_ANY_STATUS, _fields=_SEEN)
        found = sorted(map(mapping, listing(rows)), key=lambda row: len(optional(row.get("slug")) or ""))
        public = [row for row in found if row.get("status") == "publish"]
        for twin in public[1:]:
            # The answer to its creation was lost, so nobody put it away then.
            if memo.get("user") and optional(twin.get("author")) == memo["user"]:
                self.rest.write("DELETE", f"/wp/v2/posts/{identifier(twin.get('id'))}")
        if public:
            return self._sent(public[0], outgoing)
        for row in found:
            where = _HIDDEN.get(str(row.get("status")), f"berstatus {row.get('status')}")
            raise _hidden(row, f"Artikel ini sudah ada di situs, {where}", _OR_AWAY)
        return Absent(note="artikel belum ada di situs")

    # --- what stands there

    def _standing(self, outgoing: Outgoing) -> dict[str, Any]:
        """The published article that is to be changed, as its author sees it."""
        path = f"/wp/v2/posts/{outgoing.remote_id}"
        try:
            row = mapping(self.rest.read(path, context="edit", _fields=_STANDING))
        except ChannelError as error:
            if error.code == "rest_post_invalid_id":
                said = f"Artikel nomor {outgoing.remote_id} sudah dihapus dari situs; tidak ada yang dapat diubah."
                raise ChannelError(said, Failure.REFUSED, code=error.code) from error
            raise
        if row.get("status") != "publish":
            where = _HIDDEN.get(str(row.get("status")), f"berstatus {row.get('status')}")
            raise _hidden(row, f"Artikel ini tidak lagi tayang: di situs tersimpan {where}")
        return row

    def _sent(self, row: dict[str, Any], outgoing: Outgoing) -> Sent:
        link = optional(row.get("link")) or f"{self.rest.base}/{outgoing.slug}/"
        return Sent(identifier(row.get("id")), link)


def article(outgoing: Outgoing, memo: Memo, standing_title: str = "") -> dict[str, Any]:
    """What the site is to hold after the act, in the names of its API. The same act always gives the same."""
    if outgoing.act == Act.RETRACT:
        label = label_of_withdrawal(memo)
        notice = f"<p><strong>{escape(label)}</strong> {escape(outgoing.change_note)}</p>"
        return {
            "title": withdrawn_title(outgoing.title or plain(standing_title)),
            "content": f"{notice}\n<p><small>{escape(outgoing.reference)}</small></p>",
            "excerpt": f"{label} {outgoing.change_note}",
            "featured_media": 0,
        }
    body: dict[str, Any] = {"title": outgoing.title, "content": outgoing.html, "excerpt": outgoing.text}
    if "picture" in memo:
        body["featured_media"] = memo["picture"]
    if outgoing.act == Act.CORRECT:
        ours = [label_of_correction(memo), " ".join(outgoing.change_note.split())]
        earlier = [note for note in memo.get("notes", []) if note != ours]
        body["content"] = "\n".join([outgoing.html, *(_note(*note) for note in [*earlier, ours])])
        return body
    if numbers := memo.get("categories"):
        body["categories"] = numbers
    return {**body, "slug": outgoing.slug, "status": "publish"}


def _note(label: str, said: str) -> str:
    return f'<p class="kentongan-ralat"><strong>{escape(label)}</strong> {escape(said)}</p>'


def _notes(content: str) -> list[list[str]]:
    """The notes of earlier corrections in an article: [label, sentence] each, oldest first."""
    return [[plain(label), plain(said)] for label, said in _NOTE.findall(content)]


def _slugs(outgoing: Outgoing) -> str:
    """The names under which an article of ours can be: its own, a twin's, and what the trash makes of it.

    WordPress cuts the slug at 191 letters before it appends "__trashed" (seen with 6.8.12).
    """
    slug = outgoing.slug.lower()
    return f"{slug},{slug}-2,{slug[:191]}__trashed"


def _raw(row: dict[str, Any], name: str) -> str:
    return optional(mapping(row.get(name)).get("raw")) or ""


def _holds(row: dict[str, Any], body: dict[str, Any]) -> bool:
    """Whether the article has the words (and the featured image) of ``body``."""
    return (
        same_words(plain(_raw(row, "title")), plain(body["title"]))
        and same_article(_raw(row, "content"), body["content"])
        and same_words(plain(_raw(row, "excerpt")), plain(body["excerpt"]))
        and row.get("featured_media") == body.get("featured_media", row.get("featured_media"))
    )


def _refuse_edited(row: dict[str, Any], outgoing: Outgoing, memo: Memo) -> None:
    """Raises ChannelError when somebody changed the article on the site itself: their words are not overwritten."""
    if _holds(row, article(outgoing, memo)) or _untouched(row, outgoing.before):
        return
    raise ChannelError(
        "Artikel ini sudah diubah langsung di situs sesudah kami mengirimnya, jadi tidak ditimpa. Kembalikan isinya "
        "lewat Revisi di WordPress lalu kirim lagi, atau tulis ralatnya langsung di situs.",
        Failure.REFUSED,
        code="edited",
    )


def _untouched(row: dict[str, Any], before: Outgoing | None) -> bool:
    content = _raw(row, "content")
    if before is not None:
        return (
            same_words(plain(_raw(row, "title")), plain(before.title))
            and same_article(_NOTE.sub("", content), before.html)
            and same_words(plain(_raw(row, "excerpt")), plain(before.text))
        )
    # Without the words that we sent: published and never changed, or last known to have been changed by us.
    return row.get("modified_gmt") == row.get("date_gmt") or bool(_notes(content))


def _hidden(row: dict[str, Any], said: str, otherwise: str = "") -> ChannelError:
    """For a person: an article that only somebody on the site can bring back, or take away for good."""
    what = "Pulihkan" if row.get("status") == "trash" else "Terbitkan"
    said = f"{said} (nomor {optional(row.get('id'))}). {what} di WordPress{otherwise or ', lalu kirim lagi'}."
    return ChannelError(said, Failure.REFUSED, code="hidden")
