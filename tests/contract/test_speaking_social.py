"""X, Facebook and Instagram: every act lands once, whatever the platform answers, and is found when it landed."""

import io
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

import pytest
from PIL import Image

from channels.contract import (
    Absent,
    Act,
    ChannelError,
    Failure,
    Gone,
    Memo,
    Numbers,
    Outgoing,
    Picture,
    Sent,
    Shows,
)
from channels.models import Account
from channels.receipts import keep_receipt
from channels.registry import Channel, deletes, edits, open_channel, upload_image
from config.town import Town

# The database only holds accounts here: once is enough.
pytestmark = [pytest.mark.django_db, pytest.mark.once]

CHANNELS = ("x", "facebook", "instagram")
ACTS = ("publish", "correct", "retract", "answer")
#: The call that makes each act public, by the town's name for it.
WRITES = {
    "x": {"publish": "x.create", "correct": "x.create", "retract": "x.delete", "answer": "x.create"},
    "facebook": {
        "publish": "facebook.create",
        "correct": "facebook.update",
        "retract": "facebook.delete",
        "answer": "facebook.comment_create",
    },
    "instagram": {
        "publish": "instagram.publish",
        "correct": "instagram.comment_create",
        "retract": "instagram.comment_create",
        "answer": "instagram.comment_create",
    },
}
UPLOADS = {
    "x": ("x.media", "x.media_append", "x.media_finalize", "x.media_metadata"),
    "facebook": ("facebook.photo",),
}
OLD = "Air mati di Jatiasih & Bekasi Timur, Selasa. Info: pdam.go.id [KTG-AAAAAA]"
NEW = "Ralat: air mati di Jatiasih saja, Rabu. Info: pdam.go.id [KTG-AAAAAA]"
WITHDRAWN = "Ditarik: pengumuman ini keliru. [KTG-AAAAAA]"
ANSWER = "Terima kasih, petugas berangkat. https://bekasikota.go.id/kasus/12"
ALT = "Peta daerah yang airnya mati."


@cache
def picture() -> Picture:
    out = io.BytesIO()
    Image.new("RGB", (400, 400), "#0f3d38").save(out, "JPEG")
    return Picture(out.getvalue(), "image/jpeg", "kartu-7f3a2c.jpg")


@dataclass
class Desk:
    """One account's channel, and what the engine keeps for it."""

    key: str
    account: Account
    channel: Channel
    town: Town
    image_url: str = ""
    started: datetime = field(default_factory=lambda: datetime.now(UTC))

    def prepare(self, outgoing: Outgoing, memo: Memo | None = None) -> Memo:
        return self.channel.prepare(outgoing, {"started_at": self.started.isoformat(), **(memo or {})})

    def send(self, outgoing: Outgoing, memo: Memo | None = None) -> Sent:
        """As often as nothing landed; Instagram's container is in progress at the first look."""
        memo = self.prepare(outgoing, memo)
        try:
            return self.channel.send(outgoing, memo)
        except ChannelError as error:
            if "masih memproses" not in str(error):
                raise
            return self.channel.send(outgoing, self.prepare(outgoing, memo))

    def post(self) -> Outgoing:
        return Outgoing(OLD, "KTG-AAAAAA", alt=ALT, picture=self.attached, image_url=self.image_url)

    @property
    def attached(self) -> Picture | None:
        return None if self.key == "instagram" else picture()

    def published(self) -> Sent:
        sent = self.send(self.post())
        keep_receipt(self.account, sent, self.started)
        return sent

    def citizen(self, text: str = "Kapan air hidup?", **more: str) -> str:
        how = "mention" if self.key == "x" else "comment"
        said = {"channel": self.key, "text": text, "author": "siti", "how": how, **more}
        return str(self.town.post("/control/say", said)["platform_id"])

    def outgoing(self, act: str) -> Outgoing:
        """What is sent for ``act``, after what it is about was published or said."""
        if act == "publish":
            return self.post()
        if act == "answer":
            return Outgoing(ANSWER, "", remote_id=self.citizen())
        number = self.published().remote_id
        if act == "correct":
            return Outgoing(NEW, "KTG-AAAAAA", act=Act.CORRECT, remote_id=number)
        return Outgoing(WITHDRAWN, "KTG-AAAAAA", act=Act.RETRACT, remote_id=number)

    def fail(self, route: str, fault: str) -> None:
        self.town.post("/control/fail", {"route": route, "fault": fault})

    def held(self) -> list[dict[str, Any]]:
        held: list[dict[str, Any]] = self.town.get("/control/received")[self.key]
        return held


