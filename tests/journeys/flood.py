"""One flood in Jatirasa: what forty invented people say of it on three platforms, and what stands in each thread."""

from collections import defaultdict
from dataclasses import dataclass
from typing import Any

PLACE = "Jatirasa"
CITY = "@pemkotbekasi"

#: Mentions of the city's account on X.
X = [
    "Banjir di Jatirasa, air sudah masuk rumah sejak subuh. Tolong pompanya",
    "Min, jalan depan Pasar Rebo Jatirasa terendam banjir selutut, motor mogok semua",
    "Kebanjiran lagi Jatirasa RT 03, tolong kirim petugas buat sedot air",
    "Saluran air meluap di Jatirasa gang Melati, rumah kami kebanjiran",
    "Genangan di Jatirasa makin tinggi, banjir belum surut, pompa mati. Tolong diperbaiki",
    "Tolong min, banjir Jatirasa dekat masjid Al Ikhlas belum ada petugas yang datang",
    "Air kali meluap ke Jatirasa, banjir masuk ke rumah warga, mohon bantuan pompa",
    "Sudah tiga jam banjir di Jatirasa tidak surut, got mampet penuh sampah, tolong dikeruk",
    "Warga Jatirasa RW 08 kebanjiran, drainase rusak dari tahun lalu tidak dibenahi",
    "Banjir setinggi paha di perumahan Jatirasa, kapan pintu airnya diperbaiki",
    "Tiap hujan Jatirasa selalu banjir, tolong salurannya dinormalisasi min",
    "Gorong-gorong di Jatirasa tersumbat, jalan kebanjiran, tolong dibersihkan",
    "Jalan Swatantra Jatirasa terendam banjir, angkot tidak bisa lewat, tolong ditangani",
]
#: Posts of visitors on the Page.
FACEBOOK_POSTS = [
    "Mohon perhatian Pemkot, banjir di kelurahan Jatirasa sudah masuk ke dalam rumah kami. Tolong pompa air.",
    "Selamat pagi Bapak/Ibu, kami warga Jatirasa kebanjiran sejak semalam, mohon petugas segera datang.",
    "Drainase Jatirasa tidak berfungsi, setiap hujan deras rumah kami terendam banjir. Mohon dibenahi.",
    "Banjir Jatirasa RT 05 belum surut, tanggul kecil jebol, tolong segera ditutup.",
    "Air got meluap ke jalan di Jatirasa belakang sekolah, anak-anak jalan di tengah banjir. Tolong ditangani.",
    "Pompa air di Jatirasa rusak dan tidak pernah diperbaiki, akibatnya kami kebanjiran lagi.",
]
#: Comments under the city's post on the Page.
FACEBOOK_COMMENTS = [
    "Jatirasa banjir pak, mobil tidak bisa keluar, tolong disedot airnya",
    "Min tolong banjir di Jatirasa gang Mawar, airnya makin naik",
    "Rumah ibu saya di Jatirasa kebanjiran, tolong kirim pompa",
    "Got di Jatirasa mampet, jalan tergenang banjir sampai ke teras warga, mohon dikeruk",
    "Kelurahan Jatirasa lagi-lagi banjir, saluran tidak dikeruk sejak lama",
    "Tolong pak, banjir Jatirasa dekat puskesmas merendam jalan, motor mogok",
]
#: Comments under the city's post on Instagram.
INSTAGRAM = [
    "banjir jatirasa min, air masuk rumah warga, tolong pompanya",
    "min jatirasa kebanjiran lagi, got mampet ga pernah dikeruk",
    "jatirasa banjir selutut kak, motor pada mogok, tolong petugasnya",
    "tolong min jalan di jatirasa terendam banjir, ga bisa berangkat kerja",
    "rumah nenek di jatirasa kebanjiran, got mampet, belum ada petugas yg datang min",
    "saluran air jatirasa meluap, banjir di gang kenanga, tolong dibersihkan",
    "banjir di jatirasa rw 04 udah dari pagi blm surut, tolong disedot min",
    "drainase jatirasa parah, hujan bentar langsung banjir, benahi dong",
    "jatirasa depan minimarket banjir, genangannya dalem bgt, tolong min",
    "air kali naik ke jatirasa, perumahan kebanjiran, mohon pompa air",
    "gorong gorong jatirasa tersumbat sampah, jadi banjir, tolong diangkat",
]
#: Without a place; each is asked where, and tells it in the thread.
NOWHERE = [
    ("x", "mention", f"{CITY} Banjir lagi, air sudah masuk rumah kami, tolong pompanya min"),
    ("facebook", "comment", "Rumah kami kebanjiran dari subuh, saluran meluap, mohon petugas segera datang"),
    ("facebook", "comment", "Banjir belum surut, got mampet, jalan terendam. Tolong dikeruk pak"),
    ("instagram", "comment", "min banjir lagi nih, saluran airnya meluap ke rumah, tolong dikeruk"),
]
#: What the proposal cannot know, and Sari completes.
MISSING = {
    "evacuation": "Tidak perlu mengungsi. Bila air masuk rumah, ke Balai RW 08 Jatirasa.",
    "avoidance": "Matikan listrik bila air masuk rumah. Jangan melewati gang yang tergenang.",
    "efforts": "Dua pompa menyala dan URC Bina Marga mengeruk saluran sejak pukul 09.00.",
}
UPDATE = "Dua pompa sudah menyala di Jatirasa dan air berangsur surut."
#: Ends the town's name of what a citizen adds in the thread.
_AGAIN = "-tempat"
CHANNELS = ("x", "facebook", "instagram")


