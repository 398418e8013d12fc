"""Instagram: the Graph API through facebook-sdk, and the website through instaloader 4.16."""

import io
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import facebook
import instaloader
import pytest
import requests
from PIL import Image

sys.path.insert(0, str(Path(__file__).parent))
from test_town_redirect import IG, Town, running

pytestmark = pytest.mark.once

MEDIA = "id,caption,permalink,timestamp,username,media_type,media_url,comments_count"
COMMENTS = "id,text,timestamp,username,from,replies{id,text,username,timestamp}"


@pytest.fixture(scope="module")
def open_town() -> Iterator[Town]:
    with running("--no-caps") as town:
        yield town


@pytest.fixture
def town(open_town: Town) -> Town:
    open_town.control("POST", "reset")
    return open_town


def jpeg(width: int = 1080, height: int = 1080, kind: str = "JPEG") -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (width, height), (30, 90, 60)).save(out, kind)
    return out.getvalue()


def upload(town: Town, data: bytes, name: str = "kartu.jpg") -> str:
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Content-Type": "image/jpeg"}
    answer = town.site()("POST", "media", data=data, headers=headers)
    assert answer.status_code == 201, answer.text
    url: str = answer.json()["source_url"]
    return url


def container(town: Town, url: str, **more: Any) -> str:
    made: str = town.instagram().put_object(IG, "media", image_url=url, **more)["id"]
    return made


def status(town: Town, number: str) -> str:
    state: str = town.instagram().get_object(number, fields="status_code")["status_code"]
    return state


def hashtag(town: Town, name: str = "bekasi") -> dict[str, Any]:
    graph = town.instagram()
    (found,) = graph.request("v25.0/ig_hashtag_search", {"user_id": IG, "q": name})["data"]
    fields = "id,caption,permalink,timestamp,media_type,comments_count,like_count"
    page: dict[str, Any] = graph.get_connections(found["id"], "recent_media", user_id=IG, fields=fields)
    return page


def test_how_alone_chooses_the_route(town: Town) -> None:
    for how in ("tagged", "mention", "keyword", "hashtag", "comment"):
        town.say("instagram", f"{how} #bekasi", how=how)
    tags = town.instagram().get_connections(IG, "tags", fields=MEDIA)["data"]
    assert {t["caption"].split()[0] for t in tags} == {"tagged", "mention"}
    found = hashtag(town)["data"]
    assert {t["caption"].split()[0] for t in found} == {"keyword", "hashtag"}
    assert all("username" not in t for t in found)
    assert hashtag(town, "lain") == {"data": []}
    (number,) = town.instagram().request("v25.0/ig_hashtag_search", {"user_id": IG, "q": "bekasi"})["data"]
    with pytest.raises(facebook.GraphAPIError):
        town.instagram().get_connections(number["id"], "recent_media", user_id=IG, fields="username")


def test_graph_and_instaloader_agree_on_the_shortcode(town: Town) -> None:
    said = town.say("instagram", "Sampah menumpuk", author="Rina.Bks", how="tagged", media=["sampah.jpg"])
    (post,) = instaloader.Profile.from_username(town.loader().context, "pemkotbekasi").get_tagged_posts()
    (medium,) = town.instagram().get_connections(IG, "tags", fields=MEDIA)["data"]
    assert post.shortcode == said["platform_id"]
    assert medium["permalink"] == f"https://www.instagram.com/p/{post.shortcode}/" == said["permalink"]
    assert instaloader.Post.mediaid_to_shortcode(int(medium["id"])) == post.shortcode
    counts = town.control("GET", "requests")["counts"]
    seen = (
        post.owner_username,
        post.owner_id,
        post.caption,
        post.typename,
        post.is_video,
        post.url,
        post.date_utc,
    )
    assert seen[0] == "rina.bks"
    assert seen[2] == "Sampah menumpuk"
    assert seen[5].endswith("/media/sampah.jpg")
    assert town.control("GET", "requests")["counts"] == counts


def test_instaloader_goes_through_all_pages_of_tags(town: Town) -> None:
    rows = [
        {"channel": "instagram", "id": n, "text": str(n), "author": f"w{n}", "how": "tagged"}
        for n in range(40)
    ]
    town.load(rows)
    posts = instaloader.Profile.from_username(town.loader().context, "pemkotbekasi").get_tagged_posts()
    assert [p.caption for p in posts] == [str(n) for n in reversed(range(40))]


