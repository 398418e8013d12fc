"""Leading the real client libraries to the town, and the test that nothing else can be reached.

The other ``test_town_*`` files take their tools from here.
"""

import contextlib
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import facebook
import instaloader
import instaloader.instaloadercontext as instaloadercontext
import pytest
import requests
import tweepy
from requests.adapters import BaseAdapter, HTTPAdapter

pytestmark = pytest.mark.once

ROOT = Path(__file__).resolve().parents[2]
OWN_X = "1470000000000000001"
PAGE = "104000000000001"
IG = "17841400000000001"
HOSTS = (
    "api.twitter.com",
    "api.x.com",
    "upload.twitter.com",
    "graph.facebook.com",
    "www.instagram.com",
    "i.instagram.com",
    "diskominfostandi.bekasikota.go.id",
    "www.bekasikota.go.id",
)
FACEBOOK_TOKEN = "town-fb-page-token"
SITE_PASSWORD = "town app pass word one"
SITE = "diskominfostandi.bekasikota.go.id"


class BlockedHost(requests.ConnectionError):
    pass


class Refuse(BaseAdapter):
    def send(self, request: Any, *args: Any, **kwargs: Any) -> Any:
        raise BlockedHost(request.url)

    def close(self) -> None:
        pass


class LoopbackAdapter(HTTPAdapter):
    """https://api.twitter.com/... goes to the town; cookies and signatures keep seeing the real host."""

    def __init__(self, base_url: str, timeout: float = 10) -> None:
        self._netloc, self._timeout = urlsplit(base_url).netloc, timeout
        super().__init__()

    def send(self, request: Any, stream: bool = False, timeout: Any = None, *args: Any, **kwargs: Any) -> Any:
        real = urlsplit(request.url)
        wire = request.copy()
        wire.url = urlunsplit(("http", self._netloc, real.path, real.query, ""))
        wire.headers["Host"] = real.netloc
        answer = super().send(wire, stream=stream, timeout=timeout or self._timeout, verify=False, proxies={})
        answer.url, answer.request = request.url, request
        return answer


def redirect(session: requests.Session, base_url: str, timeout: float = 10) -> requests.Session:
    session.trust_env = False
    session.mount("https://", Refuse())
    session.mount("http://", Refuse())
    for host in HOSTS:
        session.mount(f"https://{host}/", LoopbackAdapter(base_url, timeout))
    return session


class Town:
    """The town as a process, and clients of it."""

    def __init__(self, *arguments: str) -> None:
        command = [sys.executable, "-m", "simulator", "--port", "0", *arguments]
        self.process = subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE, text=True)
        assert self.process.stderr is not None
        line = self.process.stderr.readline()
        ready = re.search(r"town ready on (http://\S+)", line)
        assert ready is not None, line + self.process.stderr.read()
        self.url = ready[1]

    def stop(self) -> int:
        self.process.terminate()
        code = self.process.wait(10)
        if self.process.stderr is not None:
            self.process.stderr.close()
        return code

    def session(self, timeout: float = 10) -> requests.Session:
        return redirect(requests.Session(), self.url, timeout)

    def control(self, method: str, name: str, **kwargs: Any) -> Any:
        answer = requests.request(method, f"{self.url}/control/{name}", timeout=30, **kwargs)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def say(self, channel: str, text: str, **more: Any) -> dict[str, Any]:
        said: dict[str, Any] = self.control("POST", "say", json={"channel": channel, "text": text, **more})
        return said

    def load(self, rows: list[dict[str, Any]]) -> dict[str, Any]:
        body = "\n".join(json.dumps(row) for row in rows)
        loaded: dict[str, Any] = self.control("POST", "world", data=body.encode())
        return loaded

    def fail(self, route: str, fault: str, times: int = 1, seconds: float = 1) -> None:
        self.control(
            "POST", "fail", json={"route": route, "fault": fault, "times": times, "seconds": seconds}
        )

    def received(self, channel: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.control("GET", "received")[channel]
        return found

    def x(self, timeout: float = 10, **wrong: str) -> tweepy.Client:
        keys = {
            "bearer_token": "town-x-bearer",
            "consumer_key": "town-x-key",
            "consumer_secret": "town-x-secret",
            "access_token": "1470000000000000001-town",
            "access_token_secret": "town-x-access-secret",
        }
        client = tweepy.Client(**{**keys, **wrong})
        redirect(client.session, self.url, timeout)
        return client

    def graph(self, token: str = FACEBOOK_TOKEN, timeout: float = 10) -> facebook.GraphAPI:
        graph = facebook.GraphAPI(token, timeout=timeout, session=self.session(timeout))
        graph.version = "v25.0"
        return graph

    def instagram(self) -> facebook.GraphAPI:
        return self.graph("town-ig-token")

    def loader(self, signed_in: bool = False) -> instaloader.Instaloader:
        url = self.url

        class Context(instaloader.InstaloaderContext):
            def get_anonymous_session(self) -> requests.Session:
                return redirect(super().get_anonymous_session(), url)

            def load_session(self, username: str, sessiondata: Any) -> None:
                super().load_session(username, sessiondata)
                redirect(self._session, url)

            def log(self, *msg: Any, **kwargs: Any) -> None:
                pass

            def error(self, msg: Any, repeat_at_end: bool = True) -> None:
                pass

        loader = instaloader.Instaloader()
        loader.context = Context(sleep=False, max_connection_attempts=1, request_timeout=10)
        if signed_in:
            cookies = {"sessionid": "s", "csrftoken": "c", "ds_user_id": "44000000001"}
            loader.context.load_session("pemkotbekasi", cookies)
        return loader

    def site(self, password: str | None = SITE_PASSWORD, host: str = SITE) -> "Site":
        return Site(self.session(), host, password)


class Site:
    def __init__(self, session: requests.Session, host: str, password: str | None) -> None:
        self.session, self.host = session, host
        if password is not None:
            session.auth = ("kentongan", password)

    def __call__(self, method: str, path: str, **kwargs: Any) -> requests.Response:
        return self.session.request(method, f"https://{self.host}/wp-json/wp/v2/{path}", **kwargs)


_plain_copy = instaloadercontext.copy_session


def _copy_with_adapters(session: requests.Session, request_timeout: Any = None) -> requests.Session:
    copied = _plain_copy(session, request_timeout)
    copied.adapters = session.adapters.copy()
    copied.trust_env = False
    return copied


@contextlib.contextmanager
def running(*arguments: str) -> Iterator[Town]:
    instaloadercontext.copy_session = _copy_with_adapters
    town = Town(*arguments)
    try:
        yield town
    finally:
        town.stop()
        instaloadercontext.copy_session = _plain_copy


@pytest.fixture(scope="module")
def _open_town() -> Iterator[Town]:
    with running() as town:
        yield town


def test_a_host_that_is_not_the_towns_is_refused() -> None:
    session = redirect(requests.Session(), "http://127.0.0.1:9")
    with pytest.raises(BlockedHost):
        session.get("https://example.org/")


def test_the_town_says_where_it_listens_and_ends_with_success() -> None:
    town = Town()
    assert town.control("GET", "health") == {"ok": True, "problems": [], "posts": 3}
    assert town.stop() == 0


def test_a_wrong_identity_file_is_told_in_a_sentence(tmp_path: Path) -> None:
    identity = tmp_path / "identity.json"
    identity.write_text('{"x": {"usrname": "a"}}')
    command = [sys.executable, "-m", "simulator", "--port", "0", "--identity", str(identity)]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=30, check=False)
    assert ended.returncode == 2
    assert "usrname" in ended.stderr
