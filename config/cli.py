"""The `kentongan` command: Django's command runner with our settings, and sentences instead of tracebacks."""

import os
import sys
from collections.abc import Sequence

from django.core.exceptions import ImproperlyConfigured
from django.core.management import execute_from_command_line


def main(argv: Sequence[str] | None = None) -> None:
    """Run one command; `kentongan help` lists them. Command names may be written with hyphens."""
    words = list(argv if argv is not None else sys.argv)
    if len(words) > 1:
        words[1] = words[1].replace("-", "_") if not words[1].startswith("-") else words[1]
        if words[1] == "demo":
            from config.demo_home import use_demo_home

            try:
                use_demo_home(words[2:])
            except OSError as error:
                sys.exit(f"kentongan: {error}")
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    try:
        execute_from_command_line(words)
    except (ImproperlyConfigured, OSError) as error:
        # A folder that cannot be written, a port that cannot be had: a sentence, not a traceback.
        sys.exit(f"kentongan: {error}")


if __name__ == "__main__":
    main()
