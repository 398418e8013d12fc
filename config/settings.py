"""Django settings. Secrets come from the environment; all that is written lives under KENTONGAN_HOME."""

import os
from pathlib import Path

import dj_database_url
from django.core.exceptions import ImproperlyConfigured

from config import load, mail, timetable

BASE_DIR = Path(__file__).resolve().parent.parent
#: A checkout keeps its data beside the code; an installed package in the user's home.
_DEFAULT_HOME = BASE_DIR / "var" if (BASE_DIR / "pyproject.toml").exists() else Path.home() / ".kentongan"
KENTONGAN_HOME = Path(os.environ.get("KENTONGAN_HOME") or _DEFAULT_HOME).resolve()
#: Where tests and benchmarks look for real data; the product itself never needs it.
KENTONGAN_SHARED = Path(os.environ.get("KENTONGAN_SHARED") or BASE_DIR.parent / "shared").resolve()
#: http://127.0.0.1:PORT of a stand-in for all platforms, or "" in production (channels/http.py).
STAND_IN = os.environ.get("KENTONGAN_STAND_IN", "")
#: https://desk.example.go.id, under which citizens reach the public pages; "": no links to them are given out.
PUBLIC_URL = os.environ.get("KENTONGAN_PUBLIC_URL", "").rstrip("/")

CITY = timetable.place(load.read("city", KENTONGAN_HOME))
JUDGING = load.read("judging", KENTONGAN_HOME)
load.thresholds(JUDGING["decision"])
ENGINE = load.read("engine", KENTONGAN_HOME)
HEARING = load.read("hearing", KENTONGAN_HOME)
ANSWERING = load.read("answering", KENTONGAN_HOME)
CLOCKS = load.read("clocks", KENTONGAN_HOME)
UNITS = load.read("units", KENTONGAN_HOME)
ROUTING = load.read("routing", KENTONGAN_HOME)
PRIVACY = load.read("privacy", KENTONGAN_HOME)
DESKS = load.read("desks", KENTONGAN_HOME)
CALENDAR = timetable.checked(load.read("calendar", KENTONGAN_HOME))
#: Seeds of accounts and sources. The installation's own file, where there is one, replaces the shipped example.
_accounts = KENTONGAN_HOME / "config" / "accounts.toml"
ACCOUNTS = load.read_file(_accounts) if _accounts.exists() else load.read("accounts", KENTONGAN_HOME)


def _secret_key() -> str:
    """From the environment, or from the file that `kentongan init` made; else a key that keeps nothing safe."""
    kept = KENTONGAN_HOME / "secret.key"
    if key := os.environ.get("KENTONGAN_SECRET_KEY"):
        return key
    if kept.exists():
        return kept.read_text("utf-8").strip()
    # Enough for commands that keep no secret (classify, translate, train); `up` refuses to start with it.
    return NO_KEY


NO_KEY = "no-secret-key: run kentongan init"
SECRET_KEY = _secret_key()
DEBUG = os.environ.get("KENTONGAN_DEBUG", "") == "1"
ALLOWED_HOSTS = [host for host in os.environ.get("KENTONGAN_HOSTS", "").split(",") if host] + [
    "127.0.0.1",
    "localhost",
    "[::1]",
]
CSRF_TRUSTED_ORIGINS = [
    f"https://{host}" for host in os.environ.get("KENTONGAN_HOSTS", "").split(",") if host
]

INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "axes",
    "django_htmx",
    "city.apps.CityConfig",
    "ledger.apps.LedgerConfig",
    "channels.apps.ChannelsConfig",
    "monitor.apps.MonitorConfig",
    "classifiers.apps.ClassifiersConfig",
    "publisher.apps.PublisherConfig",
    "cases.apps.CasesConfig",
    "desk.apps.DeskConfig",
    "engine.apps.EngineConfig",
    "config.apps.ConfigConfig",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "desk.middleware.ContentSecurityPolicy",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "desk.middleware.NoNul",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "axes.middleware.AxesMiddleware",
]

ROOT_URLCONF = "config.urls"
ASGI_APPLICATION = "config.asgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.jinja2.Jinja2",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": False,
        "OPTIONS": {
            "environment": "desk.jinja.environment",
            "context_processors": ["django.contrib.messages.context_processors.messages"],
        },
    },
    {  # for the admin
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
]

