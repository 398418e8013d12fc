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
    FEED = "feed", _("umpan")


class Source(models.Model):
    """One thing watched on one account."""

    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="sources")
    kind = models.CharField(max_length=20, choices=SourceKind.choices)
    query = models.CharField(max_length=512, blank=True)  #: of keyword and hashtag; the address of a feed
    #: "api": the platform's own interface; "web": public pages (Instagram through instaloader); "stream": X's
    #: filtered stream, which tells by itself.
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
    last_spoke_at = models.DateTimeField(null=True)  #: end of the last pass that brought something new
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
    #: Hash of the words alone, by which word-for-word copies are known; "" for texts too short to tell.
    fingerprint = models.CharField(max_length=40, blank=True)
    #: The first mention with the same words, by somebody else; None when this is the first.
    copy_of = models.ForeignKey("self", null=True, on_delete=models.SET_NULL, related_name="copies")
    edits = models.PositiveIntegerField(default=0)  #: how often its text was found changed (Revision)
    checked_at = models.DateTimeField(null=True)  #: last seen to be still there; None: not since it was heard
    #: When it was found deleted upstream; its text, author and media are erased then.
    gone_at = models.DateTimeField(null=True)
    gone_why = models.CharField(max_length=120, blank=True)
    #: When a notification (webhook) of it was worked off; None: only polling has found it.
    told_at = models.DateTimeField(null=True)
    #: Since when its author has asked that it is only kept, not used (UU 27/2022 art. 11): nothing learns from it,
    #: finds it or gives it away.
    restricted_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = _("sebutan")
        verbose_name_plural = _("sebutan")
        constraints = [
            models.UniqueConstraint(fields=["channel", "external_id"], name="mention_once"),
        ]
        indexes = [
            models.Index(fields=["id"], condition=Q(unjudged=True), name="mention_unjudged"),
            models.Index(fields=["-heard_at"], name="mention_newest"),
            models.Index(fields=["fingerprint", "id"], name="mention_words"),
            models.Index(fields=["parent_id"], name="mention_parent"),
            # By whom: for the rights of a person over all that is kept of them.
            models.Index(fields=["channel", "author_id"], name="mention_person"),
            models.Index(fields=["channel", "author"], name="mention_author"),
        ]

    def __str__(self) -> str:
        return f"{self.channel}:{self.external_id}"


class Original(models.Model):
    """What a mention said before personal numbers in it were masked; encrypted, and only as long as a case may

    need it (monitor/originals.py). Mentions without such numbers have none.
    """

    mention = models.OneToOneField(Mention, on_delete=models.CASCADE, related_name="original")
    sealed = models.BinaryField()  #: by channels.vault
    #: When it is erased at the latest; None: not before its case ends.
    until = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("teks asli")
        verbose_name_plural = _("teks asli")
        indexes = [models.Index(fields=["until"], name="original_until")]

    def __str__(self) -> str:
        return f"original of {self.mention_id}"


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


class Revision(models.Model):
    """What a mention said before it was changed upstream."""

    mention = models.ForeignKey(Mention, on_delete=models.CASCADE, related_name="revisions")
    text = models.TextField(blank=True)
    until = models.DateTimeField()  #: when the newer text was found

    def __str__(self) -> str:
        return f"{self.mention_id} until {self.until}"


class Pass(models.Model):
    """One reading of one source: the coverage ledger. Kept for the days that config/data/hearing.toml says."""

    source = models.ForeignKey(Source, on_delete=models.CASCADE, related_name="readings")
    at = models.DateTimeField()
    seen = models.PositiveIntegerField(default=0)
    new = models.PositiveIntegerField(default=0)
    set_aside = models.PositiveIntegerField(default=0)
    #: What the platform declared for what was read (comment counts, result counts); None when it declares none.
    declared = models.PositiveIntegerField(null=True)
    received = models.PositiveIntegerField(null=True)  #: what came of the declared; None when nothing was
    failure = models.CharField(max_length=20, blank=True)  #: "" for a complete pass
    trouble = models.CharField(max_length=300, blank=True)

    class Meta:
        indexes = [models.Index(fields=["source", "-at"], name="pass_newest")]

    def __str__(self) -> str:
        return f"{self.source_id} {self.at}"


