"""What is watched, what was heard, and what could not be read."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from channels.models import Account, Kind


class SourceKind(models.TextChoices):
    MENTION = "mention", _("sebutan")
    COMMENT = "comment", _("komentar")
    KEYWORD = "keyword", _("kata kunci")
    HASHTAG = "hashtag", _("tagar")
    TAGGED = "tagged", _("ditandai")


class Source(models.Model):
    """One thing watched on one account."""

    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="sources")
    kind = models.CharField(max_length=20, choices=SourceKind.choices)
    query = models.CharField(max_length=512, blank=True)  #: keyword and hashtag only
    #: "api": the platform's own interface; "web": public pages (Instagram through instaloader).
    via = models.CharField(max_length=10, default="api")
    enabled = models.BooleanField(default=True)
    interval = models.PositiveIntegerField(default=300)  #: seconds between two passes
    #: The channel's note of how far it has read; {} before the first pass.
    cursor = models.JSONField(default=dict, blank=True)
    due_at = models.DateTimeField(null=True)  #: None: at once
    #: Who reads now, until when; the fence rises with every claim, so a late reader cannot move the cursor.
    leased_until = models.DateTimeField(null=True)
    fence = models.PositiveBigIntegerField(default=0)
    passes = models.PositiveBigIntegerField(default=0)  #: complete passes so far
    last_ok_at = models.DateTimeField(null=True)  #: end of the last complete pass; None: never
    last_new = models.PositiveIntegerField(default=0)  #: new mentions in the last pass
    failure = models.CharField(
        max_length=20, blank=True
    )  #: channels.contract.Failure of the last pass, or ""
    trouble = models.CharField(max_length=300, blank=True)  #: the same as a sentence

    class Meta:
        verbose_name = _("sumber")
        verbose_name_plural = _("sumber")
        constraints = [
            models.UniqueConstraint(fields=["account", "kind", "query", "via"], name="source_once"),
        ]
        ordering = ["id"]

    def __str__(self) -> str:
        return f"{self.account.key}/{self.kind}" + (f" {self.query}" if self.query else "")


class Mention(models.Model):
    """One public post or comment. Personal numbers in its text were masked before it was stored."""

    channel = models.CharField(max_length=20, choices=Kind.choices)
    #: The platform's id; for Instagram media the shortcode, which Graph and instaloader share.
    external_id = models.CharField(max_length=200)
    source = models.ForeignKey(
        Source, on_delete=models.PROTECT, related_name="mentions"
    )  #: heard there first
    text = models.TextField(blank=True)  #: "" for a post that is only a picture
    author = models.CharField(max_length=200, blank=True)  #: handle or name; "" when the platform hides it
    author_id = models.CharField(max_length=100, blank=True)
    posted_at = models.DateTimeField(null=True)  #: UTC, as the platform reported it; None when it did not say
    heard_at = models.DateTimeField()
    permalink = models.URLField(max_length=500, blank=True)
    parent_id = models.CharField(max_length=200, blank=True)  #: external id of what it answers; "" for none
    media = models.JSONField(default=list, blank=True)
    #: True until a verdict is stored; the queue of the next stage.
    unjudged = models.BooleanField(default=True)

    class Meta:
        verbose_name = _("sebutan")
        verbose_name_plural = _("sebutan")
        constraints = [
            models.UniqueConstraint(fields=["channel", "external_id"], name="mention_once"),
        ]
        indexes = [
            models.Index(fields=["id"], condition=Q(unjudged=True), name="mention_unjudged"),
            models.Index(fields=["-heard_at"], name="mention_newest"),
        ]

    def __str__(self) -> str:
        return f"{self.channel}:{self.external_id}"


class SetAside(models.Model):
    """An item of an answer that could not be read: kept as a fact, so that nothing vanishes unseen."""

    source = models.ForeignKey(Source, on_delete=models.CASCADE, related_name="set_aside")
    external_id = models.CharField(max_length=200, blank=True)  #: "" when not even that could be read
    error = models.CharField(max_length=300)
    first_at = models.DateTimeField()
    times = models.PositiveIntegerField(default=1)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["source", "external_id", "error"], name="set_aside_once"),
        ]

    def __str__(self) -> str:
        return self.error
