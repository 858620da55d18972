"""Django's settings."""

from __future__ import annotations

from tocsin.kit.installation import Installation
from tocsin.site import environment

SECRETS = environment.installation_secrets()
SECRET_KEY = SECRETS[0]
SECRET_KEY_FALLBACKS = list(SECRETS[1:])
DEBUG = False
ALLOWED_HOSTS = ["*"]  # links are built from TOCSIN_BASE_URL, never from the Host header

TOCSIN = Installation(
    base_url=environment.get("TOCSIN_BASE_URL").rstrip("/") or "http://localhost:8080",
    instance=environment.get("TOCSIN_INSTANCE"),
    sender=environment.get("TOCSIN_MAIL_FROM"),
    secrets=SECRETS,
    webhook_secret=environment.get("TOCSIN_WEBHOOK_SECRET"),
    smtp_url=environment.get("TOCSIN_SMTP_URL"),
    outbound_allow=environment.get("TOCSIN_OUTBOUND_ALLOW"),
    outbound_proxy=environment.get("TOCSIN_OUTBOUND_PROXY"),
    watchdog_url=environment.get("TOCSIN_WATCHDOG_URL"),
    watchdog_every_s=float(environment.get("TOCSIN_WATCHDOG_EVERY")),
)

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "tocsin.engine",
    "tocsin.journal",
    "tocsin.config",
    "tocsin.alerts",
    "tocsin.paging",
]
DATABASES = {"default": environment.database()}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
USE_TZ = True
TIME_ZONE = "UTC"
LANGUAGE_CODE = "en-gb"
USE_I18N = False
LOGGING_CONFIG = None
ROOT_URLCONF = "tocsin.site.urls"
MIDDLEWARE: list[str] = []
