"""The ground on which runs are trained: what their bits may depend on beside the specs."""

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import cache
from typing import Any

from lossbench.errors import BadInput
from lossbench.execution.job import Job
from lossbench.execution.patience import say
from lossbench.planning.spec import Resources
from lossbench.storage.provenance import provenance
from lossbench.storage.store import remember_elsewhere

LIBRARIES = ("lossbench", "torch", "numpy", "numba", "llvmlite", "scipy")  # whose versions may change bits


def ground(kept: Mapping[str, Any]) -> dict[str, str]:
    """What bits may depend on."""
    versions, machine = _mapping(kept.get("versions")), _mapping(kept.get("machine"))
    ground = {name: str(versions.get(name)) for name in LIBRARIES if name in versions}
    ground |= {"device": str(kept.get("device")), "system": str(machine.get("system"))}
    if isinstance(kept.get("features"), str):
        ground["processor features"] = _digest(kept["features"])
    chosen = kept.get("instructions")
    return ground | ({"instructions": _listed(chosen)} if isinstance(chosen, Mapping) else {})


def _digest(features: str) -> str:
    """So many features, and which, in a few digits: 62 (3f2ab1c4)."""
    return f"{len(features.split())} ({hashlib.sha256(features.encode()).hexdigest()[:8]})"


def _listed(chosen: Mapping[str, Any]) -> str:
    return ", ".join(f"{name} {value}" for name, value in sorted(chosen.items()))


def ground_name(kept: Mapping[str, Any]) -> str:
    """A name for the ground that a provenance describes: 16 hexadecimal digits."""
    return hashlib.sha256(json.dumps(_worker_ground(kept), sort_keys=True).encode()).hexdigest()[:16]


def differences(driver: Mapping[str, Any], worker: Mapping[str, Any]) -> Iterator[str]:
    """What a worker's provenance has otherwise than the driver's, such as "torch 2.12.0, and 2.13.0 here".

    Python's version and the commit count too, where both sides know one; which kernel the system runs does not.
    """
    ours, theirs = _worker_ground(driver), _worker_ground(worker)
    for name in sorted(ours.keys() & theirs.keys()):
        if ours[name] != theirs[name]:
            yield f"{name} {theirs[name]}, and {ours[name]} here"


@cache
def own_ground() -> dict[str, Any]:
    """The provenance of this process, which trains on the CPU."""
    return provenance("cpu", 1)


def job_on(where: str, worker: Mapping[str, Any], driver: Mapping[str, Any], job: Job, resources: Resources) -> Job:
    """The job as a worker somewhere does it: under the invocation that keeps that worker's ground.

    Raises BadInput where the ground is another and may not be.
    """
    apart = ", ".join(differences(driver, worker))
    if not apart:
        return job
    if resources.versions == "same":
        raise BadInput(
            f"The worker at {where} has {apart}: bits may come out otherwise there. Install the same on both sides, "
            "or have it recorded with the runs: engine.versions=recorded."
        )
    say(f"The worker at {where} has {apart}; that is recorded with what it trains.")
    invocation = remember_elsewhere(job.folder, job.origin.invocation, worker)
    return replace(job, origin=replace(job.origin, invocation=invocation))


def _worker_ground(kept: Mapping[str, Any]) -> dict[str, str]:
    commit = _mapping(kept.get("commit")).get("hash")
    program = {"python": str(_mapping(kept.get("versions")).get("python"))} | ({"commit": str(commit)[:12]} if commit else {})
    return {name: value for name, value in ground(kept).items() if name != "system"} | program


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
