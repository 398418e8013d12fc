"""kentongan instagram-session: take over a session of Instagram's web that staff made elsewhere, or forget it."""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils.translation import gettext as _

from channels.contract import ChannelError
from channels.models import Account, Kind
from channels.web_session import forget_session, keep_session, read_session
from ledger.chain import record


class Command(BaseCommand):
    help = (
        "Sesi halaman umum Instagram untuk sumber via web. `import BERKAS` mengambil sesi yang dibuat petugas dengan "
        "instaloader di komputer lain (atau JSON kuki) dan menyimpannya terenkripsi; `forget` menghapusnya. "
        "Kata sandi tidak pernah diminta."
    )
    requires_system_checks: list[str] = []  # they load every page: more work than the command itself

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("action", choices=["import", "forget"])
        parser.add_argument(
            "file", nargs="?", type=Path, help="berkas sesi instaloader, misalnya session-NAMA"
        )
        parser.add_argument("--account", default="instagram", help="kunci akun (bawaan: instagram)")
        parser.add_argument(
            "--user", default="", help="nama pengguna sesi; bawaan: dari nama berkas session-NAMA"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        account = Account.objects.filter(key=options["account"], channel=Kind.INSTAGRAM).first()
        if account is None:
            raise CommandError(
                _("Tidak ada akun Instagram dengan kunci %(key)s.") % {"key": options["account"]}
            )
        try:
            if options["action"] == "forget":
                self._forget(account)
            else:
                self._import(account, options["file"], options["user"])
        except ChannelError as error:  # what is stored was encrypted with another key
            raise CommandError(str(error)) from error

    def _import(self, account: Account, file: Path | None, user: str) -> None:
        if file is None:
            raise CommandError(_("Sebutkan berkas sesinya: kentongan instagram-session import BERKAS"))
        try:
            cookies = read_session(file.read_bytes())
        except OSError as error:
            raise CommandError(
                _("Berkas %(file)s tidak dapat dibaca: %(why)s") % {"file": file, "why": error.strerror}
            ) from error
        except ChannelError as error:
            raise CommandError(f"{file}: {error}") from error
        name = user or (file.name.removeprefix("session-") if file.name.startswith("session-") else "")
        if not name:
            raise CommandError(_("Nama pengguna sesi ini belum disebut: tambahkan --user NAMA."))
        keep_session(account, name, cookies)
        record("account.session_imported", f"account:{account.pk}", user=name)
        self.stdout.write(
            _("Sesi @%(name)s disimpan terenkripsi untuk %(account)s. Hapus berkas asalnya.")
            % {"name": name, "account": account.name}
        )
        if not account.setting("web_consent").strip():
            self.stdout.write(_("Sesi baru dipakai setelah web_consent pada pengaturan akun terisi."))

    def _forget(self, account: Account) -> None:
        if forget_session(account):
            record("account.session_forgotten", f"account:{account.pk}")
            self.stdout.write(_("Sesi %(account)s dihapus.") % {"account": account.name})
        else:
            self.stdout.write(_("%(account)s tidak menyimpan sesi.") % {"account": account.name})
