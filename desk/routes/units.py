"""Addresses of this area; see desk/urls.py."""

from django.urls import URLPattern

urlpatterns: list[URLPattern] = []