@pytest.fixture
def desk(request: Any, town: Town, accounts: dict[str, Account]) -> Desk:
    key = request.getfixturevalue("key")
    made = Desk(key, accounts[key], open_channel(accounts[key]), town)
    if key == "instagram":
        made.image_url = upload_image(accounts["web_pemkot"], picture().name, picture().data, ALT)
    return made


def assert_done_once(desk: Desk, act: str, outgoing: Outgoing, sent: Sent | Absent) -> None:
    """The town shows what ``act`` should leave behind, once, and the receipt names it."""
    assert isinstance(sent, Sent)
    held = desk.held()
    mine = [post for post in held if post["id"] == sent.remote_id]
    if act == "retract" and deletes(desk.key):
        assert held == []
        assert sent.remote_id == outgoing.remote_id
        return
    assert [post["text"] for post in mine] == [outgoing.text]
    if act == "publish":
        assert len(held) == 1
        assert mine[0]["alt"] == [ALT]
    elif act == "correct" and edits(desk.key):
        assert len(held) == 1
        assert sent.remote_id == outgoing.remote_id
        assert mine[0]["alt"] == [ALT]
    else:
        assert len([post for post in held if post["reply_to"]]) == 1
        assert mine[0]["reply_to"] in (outgoing.remote_id, held[0]["permalink"].split("/")[-2])
    assert sent.permalink == mine[0]["permalink"]


each_act = pytest.mark.parametrize("act", ACTS)
each_channel = pytest.mark.parametrize("key", CHANNELS)


@each_act
@each_channel
def test_it_lands_once_and_is_found(key: str, act: str, desk: Desk) -> None:
    outgoing = desk.outgoing(act)
    sent = desk.send(outgoing)
    assert_done_once(desk, act, outgoing, sent)
    assert_done_once(desk, act, outgoing, desk.channel.find(outgoing, desk.prepare(outgoing)))


@pytest.mark.parametrize("fault", ["commit_then_503", "commit_then_close"])
@each_act
@each_channel
def test_what_landed_without_an_answer_is_found(key: str, act: str, fault: str, desk: Desk) -> None:
    outgoing = desk.outgoing(act)
    memo = desk.prepare(outgoing)
    desk.fail(WRITES[key][act], fault)
    with pytest.raises(ChannelError) as raised:
        desk.send(outgoing, memo)
    assert raised.value.failure == Failure.UNKNOWN
    assert_done_once(desk, act, outgoing, desk.channel.find(outgoing, memo))


@pytest.mark.parametrize(
    "fault", ["graph_code_2_after_commit", "graph_4_2207051_after_commit", "no_content_type"]
)
@each_act
@pytest.mark.parametrize("key", ["facebook", "instagram"])
def test_meta_reports_an_error_for_what_it_did(key: str, act: str, fault: str, desk: Desk) -> None:
    outgoing = desk.outgoing(act)
    memo = desk.prepare(outgoing)
    desk.fail(WRITES[key][act], fault)
    with pytest.raises(ChannelError) as raised:
        desk.send(outgoing, memo)
    assert raised.value.failure == Failure.UNKNOWN
    assert_done_once(desk, act, outgoing, desk.channel.find(outgoing, memo))


@pytest.mark.parametrize(
    ("fault", "failure"), [("rate_limited", Failure.LATER), ("token_revoked", Failure.CREDENTIALS)]
)
@each_act
@each_channel
def test_what_was_refused_did_not_land_and_goes_out_once_afterwards(
    key: str, act: str, fault: str, failure: Failure, desk: Desk
) -> None:
    outgoing = desk.outgoing(act)
    memo, before = desk.prepare(outgoing), desk.held()
    desk.fail(WRITES[key][act], fault)
    with pytest.raises(ChannelError) as raised:
        desk.send(outgoing, memo)
    assert raised.value.failure == failure
    assert desk.held() == before
    assert_done_once(desk, act, outgoing, desk.send(outgoing, memo))


