"""Addresses of this area; see desk/urls.py."""

from django.urls import URLPattern, path, re_path

from desk.public import information as public_information
from desk.public import open311
from desk.views import call_center, information, lapor

_FORM = r"(?:\.(?P<form>[a-zA-Z0-9]{1,8}))?$"
#: One name in a path: no slash, and no dot, which begins the format.
_NAME = r"[^/.]{1,200}"

_OPEN311: list[URLPattern] = [
    re_path(rf"^open311/discovery{_FORM}", open311.discovery, name="open311_discovery"),
    path("open311/v2", open311.root, name="open311_root"),
    re_path(rf"^open311/v2/services{_FORM}", open311.service_list, name="open311_services"),
    re_path(rf"^open311/v2/services/(?P<code>{_NAME}){_FORM}", open311.service, name="open311_service"),
    re_path(rf"^open311/v2/requests{_FORM}", open311.requests, name="open311_requests"),
    re_path(rf"^open311/v2/requests/(?P<number>{_NAME}){_FORM}", open311.one_request, name="open311_request"),
    re_path(rf"^open311/v2/tokens/(?P<token>{_NAME}){_FORM}", open311.token, name="open311_token"),
]

urlpatterns: list[URLPattern] = [
    *_OPEN311,
    path("informasi/permohonan/", public_information.form, name="information_form"),
    path("ppid/", information.every, name="information"),
    path("ppid/register.csv", information.register, name="information_register"),
    path("ppid/<str:number>/", information.one, name="information_one"),
    path("ppid/<str:number>/pemohon/", information.reveal, name="information_reveal"),
    re_path(
        r"^ppid/(?P<number>[^/]+)/(?P<act>teruskan|perpanjang|jawab|tolak|keberatan|tutup)/$",
        information.step,
        name="information_step",
    ),
    path("kasus/lapor/", lapor.every, name="lapor_list"),
    path("kasus/<str:number>/lapor/", lapor.one, name="lapor_case"),
    path("kasus/<str:number>/lapor/buat/", lapor.begin, name="lapor_begin"),
    path("kasus/<str:number>/lapor/nomor/", lapor.carried, name="lapor_carried"),
    path("kasus/<str:number>/lapor/keadaan/", lapor.told, name="lapor_told"),
    path("kasus/<str:number>/lapor/paket.txt", lapor.download, name="lapor_download"),
    path("kasus/call-center/", call_center.call_center, name="call_center"),
    path("kasus/call-center/impor/", call_center.confirm, name="call_center_confirm"),
    re_path(r"^kasus/call-center/ekspor\.(?P<form>csv|xlsx)$", call_center.export, name="call_center_export"),
]
