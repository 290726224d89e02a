"""All settings, from the environment only. ``docs/settings.md`` lists each with its reason."""

import os
from ipaddress import ip_network
from pathlib import Path

import dj_database_url
from django.core.exceptions import ImproperlyConfigured

SOURCE = Path(__file__).resolve().parent.parent
ROOT = SOURCE.parent.parent


def env_bool(name: str, default: bool) -> bool:
    """This function will read True or False from the environment and refuse anything else."""
    value = os.environ.get(name, str(default))
    if value not in ("True", "False"):
        raise ImproperlyConfigured(f"{name} must be True or False, not {value!r}")
    return value == "True"


def env_networks(name: str) -> tuple[str, ...]:
    """This function will read networks with commas between them ("10.20.0.0/16,fd00::/8") and refuse anything else."""
    try:
        return tuple(str(ip_network(one.strip())) for one in os.environ.get(name, "").split(",") if one.strip())
    except ValueError as error:
        raise ImproperlyConfigured(f"{name} must be networks such as 10.20.0.0/16: {error}") from None


VAR = Path(os.environ.get("QIPAN_VAR", ROOT / "var"))  # the one folder that is written to
DEBUG = env_bool("QIPAN_DEBUG", False)


def secret_key() -> str:
    """This function will return the key from the environment or make one in VAR on first use."""
    given = os.environ.get("QIPAN_SECRET_KEY")
    if given:
        return given
    VAR.mkdir(parents=True, exist_ok=True)
    path = VAR / "secret_key"
    try:
        with open(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "w", encoding="ascii") as file:
            file.write(os.urandom(32).hex())
    except FileExistsError:
        pass
    return path.read_text("ascii")


SECRET_KEY = secret_key()
SECRET_KEY_FALLBACKS = [key for key in os.environ.get("QIPAN_FORMER_SECRET_KEYS", "").split(",") if key]
ALLOWED_HOSTS = os.environ.get("QIPAN_HOSTS", "localhost,127.0.0.1,[::1],testserver").split(",")
CSRF_TRUSTED_ORIGINS = [o for o in os.environ.get("QIPAN_ORIGINS", "").split(",") if o]
HTTPS = env_bool("QIPAN_HTTPS", False)
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = HTTPS
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if HTTPS else None
SECURE_HSTS_SECONDS = 31_536_000 if HTTPS else 0
SECURE_SSL_REDIRECT = HTTPS
X_FRAME_OPTIONS = "DENY"
SESSION_COOKIE_AGE = 12 * 3600
SESSION_COOKIE_HTTPONLY = True
DATA_UPLOAD_MAX_MEMORY_SIZE = 2_500_000
DATA_UPLOAD_MAX_NUMBER_FIELDS = 10_000  # a team's paper sheet has two for each door, and a community 3,000 doors

INSTALLED_APPS = [
    "django.contrib.contenttypes",
    "django.contrib.auth",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "ninja",
    "qipan.webkit",
    "qipan.journal",
    "qipan.territory",
    "qipan.laws",
    "qipan.duties",
    "qipan.access",
    "qipan.desk",
    "qipan.forms",
    "qipan.zones",
    "qipan.warnings",
    "qipan.posture",
    "qipan.retention",
    "qipan.deployment",
    "qipan.matters",
    "qipan.reserves",
    "qipan.screening",
    "qipan.command",
    "qipan.learning",
    "qipan.pages",
    "qipan.field",
    "qipan.gateways",
    "qipan.replay",
    "allauth",  # after the rooms: its templates are overridden in access
    "allauth.account",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "qipan.webkit.middleware.ContentSecurityMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "qipan.access.middleware.ActorMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "qipan.webkit.middleware.RefusalMiddleware",
]

ROOT_URLCONF = "qipan.config.urls"
WSGI_APPLICATION = "qipan.config.wsgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "django.template.context_processors.i18n",
                "qipan.webkit.context.page",
            ],
            "builtins": ["django.templatetags.i18n", "qipan.webkit.templatetags.qipan"],
        },
    }
]