@each_act
@each_channel
def test_what_did_not_land_is_not_found(key: str, act: str, desk: Desk) -> None:
    outgoing = desk.outgoing(act)
    memo = desk.prepare(outgoing)
    desk.fail(WRITES[key][act], "error_503")
    with pytest.raises(ChannelError):
        desk.send(outgoing, memo)
    found = desk.channel.find(outgoing, memo)
    assert isinstance(found, Absent)
    harmless = (act == "retract" and deletes(key)) or (act == "correct" and edits(key))
    assert found.sure == (harmless or (key == "instagram" and act == "publish"))
    assert_done_once(desk, act, outgoing, desk.send(outgoing, memo))


@pytest.mark.parametrize(
    "fault", ["commit_then_503", "commit_then_close", "commit_then_truncate", "rate_limited"]
)
@pytest.mark.parametrize(
    ("key", "route"), [(key, route) for key, routes in UPLOADS.items() for route in routes]
)
def test_an_upload_that_failed_is_simply_done_again(key: str, route: str, fault: str, desk: Desk) -> None:
    outgoing = desk.post()
    desk.fail(route, fault)
    with pytest.raises(ChannelError) as raised:
        desk.prepare(outgoing)
    assert raised.value.failure == Failure.LATER
    assert desk.held() == []
    assert_done_once(desk, "publish", outgoing, desk.send(outgoing))


@pytest.mark.parametrize("key", ["x", "facebook"])
def test_an_uploaded_picture_is_used_again_until_it_is_old(key: str, desk: Desk) -> None:
    outgoing, name, at = desk.post(), *{"x": ("media", "media_at"), "facebook": ("photo", "photo_at")}[key]
    memo = desk.prepare(outgoing)
    assert desk.prepare(outgoing, memo)[name] == memo[name]
    old = {**memo, at: (datetime.now(UTC) - timedelta(hours=13)).isoformat()}
    assert desk.prepare(outgoing, old)[name] != memo[name]
    other = replace(outgoing, picture=replace(picture(), name="kartu-lain.jpg"))
    assert desk.prepare(other, memo)[name] != memo[name]


@pytest.mark.parametrize("key", ["x"])
def test_a_picture_that_x_no_longer_has_is_uploaded_anew(key: str, desk: Desk) -> None:
    outgoing = desk.post()
    memo = desk.prepare(outgoing)
    desk.fail("x.create", "media_expired")
    with pytest.raises(ChannelError) as raised:
        desk.channel.send(outgoing, memo)
    assert raised.value.failure == Failure.LATER
    assert_done_once(desk, "publish", outgoing, desk.send(outgoing, memo))


@pytest.mark.parametrize("key", ["x"])
def test_a_picture_that_x_still_works_on_is_waited_for(key: str, desk: Desk) -> None:
    outgoing = desk.post()
    desk.town.post("/control/fail", {"route": "x.media_finalize", "fault": "media_slow", "seconds": 3600})
    memo = desk.prepare(outgoing)
    with pytest.raises(ChannelError, match="masih memproses") as raised:
        desk.channel.send(outgoing, memo)
    assert raised.value.failure == Failure.LATER
    assert desk.prepare(outgoing, memo) == memo
    assert desk.held() == []
    finished = {**desk.prepare(outgoing), "media_waits": True}
    assert_done_once(desk, "publish", outgoing, desk.channel.send(outgoing, finished))


@pytest.mark.parametrize("key", ["x"])
def test_a_large_picture_goes_up_in_pieces_whole(key: str, desk: Desk) -> None:
    data = picture().data + bytes(2_500_000)
    desk.send(replace(desk.post(), picture=Picture(data, "image/jpeg", "besar.jpg")))
    assert desk.town.get("/control/requests")["counts"]["x.media_append"] == 3
    assert len(desk.held()[0]["media"]) == 1


