"""Fetch an open face model from its owners' public repository: resumable, checked, whole or not at all.

Standard library only. Every file is checked against the hash that git itself keeps of it, so that a damaged or swapped
download is noticed; what is there already and whole is not fetched again.
"""

from __future__ import annotations

import hashlib
import http.client
import json
import os
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from ..errors import Cancelled, DownloadFailed, OutputUnwritable
from .catalogue import Download

POINTER = b"version https://git-lfs.github.com/spec/"
"""How a file begins that stands for a larger one kept elsewhere."""
TIMEOUT = 30.0
CHUNK = 1 << 18
TRIES = 4
LARGEST = 1 << 30
"""Bytes: no file of a face model is larger."""

Report = Callable[[float, str], None]


@dataclass(frozen=True)
class Host:
    """Where a public repository lists and gives out its files: templates of addresses."""

    tree: str
    file: str
    large: str
    """Files that the repository itself only points to."""


HOSTS = {
    "github": Host(
        "https://api.github.com/repos/{repository}/git/trees/{revision}?recursive=1",
        "https://raw.githubusercontent.com/{repository}/{revision}/{path}",
        "https://media.githubusercontent.com/media/{repository}/{revision}/{path}",
    ),
    "huggingface": Host(
        "https://huggingface.co/api/models/{repository}/tree/{revision}/{folder}",
        "https://huggingface.co/{repository}/raw/{revision}/{path}",
        "https://huggingface.co/{repository}/resolve/{revision}/{path}",
    ),
}


@dataclass(frozen=True)
class Item:
    """A file to fetch."""

    path: str
    """Inside the repository."""
    size: int
    sha1: str
    """git's own hash of its content."""


def fetch(
    download: Download,
    folder: Path,
    report: Report = lambda _fraction, _text: None,
    cancelled: Callable[[], bool] = lambda: False,
    host: Host | None = None,
) -> list[Path]:
    """Bring the files of ``download`` into ``folder`` (flat, under their own names).

    Files that are there and whole stay; a broken-off one is continued where it stopped.

    Args:
        download: what to fetch.
        folder: made if it does not exist.
        report: told the fraction done 0..1 and a few words.
        cancelled: asked often whether to stop.
        host: where the files are; by default the host that ``download`` names.

    Raises:
        DownloadFailed: no connection, an unknown file, or one whose hash is wrong.
        OutputUnwritable: ``folder`` cannot be written.
        Cancelled: the user asked to stop; what came so far is kept for the next time.
    """
    host = host or HOSTS[download.host]
    try:
        folder.mkdir(parents=True, exist_ok=True)
        items = listed(download, host)
        total = sum(item.size for item in items) or 1
        done, paths = 0, []
        for item in items:
            name = PurePosixPath(item.path).name
            report(done / total, name)
            counted = _counted(report, done, total, name)
            paths.append(_file(download, item, folder / name, host, counted, cancelled))
            done += item.size
        report(1.0, "Done")
        return paths
    except (urllib.error.URLError, http.client.HTTPException, TimeoutError, ConnectionError) as error:
        raise DownloadFailed(download.repository, str(getattr(error, "reason", error))) from error
    except OSError as error:
        raise OutputUnwritable(str(folder), error.strerror or str(error)) from error


def listed(download: Download, host: Host) -> list[Item]:
    """The files of ``download`` as the repository lists them. Raises ``DownloadFailed`` if there is none."""
    with _open(host.tree.format(**vars(download))) as answer:
        told: Any = json.loads(answer.read(1 << 26))
    items = [
        _item(node)
        for node in (told["tree"] if isinstance(told, dict) else told)
        if node["type"] in ("blob", "file")
        and str(PurePosixPath(node["path"]).parent) == download.folder
        and node["path"].endswith(download.suffixes)
    ]
    if not items:
        raise DownloadFailed(download.repository, f"there is no “{download.folder}” any more")
    return items


def _item(node: dict[str, Any]) -> Item:
    """One line of the list: GitHub says ``sha`` and the pointer's size, Hugging Face ``oid`` and the content's."""
    size = node.get("lfs", {}).get("pointerSize", node["size"])
    return Item(node["path"], int(size), node.get("sha") or node["oid"])


