"""Answers of the city under citizens' comments on a WordPress site: written, changed and taken away over REST.

An author may change and delete comments under the author's own articles only; elsewhere a person does it on the site.
Comments of an account without moderate_comments may wait for approval by the site's rules (wp_allow_comment, 6.8);
then nobody outside sees them, and a person is told.
"""

from html import escape
from typing import Any

from channels.changed import started
from channels.contract import Absent, Act, ChannelError, Failure, Gone, Memo, Outgoing, Sent, Shows
from channels.outgoing import not_before, target
from channels.plain import plain
from channels.reading import identifier, listing, mapping, moment, optional, same_words
from channels.website_access import signed_in
from channels.website_comments import comment_id, number_in
from channels.website_rest import Rest

_FIELDS = "id,post,parent,author,date_gmt,content,link,status"
#: What WordPress calls a comment that everybody sees.
_SHOWN = ("approved", "approve")
#: Deleted for good, in the trash already, or hidden from us by moderation (comments controller, 6.8).
_GONE = ("rest_comment_invalid_id", "rest_already_trashed", "rest_cannot_read")


class Answers:
    """The three acts on one site. ``site`` as `website_comments.site_of` gives it; ``login`` is our user there."""

    def __init__(self, rest: Rest, site: str, login: str) -> None:
        self.rest = rest
        self.site = site
        self.login = login

    def prepare(self, outgoing: Outgoing, memo: Memo) -> Memo:
        """Sign-in and role checked; the article under which the citizen wrote noted."""
        member = signed_in(self.rest, self.login, picture=False)
        memo = {**memo, "started_at": started(memo).isoformat(), "user": member.number}
        if outgoing.act == Act.PUBLISH:
            memo["post"] = identifier(self._one(target(outgoing)).get("post"), "post")
        return memo

    def send(self, outgoing: Outgoing, memo: Memo) -> Sent:
        """The one call that makes it public."""
        number = _number(outgoing)
        if outgoing.act == Act.RETRACT:
            return self._take_away(outgoing, number)
        if outgoing.act == Act.CORRECT:
            return self._sent(self.rest.write("POST", f"/wp/v2/comments/{number}", json=_body(outgoing)))
        body = {**_body(outgoing), "post": int(memo["post"]), "parent": int(number)}
        try:
            made = self.rest.write("POST", "/wp/v2/comments", json=body)
        except ChannelError as error:
            # {"code": "comment_duplicate", "data": {"status": 409}}: the same words by the same user in that place.
            if error.code == "comment_duplicate":
                raise ChannelError(str(error), Failure.UNKNOWN, code=error.code) from error
            raise
        return self._sent(made)

    def find(self, outgoing: Outgoing, memo: Memo) -> Sent | Absent:
        """An answer in its thread by words and time; a change or a removal by looking at the comment."""
        if outgoing.act == Act.PUBLISH:
            return self._answered(outgoing, memo)
        shown = self.shows(outgoing.remote_id, "")
        if outgoing.act == Act.RETRACT:
            if isinstance(shown, Gone):
                return Sent(outgoing.remote_id, "")
            return Absent(sure=True, note="komentar masih terlihat di situs")
        if isinstance(shown, Gone):
            raise ChannelError(
                "Komentar yang diralat sudah tidak ada di situs.", Failure.REFUSED, code="gone"
            )
        if same_words(shown.text, outgoing.text):
            return Sent(outgoing.remote_id, shown.permalink)
        return Absent(sure=True, note="teks lama masih terlihat di situs")  # writing it again is harmless

    def shows(self, remote_id: str, permalink: str) -> Shows | Gone:
        """The words of a comment of ours. Raises ChannelError."""
        try:
            row = self._one(remote_id)
        except ChannelError as error:
            if error.code in _GONE:
                return Gone("tidak ada lagi di situs")
            raise
        if (status := optional(row.get("status"))) not in (None, *_SHOWN):
            return Gone(f"komentar tidak tayang di situs (status {status})")
        return Shows(_text(row), permalink=optional(row.get("link")) or permalink)

    def _answered(self, outgoing: Outgoing, memo: Memo) -> Sent | Absent:
        query = {"parent": _number(outgoing), "per_page": 100, "order": "desc", "_fields": _FIELDS}
        rows, _headers = self.rest.read_whole("/wp/v2/comments", query)
        since = not_before(memo)
        for row in map(mapping, listing(rows)):
            young = (moment(row.get("date_gmt")) or since) >= since
            ours = memo.get("user") in ("", None, optional(row.get("author")))
            if young and ours and same_words(_text(row), outgoing.text):
                return self._sent(row)
        return Absent(note="jawaban belum terlihat di situs")

    def _take_away(self, outgoing: Outgoing, number: str) -> Sent:
        """Into the site's trash, from which its people can bring it back; what is gone already counts."""
        try:
            self.rest.request("DELETE", f"/wp/v2/comments/{number}")
        except ChannelError as error:
            if error.code not in _GONE:
                raise
        return Sent(outgoing.remote_id, "")

    def _one(self, remote_id: str) -> dict[str, Any]:
        return mapping(self.rest.read(f"/wp/v2/comments/{number_in(remote_id)}", _fields=_FIELDS))

    def _sent(self, row: dict[str, Any]) -> Sent:
        number = identifier(row.get("id"))
        if (status := optional(row.get("status"))) not in (None, *_SHOWN):
            raise ChannelError(
                f"Situs menahan komentar kita untuk moderasi (nomor {number}, {status}). Setujui di WordPress.",
                Failure.REFUSED,
                code="hidden",
            )
        return Sent(comment_id(self.site, number), optional(row.get("link")) or "")


def _number(outgoing: Outgoing) -> str:
    number = number_in(target(outgoing))
    if not number:
        raise ChannelError("Kiriman ini bukan komentar di situs, jadi tidak dapat dibalas.", Failure.REFUSED)
    return number


def _body(outgoing: Outgoing) -> dict[str, Any]:
    return {"content": escape(outgoing.text, quote=False)}


def _text(row: dict[str, Any]) -> str:
    content = row.get("content")
    return plain(mapping(content).get("rendered") if isinstance(content, dict) else content)
