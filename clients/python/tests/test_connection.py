"""Which server and key a client takes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import trainyard
from trainyard._connection import find_connection

SECRET = "key-that-must-not-be-shown"  # noqa: S105


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """An environment in which nothing is saved, and no data folder near."""
    monkeypatch.chdir(tmp_path)
    return {"HOME": str(tmp_path)}


def save(home: dict[str, str], current: str | None, **keys: str) -> None:
    folder = Path(home["HOME"], ".config", "trainyard")
    folder.mkdir(parents=True)
    servers = [{"url": f"https://{name}.example", "key": key} for name, key in keys.items()]
    (folder / "servers.json").write_text(json.dumps({"current": current, "servers": servers}))


def test_arguments_come_before_variables_before_what_is_saved(home: dict[str, str]) -> None:
    save(home, "https://one.example", one="saved-1", two="saved-2")
    assert find_connection(None, None, home) == ("https://one.example", "saved-1")
    assert find_connection("https://two.example/", None, home) == ("https://two.example", "saved-2")
    home.update(TRAINYARD_URL="https://three.example", TRAINYARD_KEY="variable")
    assert find_connection(None, None, home) == ("https://three.example", "variable")
    assert find_connection(None, "argument", home) == ("https://three.example", "argument")


def test_a_key_goes_to_no_server_but_its_own(home: dict[str, str]) -> None:
    save(home, "https://one.example", one="saved-1")
    home.update(TRAINYARD_URL="https://three.example", TRAINYARD_KEY="variable")
    with pytest.raises(trainyard.ConfigurationError, match=r"no key for https://other\.example"):
        find_connection("https://other.example", None, home)
    Path("data").mkdir()
    Path("data", "key").write_text("local\n")
    with pytest.raises(trainyard.ConfigurationError, match="TRAINYARD_KEY"):
        find_connection("http://192.0.2.1:8080", None, home)


def test_the_key_in_the_data_folder_is_that_of_this_machine(home: dict[str, str]) -> None:
    Path("data").mkdir()
    Path("data", "key").write_text("local\n")
    assert find_connection(None, None, home) == ("http://127.0.0.1:8080", "local")
    assert find_connection("http://localhost:9", None, home).key == "local"
    Path("elsewhere").mkdir()
    Path("elsewhere", "key").write_text("other\n")
    assert find_connection(None, None, {**home, "TRAINYARD_DATA": "elsewhere"}).key == "other"


@pytest.mark.parametrize(
    "url",
    ["ftp://host", "host:8080", "http://", "http://host:port", "http://a:b@host", "http://h?x=1"],
)
def test_a_url_that_cannot_be_right_is_refused(url: str, home: dict[str, str]) -> None:
    with pytest.raises(trainyard.ConfigurationError, match="URL of a server"):
        find_connection(url, "key", home)


def test_a_damaged_file_of_saved_servers_is_named(home: dict[str, str]) -> None:
    save(home, None)
    file = Path(home["HOME"], ".config", "trainyard", "servers.json")
    for text in ("{", "[]", '{"servers": [{}]}'):
        file.write_text(text)
        with pytest.raises(trainyard.ConfigurationError, match=r"servers\.json.*log in again"):
            find_connection(None, "key", home)


def test_the_key_is_in_no_message(url: str) -> None:
    with pytest.raises(trainyard.ConfigurationError) as caught:
        trainyard.Client(url, f"{SECRET}\nx")
    with trainyard.Client(url, SECRET) as client, pytest.raises(trainyard.ProblemError) as refused:
        client.server()
    for text in (str(caught.value), repr(client), str(refused.value), repr(refused.value)):
        assert SECRET not in text
