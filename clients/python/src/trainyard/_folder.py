"""What of a folder can become a data set. The same rules as those of `trainyard datasets push`."""

from __future__ import annotations

import os
import re
import stat
import unicodedata
from collections import defaultdict
from pathlib import Path
from typing import NamedTuple

_SYSTEM = re.compile(r"(\..*|__MACOSX|Thumbs\.db|ehthumbs\.db|desktop\.ini|@eaDir)", re.IGNORECASE)
_IMAGE = re.compile(r"\.(jpe?g|jpe|jfif|png|webp|gif|bmp)", re.IGNORECASE)
_LABELS = re.compile(r"\.(csv|tsv|jsonl|ndjson)", re.IGNORECASE)
# beside an image of the same name, they may say its class, as in WebDataset
_COMPANION = re.compile(r"\.(cls|json|txt)", re.IGNORECASE)
_ARCHIVE = re.compile(r".*\.(zip|tar|tgz|tzst|tar\.[a-z0-9]+)", re.IGNORECASE)


class FolderContent(NamedTuple):
    files: list[Path]
    """In the order of their paths, so that the same folder is sent as the same bytes."""
    left_out: list[str]
    """Sentences for the user."""


def find_files(folder: Path) -> FolderContent:
    """If there are images, these and files that may say their classes; otherwise all files."""
    left_out: dict[str, list[str]] = defaultdict(list)
    found: list[Path] = []

    def unreadable(error: OSError) -> None:
        # os.walk() would pass over the folder without a word
        raise error

    for place, folders, names in os.walk(folder, onerror=unreadable):
        kept = []
        for name in folders:
            linked = os.path.islink(os.path.join(place, name))
            if linked:
                left_out["links, which are not followed"].append(name)
            elif _SYSTEM.fullmatch(name):
                left_out["hidden files and files of the system"].append(name)
            else:
                kept.append(name)
        folders[:] = kept
        for name in names:
            path = Path(place, name)
            mode = path.lstat().st_mode
            if _SYSTEM.fullmatch(name):
                left_out["hidden files and files of the system"].append(name)
            elif stat.S_ISLNK(mode):
                left_out["links, which are not followed"].append(name)
            elif not stat.S_ISREG(mode):
                left_out["pipes, sockets and devices"].append(name)
            else:
                found.append(path)
    found.sort(key=lambda path: path.relative_to(folder).as_posix())
    stems = {path.with_suffix("") for path in found if _IMAGE.fullmatch(path.suffix)}
    files = []
    for path in found:
        companion = _COMPANION.fullmatch(path.suffix) and path.with_suffix("") in stems
        if (
            not stems
            or _IMAGE.fullmatch(path.suffix)
            or _LABELS.fullmatch(path.suffix)
            or companion
        ):
            files.append(path)
        else:
            left_out["files that are no images in JPEG, PNG, WebP, GIF or BMP"].append(path.name)
    if not files:
        raise ValueError(f"'{folder}' has no file that can become a data set")
    if stems:
        _check_classes(folder, files)
    return FolderContent(files, [_sentence(reason, names) for reason, names in left_out.items()])


def is_archive(path: Path) -> bool:
    """The server reads no archive within another, so these are sent alone."""
    return _ARCHIVE.fullmatch(path.name) is not None


def _check_classes(folder: Path, files: list[Path]) -> None:
    """Known before gigabytes are sent: nothing says the class of an image."""
    if all(path.parent == folder and _IMAGE.fullmatch(path.suffix) for path in files):
        raise ValueError(
            f"nothing says the classes of the {len(files)} images in '{folder}'. Move them into a folder for "
            f"each class, such as '{folder / 'roses' / files[0].name}', or add a labels.csv with the columns "
            "file and label"
        )


def _sentence(reason: str, names: list[str]) -> str:
    shown = ", ".join(sorted(names)[:3]) + (", …" if len(names) > 3 else "")
    return f"left out {len(names)} {reason} ({shown})"


def name_from(path: Path) -> str:
    """A name for a data set, in the characters that names may have."""
    stem = re.sub(r"(\.[a-z0-9]{1,8}){1,2}$", "", path.name, flags=re.IGNORECASE) or path.name
    plain = unicodedata.normalize("NFKD", stem).lower()
    return (
        re.sub(r"^[^a-z0-9]+|[^a-z0-9]+$", "", re.sub(r"[^a-z0-9._-]+", "-", plain))[:63] or "data"
    )