def test_instaloader_reads_the_citys_posts_without_and_with_a_session(town: Town) -> None:
    said = town.say("instagram", "Bagus", how="comment", author="ani")
    town.say("instagram", "Ikut", how="comment", parent=said["platform_id"])
    for signed_in in (False, True):
        context = town.loader(signed_in).context
        profile = instaloader.Profile.from_username(context, "pemkotbekasi")
        (post,) = profile.get_posts()
        assert post.comments == 2
        assert post.mediaid > 0
        assert post.location is None
    (comment,) = post.get_comments()
    assert (comment.text, comment.owner.username) == ("Bagus", "ani")
    assert [a.text for a in comment.answers] == ["Ikut"]
    with pytest.raises(instaloader.LoginRequiredException):
        instaloader.Post.from_shortcode(town.loader().context, post.shortcode).get_comments()


def test_instaloader_reads_many_comments_through_the_app_endpoint(town: Town) -> None:
    town.load(
        [
            {"channel": "instagram", "id": n, "text": str(n), "author": "a", "how": "comment"}
            for n in range(40)
        ]
    )
    context = town.loader(signed_in=True).context
    (post,) = instaloader.Profile.from_username(context, "pemkotbekasi").get_posts()
    assert len({c.id for c in post.get_comments()}) == 40


def test_a_profile_that_does_not_exist_is_not_found(town: Town) -> None:
    with pytest.raises(instaloader.ProfileNotExistsException):
        instaloader.Profile.from_username(town.loader().context, "tidakada")


def test_comments_hang_under_the_citys_media_in_two_levels(town: Town) -> None:
    town.load(
        [
            {"channel": "instagram", "id": 3, "text": "tiga", "author": "c", "how": "comment", "parent": 2},
            {"channel": "instagram", "id": 2, "text": "dua", "author": "b", "how": "comment", "parent": 1},
            {
                "channel": "instagram",
                "id": 1,
                "text": "satu",
                "author": "a",
                "how": "comment",
                "parent": "foto",
            },
            {"channel": "instagram", "id": "foto", "text": "foto warga", "author": "a", "how": "tagged"},
        ]
    )
    graph = town.instagram()
    (medium,) = graph.get_connections(IG, "media", fields=MEDIA)["data"]
    assert medium["comments_count"] == 3
    (first,) = graph.get_connections(medium["id"], "comments", fields=COMMENTS)["data"]
    assert first["text"] == "satu"
    assert first["username"] == "a"
    assert {r["text"] for r in first["replies"]["data"]} == {"dua", "tiga"}
    replies = graph.get_connections(first["id"], "replies", fields="id,text,parent_id")["data"]
    assert {r["parent_id"] for r in replies} == {first["id"]}


def test_a_picture_is_fetched_and_published_once(town: Town) -> None:
    url, graph = upload(town, jpeg()), town.instagram()
    number = container(town, url, caption="Pengumuman #bekasi", alt_text="Kartu hijau")
    with pytest.raises(facebook.GraphAPIError) as error:
        graph.put_object(IG, "media_publish", creation_id=number)
    assert (error.value.code, error.value.result["error"]["error_subcode"]) == (9007, 2207027)
    assert [status(town, number), status(town, number)] == ["IN_PROGRESS", "FINISHED"]
    made = graph.put_object(IG, "media_publish", creation_id=number)
    assert status(town, number) == "PUBLISHED"
    (seen,) = town.received("instagram")
    assert (seen["id"], seen["text"], seen["media"]) == (made["id"], "Pengumuman #bekasi", [url])
    with pytest.raises(facebook.GraphAPIError):
        graph.put_object(IG, "media_publish", creation_id=number)
    assert len(town.received("instagram")) == 1
    (limit,) = graph.get_connections(IG, "content_publishing_limit", fields="config,quota_usage")["data"]
    assert limit == {"quota_usage": 1, "config": {"quota_total": 50, "quota_duration": 86400}}


def test_a_carousel_is_published_from_its_children(town: Town) -> None:
    url, graph = upload(town, jpeg()), town.instagram()
    parts = [container(town, url, is_carousel_item="true") for _ in range(3)]
    number = graph.put_object(IG, "media", media_type="CAROUSEL", children=",".join(parts), caption="Tiga")[
        "id"
    ]
    assert [status(town, number), status(town, number)] == ["IN_PROGRESS", "FINISHED"]
    graph.put_object(IG, "media_publish", creation_id=number)
    assert len(town.received("instagram")[0]["media"]) == 3


