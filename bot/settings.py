"""What did the operator set? Read once from the environment; a mistake stops the start."""

from __future__ import annotations

import binascii
import ipaddress
import os
import re
from base64 import b64decode
from collections.abc import Mapping
from pathlib import Path
from typing import Final

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
HOME: Final = Path(__file__).resolve().parent.parent
"""Where dialogs/ and content/ stand beside the program, unless CAIRN_GUIDANCE says otherwise."""


class Settings(BaseSettings):
    """The settings of Cairn; each is the environment variable CAIRN_ and its name in capitals.

    ``web`` switches the web chat on or off; unset, it is on exactly when ``host`` is a loopback
    address. ``guidance`` is a folder with dialogs/ and content/, ``organization`` a file.

    ``seal_keys`` are keys of 32 bytes in base64, ``slack_signing_secrets`` and ``slack_teams``
    (ids of workspaces or of an Enterprise organization) texts; several are separated by commas.
    """

    model_config = SettingsConfigDict(env_prefix=_PREFIX, frozen=True, extra="forbid")

    host: str = "127.0.0.1"
    port: int = 8080
    web: bool | None = None
    guidance: Path = HOME
    organization: Path | None = None
    database_url: SecretStr = SecretStr("sqlite:///cairn.db")
    seal_keys: SecretStr | None = None
    slack_signing_secrets: SecretStr | None = None
    slack_bot_token: SecretStr | None = None
    slack_app_token: SecretStr | None = None
    slack_api_url: str = "https://slack.com/api/"
    slack_teams: str = ""

    @field_validator("seal_keys", "slack_signing_secrets", "slack_bot_token", "slack_app_token")
    @classmethod
    def _not_only_commas(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None and not _parts(value):
            raise ValueError
        return value

    @field_validator("seal_keys")
    @classmethod
    def _are_keys(cls, value: SecretStr | None) -> SecretStr | None:
        if any(len(_key(part)) != _KEY_BYTES for part in _parts(value)):
            raise ValueError
        return value

    @field_validator("slack_teams")
    @classmethod
    def _are_workspaces(cls, value: str) -> str:
        if not all(re.fullmatch(r"[TE][A-Z0-9]{2,20}", part) for part in _parts(value)):
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
    def keys(self) -> tuple[bytes, ...]:
        """The keys that seal and open; the first one seals."""
        return tuple(_key(part) for part in _parts(self.seal_keys))

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
    def is_loopback(self) -> bool:
        """Whether only this machine can reach the address that is listened on."""
        if self.host == "localhost":
            return True
        try:
            return ipaddress.ip_address(self.host).is_loopback
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
    several = not settings.database_url.get_secret_value().startswith("sqlite")
    if settings.slack_on and several and not settings.seal_keys:
        _lacks("database_url", "seal_keys")


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


def _from_file(name: str, path: str) -> str:
    try:
        return Path(path).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError):
        raise SettingsError(Mistake.UNREADABLE, name) from None
