"""Addresses of this area; see desk/urls.py."""

from django.urls import URLPattern, path

from desk.views import incident_messages, replies

urlpatterns: list[URLPattern] = [
    path("kasus/<str:number>/balasan/", replies.thread, name="replies"),
    path("kasus/<str:number>/balasan/kirim/", replies.write, name="reply_write"),
    path("kasus/<str:number>/balasan/pratinjau/", replies.preview, name="reply_preview"),
    path("balasan/<int:reply_id>/", replies.reply, name="reply"),
    path("balasan/<int:reply_id>/<slug:step>/", replies.step, name="reply_step"),
    path("kejadian/<int:incident_id>/kabar/", incident_messages.messages_of, name="incident_messages"),
    path("kejadian/kabar/<int:message_id>/", incident_messages.message, name="incident_message"),
    path(
        "kejadian/kabar/<int:message_id>/<slug:step>/", incident_messages.step, name="incident_message_step"
    ),
]