def _file(
    download: Download,
    item: Item,
    place: Path,
    host: Host,
    report: Callable[[int], None],
    cancelled: Callable[[], bool],
) -> Path:
    """One file, whole, at ``place``."""
    values = {"repository": download.repository, "revision": download.revision, "path": item.path}
    if place.is_file() and (_git_hash(place) == item.sha1 or _was_large(place, item)):
        return place
    part = place.with_name(place.name + ".part")
    _stream(host.file.format(**values), part, item.size, report, cancelled)
    if _git_hash(part) != item.sha1:
        part.unlink()
        raise DownloadFailed(download.repository, f"“{place.name}” arrived damaged")
    if part.read_bytes()[: len(POINTER)] == POINTER:
        size, sha256 = _pointed(part)
        part.unlink()
        _stream(host.large.format(**values), part, size, report, cancelled)
        if _sha256(part) != sha256:
            part.unlink()
            raise DownloadFailed(download.repository, f"“{place.name}” arrived damaged")
        place.with_name(place.name + ".sha256").write_text(f"{sha256} {item.sha1}\n", encoding="ascii")
    os.replace(part, place)
    return place


def _stream(address: str, part: Path, size: int, report: Callable[[int], None], cancelled: Callable[[], bool]) -> None:
    """Write ``address`` to ``part``, going on where an earlier try stopped. Raises what urllib raises."""
    if size > LARGEST:
        raise DownloadFailed(address, "it is far larger than any face model")
    for attempt in range(TRIES):
        have = part.stat().st_size if part.exists() else 0
        if have > size:
            part.unlink()
            have = 0
        if have == size and part.exists():
            return
        try:
            _continue(address, part, have, size, report, cancelled)
        except (urllib.error.URLError, http.client.HTTPException, TimeoutError, ConnectionError):
            if attempt == TRIES - 1:
                raise
    if part.stat().st_size != size:
        raise DownloadFailed(address, "the connection broke off; try again, it goes on where it stopped")


def _continue(
    address: str, part: Path, have: int, size: int, report: Callable[[int], None], cancelled: Callable[[], bool]
) -> None:
    with _open(address, {"Range": f"bytes={have}-"} if have else {}) as answer:
        begins = have if answer.status == 206 else 0
        with part.open("r+b" if begins else "wb") as file:
            file.seek(begins)
            while begins < size and (data := answer.read(min(CHUNK, size - begins))):
                if cancelled():
                    raise Cancelled
                file.write(data)
                begins += len(data)
                report(begins)


def _open(address: str, headers: dict[str, str] | None = None) -> Any:
    request = urllib.request.Request(address, headers={"User-Agent": "reconstruct-face", **(headers or {})})
    return urllib.request.urlopen(request, timeout=TIMEOUT)


def _counted(report: Report, done: int, total: int, name: str) -> Callable[[int], None]:
    return lambda count: report(min((done + count) / total, 1.0), name)


def _git_hash(path: Path) -> str:
    """What git calls the content of a file: SHA-1 of a header with its length, and the content."""
    digest = hashlib.sha1(f"blob {path.stat().st_size}\0".encode(), usedforsecurity=False)
    return _fed(digest, path)


def _sha256(path: Path) -> str:
    return _fed(hashlib.sha256(), path)


def _fed(digest: Any, path: Path) -> str:
    with path.open("rb") as file:
        while data := file.read(CHUNK):
            digest.update(data)
    return str(digest.hexdigest())


def _pointed(pointer: Path) -> tuple[int, str]:
    """Size and SHA-256 of the large file a pointer stands for. Raises ``DownloadFailed``."""
    fields = dict(line.split(" ", 1) for line in pointer.read_text(encoding="ascii").splitlines() if " " in line)
    try:
        return int(fields["size"]), fields["oid"].removeprefix("sha256:")
    except (KeyError, ValueError) as error:
        raise DownloadFailed(pointer.name, "its description cannot be read") from error


def _was_large(place: Path, item: Item) -> bool:
    """Whether ``place`` is the large file that ``item`` points to, as noted when it came."""
    note = place.with_name(place.name + ".sha256")
    words = note.read_text(encoding="ascii", errors="replace").split() if note.is_file() else []
    return len(words) == 2 and words[1] == item.sha1 and words[0] == _sha256(place)
