"""Requests about personal data: the public form, the check of a certificate, and the officers' pages."""

from django.urls import URLPattern, path

from desk.public import rights as public
from desk.views import rights

urlpatterns: list[URLPattern] = [
    path("hak-data/", public.form, name="rights_form"),
    path("hak-data/periksa/", public.check, name="rights_check"),
    path("hak-data/permintaan/", rights.every, name="rights_list"),
    path("hak-data/permintaan/<str:number>/", rights.one, name="rights_one"),
    path("hak-data/permintaan/<str:number>/nama/", rights.reveal, name="rights_reveal"),
    path("hak-data/permintaan/<str:number>/bukti/", rights.prove, name="rights_prove"),
    path("hak-data/permintaan/<str:number>/laksanakan/", rights.carry_out, name="rights_do"),
    path("hak-data/permintaan/<str:number>/tolak/", rights.refuse, name="rights_refuse"),
    path("hak-data/permintaan/<str:number>/berita-acara.pdf", rights.paper, name="rights_paper"),
]
