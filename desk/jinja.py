"""The Jinja2 environment of the pages."""

from typing import Any

from django.conf import settings
from django.contrib.messages import get_messages
from django.templatetags.static import static
from django.urls import reverse
from django.utils import translation
from jinja2 import Environment, StrictUndefined

from desk import times, words
from publisher.results import summary


def environment(**options: Any) -> Environment:
    """Pages fail on a missing name instead of showing nothing, and every value is escaped."""
    ours = {"undefined": StrictUndefined, "trim_blocks": True, "lstrip_blocks": True}
    made = Environment(**{**options, **ours, "autoescape": True}, extensions=["jinja2.ext.i18n"])  # noqa: S701 - it is True
    made.install_gettext_callables(  # type: ignore[attr-defined]  # added by the i18n extension
        gettext=translation.gettext, ngettext=translation.ngettext, newstyle=True
    )
    made.globals.update(
        static=static,
        url=_url,
        city=settings.CITY,
        languages=settings.LANGUAGES,
        language=times.language,
        messages_of=get_messages,
        sign=words.sign,
        heard_sign=words.heard_sign,
        pressing=words.pressing,
        kind_keys=words.KEYS,
        results_of=summary,
    )
    made.filters.update(
        when=times.when,
        exact=times.exact,
        clock=times.clock,
        age=times.age,
        long_date=times.long_date,
        day=times.day_word,
        for_input=times.for_input,
        in_feed=times.in_feed,
        number=times.number,
        percent=times.percent,
        kind=words.kind_word,
        topic=words.topic_word,
        authority=words.authority_word,
        incident=words.incident_name,
        channel=words.channel_word,
        told=words.told,
        outcome=words.outcome_word,
        purpose=words.purpose_word,
        remote=words.remote_word,
    )
    return made


def _url(name: str, *args: object, **kwargs: object) -> str:
    """The address of a page by its name and its arguments."""
    return reverse(name, args=args or None, kwargs=kwargs or None)
