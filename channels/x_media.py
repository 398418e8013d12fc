"""Pictures for X: uploaded in pieces and described in words, so that a post can carry them.

tweepy 4.17.0 has no v2 upload (tweepy#2217), but its request() signs any path. JSON bodies as X's own openapi.json
2.167 has them. Nothing here is public: whatever fails can be done again.
"""

import base64
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import tweepy

from channels.contract import ChannelError, Failure, Memo, Picture
from channels.reading import mapping, moment, optional
from channels.x import asking

#: X keeps an unused upload for a day (expires_after_secs 86400); ours is used within half of that, or made anew.
_KEPT = timedelta(hours=12)
#: Bytes in one piece: base64 makes four of three, and a request stays far below X's 5 MB.
_PIECE = 1024 * 1024
#: Longest description (media metadata reference, read 2026-08-22).
_ALT = 1000
_DONE = "succeeded"


def with_picture(client: tweepy.Client, picture: Picture, alt: str, memo: Memo, now: datetime) -> Memo:
    """``memo`` with the id of the uploaded picture: the one noted before where X still has it, else a new one."""
    noted, at = optional(memo.get("media")), moment(memo.get("media_at"))
    same = memo.get("media_of") == picture.name and at is not None and now - at < _KEPT
    if noted and same and _still_there(client, noted):
        return memo
    number, state = _upload(client, picture)
    if alt:
        described = {"id": number, "metadata": {"alt_text": {"text": alt[:_ALT]}}}
        _ask(client, "POST", "/2/media/metadata", described)
    return {
        **memo,
        "media": number,
        "media_of": picture.name,
        "media_at": now.isoformat(),
        "media_waits": state != _DONE,
    }


def require_ready(client: tweepy.Client, number: str) -> None:
    """Raises ChannelError (later) while X is still working on the picture."""
    if (state := _state(client, number)) != _DONE:
        raise ChannelError(f"X masih memproses gambar ({state}).", Failure.LATER, retry_in=5)


def _still_there(client: tweepy.Client, number: str) -> bool:
    try:
        return _state(client, number) != "failed"
    except ChannelError as error:
        if error.failure != Failure.REFUSED:
            raise
        return False  # X no longer knows it


def _state(client: tweepy.Client, number: str) -> str:
    return _processing(
        _ask(client, "GET", "/2/media/upload", params={"media_id": number, "command": "STATUS"})
    )


def _upload(client: tweepy.Client, picture: Picture) -> tuple[str, str]:
    """The new picture's id and its state."""
    kind = {"media_type": picture.media_type, "media_category": "tweet_image"}
    begun = _ask(client, "POST", "/2/media/upload/initialize", {**kind, "total_bytes": len(picture.data)})
    number = optional(begun.get("id"))
    if number is None:
        raise ChannelError("X menerima gambar tetapi tidak menyebut nomornya.", Failure.LATER)
    for index, start in enumerate(range(0, len(picture.data), _PIECE)):
        piece = base64.b64encode(picture.data[start : start + _PIECE]).decode()
        _ask(client, "POST", f"/2/media/upload/{number}/append", {"media": piece, "segment_index": index})
    return number, _processing(_ask(client, "POST", f"/2/media/upload/{number}/finalize"))


def _processing(data: dict[str, Any]) -> str:
    """pending, in_progress, failed or succeeded; pictures are usually done at once and then have no such part."""
    return optional(mapping(data.get("processing_info")).get("state")) or _DONE


def _ask(
    client: tweepy.Client,
    method: str,
    path: str,
    body: dict[str, Any] | None = None,
    params: dict[str, str] | None = None,
) -> dict[str, Any]:
    """`data` of one answer. An unclear failure is one to try again, for nothing public was asked for."""
    answer = asking(partial(_answer, client, method, path, body, params))
    return mapping(mapping(answer).get("data"))


def _answer(client: tweepy.Client, method: str, path: str, body: Any, params: Any) -> Any:
    response = client.request(method, path, params=params, json=body, user_auth=True)
    return response.json() if response.content else {}
