"""What citizens open: the status of their matter, the figures, and the open data."""

from django.urls import URLPattern, path

from desk.public import status, transparency

urlpatterns: list[URLPattern] = [
    path("status/", status.ask, name="status_ask"),
    path("status/<str:number>/<str:code>/", status.show, name="status"),
    path("status/<str:number>/<str:code>/belum/", status.contest, name="status_contest"),
    path("status/<str:number>/<str:code>/selesai/", status.confirm, name="status_confirm"),
    path("status/<str:number>/<str:code>/foto/<int:attachment_id>/", status.photo, name="status_photo"),
    path("transparansi/", transparency.transparency, name="transparency"),
    path("transparansi/<slug:name>.csv", transparency.table, name="transparency_table"),
    path("data-terbuka/<str:name>", transparency.file, name="open_data_file"),
]