@each_channel
def test_a_description_that_is_too_long_is_cut_where_the_platform_would_refuse_it(
    key: str, desk: Desk
) -> None:
    desk.send(replace(desk.post(), alt="a" * 1200))
    assert desk.held()[0]["alt"] == ["a" * 1000]


@pytest.mark.parametrize("key", ["x"])
def test_a_reply_that_nobody_asked_for_is_refused_with_the_rule(key: str, desk: Desk) -> None:
    outgoing = desk.outgoing("answer")
    desk.fail("x.create", "not_summoned")
    with pytest.raises(ChannelError, match="Enterprise") as raised:
        desk.send(outgoing)
    assert raised.value.failure == Failure.REFUSED
    assert desk.held() == []


@each_channel
def test_the_same_answer_to_two_citizens_is_told_apart(key: str, desk: Desk) -> None:
    first, second = (
        desk.outgoing("answer"),
        Outgoing(ANSWER, "", remote_id=desk.citizen("Saya juga bertanya")),
    )
    sent = desk.send(first)
    assert isinstance(desk.channel.find(second, desk.prepare(second)), Absent)
    found = desk.channel.find(first, desk.prepare(first))
    assert isinstance(found, Sent)
    assert found.remote_id == sent.remote_id


@pytest.mark.parametrize("key", ["facebook", "instagram"])
def test_an_answer_to_an_answer_is_found_one_level_up(key: str, desk: Desk) -> None:
    above = desk.citizen(id="atas")
    below = desk.citizen("Sama, di sini juga", parent="atas")
    outgoing = Outgoing(ANSWER, "", remote_id=below)
    sent = desk.send(outgoing)
    assert above != below
    found = desk.channel.find(outgoing, desk.prepare(outgoing))
    assert isinstance(found, Sent)
    assert found.remote_id == sent.remote_id


@pytest.mark.parametrize("key", ["facebook", "instagram"])
def test_a_citizen_who_repeats_our_words_is_not_taken_for_us(key: str, desk: Desk) -> None:
    outgoing = Outgoing(ANSWER, "", remote_id=desk.citizen(id="atas"))
    desk.citizen(ANSWER, parent="atas")
    assert isinstance(desk.channel.find(outgoing, desk.prepare(outgoing)), Absent)


@each_channel
def test_an_answer_to_what_is_gone_is_refused(key: str, desk: Desk) -> None:
    outgoing = desk.outgoing("answer")
    desk.town.post("/control/delete", {"channel": key, "id": outgoing.remote_id})
    with pytest.raises(ChannelError) as raised:
        desk.send(outgoing)
    assert raised.value.failure == Failure.REFUSED


@each_channel
def test_a_correction_of_what_is_gone_is_refused(key: str, desk: Desk) -> None:
    outgoing = desk.outgoing("correct")
    desk.town.post("/control/delete", {"channel": key, "id": outgoing.remote_id})
    with pytest.raises(ChannelError) as raised:
        desk.send(outgoing)
    assert raised.value.failure == Failure.REFUSED


@each_channel
def test_a_withdrawal_of_what_is_gone_is_done(key: str, desk: Desk) -> None:
    outgoing = desk.outgoing("retract")
    desk.town.post("/control/delete", {"channel": key, "id": outgoing.remote_id})
    assert desk.send(outgoing).remote_id == outgoing.remote_id
    found = desk.channel.find(outgoing, desk.prepare(outgoing))
    assert isinstance(found, Sent)
    assert found.remote_id == outgoing.remote_id
    assert desk.held() == []


@pytest.mark.parametrize("act", [Act.CORRECT, Act.RETRACT])
@each_channel
def test_a_change_of_a_post_without_a_number_touches_nothing(key: str, act: Act, desk: Desk) -> None:
    with pytest.raises(ChannelError, match="Nomor kiriman") as raised:
        desk.send(Outgoing(NEW, "KTG-AAAAAA", act=act))
    assert raised.value.failure == Failure.REFUSED
    assert desk.held() == []