DATABASE_URL = os.environ.get("DATABASE_URL", f"sqlite:///{VAR / 'qipan.sqlite3'}")
DATABASES = {"default": dj_database_url.parse(DATABASE_URL, conn_max_age=None, conn_health_checks=True)}
if DATABASES["default"]["ENGINE"] == "django.db.backends.sqlite3":
    DATABASES["default"]["OPTIONS"] = {
        # Write transactions take the lock at BEGIN, so none fails half-way for want of it.
        "transaction_mode": "IMMEDIATE",
        "timeout": 20,
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA cache_size=-65536;"
        " PRAGMA secure_delete=ON;",  # what is deleted is overwritten with zeros
    }
    # Tests with threads need a file, as a real server has: a database in memory locks whole tables.
    DATABASES["default"]["TEST"] = {"NAME": str(VAR / "test.sqlite3")}
    # Migrations and commands run before the folder exists on a bare machine.
    Path(str(DATABASES["default"]["NAME"])).parent.mkdir(parents=True, exist_ok=True)
else:
    DATABASES["default"]["TEST"] = {"NAME": os.environ.get("QIPAN_TEST_DATABASE", "test_qipan")}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

AUTH_USER_MODEL = "access.Account"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
PASSWORD_HASHERS = ["django.contrib.auth.hashers.ScryptPasswordHasher"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
ACCOUNT_ADAPTER = "qipan.access.adapter.ClosedAdapter"  # nobody signs up by himself
ACCOUNT_LOGIN_METHODS = {"username"}
ACCOUNT_SIGNUP_FIELDS = ["username*", "password1*"]
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_RATE_LIMITS = {"login_failed": "5/5m/key,30/m/ip"}
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "/"

CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}

LANGUAGE_CODE = "zh-hans"
LANGUAGES = [("zh-hans", "中文"), ("en", "English")]
USE_I18N = True
TIME_ZONE = os.environ.get("QIPAN_TIME_ZONE", "Asia/Shanghai")
USE_TZ = True
FORMAT_MODULE_PATH = ["qipan.webkit.formats"]

STATIC_URL = "/static/"
STATIC_ROOT = VAR / "static"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
WHITENOISE_USE_FINDERS = True
# What Vite builds carries a hash in its name and may be kept for ever.
WHITENOISE_IMMUTABLE_FILE_TEST = r"/built/assets/[^/]+-[A-Za-z0-9_-]{8}\.\w+$"

# A clock of its own for drills and replays (kernel.clock); empty means the real time.
CLOCK_FILE = os.environ.get("QIPAN_CLOCK_FILE", "")
# Background jobs: woken by Huey, stored beside the database.
HUEY_DATABASE = os.environ.get("QIPAN_HUEY", str(VAR / "huey.sqlite3"))
# The city this deployment governs: a short division code; several cities never share one.
CITY = os.environ.get("QIPAN_CITY", "5101")
# Signs certificates of destruction (Ed25519, PEM); made on first use. Keep a copy apart: without it no more are signed.
CERTIFICATE_KEY = os.environ.get("QIPAN_CERTIFICATE_KEY", str(VAR / "certificate_key.pem"))
# Other machines are called at public addresses of the internet, and in the networks named here ("10.20.0.0/16").
OWN_NETWORKS = env_networks("QIPAN_OWN_NETWORKS")
# Authorities of one's own (PEM): servers in those networks may show certificates that they signed.
OWN_CA = os.environ.get("QIPAN_OWN_CA", "")
# Where people reach this site, "https://qipan.example.cn": what notices link to. Empty: notices have no link.
ADDRESS = os.environ.get("QIPAN_ADDRESS", "").rstrip("/")
# While somebody looks, a thread reads the board ahead; False reads it within the request.
BOARD_AHEAD = env_bool("QIPAN_BOARD_AHEAD", True)

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "handlers": {"console": {"class": "logging.StreamHandler"}},
    "root": {"handlers": ["console"], "level": os.environ.get("QIPAN_LOG", "WARNING")},
    # Whatever is wished to be logged, addresses and headers of other machines are not: they may hold keys.
    "loggers": {"httpx": {"level": "WARNING"}, "httpcore": {"level": "WARNING"}},
}
