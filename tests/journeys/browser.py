"""A real Chromium, and a demo of our own to look at with it."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, sync_playwright

from config.ports import free_port

ROOT = Path(__file__).resolve().parent.parent.parent
CHROMIUM = "/usr/bin/chromium"
#: Without the background flags Chromium asks for hosts of its own at every start.
FLAGS = (
    "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync"
)
DESKTOP, PHONE = {"width": 1440, "height": 900}, {"width": 390, "height": 844}
#: Where pictures of every visited page are kept; CI takes them from there.
PICTURES = Path(os.environ.get("KENTONGAN_PICTURES") or ROOT / "var" / "pictures")


@dataclass
class Demo:
    """A running `kentongan demo`."""

    desk: str
    town: str
    password: str


@contextmanager
def demo(home: Path, *words: str, **more: str) -> Iterator[Demo]:
    """Start the demo on free ports, read its addresses from what it prints, end it with Ctrl-C.

    words: further ones of the command; more: of the environment.
    """
    env = {**os.environ, "KENTONGAN_HOME": str(home), "PYTHONUNBUFFERED": "1", **more}
    env.pop("DATABASE_URL", None)
    with (home / "demo.err").open("wb") as errors:
        process = subprocess.Popen(
            [sys.executable, "-m", "config.cli", "demo", "--port", str(free_port("127.0.0.1", 8600)), *words],
            cwd=ROOT,
            env=env,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
        )
        try:
            yield _addresses(process)
        finally:
            process.send_signal(signal.SIGINT)
            assert process.wait(60) == 0, (home / "demo.err").read_text("utf-8")


def _addresses(process: "subprocess.Popen[str]") -> Demo:
    said = ""
    assert process.stdout is not None
    for line in process.stdout:
        said += line
        if "Ctrl-C" in line:
            break
    found = re.findall(r"http://127\.0\.0\.1:\d+", said)
    password = re.search(r"kata sandi: (\S+)", said)
    assert len(found) == 2, said
    assert password is not None, said
    return Demo(found[0], found[1], password.group(1))


@contextmanager
def chromium() -> Iterator[Browser]:
    if not Path(CHROMIUM).exists():
        raise RuntimeError("Chromium is missing: sh tests/install/browser.sh")
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=CHROMIUM, args=FLAGS.split())
        yield browser
        browser.close()


def sign_in(browser: Browser, where: Demo, name: str, size: dict[str, int], theme: str = "light") -> Page:
    """A window of one person, signed in. A script error or a refused resource fails the test at `close`."""
    context = browser.new_context(
        viewport=size,  # type: ignore[arg-type]
        color_scheme=theme,  # type: ignore[arg-type]
        locale="id-ID",
        timezone_id="Asia/Jakarta",
    )
    page = context.new_page()
    page.on("console", lambda message: _complain(message.type, message.text))
    page.goto(where.desk + "/masuk/")
    page.get_by_label("Nama pengguna").fill(name)
    page.get_by_label("Sandi").fill(where.password)
    page.get_by_role("button", name="Masuk").click()
    page.wait_for_url(where.desk + "/")
    return page


def _complain(kind: str, text: str) -> None:
    assert kind != "error" or "status of 4" in text, text


def look(page: Page, name: str) -> None:
    """Keep a picture; assert that nothing is cut off sideways and that axe finds no fault."""
    PICTURES.mkdir(parents=True, exist_ok=True)
    width = (page.viewport_size or DESKTOP)["width"]
    page.screenshot(path=str(PICTURES / f"{name}-{width}.png"), full_page=True)
    wide = page.evaluate("document.documentElement.scrollWidth")
    assert wide <= width, f"{name}: {wide} px wide on a screen of {width}"
    found = Axe().run(page, options={"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]})
    assert not found.response["violations"], f"{name}: {found.generate_report()}"
