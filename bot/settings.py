"""What did the operator set? Read once from the environment; a mistake stops the start."""

from __future__ import annotations

import binascii
import ipaddress
import os
import re
from base64 import b64decode
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from typing import Final
from urllib.parse import unquote

from pydantic import SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from bot.errors import Mistake, SettingsError
from bot.guidance.problems import nearest

_PREFIX: Final = "CAIRN_"
_KEY_BYTES: Final = 32
_ADDRESS: Final = re.compile(
    r"(?:https://[^/?#@\s]+|http://(?:127\.0\.0\.1|localhost)(?::\d+)?)/(?:[\w./-]*/)?"
)
"""Only loopback may do without encryption: the token goes with each request."""
_DOCUMENT: Final = re.compile(
    r"(?:https://[^/?#@\s]+|http://(?:127\.0\.0\.1|localhost)(?::\d+)?)/[\w./-]+"
)
_GUID: Final = re.compile(r"[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}")
_HOST: Final = re.compile(
    r"(?:\*\.)?[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*\.[A-Za-z]{2,}"
    r"|(?:127\.0\.0\.1|localhost)(?::\d{1,5})?"
)
_WORD: Final = r"[A-Za-z0-9_%+&'-]+"
_LABEL: Final = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
MAIL_ADDRESS: Final = re.compile(
    rf"(?=[^@]{{1,64}}@)(?=.{{3,254}}\Z){_WORD}(?:\.{_WORD})*@{_LABEL}(?:\.{_LABEL})+"
)
"""A plain address: no name, brackets or quotes, and no ``=?``, with which a coded word begins."""

_MAIL: Final = re.compile(
    r"(?P<scheme>smtps?)://(?:(?P<user>[^\s:@/?#]+):(?P<password>[^\s:@/?#]+)@)?"
    rf"(?P<host>{_LABEL}(?:\.{_LABEL})*)(?::(?P<port>[0-9]{{1,5}}))?/?\?from=(?P<sender>[^\s&#]+)"
)
_LOGIN: Final = ("user", "password")
_MAX_PORT: Final = 65_535
_LOOPBACK_HOSTS: Final = ("127.0.0.1", "localhost")
HOME: Final = Path(__file__).resolve().parent.parent
"""Where dialogs/ and content/ stand beside the program, unless CAIRN_GUIDANCE says otherwise."""


class Tls(Enum):
    """How the way to a mail server is encrypted; its value is the usual port."""

    FROM_THE_START = 465
    STARTTLS = 587
    """It begins in the clear, and goes on only when it is encrypted."""

    NONE = 25
    """To this machine only."""


@dataclass(frozen=True, slots=True)
class MailServer:
    """The server that takes letters, and the address they come from."""

    host: str
    port: int
    tls: Tls
    sender: str
    user: str | None = field(default=None, repr=False)
    password: str | None = field(default=None, repr=False)


