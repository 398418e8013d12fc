"""Accounts of the city on its channels, and receipts of what was said through them."""

import os
from typing import Any

from django.db import models
from django.utils.translation import gettext_lazy as _

from channels import vault
from channels.contract import ChannelError


class Kind(models.TextChoices):
    X = "x", "X"
    FACEBOOK = "facebook", "Facebook"
    INSTAGRAM = "instagram", "Instagram"
    WEBSITE = "website", _("Situs web")
    FEED = "feed", _("Umpan (feed)")
    #: What reaches the city by its own desks (call centre, form, Open311): masked like a post, never spoken to.
    INTAKE = "intake", _("Loket resmi")


#: Secrets that only receiving webhooks needs; polling and publishing go on without them.
FOR_WEBHOOKS = frozenset({"app_secret", "verify_token"})


class Account(models.Model):
    """One account of the city on one channel."""

    #: Stable short name used in commands, files and reports: "x", "web_pemkot".
    key = models.SlugField(unique=True)
    channel = models.CharField(max_length=20, choices=Kind.choices)
    name = models.CharField(max_length=120)
    #: Not secret: user_id, page_id, username, base_url... which ones is said at the top of the channel's file.
    settings = models.JSONField(default=dict, blank=True)
    #: Environment variable of each secret, e.g. {"bearer_token": "KENTONGAN_X_BEARER_TOKEN"}.
    secret_names = models.JSONField(default=dict, blank=True)
    #: Encrypted JSON of the secrets; empty when they come from the environment only.
    sealed_secrets = models.BinaryField(default=b"", blank=True)
    enabled = models.BooleanField(default=True)
    #: Why the account cannot be used now, for a person; "" when it can.
    trouble = models.CharField(max_length=300, blank=True)
    #: UTC, when its token ends, as the platform last said; None: never, or not known.
    expires_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = _("akun")
        verbose_name_plural = _("akun")
        ordering = ["id"]

    def __str__(self) -> str:
        return self.name

    def secret(self, name: str) -> str:
        """The secret ``name``: from the environment if it is set there, else the stored one, else ""."""
        variable = self.secret_names.get(name, "")
        return (os.environ.get(variable, "") if variable else "") or self._stored().get(name, "")

    def missing_secrets(self) -> list[str]:
        """Environment variables (or secret names) of the secrets without which this account cannot be used."""
        return [
            variable or name
            for name, variable in self.secret_names.items()
            if name not in FOR_WEBHOOKS and not self.secret(name)
        ]

    def secret_values(self) -> set[str]:
        """Every secret that the account has, so that none of them is printed."""
        stored = self._stored()
        return {value for name in {*self.secret_names, *stored} if (value := self.secret(name))}

    def keep_secrets(self, secrets: dict[str, str]) -> None:
        """Store ``secrets`` encrypted, beside those already kept. Does not save the row.

        What was encrypted with another key nobody can open: the new ones take its place.
        """
        try:
            known = self._stored()
        except ChannelError:
            known = {}
        self.sealed_secrets = vault.lock({**known, **{k: v for k, v in secrets.items() if v}})

    def forget_secret(self, name: str) -> None:
        """Erase one stored secret. Does not save the row."""
        kept = {known: value for known, value in self._stored().items() if known != name}
        self.sealed_secrets = vault.lock(kept) if kept else b""

    def setting(self, name: str) -> str:
        value: Any = self.settings.get(name, "")
        return str(value)

    def _stored(self) -> dict[str, str]:
        return vault.unlock(bytes(self.sealed_secrets))


class Receipt(models.Model):
    """Proof that we said something: the id under which it stands on the platform."""

    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="receipts")
    remote_id = models.CharField(max_length=200)
    #: The id under which hearing meets it: for Instagram the shortcode, else the remote id.
    public_id = models.CharField(max_length=200, db_index=True)
    permalink = models.URLField(max_length=500, blank=True)
    at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["account", "remote_id"], name="receipt_once"),
        ]

    def __str__(self) -> str:
        return f"{self.account_id}:{self.remote_id}"


class HashtagUse(models.Model):
    """A hashtag that Instagram counts against the account's 30 in seven days (channels/hashtags.py)."""

    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="hashtags")
    tag = models.CharField(max_length=100)  #: without "#", in lower case
    since = models.DateTimeField()  #: UTC, first query of the seven days in which it counts

    class Meta:
        constraints = [models.UniqueConstraint(fields=["account", "tag"], name="hashtag_use_once")]

    def __str__(self) -> str:
        return f"{self.account_id} #{self.tag}"
