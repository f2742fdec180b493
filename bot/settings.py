"""What did the operator set? Read once from the environment; a mistake stops the start."""

from __future__ import annotations

import ipaddress
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from pydantic import ValidationError
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from bot.errors import Mistake, SettingsError
from bot.guidance.problems import nearest

_PREFIX: Final = "CAIRN_"
HOME: Final = Path(__file__).resolve().parent.parent
"""Where dialogs/ and content/ stand beside the program, unless CAIRN_GUIDANCE says otherwise."""


class Settings(BaseSettings):
    """The settings of Cairn; each is the environment variable CAIRN_ and its name in capitals.

    ``web`` switches the web chat on or off; unset, it is on exactly when ``host`` is a loopback
    address. ``guidance`` is a folder with dialogs/ and content/, ``organization`` a file.
    """

    model_config = SettingsConfigDict(env_prefix=_PREFIX, frozen=True, extra="forbid")

    host: str = "127.0.0.1"
    port: int = 8080
    web: bool | None = None
    guidance: Path = HOME
    organization: Path | None = None

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
        return Settings(**values)  # type: ignore[arg-type]  # pydantic reads each text
    except ValidationError as error:
        field = str(error.errors()[0]["loc"][0])
        # The value itself may be a secret, so only its name is told.
        raise SettingsError(Mistake.WRONG, _PREFIX + field.upper()) from None


def _from_file(name: str, path: str) -> str:
    try:
        return Path(path).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError):
        raise SettingsError(Mistake.UNREADABLE, name) from None