class Settings(BaseSettings):
    """The settings of Cairn; each is the environment variable CAIRN_ and its name in capitals.

    ``web`` switches the web chat on or off, ``metrics`` the page of numbers; unset, they are on
    exactly when ``host`` is a loopback address. ``guidance`` is a folder with dialogs/ and
    content/, ``organization`` a file.

    ``seal_keys`` are keys of 32 bytes in base64, ``slack_signing_secrets`` and ``slack_teams``
    (ids of workspaces or of an Enterprise organization) texts; several are separated by commas.

    ``teams_app_id``, ``teams_app_tenant`` and ``teams_tenants`` are GUIDs. ``teams_service_hosts``
    are the hosts that answers may go to; ``teams_local`` serves Teams without credentials, to this
    machine only.

    ``case_keys`` are keys like ``seal_keys``. ``smtp_url`` is
    ``smtps://user:password@host:465?from=address``, or ``smtp://`` for STARTTLS; only a server on
    this machine is spoken to in the clear.
    """

    model_config = SettingsConfigDict(env_prefix=_PREFIX, frozen=True, extra="forbid")

    host: str = "127.0.0.1"
    port: int = 8080
    web: bool | None = None
    metrics: bool | None = None
    guidance: Path = HOME
    organization: Path | None = None
    database_url: SecretStr = SecretStr("sqlite:///cairn.db")
    seal_keys: SecretStr | None = None
    case_keys: SecretStr | None = None
    smtp_url: SecretStr | None = None
    slack_signing_secrets: SecretStr | None = None
    slack_bot_token: SecretStr | None = None
    slack_app_token: SecretStr | None = None
    slack_api_url: str = "https://slack.com/api/"
    slack_teams: str = ""
    teams_app_id: str | None = None
    teams_app_password: SecretStr | None = None
    teams_app_tenant: str | None = None
    teams_tenants: str = ""
    teams_metadata_url: str = "https://login.botframework.com/v1/.well-known/openidconfiguration"
    teams_service_hosts: str = "smba.trafficmanager.net,*.botframework.com"
    teams_local: bool = False

    @field_validator(
        "seal_keys", "case_keys", "slack_signing_secrets", "slack_bot_token", "slack_app_token"
    )
    @classmethod
    def _not_only_commas(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None and not _parts(value):
            raise ValueError
        return value

    @field_validator("seal_keys", "case_keys")
    @classmethod
    def _are_keys(cls, value: SecretStr | None) -> SecretStr | None:
        if any(len(_key(part)) != _KEY_BYTES for part in _parts(value)):
            raise ValueError
        return value

    @field_validator("smtp_url")
    @classmethod
    def _is_a_mail_server(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None:
            _mail_server(value.get_secret_value())
        return value

    @field_validator("slack_teams")
    @classmethod
    def _are_workspaces(cls, value: str) -> str:
        if not all(re.fullmatch(r"[TE][A-Z0-9]{2,20}", part) for part in _parts(value)):
            raise ValueError
        return value

    @field_validator("teams_app_id", "teams_app_tenant", "teams_tenants")
    @classmethod
    def _are_guids(cls, value: str | None) -> str | None:
        if not all(_GUID.fullmatch(part) for part in _parts(value)):
            raise ValueError
        return value.strip().lower() if value is not None else None

    @field_validator("teams_app_id", "teams_app_tenant")
    @classmethod
    def _is_one(cls, value: str | None) -> str | None:
        if value is not None and len(_parts(value)) != 1:
            raise ValueError
        return value

    @field_validator("teams_service_hosts")
    @classmethod
    def _are_hosts(cls, value: str) -> str:
        hosts = _parts(value)
        if not hosts or not all(_HOST.fullmatch(host) for host in hosts):
            raise ValueError
        return value.lower()

    @field_validator("teams_metadata_url")
    @classmethod
    def _is_a_document(cls, value: str) -> str:
        if not _DOCUMENT.fullmatch(value):
            raise ValueError
        return value

    @field_validator("slack_api_url")
    @classmethod
    def _is_an_address(cls, value: str) -> str:
        if not _ADDRESS.fullmatch(value):
            raise ValueError
        return value

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Take what ``read_settings`` gives and nothing else; it has read the environment."""
        del settings_cls, env_settings, dotenv_settings, file_secret_settings
        return (init_settings,)

    @property
    def web_on(self) -> bool:
        """Whether the web chat is served."""
        return self.is_loopback if self.web is None else self.web

    @property
    def metrics_on(self) -> bool:
        """Whether the page of numbers is served."""
        return self.is_loopback if self.metrics is None else self.metrics

    @property
    def several(self) -> bool:
        """Whether several replicas may share the database, behind a proxy."""
        return not self.database_url.get_secret_value().startswith("sqlite")

    @property
    def keys(self) -> tuple[bytes, ...]:
        """The keys that seal and open; the first one seals."""
        return tuple(_key(part) for part in _parts(self.seal_keys))

    @property
    def case_key_bytes(self) -> tuple[bytes, ...]:
        """The keys of hand-offs: the first one wraps, all open; none: hand-offs are off."""
        return tuple(_key(part) for part in _parts(self.case_keys))

    @property
    def mail_server(self) -> MailServer | None:
        """The server that takes letters to offices."""
        return None if self.smtp_url is None else _mail_server(self.smtp_url.get_secret_value())

    @property
    def slack_on(self) -> bool:
        """Whether Slack is served."""
        return self.slack_bot_token is not None

    @property
    def slack_secrets(self) -> tuple[str, ...]:
        """The signing secrets that are accepted; two while one replaces the other."""
        return _parts(self.slack_signing_secrets)

    @property
    def slack_workspaces(self) -> frozenset[str]:
        """The workspaces and organizations whose people are served; empty: the token's own."""
        return frozenset(_parts(self.slack_teams))

    @property
    def teams_on(self) -> bool:
        """Whether Teams is served."""
        return self.teams_app_id is not None or self.teams_local

    @property
    def teams_tenants_served(self) -> frozenset[str]:
        """The tenants whose people are served; empty only on this machine, for trying."""
        return frozenset(_parts(self.teams_tenants))

    @property
    def teams_tenant(self) -> str | None:
        """The tenant that the app is registered in."""
        served = _parts(self.teams_tenants)
        return self.teams_app_tenant or (served[0] if len(served) == 1 else None)

    @property
    def teams_hosts(self) -> frozenset[str]:
        """The hosts that answers may go to; for trying, also any port of this machine."""
        local = _LOOPBACK_HOSTS if self.teams_local else ()
        return frozenset((*_parts(self.teams_service_hosts), *local))

    @property
    def is_loopback(self) -> bool:
        """Whether only this machine can reach the address that is listened on."""
        return is_loopback(self.host)


def is_loopback(host: str) -> bool:
    """Tell whether an address or a name is that of this machine, which no other one can reach."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def read_settings(environ: Mapping[str, str] | None = None) -> Settings:
    """Read the settings from ``environ``, by default the environment of the process.

    A setting may stand in a file instead: CAIRN_PORT_FILE names a file that holds the port.

    Raises:
        SettingsError: a name is not known, a value is empty or of the wrong form.

    """
    values: dict[str, str] = {}
    known = sorted(Settings.model_fields)
    for name, value in sorted((os.environ if environ is None else environ).items()):
        if not name.startswith(_PREFIX):
            continue
        short = name.removeprefix(_PREFIX)
        field = short.removesuffix("_FILE").lower()
        if field not in known or short != short.upper():
            near = nearest(name, [_PREFIX + k.upper() for k in known])
            raise SettingsError(Mistake.UNKNOWN, name, near)
        if field in values:
            raise SettingsError(Mistake.TWICE, _PREFIX + field.upper())
        values[field] = _from_file(name, value) if short.endswith("_FILE") else value
        if not values[field].strip():
            raise SettingsError(Mistake.EMPTY, name)
    try:
        settings = Settings(**values)  # type: ignore[arg-type]  # pydantic reads each text
    except ValidationError as error:
        field = str(error.errors()[0]["loc"][0])
        # The value itself may be a secret, so only its name is told.
        raise SettingsError(Mistake.WRONG, _PREFIX + field.upper()) from None
    _check_pairs(settings)
    return settings


def _check_pairs(settings: Settings) -> None:
    """Refuse half of what belongs together; a channel that half works fails people later."""
    secrets, token = settings.slack_signing_secrets, settings.slack_bot_token
    if token is None:
        for field in ("slack_signing_secrets", "slack_app_token", "slack_teams"):
            if getattr(settings, field):
                _lacks(field, "slack_bot_token")
    elif secrets is None and settings.slack_app_token is None:
        _lacks("slack_bot_token", "slack_signing_secrets")
    _check_teams(settings)
    if (settings.slack_on or settings.teams_on) and settings.several and not settings.seal_keys:
        _lacks("database_url", "seal_keys")


def _check_teams(settings: Settings) -> None:
    if settings.teams_local and not settings.is_loopback:
        raise SettingsError(Mistake.NOT_LOCAL, "CAIRN_TEAMS_LOCAL", "CAIRN_HOST")
    if settings.teams_app_id is None:
        for field in ("teams_app_password", "teams_app_tenant"):
            if getattr(settings, field):
                _lacks(field, "teams_app_id")
        if settings.teams_tenants and not settings.teams_local:
            _lacks("teams_tenants", "teams_app_id")
        return
    if settings.teams_app_password is None:
        _lacks("teams_app_id", "teams_app_password")
    if not settings.teams_tenants_served:
        _lacks("teams_app_id", "teams_tenants")
    if settings.teams_tenant is None:
        _lacks("teams_tenants", "teams_app_tenant")


def _lacks(field: str, other: str) -> None:
    raise SettingsError(Mistake.ALONE, _PREFIX + field.upper(), _PREFIX + other.upper())


def _parts(value: SecretStr | str | None) -> tuple[str, ...]:
    text = value.get_secret_value() if isinstance(value, SecretStr) else value or ""
    return tuple(part.strip() for part in text.split(",") if part.strip())


def _key(text: str) -> bytes:
    """Return the bytes of a key; nothing when the text is no base64."""
    try:
        return b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return b""


def _mail_server(text: str) -> MailServer:
    """Return the mail server that an address names.

    Raises:
        ValueError: it names none, or one that would be spoken to in the clear.

    """
    match = _MAIL.fullmatch(text.strip())
    if match is None:
        raise ValueError
    host, sender = match["host"].lower(), unquote(match["sender"])
    if match["scheme"] == "smtps":
        tls = Tls.FROM_THE_START
    else:
        tls = Tls.NONE if host in _LOOPBACK_HOSTS else Tls.STARTTLS
    port = int(match["port"] or tls.value)
    secrets = [match[name] and unquote(match[name], errors="strict") for name in _LOGIN]
    if (
        not 0 < port <= _MAX_PORT
        or not MAIL_ADDRESS.fullmatch(sender)
        or not all(secret is None or secret.isprintable() for secret in secrets)
    ):
        raise ValueError
    return MailServer(host, port, tls, sender, *secrets)


def _from_file(name: str, path: str) -> str:
    try:
        return Path(path).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError):
        raise SettingsError(Mistake.UNREADABLE, name) from None