@dataclass(frozen=True, slots=True)
class Said:
    """One post of the forty."""

    channel: str
    how: str
    id: str  #: in the town's world
    author: str
    text: str
    placed: bool  #: whether it says where

    @property
    def row(self) -> dict[str, Any]:
        """As the town takes it."""
        names = ("channel", "how", "id", "author", "text")
        return {name: getattr(self, name) for name in names}


def flood() -> list[Said]:
    """The forty, each by a person of its own."""
    shelves = [
        *(("x", "mention", f"{CITY} {text}") for text in X),
        *(("facebook", "mention", text) for text in FACEBOOK_POSTS),
        *(("facebook", "comment", text) for text in FACEBOOK_COMMENTS),
        *(("instagram", "comment", text) for text in INSTAGRAM),
    ]
    rows = [(*one, True) for one in shelves] + [(*one, False) for one in NOWHERE]
    return [
        Said(channel, how, f"jatirasa-{number}", f"warga_rasa{number}", text, placed)
        for number, (channel, how, text, placed) in enumerate(rows, 1)
    ]


def by_thread(
    received: dict[str, list[dict[str, Any]]], ids: dict[str, dict[str, str]]
) -> dict[str, list[str]]:
    """What the city said in each thread, by the id of the post in the world: the texts, the oldest first.

    received: of /control/received; ids: of /control/ids by channel. An answer under an answer of ours, or
    under what the citizen added, belongs to the thread above it.
    """
    threads: dict[str, list[str]] = defaultdict(list)
    for channel in CHANNELS:
        posts = {number: name.removesuffix(_AGAIN) for name, number in ids[channel].items()}
        for one in received[channel]:
            name = posts.get(one["reply_to"] or "", "")
            posts[one["id"]] = name
            if name:
                threads[name].append(one["text"])
    return dict(threads)


def question_to(one: Said, received: dict[str, list[dict[str, Any]]], ids: dict[str, dict[str, str]]) -> str:
    """The platform's id of what we asked in this thread."""
    post = ids[one.channel][one.id]
    return str(next(row["id"] for row in received[one.channel] if row["reply_to"] == post))


def place_told(one: Said, question: str) -> dict[str, Any]:
    """The citizen's answer to it. On Instagram every answer hangs under the first comment of its thread."""
    parent = one.id if one.channel == "instagram" else question
    text = f"Di {PLACE}, dekat masjid"
    text = f"{CITY} {text}" if one.channel == "x" else text
    return {**one.row, "how": "comment", "id": f"{one.id}{_AGAIN}", "text": text, "parent": parent}
