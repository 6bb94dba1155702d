"""The same words give the same bits: compiled in this process, read back from the cache, in a worker, after other things."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

HOUSE = Path(__file__).parents[2]
DIGEST = """
import hashlib, sys
from itertools import product
import numpy as np
from lossbench.engine import train
from lossbench.inits.uniform import Glorot
from lossbench.interfaces import Split
from lossbench.losses.entropy import CrossEntropy
from lossbench.losses.squared import HalfSquaredError
from lossbench.models.dense import MLP, Logistic
from lossbench.optimizers.adam import AdamW
from lossbench.optimizers.sgd import SGD
from lossbench.planning.spec import Cohort, Recording, RecordingSchedule, RunSpec

NETWORKS = ((MLP(hidden=(9, 5), activation="tanh"), 13, 3, 16), (MLP(hidden=(33,)), 64, 10, 32), (Logistic(), 30, 2, None),
            (MLP(hidden=(7,), activation="relu"), 200, 4, 10))
RULES = (SGD(lr=0.2), SGD(lr=0.05, momentum=0.94, l2=1e-3), AdamW())
KEPT = Recording(schedule=RecordingSchedule(points=5), keep=("parameters",))

def data(examples, features, classes):
    rng = np.random.default_rng(3)
    x, label = rng.standard_normal((examples + 7, features)), rng.integers(classes, size=examples + 7)
    y = label[:, None].astype(float) if classes == 2 else np.eye(classes)[label]
    return Split(x[:examples], y[:examples], x[examples:], y[examples:], "classification")

def digest(order=1):
    found = []
    for (model, features, classes, batch), rule, dtype in list(product(NETWORKS, RULES, ("float32", "float64")))[::order]:
        link = "sigmoid" if classes == 2 else "softmax"
        runs = tuple(
            RunSpec(loss=loss(link=link), model=model, init=Glorot(), dataset=None, optimizer=rule, data="", seed=seed,
                    steps=20, batch=batch, dtype=dtype)
            for loss in (CrossEntropy, HalfSquaredError) for seed in (0, 1)
        )
        for trace in train(Cohort(runs=runs, recording=KEPT), data(50, features, classes)):
            curves = b"".join(name.encode() + trace.values[name].tobytes() for name in sorted(trace.values))
            ends = b"".join(part.tobytes() for layer in trace.parameters for part in layer)
            found.append((str(trace.run), hashlib.sha256(curves + ends).hexdigest()))
    return hashlib.sha256(repr(sorted(found)).encode()).hexdigest()

if __name__ == "__main__":
    print(digest(int(sys.argv[1])))
"""
IN_A_WORKER = """
import sys
sys.path.insert(0, sys.argv[1])
import digest
from joblib.externals.loky import ProcessPoolExecutor
if __name__ == "__main__":
    print(ProcessPoolExecutor(max_workers=1).submit(digest.digest).result())
"""


def answer(program: Path, cache: Path, *words: str) -> str:
    """What a program prints in a process of its own, with a cache of compiled functions of its own."""
    environment = os.environ | {"NUMBA_CACHE_DIR": str(cache), "PYTHONPATH": os.pathsep.join([str(HOUSE), str(program.parent)])}
    done = subprocess.run([sys.executable, str(program), *words], env=environment, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@pytest.mark.slow
def test_bits_are_the_same_compiled_now_or_before_in_a_worker_or_after_other_things(tmp_path: Path) -> None:
    program, worker = tmp_path / "digest.py", tmp_path / "worker.py"
    program.write_text(DIGEST)
    worker.write_text(IN_A_WORKER)
    compiled_now = answer(program, tmp_path / "one", "1")
    assert any((tmp_path / "one").rglob("*.nbc")), "nothing was compiled into the cache"
    assert answer(program, tmp_path / "one", "1") == compiled_now, "read back from the cache"
    assert answer(program, tmp_path / "two", "-1") == compiled_now, "compiled in another order"
    assert answer(worker, tmp_path / "one", str(tmp_path)) == compiled_now, "in a worker"
