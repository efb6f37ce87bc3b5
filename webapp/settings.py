"""All settings of Atelier. Environment variables are read through webapp.env."""

from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured

from webapp import env
from webapp.embedded import home as embedded

BASE_DIR = Path(__file__).resolve().parent.parent
ATELIER_HOME = embedded.home()

# --- Servers -----------------------------------------------------------------------------------------------
# Without DATABASE_URL this is the embedded mode: one machine, Postgres and Redis started by `make run`.
EMBEDDED = not env.text("DATABASE_URL")
DATABASE_URL = env.text("DATABASE_URL") or embedded.database_url(ATELIER_HOME)
REDIS_URL = env.text("REDIS_URL") or embedded.redis_url(ATELIER_HOME)

DEBUG = env.flag("DEBUG")
SECRET_KEY = env.text("SECRET_KEY")
if not SECRET_KEY:
    if not EMBEDDED:
        raise ImproperlyConfigured("SECRET_KEY is required when DATABASE_URL is set.")
    SECRET_KEY = env.generated_secret(ATELIER_HOME / "secret_key")
# Earlier keys, with which signatures and sealed tokens are still accepted.
SECRET_KEY_FALLBACKS = env.words("SECRET_KEY_FALLBACKS", [])

HOST = env.text("HOST", "127.0.0.1")
PORT = env.number("PORT", 8000)
ALLOWED_HOSTS = env.words(
    "ALLOWED_HOSTS", sorted({"localhost", "127.0.0.1", "[::1]", HOST} - {"0.0.0.0", "::"})
)
CSRF_TRUSTED_ORIGINS = env.words("CSRF_TRUSTED_ORIGINS", [])
# Addresses of proxies whose X-Forwarded-For is trusted.
TRUSTED_PROXIES = env.words("TRUSTED_PROXIES", [])

# --- Connections: limits of each process; 0 is no limit ----------------------------------------------------
SOCKETS_PER_PERSON_MAX = env.number("SOCKETS_PER_PERSON_MAX", 50)
# Generous, as a whole school can share one address.
SOCKETS_PER_ADDRESS_MAX = env.number("SOCKETS_PER_ADDRESS_MAX", 1_000)
# HTTP connections; a browser opens six.
CONNECTIONS_PER_ADDRESS_MAX = env.number("CONNECTIONS_PER_ADDRESS_MAX", 1_000)
# Time for the headers of a request, and for its body in addition to one second for each 8 KiB.
SLOW_CLIENT_SECONDS = env.number("SLOW_CLIENT_SECONDS", 20)
# A client that reads nothing of a response for so long is disconnected.
STALLED_SECONDS = env.number("STALLED_SECONDS", 30)

# --- Applications ------------------------------------------------------------------------------------------
# Workers serve no pages; the apps for pages would cost each 20 MB.
PAGES = env.flag("ATELIER_PAGES", True)
_FOR_PAGES = {"daphne", "servestatic", "django.contrib.staticfiles", "csp", "ninja"}
INSTALLED_APPS = [
    "daphne",
    # Without pages the simple config: the admin's table is needed everywhere, its modules are not.
    "django.contrib.admin" if PAGES else "django.contrib.admin.apps.SimpleAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.humanize",
    "servestatic",
    "django.contrib.staticfiles",
    "channels",
    "csp",
    "allauth",
    "allauth.account",
    "ninja",  # has the assets of /api/v1/docs, which would else come from a CDN that the policy below forbids
    "webapp",
    "accounts",
    "generation",
    "boards",
]
if not PAGES:
    INSTALLED_APPS = [name for name in INSTALLED_APPS if name not in _FOR_PAGES]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "webapp.door.middleware.Static",
    "csp.middleware.CSPMiddleware",
    "webapp.door.middleware.Private",  # after Static, whose responses may be cached
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "accounts.middleware.RateLimitedMiddleware",
    "webapp.door.middleware.Garbage",
]
ROOT_URLCONF = "webapp.urls"
ASGI_APPLICATION = "webapp.asgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "webapp" / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]

