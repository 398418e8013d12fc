"""Addresses of clocks, the gate and emergencies' acknowledgement; see desk/urls.py."""

from django.urls import URLPattern, path

from desk.views import clocks, gates

urlpatterns: list[URLPattern] = [
    path("kasus/tenggat/", clocks.clocks, name="clocks"),
    path("kasus/<str:number>/tenggat/", clocks.case_clocks, name="case_clocks"),
    path("kasus/<str:number>/jalur/", gates.case_gate, name="case_gate"),
    path("kasus/<str:number>/sudah-dilihat/", gates.case_acknowledge, name="case_acknowledge"),
]