_url = os.environ.get("DATABASE_URL") or f"sqlite:///{KENTONGAN_HOME / 'kentongan.sqlite3'}"
try:
    _database = dj_database_url.parse(_url, conn_health_checks=True)
except ValueError as error:
    raise ImproperlyConfigured(f"DATABASE_URL tidak dapat dibaca: {error}") from error
if _database["ENGINE"] == "django.db.backends.sqlite3":
    _database["OPTIONS"] = {
        "transaction_mode": "IMMEDIATE",
        "timeout": 20,
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;",
    }
    _database["TEST"] = {"NAME": str(KENTONGAN_HOME / "test.sqlite3")}  # a file: tests use several threads
elif _database["ENGINE"] != "django.db.backends.postgresql":
    raise ImproperlyConfigured("DATABASE_URL harus PostgreSQL (postgresql://…) atau SQLite (sqlite:///…).")
DATABASES = {"default": _database}
# Counts of tries at public pages and the figures of an hour (desk/public/limits.py, cases/figures.py). Django's own
# 300 entries would be pushed out by a few hundred visitors, and the limits with them.
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.locmem.LocMemCache",
        "OPTIONS": {"MAX_ENTRIES": 50_000},
    }
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
#: Whether work can be spread over processes (`kentongan clock` and `kentongan worker`).
DISTRIBUTED = _database["ENGINE"] == "django.db.backends.postgresql"
if DISTRIBUTED:
    INSTALLED_APPS.insert(0, "procrastinate.contrib.django")
    PROCRASTINATE_AUTODISCOVER_MODULE_NAME = "tasks"

AUTH_USER_MODEL = "ledger.Person"
AUTHENTICATION_BACKENDS = [
    "axes.backends.AxesStandaloneBackend",
    "django.contrib.auth.backends.ModelBackend",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in ("UserAttributeSimilarityValidator", "MinimumLengthValidator", "CommonPasswordValidator")
]
AXES_FAILURE_LIMIT = 8
AXES_COOLOFF_TIME = 0.25  # hours
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_RESET_ON_SUCCESS = True
AXES_VERBOSE = False
AXES_LOCKOUT_CALLABLE = "desk.views.sign_in.locked_out"
LOGIN_URL = "sign_in"
CSRF_FAILURE_VIEW = "desk.views.errors.form_too_old"
LOGIN_REDIRECT_URL = "today"
SESSION_COOKIE_AGE = 12 * 3600
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = os.environ.get("KENTONGAN_HTTPS", "") == "1"

#: smtp://user:pass@host:587/?tls=1, smtps://… for TLS from the first byte; "" sends no mail.
_mail = mail.read(os.environ.get("KENTONGAN_EMAIL_URL", ""), os.environ.get("KENTONGAN_EMAIL_FROM", ""))
EMAIL_BACKEND = "channels.mail.Backend" if _mail.host else "django.core.mail.backends.dummy.EmailBackend"
EMAIL_HOST, EMAIL_PORT = _mail.host, _mail.port
EMAIL_HOST_USER, EMAIL_HOST_PASSWORD = _mail.user, _mail.password
EMAIL_USE_TLS, EMAIL_USE_SSL = _mail.starttls, _mail.tls
EMAIL_TIMEOUT = ANSWERING["handoff"]["mail_timeout"]
DEFAULT_FROM_EMAIL = SERVER_EMAIL = _mail.sender

LANGUAGE_CODE = "id"
LANGUAGES = [("id", "Bahasa Indonesia"), ("en", "English")]
LOCALE_PATHS = [BASE_DIR / "locale"]
TIME_ZONE = CITY["timezone"]
USE_TZ = True

STATIC_URL = "/static/"
STATICFILES_DIRS = [BASE_DIR / "templates" / "static"]
STATIC_ROOT = None  # nothing is collected: WhiteNoise serves from the packages and templates/static
WHITENOISE_USE_FINDERS = True
WHITENOISE_AUTOREFRESH = DEBUG

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "%(asctime)s %(levelname)s %(name)s: %(message)s"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["stderr"], "level": os.environ.get("KENTONGAN_LOG", "INFO")},
    "loggers": {
        "apscheduler": {"level": "WARNING"},
        "procrastinate": {"level": "WARNING"},
        "uvicorn.access": {"level": "WARNING"},
        "axes": {"level": "WARNING"},
    },
}