# --- Postgres ----------------------------------------------------------------------------------------------
_database = env.database(DATABASE_URL)
DATABASES = {
    "default": {
        "ENGINE": "boards.database",  # Django's own, with a second pool for rooms
        **_database,
        # Requests and room flushes run in many threads, and a pool has open connections for them. After each failed
        # attempt to reconnect it waits twice as long, for up to 5 minutes by default, so that an outage of 30 s would
        # last a minute. With a short timeout it gives up, and the next request for a connection starts anew.
        "OPTIONS": {
            **_database["OPTIONS"],  # type: ignore[dict-item]
            "pool": {"min_size": 1, "max_size": 12, "timeout": 5, "reconnect_timeout": 4},
        },
        "CONN_MAX_AGE": 0,
        "CONN_HEALTH_CHECKS": True,
    }
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# --- Redis: messages between processes; all of it may be lost ----------------------------------------------
CHANNEL_LAYERS = {
    "default": {
        "BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer",
        "CONFIG": {"hosts": [{"address": REDIS_URL, "socket_connect_timeout": 3}], "prefix": "atelier"},
    }
}
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": REDIS_URL,
        # All that use the cache can do without it, so they do not wait long.
        "OPTIONS": {"socket_connect_timeout": 3, "socket_timeout": 3},
    }
}


def _broker(url: str) -> str:
    """REDIS_URL for Kombu, which writes a unix socket as redis+socket:///path?virtual_host=N."""
    parts = urlsplit(url)
    if parts.scheme != "unix":
        return url
    number = parse_qs(parts.query).get("db", ["0"])[0]
    return f"redis+socket://{unquote(parts.path)}?virtual_host={number}"


CELERY_BROKER_URL = _broker(REDIS_URL)
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_TASK_DEFAULT_QUEUE = "default"
# Tasks of jobs go to queues gpu.<family>, chosen by the sender; a worker of `gpu` consumes those of its families.
CELERY_TASK_ROUTES = {"generation.tasks.canary": {"queue": "gpu"}}
CELERY_TASK_ACKS_LATE = True
# A task that kills its process must not be redelivered for ever; the reaper counts attempts in Postgres.
CELERY_TASK_REJECT_ON_WORKER_LOST = False
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_CANCEL_LONG_RUNNING_TASKS_ON_CONNECTION_LOSS = False
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
# Longer than any job, as redelivery would start a running job a second time.
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "visibility_timeout": 12 * 3600,
    "socket_connect_timeout": 3,
    "socket_timeout": 30,
    "socket_keepalive": True,
    "health_check_interval": 25,
}
# A request must not wait for Redis; the reaper publishes again what could not be published.
CELERY_TASK_PUBLISH_RETRY = False
CELERY_BEAT_SCHEDULE = {
    "reap-jobs": {"task": "generation.tasks.reap", "schedule": 10.0, "options": {"expires": 10}},
    "canary": {"task": "generation.tasks.canary", "schedule": 15.0, "options": {"expires": 15}},
    "prune-tombstones": {"task": "boards.tasks.prune_tombstones", "schedule": 24 * 3600.0},
    "forget-guests": {"task": "accounts.tasks.forget_guests", "schedule": 24 * 3600.0},
    "forget-sessions": {"task": "accounts.tasks.forget_sessions", "schedule": 24 * 3600.0},
    "forget-mails": {"task": "accounts.tasks.forget_mails", "schedule": 24 * 3600.0},
    "throw-away": {"task": "boards.tasks.throw_away", "schedule": 24 * 3600.0},
    "record-versions": {"task": "boards.tasks.record_versions", "schedule": 60.0, "options": {"expires": 60}},
    "draw-thumbnails": {"task": "boards.tasks.draw_thumbnails", "schedule": 15.0, "options": {"expires": 15}},
    "reset-demo": {"task": "boards.tasks.reset_demo", "schedule": 600.0, "options": {"expires": 600}},
    "thin-versions": {"task": "boards.tasks.thin_versions", "schedule": 3600.0, "options": {"expires": 3600}},
}
CELERY_BEAT_SCHEDULE_FILENAME = str(ATELIER_HOME / "beat")
CELERY_TIMEZONE = "UTC"