@pytest.mark.parametrize("key", ["instagram"])
def test_a_medium_that_a_person_named_by_its_link_can_be_corrected(key: str, desk: Desk) -> None:
    shortcode = desk.published().permalink.rstrip("/").rsplit("/", 1)[-1]
    outgoing = Outgoing(NEW, "KTG-AAAAAA", act=Act.CORRECT, remote_id=shortcode)
    assert_done_once(desk, "correct", outgoing, desk.send(outgoing))
    assert isinstance(desk.channel.shows(shortcode, ""), Shows)
    foreign = Outgoing(ANSWER, "", remote_id=desk.citizen(how="tagged"))
    with pytest.raises(ChannelError, match="media kita"):
        desk.send(foreign)


@each_channel
def test_the_post_is_read_back_as_it_stands(key: str, desk: Desk) -> None:
    sent = desk.published()
    assert desk.channel.shows(sent.remote_id, sent.permalink) == Shows(OLD, permalink=sent.permalink)
    desk.town.post("/control/delete", {"channel": key, "id": sent.remote_id})
    assert isinstance(desk.channel.shows(sent.remote_id, sent.permalink), Gone)
    with pytest.raises(ChannelError) as raised:
        desk.channel.numbers(sent.remote_id)
    assert raised.value.failure == Failure.REFUSED


@each_channel
def test_an_answer_is_read_back_too(key: str, desk: Desk) -> None:
    sent = desk.send(desk.outgoing("answer"))
    shown = desk.channel.shows(sent.remote_id, sent.permalink)
    assert isinstance(shown, Shows)
    assert shown.text.endswith(ANSWER)
    assert shown.permalink == sent.permalink
    assert desk.channel.numbers(sent.remote_id).likes == 0


@pytest.mark.parametrize(
    ("key", "untold", "told"),
    [
        ("x", Numbers(0, 0, 0, None), Numbers(12, 1, 3, None)),
        ("facebook", Numbers(0, 0, None, None), Numbers(12, 1, 3, 450)),
        ("instagram", Numbers(0, 0, None, None), Numbers(12, 1, 3, 450)),
    ],
)
def test_numbers_are_those_that_the_platform_tells(
    key: str, untold: Numbers, told: Numbers, desk: Desk
) -> None:
    number = desk.published().remote_id
    assert desk.channel.numbers(number) == untold
    desk.town.post("/control/numbers", {"channel": key, "id": number, "likes": 12, "shares": 3, "reach": 450})
    desk.citizen(how="comment", parent=number)
    assert desk.channel.numbers(number) == told


@pytest.mark.parametrize("fault", ["permission", "scope_revoked"])
@pytest.mark.parametrize("key", ["facebook", "instagram"])
def test_without_the_right_to_insights_the_reach_alone_is_unknown(key: str, fault: str, desk: Desk) -> None:
    number = desk.published().remote_id
    desk.town.post("/control/numbers", {"channel": key, "id": number, "likes": 12, "reach": 450})
    desk.fail(f"{key}.insights", fault)
    numbers = desk.channel.numbers(number)
    assert (numbers.likes, numbers.reach) == (12, None)


@pytest.mark.parametrize("key", ["facebook", "instagram"])
def test_numbers_wait_while_the_platform_limits(key: str, desk: Desk) -> None:
    number = desk.published().remote_id
    desk.fail(f"{key}.insights", "rate_limited")
    with pytest.raises(ChannelError) as raised:
        desk.channel.numbers(number)
    assert raised.value.failure == Failure.LATER


@pytest.mark.parametrize("key", ["facebook"])
def test_a_visitors_post_cannot_be_edited_and_the_token_is_not_blamed(key: str, desk: Desk) -> None:
    outgoing = Outgoing(NEW, "KTG-AAAAAA", act=Act.CORRECT, remote_id=desk.citizen(how="mention"))
    with pytest.raises(ChannelError) as raised:
        desk.send(outgoing)
    assert raised.value.failure == Failure.REFUSED


def test_x_and_facebook_delete_and_facebook_alone_edits() -> None:
    assert {key: (edits(key), deletes(key)) for key in CHANNELS} == {
        "x": (False, True),
        "facebook": (True, True),
        "instagram": (False, False),
    }
