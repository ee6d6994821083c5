"""The worker's protocol, spoken to directly."""

import json
import subprocess
import sys
import time
from pathlib import Path

import pytest

WORKER = Path(__file__).with_name("fake_worker.py")


@pytest.fixture
def worker(request):
    process = subprocess.Popen(
        [sys.executable, "-u", str(WORKER), *getattr(request, "param", [])],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
    )
    yield process
    process.kill()
    process.wait()
    for stream in (process.stdin, process.stdout, process.stderr):
        stream.close()


def send(process, **message):
    process.stdin.write(json.dumps(message) + "\n")
    process.stdin.flush()


def receive(process, until):
    messages = []
    while not messages or messages[-1]["kind"] not in until:
        messages.append(json.loads(process.stdout.readline()))
    return messages


def ask(process, photo, job=1, output="out"):
    send(process, kind="reconstruct", id=job, request={"photos": [photo], "output": output, "settings": {}})


def test_a_job_goes_from_ready_over_progress_to_its_folders(worker):
    ask(worker, "é 写真.jpg", output="här")
    messages = receive(worker, {"result", "error"})
    assert [message["kind"] for message in messages] == ["ready", "progress", "progress", "result"]
    assert messages[1] == {
        "kind": "progress",
        "id": 1,
        "stage": "detect",
        "fraction": 0.25,
        "text": "Looking for faces",
    }
    assert messages[-1]["folders"] == [str(Path("här", "é 写真"))]


def test_failures_become_sentences_and_the_worker_lives_on(worker):
    ask(worker, "no_face.jpg", job=1)
    ask(worker, "bug.jpg", job=2)
    ask(worker, "fine.jpg", job=3)
    expected = receive(worker, {"error"})[-1]
    assert (expected["id"], expected["code"]) == (1, "FaceNotFound")
    assert expected["message"].startswith("No face was found in “no_face.jpg”")
    bug = receive(worker, {"error"})[-1]
    assert (bug["id"], bug["code"]) == (2, "ValueError")
    assert "a bug" in bug["message"]
    assert receive(worker, {"result"})[-1]["id"] == 3
    worker.stdin.close()
    assert "Traceback" in worker.stderr.read()


def test_a_cancellation_is_heard_in_mid_job(worker):
    ask(worker, "slow.jpg", job=7)
    receive(worker, {"progress"})
    begin = time.monotonic()
    send(worker, kind="cancel", id=7)
    assert receive(worker, {"cancelled", "result", "error"})[-1] == {"kind": "cancelled", "id": 7}
    assert time.monotonic() - begin < 2


def test_the_end_of_stdin_ends_the_process_in_mid_job(worker):
    ask(worker, "deaf.jpg")
    receive(worker, {"progress"})
    worker.stdin.close()
    assert worker.wait(timeout=5) == 0


@pytest.mark.parametrize("worker", [["--broken"]], indirect=True)
def test_an_engine_that_cannot_be_loaded_says_what_is_missing(worker):
    message = receive(worker, {"error"})[-1]
    assert (message["kind"], message["id"], message["code"]) == ("error", 0, "EngineUnusable")
    assert "No module named 'torch'" in message["message"]