# --- Files -------------------------------------------------------------------------------------------------
STORAGES: dict[str, dict[str, Any]] = {
    "default": env.storage(env.text("STORAGE_URL", "file:"), ATELIER_HOME),
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
STATIC_URL = "/static/"
STATIC_ROOT = env.text("STATIC_ROOT", str(ATELIER_HOME / "static"))
FRONTEND_DIST = BASE_DIR / "frontend" / "dist"
FRONTEND_MANIFEST = FRONTEND_DIST / ".vite" / "manifest.json"
# Draws scenes without a browser; built with the front end, but not served.
RENDER_DIST = BASE_DIR / "frontend" / "render" / "dist"
STATICFILES_DIRS = [("board", FRONTEND_DIST)] if FRONTEND_DIST.is_dir() else []
# Static files and their compressed copies are served from the build's folder; collectstatic is not needed.
SERVESTATIC_USE_FINDERS = True
SERVESTATIC_AUTOREFRESH = DEBUG
SERVESTATIC_USE_MANIFEST = False
SERVESTATIC_IMMUTABLE_FILE_TEST = r"^/static/board/(assets|excalidraw/fonts)/"
SERVESTATIC_ALLOW_ALL_ORIGINS = False

# A public board at /demo, which anybody may draw on and which becomes as it was when nobody does.
ATELIER_DEMO_BOARD = env.flag("ATELIER_DEMO_BOARD")
# How long a guest's welcome board is kept that nobody changed.
WELCOME_KEPT_DAYS = env.number("WELCOME_KEPT_DAYS", 7)
# How long a deleted board can be restored.
TRASH_KEPT_DAYS = env.number("TRASH_KEPT_DAYS", 30)
FILE_MAX_BYTES = 10 * 1024 * 1024
DATA_UPLOAD_MAX_MEMORY_SIZE = 2 * FILE_MAX_BYTES
FILE_UPLOAD_MAX_MEMORY_SIZE = FILE_MAX_BYTES
# Django's default lets all users of the machine read stored files. Outside of the embedded mode the umask decides.
FILE_UPLOAD_PERMISSIONS = 0o600 if EMBEDDED else None
FILE_UPLOAD_DIRECTORY_PERMISSIONS = 0o700 if EMBEDDED else None

# --- Mail --------------------------------------------------------------------------------------------------
# Without EMAIL_URL mails are written to files, not to a log: they contain links that open accounts.
EMAIL_URL = env.text("EMAIL_URL")
EMAIL_BACKEND = env.text(
    "EMAIL_BACKEND", f"django.core.mail.backends.{'smtp' if EMAIL_URL else 'filebased'}.EmailBackend"
)
EMAIL_FILE_PATH = ATELIER_HOME / "mail"
_mail = env.mail_server(EMAIL_URL)
EMAIL_HOST, EMAIL_PORT = _mail.host, _mail.port
EMAIL_HOST_USER, EMAIL_HOST_PASSWORD = _mail.user, _mail.password
EMAIL_USE_TLS, EMAIL_USE_SSL = _mail.security == "tls", _mail.security == "ssl"
EMAIL_TIMEOUT = 10
DEFAULT_FROM_EMAIL = env.text("EMAIL_FROM", "Atelier <atelier@localhost>")

# --- Accounts ----------------------------------------------------------------------------------------------
AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = [
    "django.contrib.auth.backends.ModelBackend",
    "allauth.account.auth_backends.AuthenticationBackend",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator"},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
ACCOUNT_ADAPTER = "accounts.adapter.AccountAdapter"
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
# Only where mail is sent can sign-up hide whether an address has an account.
ACCOUNT_EMAIL_VERIFICATION = env.text("EMAIL_VERIFICATION", "mandatory" if EMAIL_URL else "none")
ACCOUNT_LOGOUT_ON_GET = False
# The key is an account and an address: see accounts.adapter. An address alone may fail more often, as a school has one.
ACCOUNT_RATE_LIMITS = {"login_failed": "30/m/ip,5/5m/key"}
ACCOUNT_SESSION_REMEMBER = True
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "/boards/"
LOGOUT_REDIRECT_URL = "/"
SESSION_COOKIE_AGE = 90 * 24 * 3600
GUEST_KEPT_DAYS = 90
# New guests of an address in an hour; 0 is no limit. Generous, as a whole school can share one address.
GUESTS_PER_ADDRESS_MAX = env.number("GUESTS_PER_ADDRESS_MAX", 300)

# --- Security ----------------------------------------------------------------------------------------------
HTTPS = env.flag("HTTPS")
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = HTTPS
SECURE_SSL_REDIRECT = HTTPS
SECURE_HSTS_SECONDS = 365 * 24 * 3600 if HTTPS else 0
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if env.flag("BEHIND_PROXY") else None
SECURE_REDIRECT_EXEMPT = [r"^live$", r"^ready$"]
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
# Excalidraw needs wasm for font subsetting, inline styles, and pictures of data: and blob: URLs.
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "script-src": [SELF, "'wasm-unsafe-eval'"],
        "style-src": [SELF, "'unsafe-inline'"],
        "img-src": [SELF, "data:", "blob:"],
        "font-src": [SELF, "data:"],
        "connect-src": [SELF, "data:", "blob:"],
        "worker-src": [SELF, "blob:"],
        "object-src": [NONE],
        "base-uri": [SELF],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
    }
}

