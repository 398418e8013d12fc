"""Addresses of this area; see desk/urls.py."""

from django.urls import URLPattern, path

from desk.views import outlook

urlpatterns: list[URLPattern] = [
    path("lonjakan/", outlook.spike_list, name="spikes"),
    path("lonjakan/<int:spike_id>/", outlook.spike, name="spike"),
    path("lonjakan/<int:spike_id>/dilihat/", outlook.spike_seen, name="spike_seen"),
    path("usulan/<int:proposal_id>/", outlook.proposal, name="proposal"),
    path("usulan/<int:proposal_id>/pakai/", outlook.take, name="proposal_take"),
    path("usulan/<int:proposal_id>/jeda/", outlook.pause, name="proposal_pause"),
    path("usulan/<int:proposal_id>/tidak-perlu/", outlook.decline, name="proposal_decline"),
]
