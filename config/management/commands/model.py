"""kentongan model: the versions of the judge, what is known of it, and the way back."""

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from classifiers.core.scores import Range
from classifiers.current import now_in_use
from classifiers.doubles import agreement
from classifiers.drift import look
from classifiers.estimate import estimate
from classifiers.models import ModelVersion, VersionState
from classifiers.quarantine import CannotSettle, settle, standing
from classifiers.versions import VersionError, examine, in_use, promote, reconcile, rollback
from ledger.models import Person

_ACTIONS = ("list", "show", "promote", "rollback", "verify", "estimate", "release", "discard", "drift")


class Command(BaseCommand):
    help = (
        "Versi model penilai: list, show N, promote N, rollback, verify; estimate (dari sampel acak); "
        "release N dan discard N (tinjauan yang ditahan); drift (periksa pergeseran sekarang)."
    )
    requires_system_checks: list[str] = []  # they load every page: more work than the command itself

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("action", choices=_ACTIONS, nargs="?", default="list")
        parser.add_argument(
            "number", type=int, nargs="?", help="nomor versi, atau nomor tinjauan yang ditahan"
        )
        parser.add_argument("--by", default="", help="nama masuk orang yang memutuskan, untuk buku besar")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            getattr(self, f"_{options['action']}")(options)
        except (VersionError, CannotSettle) as error:
            raise CommandError(str(error)) from error

    def _list(self, options: dict[str, Any]) -> None:
        versions = ModelVersion.objects.order_by("-number")
        for one in versions:
            sign = "*" if one.state == VersionState.CHAMPION else " "
            when = one.trained_at.date().isoformat()
            learned = one.counts.get("reviewed", 0)
            self.stdout.write(
                f"{sign} {one.number:4d}  {one.get_state_display():14}  {when}  {learned} tinjauan  {one.why}"
            )
        if now_in_use().number is None:
            self.stdout.write(
                "Yang dipakai: model bawaan." if now_in_use().model else "Tidak ada model yang dipakai."
            )
        for batch in standing():
            self.stdout.write(f"Ditahan {batch.pk}: {batch.reviews} tinjauan {batch.reviewer}. {batch.why}")

    def _show(self, options: dict[str, Any]) -> None:
        one = ModelVersion.objects.filter(number=self._number(options)).first()
        if one is None:
            raise CommandError(f"Versi {options['number']} tidak ada.")
        about = {
            "number": one.number,
            "state": one.state,
            "why": one.why,
            "file": one.file,
            "sha256": one.sha256,
            "trained_at": one.trained_at.isoformat(),
            "trained_by": str(one.trained_by) if one.trained_by else None,
            "learned_until": one.learned_until.isoformat() if one.learned_until else None,
            "counts": one.counts,
            "metrics": one.metrics,
        }
        self.stdout.write(json.dumps(about, ensure_ascii=False, indent=2))

    def _promote(self, options: dict[str, Any]) -> None:
        made = promote(self._number(options), timezone.now(), self._person(options))
        self.stdout.write(f"Versi {made.number} dipakai.")

    def _rollback(self, options: dict[str, Any]) -> None:
        made = rollback(timezone.now(), self._person(options))
        self.stdout.write(f"Versi {made.number} dipakai lagi." if made else "Model bawaan dipakai lagi.")

    def _verify(self, options: dict[str, Any]) -> None:
        wrong = 0
        for version, trouble in examine():
            wrong += bool(trouble)
            self.stdout.write(f"{'RUSAK' if trouble else 'baik '}  versi {version.number}. {trouble}")
        try:
            in_use()
        except VersionError as trouble:
            wrong += 1
            self.stdout.write(f"RUSAK  {trouble}")
        if reconcile():
            self.stdout.write("Daftar model ditulis ulang dari basis data.")
        if wrong:
            raise CommandError(
                f"{wrong} tidak dapat dipakai; penilaian memakai versi sebelumnya atau model bawaan."
            )

    def _estimate(self, options: dict[str, Any]) -> None:
        found = estimate(timezone.now())
        self.stdout.write(f"Sampel acak: {found.answered} dari {found.drawn} sudah ditinjau.")
        for one in found.kinds:
            parts = [("bagian", one.prevalence), ("daya tangkap", one.recall), ("ketepatan", one.precision)]
            self.stdout.write(
                f"  {one.kind}: " + ", ".join(f"{word} {_range(value)}" for word, value in parts)
            )
        self.stdout.write(f"  pengaduan di antara yang dilewatkan: {_range(found.missed)}")
        self.stdout.write(f"  bukan pengaduan di antara yang diteruskan: {_range(found.wrongly_opened)}")
        together = agreement()[0]
        self.stdout.write(
            f"Kesepakatan dua peninjau: {together.posts} kiriman, kappa {_range(together.kappa)}"
        )

    def _release(self, options: dict[str, Any]) -> None:
        batch = settle(self._number(options), True, self._person(options), timezone.now())
        self.stdout.write(f"{batch.reviews} tinjauan {batch.reviewer} boleh dipelajari.")

    def _discard(self, options: dict[str, Any]) -> None:
        batch = settle(self._number(options), False, self._person(options), timezone.now())
        self.stdout.write(f"{batch.reviews} tinjauan {batch.reviewer} tidak dipelajari.")

    def _drift(self, options: dict[str, Any]) -> None:
        for one in look(timezone.now()).measured:
            self.stdout.write(f"{'!' if one['beyond'] else ' '} {one['sentence']}")

    def _number(self, options: dict[str, Any]) -> int:
        if options["number"] is None:
            raise CommandError(f"Sebutkan nomornya: kentongan model {options['action']} N.")
        return int(options["number"])

    def _person(self, options: dict[str, Any]) -> Person | None:
        if not options["by"]:
            return None
        person = Person.objects.filter(username=options["by"]).first()
        if person is None:
            raise CommandError(f"Tidak ada orang dengan nama masuk {options['by']}.")
        return person


def _range(value: Range | None) -> str:
    if value is None:
        return "belum diketahui"
    return f"{value.value:.2f} ({value.low:.2f}–{value.high:.2f})".replace(".", ",")
