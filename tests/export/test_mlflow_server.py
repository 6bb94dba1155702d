"""An export to a real MLflow server, which this starts on loopback, is read back by MLflow's own client."""

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from urllib.error import URLError

import numpy as np
import pytest

from lossbench.commands.cli import answer
from lossbench.export.choice import choose
from lossbench.export.tracked import tracked_runs

PATIENCE = 120  # seconds: a busy machine is no defect
pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore")]  # MLflow's own


@pytest.fixture
def server(tmp_path: Path) -> Iterator[str]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    words = ["--backend-store-uri", f"sqlite:///{tmp_path / 'server.db'}", "--host", "127.0.0.1", "--port", str(port)]
    command = [sys.executable, "-m", "mlflow", "server", "--workers", "1", "--artifacts-destination", str(tmp_path), *words]
    environment = os.environ | {"MLFLOW_DISABLE_TELEMETRY": "true"}
    with (tmp_path / "server.log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log, env=environment, start_new_session=True)
    try:
        _wait_for(f"http://127.0.0.1:{port}/health", process, tmp_path / "server.log")
        yield f"http://127.0.0.1:{port}"
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _wait_for(address: str, process: subprocess.Popen[bytes], log: Path) -> None:
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end and process.poll() is None:
        try:
            with urllib.request.urlopen(address, timeout=5):  # noqa: S310 our own
                return
        except (URLError, ConnectionError):
            time.sleep(0.2)
    pytest.fail(f"no MLflow server: {log.read_text()[-2000:]}")


def test_a_server_has_every_number_and_is_told_nothing_twice(
    server: str, made, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from mlflow.tracking import MlflowClient  # noqa: PLC0415

    runs = [made.learn(loss=made.CE, seed=seed).only("train_loss", "test_accuracy") for seed in range(3)]
    study = made.write(tmp_path / "served", runs)
    assert answer(["export", str(study), "--to", "mlflow", "--out", server, "--runs"]) == 0
    assert capsys.readouterr().out.startswith("4 new in MLflow's experiment served")
    client = MlflowClient(server)
    stored = client.search_runs([client.get_experiment_by_name("served").experiment_id])
    expected = {run.path: run for run in tracked_runs(choose(study, runs=True))}
    assert {run.info.run_name for run in stored} == expected.keys()
    for run in stored:
        twin = expected[run.info.run_name]
        assert run.data.params == {name: str(value) for name, value in twin.parameters.items()}
        for name, (steps, values) in twin.curves.items():
            history = client.get_metric_history(run.info.run_id, name)
            assert np.array_equal([(one.step, one.value) for one in history], np.column_stack([steps, values]))
    assert answer(["export", str(study), "--to", "mlflow", "--out", server, "--runs"]) == 0
    assert capsys.readouterr().out.startswith("4 unchanged")


def test_a_server_that_is_gone_is_one_message(server: str, made, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    study = made.write(tmp_path / "served", [made.learn(loss=made.CE, seed=seed) for seed in range(2)])
    gone = server.replace("127.0.0.1", "127.0.0.2")
    assert answer(["export", str(study), "--to", "mlflow", "--out", gone]) == 1
    assert f"MLflow at {gone} refuses: " in capsys.readouterr().err