class GapState(models.TextChoices):
    OPEN = "open", _("belum terdengar")
    FILLED = "filled", _("sudah disusulkan")
    LOST = "lost", _("tidak dapat didengar lagi")


class Gap(models.Model):
    """A stretch of time in which a source was not proven to be heard completely."""

    source = models.ForeignKey(Source, on_delete=models.CASCADE, related_name="gaps")
    since = models.DateTimeField(null=True)  #: last moment proven heard; None: nothing was before
    until = models.DateTimeField(null=True)  #: None while it is open
    why = models.CharField(max_length=300)
    state = models.CharField(max_length=10, choices=GapState.choices, default=GapState.OPEN)
    opened_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("celah")
        verbose_name_plural = _("celah")
        constraints = [
            models.UniqueConstraint(fields=["source"], condition=Q(state="open"), name="one_open_gap"),
        ]
        indexes = [models.Index(fields=["source", "-opened_at"], name="gap_newest")]

    def __str__(self) -> str:
        return f"{self.source_id} {self.since}–{self.until} {self.state}"


class Spending(models.Model):
    """What reading one source cost on one day."""

    source = models.ForeignKey(Source, on_delete=models.CASCADE, related_name="spending")
    day = models.DateField()  #: UTC, as X counts
    calls = models.PositiveIntegerField(default=0)
    items = models.PositiveIntegerField(default=0)
    #: Millionths of a US dollar, by the prices of config/data/hearing.toml; 0 where reading is free.
    cost = models.PositiveBigIntegerField(default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["source", "day"], name="spending_once")]

    def __str__(self) -> str:
        return f"{self.source_id} {self.day}"


class Brake(models.Model):
    """Until when an account must not be read: its platform said so, to any of our processes."""

    account = models.OneToOneField(Account, on_delete=models.CASCADE, related_name="brake")
    until = models.DateTimeField()
    why = models.CharField(max_length=300)

    def __str__(self) -> str:
        return f"{self.account_id} until {self.until}"


class Notification(models.Model):
    """One change that a platform told of by itself. Not the thing: that is read by its id (monitor/inbox.py)."""

    #: Hash of the change as it was told, so that the same one told again is the same row.
    key = models.CharField(max_length=64, unique=True)
    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="notifications")
    #: The platform's name for what is told: feed, mention, comments, mentions.
    field = models.CharField(max_length=40)
    value = models.JSONField(default=dict)  #: ids, verb, item and time; no words and no names
    received_at = models.DateTimeField()
    done_at = models.DateTimeField(null=True)  #: None while it waits
    next_at = models.DateTimeField(null=True)  #: not before; None: at once
    tries = models.PositiveIntegerField(default=0)  #: looks that failed
    error = models.CharField(max_length=300, blank=True)  #: of the last look, or why it was given up

    class Meta:
        verbose_name = _("pemberitahuan")
        verbose_name_plural = _("pemberitahuan")
        indexes = [
            models.Index(fields=["id"], condition=Q(done_at__isnull=True), name="notification_waiting")
        ]

    def __str__(self) -> str:
        return f"{self.account_id} {self.field} {self.received_at}"


class Alarm(models.Model):
    """A trouble that a person should know of: it stands from its first look to the first look without it."""

    #: What is wrong with what: "gap:12", "silent:12", "check:disk".
    key = models.CharField(max_length=150)
    #: Which look found it: "hearing", "house" or "accounts". A look ends only the alarms of its own family.
    family = models.CharField(max_length=20)
    weight = models.PositiveSmallIntegerField()  #: the heaviest is said first (monitor.alarms.Weight)
    sentence = models.CharField(max_length=400)
    remedy = models.CharField(max_length=400, blank=True)
    account = models.ForeignKey(Account, null=True, on_delete=models.CASCADE, related_name="alarms")
    since = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)  #: None while it holds

    class Meta:
        verbose_name = _("peringatan")
        verbose_name_plural = _("peringatan")
        constraints = [
            models.UniqueConstraint(
                fields=["key"], condition=Q(ended_at__isnull=True), name="one_standing_alarm"
            ),
        ]

    def __str__(self) -> str:
        return self.key