# --- Generation --------------------------------------------------------------------------------------------
DEVICE = env.text("DEVICE", "auto")
CHECKPOINT = env.text("CHECKPOINT", "bundled")
ATELIER_OFFLINE = env.flag("ATELIER_OFFLINE") or env.flag("HF_HUB_OFFLINE")
ATELIER_MAX_ACTIVE_JOBS = env.number("ATELIER_MAX_ACTIVE_JOBS", 8)
# Pictures of a user in 24 hours; 0 is no limit. Failed ones are not counted.
ATELIER_MAX_PICTURES_PER_DAY = env.number("ATELIER_MAX_PICTURES_PER_DAY", 0)
# Families of checkpoints that workers of this machine draw with; empty is all that fit into memory.
ATELIER_FAMILIES = env.words("ATELIER_FAMILIES", [])
ATELIER_MAX_CHECKPOINTS = env.number("ATELIER_MAX_CHECKPOINTS", 3)
ATELIER_TORCH_THREADS = env.number("ATELIER_TORCH_THREADS", 0)

# --- Language, time, logs ----------------------------------------------------------------------------------
LANGUAGE_CODE = "en"
# frontend/src/language/load.ts has the same.
LANGUAGES = [("en", "English"), ("de", "Deutsch")]
LOCALE_PATHS = [BASE_DIR / "webapp" / "locale"]
LANGUAGE_COOKIE_AGE = 365 * 24 * 3600
LANGUAGE_COOKIE_SECURE = HTTPS
LANGUAGE_COOKIE_SAMESITE = "Lax"
USE_TZ = True
TIME_ZONE = "UTC"
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "{asctime} {levelname} {name}: {message}", "style": "{"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["stderr"], "level": env.text("LOG_LEVEL", "INFO")},
    "loggers": {
        "httpx": {"level": "WARNING"},
        "httpx2": {"level": "WARNING"},
        "daphne.http_protocol": {"level": "WARNING"},
        "celery.app.trace": {"level": "WARNING"},
        "celery.beat": {"level": "WARNING"},
        "celery.worker.strategy": {"level": "WARNING"},
    },
}