def test_pictures_that_instagram_would_not_take_are_refused(town: Town) -> None:
    def refused(url: str) -> tuple[int, int]:
        with pytest.raises(facebook.GraphAPIError) as error:
            container(town, url)
        return error.value.code, error.value.result["error"]["error_subcode"]

    assert refused(upload(town, jpeg(1200, 400))) == (36003, 2207009)
    assert refused(upload(town, jpeg(kind="PNG"))) == (9004, 2207052)
    for url in ("https://example.org/a.jpg", "https://www.bekasikota.go.id/wp-content/uploads/2026/01/none.jpg",
                "http://www.bekasikota.go.id/a.jpg"):  # fmt: skip
        assert refused(url) == (9004, 2207052)


def test_a_caption_has_a_limit(town: Town) -> None:
    url = upload(town, jpeg())
    for caption in ("a" * 2201, " ".join(f"#t{n}" for n in range(31))):
        with pytest.raises(facebook.GraphAPIError) as error:
            container(town, url, caption=caption)
        assert error.value.code == 100


def test_the_city_answers_comments_and_mentions(town: Town) -> None:
    comment = town.say("instagram", "Kapan?", how="comment")
    medium = town.say("instagram", "Lihat @pemkotbekasi", how="mention", author="dodi")
    graph = town.instagram()
    number = graph.get_connections(IG, "tags")["data"][0]["id"]
    asked = f"mentioned_media.media_id({number}){{caption,username,timestamp}}"
    assert graph.get_object(IG, fields=asked)["mentioned_media"]["username"] == "dodi"
    asked = f"mentioned_comment.comment_id({comment['platform_id']}){{text,timestamp}}"
    assert graph.get_object(IG, fields=asked)["mentioned_comment"]["text"] == "Kapan?"
    made = graph.put_object(comment["platform_id"], "replies", message="Besok")
    graph.put_object(IG, "mentions", media_id=number, message="Terima kasih")
    assert {(r["text"], r["reply_to"]) for r in town.received("instagram")} == {
        ("Besok", comment["platform_id"]),
        ("Terima kasih", medium["platform_id"]),
    }
    graph.delete_object(made["id"])
    assert [r["text"] for r in town.received("instagram")] == ["Terima kasih"]


@pytest.mark.parametrize(
    ("fault", "state"),
    [("slow_container", "IN_PROGRESS"), ("container_error", "ERROR"), ("container_expired", "EXPIRED")],
)
@pytest.mark.parametrize("route", ["instagram.container_create", "instagram.container_status"])
def test_a_container_can_be_slow_or_go_wrong(town: Town, route: str, fault: str, state: str) -> None:
    url = upload(town, jpeg())
    town.fail(route, fault, seconds=60)
    number = container(town, url)
    assert [status(town, number), status(town, number)] == [state, state]
    with pytest.raises(facebook.GraphAPIError):
        town.instagram().put_object(IG, "media_publish", creation_id=number)


@pytest.mark.parametrize(
    "fault",
    ["commit_then_503", "commit_then_close", "graph_code_2_after_commit", "graph_4_2207051_after_commit"],
)
def test_a_published_picture_is_there_although_the_answer_is_spoilt(town: Town, fault: str) -> None:
    number = container(town, upload(town, jpeg()), caption=fault)
    status(town, number), status(town, number)
    town.fail("instagram.publish", fault)
    with pytest.raises((facebook.GraphAPIError, requests.RequestException, KeyError)):
        town.instagram().put_object(IG, "media_publish", creation_id=number)
    assert status(town, number) == "PUBLISHED"
    assert [r["text"] for r in town.received("instagram")] == [fault]


@pytest.mark.parametrize(
    "fault", ["login_redirect", "rate_limited", "error_500_html", "token_revoked", "permission"]
)
def test_the_website_can_refuse_instaloader(town: Town, fault: str) -> None:
    town.fail("instagram.web_tagged", fault)
    profile = instaloader.Profile.from_username(town.loader().context, "pemkotbekasi")
    expected: dict[str, type[Exception]] = {
        "login_redirect": instaloader.LoginRequiredException,
        "permission": instaloader.AbortDownloadException,
    }
    with pytest.raises(expected.get(fault, instaloader.ConnectionException)):
        next(profile.get_tagged_posts())


def test_a_bad_item_stands_beside_the_good_ones(town: Town) -> None:
    town.say("instagram", "baik", how="tagged")
    variables = json.dumps({"id": "44000000001", "first": 12})
    params = {"query_hash": "e31a871f7301132ceaab56507a66bbb7", "variables": variables}
    town.fail("instagram.web_tagged", "bad_item", times=3)
    for _ in range(3):
        answer = town.session().get("https://www.instagram.com/graphql/query", params=params).json()
        edges = answer["data"]["user"]["edge_user_to_photos_of_you"]["edges"]
        assert edges[1]["node"]["edge_media_to_caption"]["edges"][0]["node"]["text"] == "baik"
