"""Addresses of the units, of the routing table, and of giving a case to a unit; see desk/urls.py."""

from django.urls import URLPattern, path

from desk.views import routing, units

urlpatterns: list[URLPattern] = [
    path("unit/", units.units, name="units"),
    path("unit/baru/", units.new, name="unit_new"),
    path("unit/rute/", routing.routes, name="routes"),
    path("unit/rute/uji/", routing.trial, name="route_trial"),
    path("unit/rute/baru/", routing.begin, name="route_new"),
    path("unit/rute/<int:route_id>/ubah/", routing.change, name="route_change"),
    path("unit/rute/<int:route_id>/akhiri/", routing.end, name="route_end"),
    path("unit/<slug:key>/", units.unit, name="unit"),
    path("unit/<slug:key>/ubah/", units.change, name="unit_change"),
    path("unit/<slug:key>/nama/", units.rename, name="unit_rename"),
    path("unit/<slug:key>/akhiri/", units.end, name="unit_end"),
    path("unit/<slug:key>/<int:unit_id>/pindahkan/", units.follow, name="unit_follow"),
    path("kasus/<str:number>/unit/", routing.assign, name="case_assign"),
    path("kasus/<str:number>/tolak/", routing.refuse, name="case_refuse"),
]
