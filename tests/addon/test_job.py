"""A job's life, with the real worker around an engine without torch."""

import os
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import psutil
import pytest

from blender_addon import door, job

WORKER = Path(__file__).with_name("fake_worker.py")
ROOT = WORKER.parent.parent.parent


def launch(folder, *arguments):
    command = (sys.executable, "-u", str(WORKER), *arguments)
    return job.Launch(command, ROOT, folder / "engine.log", door.child_environment())


@pytest.fixture
def jobs():
    made = job.Jobs()
    yield made
    made.shut_down()


def start(jobs, folder, photo):
    return jobs.start(launch(folder), [photo], "out", {})


def until(condition, seconds=10.0):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it never came true"
        time.sleep(0.01)


def test_a_job_reports_progress_and_gives_folders(jobs, tmp_path):
    seen = []
    current = start(jobs, tmp_path, "face.jpg")
    assert current.wait(lambda at: seen.append((at.fraction, at.text))) == "done"
    assert current.result() == [Path("out/face")]
    assert current.fraction == 1.0
    assert seen[0] == (0.0, "Starting the engine")


def test_the_engine_is_kept_for_the_next_job(jobs, tmp_path):
    start(jobs, tmp_path, "one.jpg").wait()
    process = jobs.engine.process.pid
    second = start(jobs, tmp_path, "two.jpg")
    assert second.wait() == "done"
    assert (jobs.engine.process.pid, second.result()) == (process, [Path("out/two")])


def test_a_failure_is_raised_with_the_engines_sentence(jobs, tmp_path):
    current = start(jobs, tmp_path, "no_face.jpg")
    assert current.wait() == "failed"
    with pytest.raises(door.errors.FaceError, match="No face was found") as caught:
        current.result()
    assert caught.value.code == "FaceNotFound"


def test_cancelling_is_quick_and_keeps_the_engine(jobs, tmp_path):
    current = start(jobs, tmp_path, "slow.jpg")
    until(lambda: current.poll() == "running" and current.fraction > 0)
    current.cancel()
    assert current.cancelling
    assert current.wait() == "cancelled"
    assert jobs.engine.alive
    with pytest.raises(door.errors.Cancelled):
        current.result()
    assert start(jobs, tmp_path, "next.jpg").wait() == "done"


def test_an_engine_that_does_not_listen_is_killed(jobs, tmp_path, monkeypatch):
    monkeypatch.setattr(job, "CANCEL_SECONDS", 0.2)
    current = start(jobs, tmp_path, "deaf.jpg")
    until(lambda: current.poll() == "running" and current.fraction > 0)
    current.cancel()
    assert current.wait() == "cancelled"
    assert not jobs.engine.alive
    assert start(jobs, tmp_path, "next.jpg").wait() == "done"


@pytest.mark.parametrize("end", ["abort", "kill"])
def test_an_engine_that_dies_in_mid_run_is_a_sentence(jobs, tmp_path, end):
    current = start(jobs, tmp_path, "die.jpg" if end == "abort" else "slow.jpg")
    if end == "kill":
        until(lambda: current.poll() == "running" and current.fraction > 0)
        jobs.engine.process.kill()
    assert current.wait() == "failed"
    with pytest.raises(door.errors.EngineStopped, match="The engine stopped unexpectedly"):
        current.result()
    assert start(jobs, tmp_path, "next.jpg").wait() == "done"


def test_an_engine_that_cannot_load_fails_the_job(jobs, tmp_path):
    current = jobs.start(launch(tmp_path, "--broken"), ["face.jpg"], "out", {})
    assert current.wait() == "failed"
    with pytest.raises(door.errors.FaceError, match="No module named 'torch'"):
        current.result()


def test_an_engine_that_cannot_start_is_a_sentence(jobs, tmp_path):
    absent = job.Launch((str(tmp_path / "python"),), ROOT, tmp_path / "engine.log")
    with pytest.raises(door.errors.EngineUnusable, match="No such file"):
        jobs.start(absent, ["face.jpg"], "out", {})
    assert not jobs.running


def test_shutting_down_ends_the_process_and_the_job(jobs, tmp_path):
    current = start(jobs, tmp_path, "slow.jpg")
    process = jobs.engine.process
    jobs.shut_down()
    assert process.poll() is not None
    assert current.poll() == "cancelled"


def test_a_parent_that_is_killed_leaves_no_orphan(tmp_path):
    parent = textwrap.dedent(
        f"""
        import sys, time
        sys.path.insert(0, {str(ROOT)!r})
        from blender_addon import job, door
        from pathlib import Path
        command = (sys.executable, "-u", {str(WORKER)!r})
        launch = job.Launch(command, Path({str(ROOT)!r}), Path({str(tmp_path / "log")!r}))
        current = job.jobs.start(launch, ["deaf.jpg"], "out", {{}})
        while not current.fraction:
            current.poll()
            time.sleep(0.01)
        print(job.jobs.engine.process.pid, flush=True)
        time.sleep(60)
        """
    )
    blender = subprocess.Popen([sys.executable, "-c", parent], stdout=subprocess.PIPE, text=True)
    worker = psutil.Process(int(blender.stdout.readline()))
    assert worker.is_running()
    blender.kill()
    blender.communicate()
    until(lambda: not worker.is_running() or worker.status() == psutil.STATUS_ZOMBIE)


def test_the_environment_of_a_child_hides_blenders_python(monkeypatch, tmp_path):
    monkeypatch.setitem(os.environ, "PYTHONPATH", "/blender")
    values = door.child_environment(tmp_path)
    assert "PYTHONPATH" not in values
    assert values["PYTHONPYCACHEPREFIX"].startswith(str(tmp_path))
