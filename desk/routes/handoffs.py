"""Addresses of hand-offs and receivers; see desk/urls.py."""

from django.urls import URLPattern, path

from desk.public import actions
from desk.views import handoffs, receivers

urlpatterns: list[URLPattern] = [
    path("aksi/<str:token>/", actions.action, name="handoff_action"),
    path("webhooks/penerima/<slug:key>/", actions.receiver_webhook, name="receiver_webhook"),
    path("penerusan/", handoffs.handoffs, name="handoffs"),
    path("penerusan/<int:handoff_id>/sampai/", handoffs.arrived, name="handoff_arrived"),
    path("penerusan/<int:handoff_id>/kirim-lagi/", handoffs.again, name="handoff_again"),
    path("penerusan/<int:handoff_id>/batal/", handoffs.cancel, name="handoff_cancel"),
    path("penerusan/penerima/", receivers.receivers, name="receivers"),
    path("penerusan/penerima/baru/", receivers.new, name="receiver_new"),
    path("penerusan/penerima/<slug:key>/", receivers.receiver, name="receiver"),
    path("penerusan/penerima/<slug:key>/uji/", receivers.test, name="receiver_test"),
    path("penerusan/penerima/<slug:key>/lanjutkan/", receivers.resume, name="receiver_resume"),
    path("penerusan/penerima/<slug:key>/kunci/", receivers.rotate, name="receiver_rotate"),
]
