"""Addresses of the installation."""

from django.contrib import admin
from django.urls import include, path

handler403 = "desk.views.errors.forbidden"
handler404 = "desk.views.errors.not_found"
handler500 = "desk.views.errors.broken"

urlpatterns = [
    path("admin/", admin.site.urls),
    path("", include("desk.urls")),
]
