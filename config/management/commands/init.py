"""kentongan init: make a real installation."""

import getpass
import os
import secrets
import shutil
import sys
from importlib.resources import files
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from cases.routing import seed
from config import load
from config.seed import seed_accounts
from ledger.models import Person
from ledger.roles import Role, ensure_roles, give
from monitor.renew import renewal, resume


class Command(BaseCommand):
    help = (
        "Menyiapkan instalasi: kunci rahasia, basis data, administrator pertama, akun dan sumbernya. Aman diulang. "
        "Bertanya di terminal, atau memakai pilihan di bawah dan kata sandi dari KENTONGAN_ADMIN_PASSWORD."
    )
    requires_system_checks: list[str] = []  # they load every page: more work than the command itself

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--admin", help="nama masuk administrator pertama")
        parser.add_argument("--admin-name", default="", help="nama lengkapnya")
        parser.add_argument("--office", default="", help="jabatannya")
        parser.add_argument(
            "--accounts", type=Path, help="berkas accounts.toml; bawaan: contoh yang disertakan"
        )
        parser.add_argument("--no-input", action="store_true", help="jangan bertanya")

    def handle(self, *args: Any, **options: Any) -> None:
        home: Path = settings.KENTONGAN_HOME
        (home / "config").mkdir(parents=True, exist_ok=True)
        self._secret_key(home)
        accounts = self._accounts_file(home, options["accounts"])
        call_command("migrate", interactive=False, verbosity=0)
        ensure_roles()
        self.stdout.write(f"Basis data siap: {settings.DATABASES['default']['NAME']}")
        units, routes = seed(timezone.now())
        self.stdout.write(f"Perangkat daerah baru: {units}; baris rute baru: {routes}")
        made = seed_accounts(load.read_file(accounts))
        for account in made.accounts:
            missing = account.missing_secrets()
            self.stdout.write(
                f"  {account.key}: " + (f"belum ada {', '.join(missing)}" if missing else "lengkap")
            )
        for account in made.accounts:
            # Also without a new token: what was missing may have been granted on the platform's own pages.
            if account in made.renewed:
                for sentence in renewal(account, timezone.now()):
                    self.stdout.write(f"  {sentence}")
            else:
                resume(account, timezone.now())
        self._administrator(options)
        self.stdout.write("Selesai. Ubah akun di " + str(accounts) + ", lalu jalankan: kentongan up")

    def _secret_key(self, home: Path) -> None:
        """Made once, readable by the owner alone; everything encrypted depends on it."""
        kept = home / "secret.key"
        if not kept.exists() and not os.environ.get("KENTONGAN_SECRET_KEY"):
            handle = os.open(kept, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(handle, "w") as file:
                file.write(secrets.token_urlsafe(50))
            self.stdout.write(f"Kunci rahasia dibuat: {kept} (simpan cadangannya)")
        if settings.SECRET_KEY == settings.NO_KEY:
            settings.SECRET_KEY = kept.read_text("utf-8").strip()

    def _accounts_file(self, home: Path, given: Path | None) -> Path:
        target = home / "config" / "accounts.toml"
        if given is not None:
            load.read_file(given)  # a sentence now, rather than a broken installation later
            if given.resolve() != target.resolve():
                shutil.copyfile(given, target)
        elif not target.exists():
            target.write_bytes(files("config.data").joinpath("accounts.toml").read_bytes())
        return target

    def _administrator(self, options: dict[str, Any]) -> None:
        if Person.objects.filter(is_superuser=True).exists():
            return
        asking = not options["no_input"] and sys.stdin.isatty()
        name = options["admin"] or (input("Nama masuk administrator: ").strip() if asking else "")
        if not name:
            raise CommandError("Administrator pertama belum disebut: tambahkan --admin NAMA.")
        password = os.environ.get("KENTONGAN_ADMIN_PASSWORD", "")
        if not password and asking:
            password = getpass.getpass("Kata sandi: ")
        if not password:
            raise CommandError("Kata sandi administrator belum ada: isi KENTONGAN_ADMIN_PASSWORD.")
        person = Person(username=name, first_name=options["admin_name"], office=options["office"])
        try:
            validate_password(password, person)
        except ValidationError as error:
            raise CommandError("Kata sandi ditolak: " + " ".join(error.messages)) from error
        person.is_staff = person.is_superuser = True
        person.set_password(password)
        person.save()
        give(person, Role.ADMINISTRATOR)
        self.stdout.write(f"Administrator {name} dibuat.")
