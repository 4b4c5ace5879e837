"""Which server a client speaks to, and with which key."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

from ._errors import ConfigurationError

LOCAL_URL = "http://127.0.0.1:8080"
LOOPBACK = ("127.0.0.1", "localhost", "::1")


class Connection(NamedTuple):
    url: str
    key: str


def find_connection(
    url: str | None, key: str | None, environment: Mapping[str, str] | None = None
) -> Connection:
    """The first that is given: the argument, the variable, what `trainyard login` saved, this machine's server.

    TRAINYARD_KEY is the key of TRAINYARD_URL, a saved key that of its server, and the key in a data folder that of
    a server on this machine. None of them is sent to another server.
    """
    environment = os.environ if environment is None else environment
    variable_url = _clean(environment.get("TRAINYARD_URL"))
    named = _clean(url) or variable_url
    current, saved = _saved_servers(environment)
    found = named or current or LOCAL_URL
    _check_url(found)
    variable_key = environment.get("TRAINYARD_KEY") or None
    if variable_url is not None and variable_url != found:
        variable_key = None
    found_key = key or variable_key or saved.get(found) or _local_key(found, environment)
    if not found_key:
        raise ConfigurationError(
            f"no key for {found}; give Client(key=...), set TRAINYARD_KEY, or run `trainyard login`"
        )
    found_key = found_key.strip()
    if not all("!" <= character <= "~" for character in found_key):
        raise ConfigurationError(
            f"the key for {found} has characters that no key has, such as blanks or line ends"
        )
    return Connection(found, found_key)


def is_loopback(url: str) -> bool:
    return urlsplit(url).hostname in LOOPBACK


def _clean(url: str | None) -> str | None:
    return url.strip().rstrip("/") or None if url else None


def _check_url(url: str) -> None:
    example = f"expected one such as {LOCAL_URL}"
    try:
        parts = urlsplit(url)
        # reading the port parses it
        valid = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        valid = False
    if not valid:
        raise ConfigurationError(f"{url!r} is no URL of a server; {example}")
    if parts.username is not None or parts.query or parts.fragment:
        raise ConfigurationError(
            f"the URL of a server has no user, query or fragment; {example}, and the key apart"
        )


def saved_servers_file(environment: Mapping[str, str]) -> Path:
    """The file of `trainyard login`, which only its user may read."""
    home = environment.get("HOME") or str(Path.home())
    folder = environment.get("XDG_CONFIG_HOME") or os.path.join(home, ".config")
    return Path(folder, "trainyard", "servers.json")


def _saved_servers(environment: Mapping[str, str]) -> tuple[str | None, dict[str, str]]:
    path = saved_servers_file(environment)
    try:
        saved = json.loads(path.read_text(encoding="utf-8"))
        current = saved.get("current")
        return current, {server["url"]: server["key"] for server in saved["servers"]}
    except FileNotFoundError:
        return None, {}
    except OSError as error:
        raise ConfigurationError(f"{path} cannot be read ({error.strerror})") from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ConfigurationError(
            f"{path} is not what `trainyard login` writes; remove it and log in again"
        ) from error


def _local_key(url: str, environment: Mapping[str, str]) -> str | None:
    """The key that a server of this machine keeps in its data folder."""
    if not is_loopback(url):
        return None
    try:
        return Path(environment.get("TRAINYARD_DATA") or "data", "key").read_text(encoding="ascii")
    except (OSError, ValueError):
        return None
