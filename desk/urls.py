"""Addresses of the desk, in Indonesian as its people see them."""

from django.urls import path, register_converter
from django.urls.converters import StringConverter
from django.views.i18n import set_language

from desk.public.feed import feed
from desk.public.health import health
from desk.public.webhooks import webhook_meta
from desk.views import (
    announcements,
    cases,
    channels,
    compose,
    coverage,
    incidents,
    mentions,
    model,
    more,
    review,
    today,
)
from desk.views.sign_in import SignIn, SignOut


class FeedFile(StringConverter):
    """A page or the Atom file of a feed: one name without folders."""

    regex = r"[a-z0-9][a-z0-9_-]*\.(?:html|xml)"


register_converter(FeedFile, "feed_file")

urlpatterns = [
    path("healthz", health, name="health"),
    path("webhooks/meta/", webhook_meta, name="webhook_meta"),
    path("umpan/<slug:key>/", feed, name="feed"),
    path("umpan/<slug:key>/<feed_file:name>", feed, name="feed_file"),
    path("masuk/", SignIn.as_view(), name="sign_in"),
    path("keluar/", SignOut.as_view(), name="sign_out"),
    path("bahasa/", set_language, name="set_language"),
    path("", today.home, name="today"),
    path("lainnya/", more.more, name="more"),
    path("lainnya/tema/", more.theme, name="theme"),
    path("sebutan/", mentions.mentions, name="mentions"),
    path("sebutan/<int:mention_id>/", mentions.mention, name="mention"),
    path("liputan/", coverage.coverage, name="coverage"),
    path("liputan/celah/<int:gap_id>/baca-ulang/", coverage.again, name="gap_again"),
    path("tinjauan/", review.review, name="review"),
    path("tinjauan/urungkan/", review.undo, name="review_undo"),
    path("tinjauan/<int:verdict_id>/", review.decide, name="review_decide"),
    path("tinjauan/<int:verdict_id>/lewati/", review.skip, name="review_skip"),
    path("model/", model.model, name="model"),
    path("model/kembali/", model.back, name="model_back"),
    path("model/<int:number>/pakai/", model.use, name="model_use"),
    path("model/ditahan/<int:batch_id>/", model.held, name="model_held"),
    path("kasus/", cases.cases, name="cases"),
    path("kasus/<str:number>/", cases.case, name="case"),
    path("kasus/<str:number>/langkah/", cases.move, name="case_move"),
    path("kasus/<str:number>/catatan/", cases.note, name="case_note"),
    path("kasus/<str:number>/nomor-asli/", cases.original, name="case_original"),
    path("kejadian/", incidents.incidents, name="incidents"),
    path("kejadian/<int:incident_id>/", incidents.incident, name="incident"),
    path("kejadian/<int:incident_id>/gabung/", incidents.merge, name="incident_merge"),
    path("kejadian/<int:incident_id>/tambah/", incidents.add, name="incident_add"),
    path("kejadian/<int:incident_id>/pisah/", incidents.split, name="incident_split"),
    path("kejadian/perubahan/<int:change_id>/batalkan/", incidents.undo, name="incident_undo"),
    path("pengumuman/", announcements.announcements, name="announcements"),
    path("pengumuman/baru/", compose.new, name="announcement_new"),
    path("pengumuman/baru/<slug:kind>/", compose.compose, name="announcement_compose"),
    path("pengumuman/baru/<slug:kind>/kartu.jpg", compose.card_of_draft, name="card_of_draft"),
    path("pengumuman/pratinjau/", compose.preview, name="preview"),
    path("pengumuman/<int:announcement_id>/", announcements.announcement, name="announcement"),
    path("pengumuman/<int:announcement_id>/kartu.jpg", compose.card, name="card"),
    path("pengumuman/<int:announcement_id>/setujui/", announcements.approve, name="approve"),
    path("pengumuman/<int:announcement_id>/kembalikan/", announcements.give_back, name="give_back"),
    path("pengumuman/<int:announcement_id>/jadwalkan/", announcements.schedule, name="schedule"),
    path("pengumuman/<int:announcement_id>/batalkan/", announcements.cancel, name="cancel"),
    path("penayangan/<int:delivery_id>/sudah-tayang/", announcements.there, name="delivery_there"),
    path("penayangan/<int:delivery_id>/kirim-lagi/", announcements.again, name="delivery_again"),
    path("saluran/", channels.channels, name="channels"),
    path("saluran/<slug:key>/uji/", channels.test, name="channel_test"),
]
