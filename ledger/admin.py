"""People, with their office, where the administrator keeps them."""

from django.contrib import admin
from django.contrib.auth.admin import UserAdmin

from ledger.models import Person


@admin.register(Person)
class PersonAdmin(UserAdmin):  # type: ignore[type-arg]  # not generic at run time
    fieldsets = (*(UserAdmin.fieldsets or ()), ("Jabatan", {"fields": ("office",)}))
