"""Django's settings, made from the configuration. Nothing here reads the environment but for DATABASE_URL."""

import os
from pathlib import Path
from urllib.parse import parse_qsl, unquote, urlsplit

from tradepost.foundation.configuration import ConfigurationError, configuration
from tradepost.server.routing import HOST_NAMES

HERE = Path(__file__).resolve().parent.parent

MARKETPLACE = ["catalog", "watching", "releases", "reviews", "rollout", "hosts", "notices"]
MARKETPLACE += ["licensing", "tokens", "editions", "deployments", "builds", "bulk"]
HOST = ["sites", "installing", "upgrading", "approvals", "appapi", "marketlink"]
HOST += ["product", "embedding", "webhooks", "upm", "licenses"]


def _apps() -> list[str]:
    names: list[str] = []
    if configuration.service in {"marketplace", "all"}:
        names += [f"tradepost.marketplace.{name}.apps.{name.title()}Config" for name in MARKETPLACE]
    if configuration.service in {"host", "all"}:
        names += [f"tradepost.host.{name}.apps.{name.title()}Config" for name in HOST]
    return names


def _database(url: str) -> dict[str, object]:
    parts = urlsplit(url)
    if parts.scheme not in {"postgresql", "postgres"}:
        raise ConfigurationError("DATABASE_URL must be a postgresql:// address; PostgreSQL is the only database")
    query = dict(parse_qsl(parts.query))
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": unquote(parts.path.lstrip("/")) or "postgres",
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": query.pop("host", "") or parts.hostname or "",
        "PORT": str(parts.port or query.pop("port", "")),
        "CONN_MAX_AGE": 60,
        "CONN_HEALTH_CHECKS": True,
        "OPTIONS": {"options": "-c statement_timeout=60000 -c TimeZone=UTC", **query},
    }


SECRET_KEY = configuration.secret_keys[0]
SECRET_KEY_FALLBACKS = list(configuration.secret_keys[1:])
DEBUG = False
ALLOWED_HOSTS = [
    *configuration.allowed_hosts,
    *(urlsplit(u).hostname or "" for u in (configuration.marketplace_url, configuration.host_url)),
    *(HOST_NAMES if configuration.service == "all" else ()),
]
INSTALLED_APPS = [
    "unfold",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "allauth",
    "allauth.account",
    "ninja",
    "procrastinate.contrib.django",
    "tradepost.foundation.apps.FoundationConfig",
    *_apps(),
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "tradepost.foundation.web.RequestLimits",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    *(["tradepost.server.routing.RouteByHost"] if configuration.service == "all" else []),
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "tradepost.foundation.web.ContentSecurity",
    "tradepost.foundation.web.KnownErrors",
]
ROOT_URLCONF = f"tradepost.server.urls.{'marketplace' if configuration.service == 'all' else configuration.service}"
WSGI_APPLICATION = "tradepost.server.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [HERE / "foundation" / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "tradepost.foundation.web.page_context",
            ]
        },
    }
]
DATABASES = {"default": _database(os.environ.get("DATABASE_URL", "postgresql:///tradepost"))}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

AUTH_USER_MODEL = "foundation.User"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*", "password2*"]
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_EMAIL_UNKNOWN_ACCOUNTS = False  # strangers get no mail from us
ACCOUNT_EMAIL_SUBJECT_PREFIX = ""
ACCOUNT_SESSION_REMEMBER = False
ACCOUNT_LOGOUT_ON_PASSWORD_CHANGE = False
PASSWORD_RESET_TIMEOUT = 3600
ACCOUNT_ADAPTER = "tradepost.foundation.accounts.Accounts"
ACCOUNT_DEFAULT_HTTP_PROTOCOL = "http" if configuration.development else "https"
LOGIN_REDIRECT_URL = "/"
LOGIN_URL = "/accounts/login/"
CSRF_FAILURE_VIEW = "tradepost.foundation.web.csrf_failure"
PROCRASTINATE_AUTODISCOVER_MODULE_NAME = "jobs"  # a domain's background work stands in its jobs.py
UNFOLD = {"SITE_TITLE": "Back office", "SITE_HEADER": "Tradepost"}  # the back office's pages ask here for its name

SESSION_COOKIE_NAME = f"tradepost_{configuration.service}_session"
CSRF_COOKIE_NAME = f"tradepost_{configuration.service}_csrf"
SESSION_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_HTTPONLY = True
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = not configuration.development
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
SECURE_PROXY_SSL_HEADER = None if configuration.development else ("HTTP_X_FORWARDED_PROTO", "https")
SECURE_SSL_REDIRECT = False  # the proxy in front does that
SECURE_HSTS_SECONDS = 0 if configuration.development else 31_536_000
DATA_UPLOAD_MAX_MEMORY_SIZE = configuration.limits.request_bytes
DATA_UPLOAD_MAX_NUMBER_FIELDS = 200

EMAIL_HOST, _, _port = configuration.smtp.rpartition(":")
EMAIL_PORT = int(_port)
EMAIL_HOST_USER, EMAIL_HOST_PASSWORD = configuration.smtp_user, configuration.smtp_password
EMAIL_USE_TLS = configuration.smtp_security == "starttls"
EMAIL_USE_SSL = configuration.smtp_security == "tls"
EMAIL_TIMEOUT = 10
DEFAULT_FROM_EMAIL = configuration.mail_from

USE_TZ = True
TIME_ZONE = "UTC"
LANGUAGE_CODE = "en"
STATIC_URL = "/static/"
STATICFILES_DIRS = [
    HERE / "foundation" / "static",
    *([configuration.var / "assets"] if (configuration.var / "assets").is_dir() else []),
]
WHITENOISE_USE_FINDERS = True  # files are served from where they lie; nothing is collected
WHITENOISE_AUTOREFRESH = False

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "%(asctime)s %(levelname)s %(name)s %(message)s"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["stderr"], "level": configuration.log_level},
    "loggers": {
        "django.request": {"level": "ERROR"},
        "procrastinate": {"level": "WARNING"},
        "aiohttp.access": {"level": "WARNING"},
    },
}
NINJA_PAGINATION_PER_PAGE = 50
NINJA_PAGINATION_MAX_LIMIT = 100
