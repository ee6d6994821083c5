"""Fetching from a small server that speaks as the real one does: hashes, ranges, pointers to large files."""

import hashlib
import http.server
import itertools
import json
import threading

import pytest

from engine.errors import Cancelled, DownloadFailed, OutputUnwritable
from engine.faces.catalogue import ENTRIES, Download
from engine.faces.fetch import Host, fetch

MODEL = Download("github", "owner/model", "main", "data", (".obj", ".npz"), 1)


def git_hash(content: bytes) -> str:
    return hashlib.sha1(f"blob {len(content)}\0".encode() + content).hexdigest()


class Server:
    """Serves ``files`` by path; notes what was asked; may break off or lie."""

    def __init__(self, files: dict[str, bytes], large: dict[str, bytes] | None = None) -> None:
        self.files, self.large = files, large or {}
        self.asked: list[tuple[str, str | None]] = []
        self.break_after = 0
        self.ranges = True
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                outer.answer(self)

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        base = f"http://127.0.0.1:{self.server.server_port}"
        self.host = Host(f"{base}/tree/{{revision}}", f"{base}/raw/{{path}}", f"{base}/large/{{path}}")
        self.flat = False

    def answer(self, handler: http.server.BaseHTTPRequestHandler) -> None:
        wanted = handler.headers.get("Range")
        self.asked.append((handler.path, wanted))
        _, kind, path = handler.path.split("/", 2)
        if kind == "tree":
            nodes = [
                {"path": p, "type": "blob", "size": len(c), "sha": git_hash(c)} for p, c in sorted(self.files.items())
            ]
            content = json.dumps(self._flattened(nodes) if self.flat else {"tree": nodes}).encode()
        else:
            content = (self.files if kind == "raw" else self.large)[path]
        begin = int(wanted.removeprefix("bytes=").rstrip("-")) if wanted and self.ranges else 0
        handler.send_response(206 if begin else 200)
        handler.send_header("Content-Length", str(len(content) - begin))
        handler.end_headers()
        part = content[begin:]
        if self.break_after and kind != "tree":
            part, self.break_after = part[: self.break_after], 0
        handler.wfile.write(part)
        handler.close_connection = True

    def _flattened(self, nodes):
        """As the other kind of host lists the same: another name of the hash, the size of what is pointed to."""
        for node in nodes:
            node |= {"type": "file", "oid": node.pop("sha")}
            if node["path"] in self.large:
                node |= {"lfs": {"pointerSize": node["size"]}, "size": len(self.large[node["path"]])}
        return nodes


@pytest.fixture
def serve():
    servers = []

    def start(*arguments, **options):
        servers.append(Server(*arguments, **options))
        return servers[-1]

    yield start
    for server in servers:
        server.server.shutdown()
        server.server.server_close()


def test_files_of_the_folder_come_and_nothing_else(serve, tmp_path):
    server = serve({"data/a.obj": b"v 1 2 3\n" * 999, "data/readme.md": b"no", "other/b.obj": b"no"})
    seen = []
    paths = fetch(MODEL, tmp_path / "ict", lambda f, t: seen.append((f, t)), host=server.host)
    assert [p.name for p in paths] == ["a.obj"]
    assert (tmp_path / "ict/a.obj").read_bytes() == b"v 1 2 3\n" * 999
    assert [p.name for p in (tmp_path / "ict").iterdir()] == ["a.obj"]
    assert seen[-1][0] == 1.0
    assert all(a[0] <= b[0] for a, b in itertools.pairwise(seen))


def test_what_is_there_is_not_fetched_again(serve, tmp_path):
    server = serve({"data/a.obj": b"abc", "data/b.obj": b"def"})
    fetch(MODEL, tmp_path, host=server.host)
    (tmp_path / "b.obj").write_bytes(b"someone changed it")
    server.asked.clear()
    fetch(MODEL, tmp_path, host=server.host)
    assert [path for path, _ in server.asked if "/raw/" in path] == ["/raw/data/b.obj"]
    assert (tmp_path / "b.obj").read_bytes() == b"def"


@pytest.mark.parametrize("ranges", [True, False])
def test_a_broken_connection_goes_on_where_it_stopped(serve, tmp_path, ranges):
    content = bytes(range(256)) * 4000
    server = serve({"data/a.npz": content})
    server.break_after, server.ranges = 300_000, ranges
    fetch(MODEL, tmp_path, host=server.host)
    assert (tmp_path / "a.npz").read_bytes() == content
    assert any(wanted for _, wanted in server.asked)


@pytest.mark.parametrize("flat", [False, True])
def test_a_large_file_stands_behind_a_pointer(serve, tmp_path, flat):
    content = bytes(range(256)) * 5000
    digest = hashlib.sha256(content).hexdigest()
    pointer = f"version https://git-lfs.github.com/spec/v1\noid sha256:{digest}\nsize {len(content)}\n".encode()
    server = serve({"data/gnm_head.npz": pointer}, large={"data/gnm_head.npz": content})
    server.flat = flat
    for _ in range(2):
        fetch(MODEL, tmp_path, host=server.host)
        assert (tmp_path / "gnm_head.npz").read_bytes() == content
    assert sum("/large/" in path for path, _ in server.asked) == 1


def test_a_damaged_file_is_told_and_not_kept(serve, tmp_path):
    server = serve({"data/a.obj": b"whole"})
    listed = dict(server.files)
    original = server.answer

    def lie(handler):
        server.files = {"data/a.obj": b"whale"} if "/raw/" in handler.path else listed
        original(handler)

    server.answer = lie
    with pytest.raises(DownloadFailed, match=r"a\.obj.*damaged"):
        fetch(MODEL, tmp_path, host=server.host)
    assert list(tmp_path.iterdir()) == []


def test_cancelling_keeps_what_came(serve, tmp_path):
    content = bytes(1_000_000)
    server = serve({"data/a.obj": content})
    answers = iter([False, True])
    with pytest.raises(Cancelled):
        fetch(MODEL, tmp_path, cancelled=lambda: next(answers), host=server.host)
    assert 0 < (tmp_path / "a.obj.part").stat().st_size < len(content)
    fetch(MODEL, tmp_path, host=server.host)
    assert (tmp_path / "a.obj").read_bytes() == content


def test_no_server_and_no_folder_are_sentences(serve, tmp_path):
    dead = Host(*(f"http://127.0.0.1:9/{part}" for part in ("tree", "raw", "large")))
    with pytest.raises(DownloadFailed, match=r"owner/model.*models folder"):
        fetch(MODEL, tmp_path, host=dead)
    server = serve({"data/readme.md": b"moved"})
    with pytest.raises(DownloadFailed, match="there is no “data”"):
        fetch(MODEL, tmp_path, host=server.host)
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(OutputUnwritable):
        fetch(MODEL, tmp_path / "file" / "sub", host=server.host)


def test_only_open_models_can_be_fetched():
    assert {entry.family for entry in ENTRIES if entry.download} == {"ict", "gnm"}
    assert all(entry.licence.commercial for entry in ENTRIES if entry.download)
    assert all(entry.licence.source for entry in ENTRIES if entry.family != "builtin")
