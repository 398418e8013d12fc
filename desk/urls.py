"""Addresses of the desk, in Indonesian as its people see them."""

from django.urls import path, register_converter
from django.urls.converters import StringConverter
from django.views.i18n import set_language

from desk.public.feed import feed
from desk.public.health import health
from desk.public.webhooks import webhook_meta
from desk.routes import case_work, clocks, desks, handoffs, outlook, public, replies, rights, units
from desk.views import (
    announcements,
    archive,
    calendar,
    cases,
    channels,
    compose,
    coverage,
    emergency,
    exchange,
    incidents,
    media,
    mentions,
    model,
    more,
    pauses,
    people,
    review,
    series,
    series_form,
    templates,
    today,
)
from desk.views.sign_in import SignIn, SignOut


class FeedFile(StringConverter):
    """A page or the Atom file of a feed: one name without folders."""

    regex = r"[a-z0-9][a-z0-9_-]*\.(?:html|xml)"


class TableForm(StringConverter):
    """A table as a file: for any program, or for Excel."""

    regex = r"csv|xlsx"


class ArchiveFile(StringConverter):
    """What the archive gives away."""

    regex = r"arsip\.csv|arsip\.json|ppid\.csv|ppid\.xlsx"


register_converter(FeedFile, "feed_file")
register_converter(TableForm, "table_form")
register_converter(ArchiveFile, "archive_file")

#: Areas with many addresses have a file each; theirs come first, so that "kasus/impor/" is no case's number.
_AREAS = (case_work, clocks, desks, handoffs, outlook, public, replies, rights, units)

urlpatterns = [
    *(pattern for area in _AREAS for pattern in area.urlpatterns),
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
    path("pengumuman/<int:announcement_id>/ralat/", announcements.correct, name="correct"),
    path("pengumuman/<int:announcement_id>/tarik/", announcements.retract, name="retract"),
    path("penayangan/<int:delivery_id>/tidak-perlu/", announcements.give_up, name="delivery_give_up"),
    path("penayangan/<int:delivery_id>/sudah-tayang/", announcements.there, name="delivery_there"),
    path("penayangan/<int:delivery_id>/kirim-lagi/", announcements.again, name="delivery_again"),
    path("kalender/", calendar.calendar, name="calendar"),
    path("kalender/<int:announcement_id>/pindah/", calendar.move, name="calendar_move"),
    path("kalender/seri/", series.every, name="series_list"),
    path("kalender/seri/baru/", series_form.new, name="series_new"),
    path("kalender/seri/baru/<slug:kind>/", series_form.begin, name="series_begin"),
    path("kalender/seri/<int:series_id>/", series.one, name="series"),
    path("kalender/seri/<int:series_id>/ubah/", series_form.change, name="series_change"),
    path("kalender/seri/<int:series_id>/setujui/", series.approve, name="series_approve"),
    path("kalender/seri/<int:series_id>/tanpa/", series.leave_out, name="series_leave_out"),
    path("kalender/seri/<int:series_id>/satu/", series.write_one, name="series_write_one"),
    path("kalender/seri/<int:series_id>/akhiri/", series.end, name="series_end"),
    path("jeda/", pauses.pauses, name="pauses"),
    path("jeda/baru/", pauses.new, name="pause_new"),
    path("jeda/putuskan/", pauses.decide, name="held_decide"),
    path("jeda/<int:pause_id>/akhiri/", pauses.end, name="pause_end"),
    path("darurat/", emergency.emergencies, name="emergencies"),
    path("darurat/<int:announcement_id>/", emergency.board, name="emergency_board"),
    path("orang/mandat/", people.mandate_list, name="mandates"),
    path("orang/mandat/<int:mandate_id>/akhiri/", people.end_mandate, name="mandate_end"),
    path("orang/piket/", people.roster, name="roster"),
    path("orang/piket/<int:turn_id>/akhiri/", people.end_turn, name="turn_end"),
    path("templat/", templates.templates, name="templates"),
    path("templat/<slug:kind>/<path:name>/", templates.template, name="template"),
    path("pengumuman/impor/", exchange.exchange, name="exchange"),
    path("pengumuman/impor/buat/", exchange.confirm, name="exchange_confirm"),
    path("pengumuman/impor/<slug:kind>.<table_form:form>", exchange.template, name="exchange_template"),
    path("pengumuman/ekspor.<table_form:form>", exchange.export, name="exchange_export"),
    path("pengumuman/<int:announcement_id>/gandakan/", exchange.copy, name="announcement_copy"),
    path("pengumuman/<int:announcement_id>/bukti-tayang.pdf", archive.paper, name="archive_paper"),
    path("media/", media.media, name="media"),
    path("media/<int:item_id>/", media.item, name="media_item"),
    path("media/<int:item_id>/hapus/", media.remove, name="media_remove"),
    path("media/<int:item_id>/kecil.jpg", media.small, name="media_small"),
    path("media/<int:item_id>/berkas", media.file, name="media_file"),
    path("arsip/", archive.archive, name="archive"),
    path("arsip/periksa/", archive.check, name="archive_check"),
    path("arsip/bukti/<int:number>/", archive.proof, name="archive_proof"),
    path("arsip/beda/<int:look_id>/", archive.seen, name="archive_seen"),
    path("arsip/unduh/<archive_file:form>", archive.export, name="archive_export"),
    path("saluran/", channels.channels, name="channels"),
    path("saluran/<slug:key>/uji/", channels.test, name="channel_test"),
]
