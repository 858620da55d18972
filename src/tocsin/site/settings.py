"""Django's settings."""

from __future__ import annotations

from pathlib import Path

from tocsin.kit.installation import Installation
from tocsin.site import environment

environment.insist()
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
    "tocsin.web",  # first: its templates win over those of the libraries
    "tocsin.engine",
    "tocsin.journal",
    "tocsin.config",
    "tocsin.people",
    "tocsin.admin",
    "tocsin.catalog",
    "tocsin.alerts",
    "tocsin.oncall",
    "tocsin.paging",
    "tocsin.site",  # for its templates
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django_htmx",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.usersessions",
    "allauth.socialaccount",
    "allauth.socialaccount.providers.openid_connect",
]
DATABASES = {"default": environment.database()}
CACHES = {  # holds how often somebody tried to come in, and nothing else; see people/models.py
    "default": {
        "BACKEND": "django.core.cache.backends.db.DatabaseCache",
        "LOCATION": "people_cache",
        "OPTIONS": {"MAX_ENTRIES": 100_000},
    }
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
USE_TZ = True
TIME_ZONE = "UTC"
LANGUAGE_CODE = "en-gb"
USE_I18N = False
LOGGING_CONFIG = None
ROOT_URLCONF = "tocsin.site.urls"
APPEND_SLASH = False
DATA_UPLOAD_MAX_MEMORY_SIZE = 10_000_000  # a whole configuration through the API

# --- the interface
SECURE = TOCSIN.base_url.startswith("https://")
MIDDLEWARE = [
    "tocsin.web.middleware.SecurityHeaders",
    "django.middleware.gzip.GZipMiddleware",
    "tocsin.web.files.StaticFiles",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "tocsin.people.middleware.WhoIsThere",
    "tocsin.site.frame.SeenBefore",
]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [Path(__file__).parent / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.messages.context_processors.messages",
                "tocsin.site.frame.frame",
            ],
        },
    },
]
STATIC_URL = "/static/"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.InMemoryStorage"},  # nobody uploads files
    "staticfiles": {"BACKEND": "tocsin.web.assets.VersionedStorage"},
}
WHITENOISE_USE_FINDERS = True  # served from the packages themselves: nothing to collect before a start
WHITENOISE_AUTOREFRESH = False
WHITENOISE_ALLOW_ALL_ORIGINS = False
WHITENOISE_MAX_AGE = 365 * 24 * 3600  # every address carries a digest of its content

DEMO_SIGN_IN = environment.get("TOCSIN_DEMO_SIGN_IN")

# --- accounts
AUTH_USER_MODEL = "people.User"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.ScryptPasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "/"
ACCOUNT_LOGOUT_REDIRECT_URL = "account_login"
ACCOUNT_ADAPTER = "tocsin.people.adapter.Adapter"
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_EMAIL_VERIFICATION = "none"  # accounts are opened for addresses the configuration names
ACCOUNT_SESSION_REMEMBER = True
MFA_ADAPTER = "tocsin.people.adapter.FactorsAdapter"
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = not SECURE  # browsers then allow it for localhost only
MFA_TOTP_ISSUER = TOCSIN.instance
ACCOUNT_DEFAULT_HTTP_PROTOCOL = "https" if SECURE else "http"
SIGN_ON = environment.sign_on()
SOCIALACCOUNT_ADAPTER = "tocsin.admin.signon.Adapter"
SOCIALACCOUNT_LOGIN_ON_GET = True  # a form that leads to another host is what the content policy forbids
SOCIALACCOUNT_STORE_TOKENS = False
SOCIALACCOUNT_PROVIDERS = {
    "openid_connect": {
        "OAUTH_PKCE_ENABLED": True,
        "SCOPE": list(SIGN_ON.scopes),
        "APPS": [
            {
                "provider_id": "sso",
                "name": SIGN_ON.name,
                "client_id": SIGN_ON.client_id,
                "secret": SIGN_ON.client_secret,
                "settings": {"server_url": SIGN_ON.issuer, "oauth_pkce_enabled": True},
            }
        ]
        if SIGN_ON.issuer
        else [],
    }
}
SESSION_COOKIE_NAME = "__Host-tocsin" if SECURE else "tocsin"
SESSION_COOKIE_AGE = 30 * 24 * 3600
SESSION_COOKIE_SECURE = SECURE
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"  # a link in a mail must find its reader signed in
CSRF_COOKIE_NAME = "__Host-tocsin-csrf" if SECURE else "tocsin-csrf"
CSRF_COOKIE_SECURE = SECURE
CSRF_COOKIE_HTTPONLY = True
CSRF_COOKIE_SAMESITE = "Strict"
CSRF_TRUSTED_ORIGINS = [TOCSIN.base_url]
CSRF_FAILURE_VIEW = "tocsin.web.errors.csrf_failure"
MESSAGE_STORAGE = "django.contrib.messages.storage.session.SessionStorage"
