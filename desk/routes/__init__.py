"""Addresses by area, gathered by desk/urls.py."""
