"""How many processes there are, and how they work together.

These are fields of the root, so that their environment variables have the names that operators know:
AUTHZ_ENABLE_MULTIPROCESSING, AUTHZ_VERIFICATION_WORKERS, AUTHZ_SHARED_MEMORY_SIZE and so on.
"""

import re
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from sidecar.settings.base import Model

StartMethod = Literal["auto", "fork", "spawn", "forkserver"]
ListenMode = Literal["per_process", "shared"]

_UNITS = {"": 1, "KiB": 1024, "MiB": 1024**2, "GiB": 1024**3}
_SIZE = re.compile(r"([0-9]{1,15}) ?(|KiB|MiB|GiB)", re.ASCII)


def _bytes(value: object) -> object:
    """Read ``64MiB``; numbers are bytes already."""
    if not isinstance(value, str):
        return value
    found = _SIZE.fullmatch(value.strip())
    if found is None:
        raise ValueError("not a size; write bytes, or a number with KiB, MiB or GiB, such as '64MiB'")
    return int(found[1]) * _UNITS[found[2]]


Size = Annotated[int, BeforeValidator(_bytes, json_schema_input_type=int | str)]


class ProcessSettings(Model):
    """Processes, their CPUs and what they share."""

    enable_multiprocessing: bool = Field(
        default=True,
        description="false: one process, on one CPU, with the same answers. For small pods and debugging.",
    )
    servers: int | None = Field(
        None,
        ge=1,
        le=256,
        description="Processes that answer checks. Default: the CPUs this process may use (affinity and cgroup quota), "
        "less the verifiers, at least 1.",
    )
    verification_workers: int | None = Field(
        None,
        ge=0,
        le=256,
        description="Processes that verify signatures in batches when a server has more new tokens than it can verify "
        "beside its checks. Default: 1, or 0 on a single CPU. With verification_workers_max the number at the start.",
    )
    verification_workers_max: int | None = Field(
        None,
        ge=1,
        le=256,
        description="Lets the number of verifiers change by itself, up to this one: more when they are busy and a CPU "
        "is idle, never more than CPUs that this process may use (docs/operating.md). Default: it does not change.",
    )
    verification_workers_min: int | None = Field(
        None,
        ge=1,
        le=256,
        description="How few verifiers there may be with verification_workers_max. Default: 1.",
    )
    jwt_processor_workers: int = Field(
        0,
        ge=0,
        le=256,
        description="Verifiers for RSA and ECDSA alone, which cost more than Ed25519, on top of verification_workers. "
        "0: all verifiers do everything. With 'assertion' there are as many processes that sign as well, at least 1; "
        "they alone have its keys.",
    )
    hash_processor_workers: int = Field(
        0,
        ge=0,
        le=64,
        description="Processes that hash what is revoked, beside control, when much of it comes at once: 4096 entries "
        "and more. Some 50 MiB each. 0: control does it itself, a million in a few seconds.",
    )
    hook_processor_workers: int = Field(
        1,
        ge=1,
        le=64,
        description="Processes for each server that ask the hooks which are cpu_bound, or were too slow; none where "
        "there is no such hook. A call has one for itself; more wait, 16 for each.",
    )
    batch_size_threshold: int = Field(
        4,
        ge=1,
        le=4096,
        description="New tokens that wait in a server before they go to the verifiers; fewer are verified where they "
        "came in, since handing one over costs as much as verifying it.",
    )
    process_pool_timeout: float = Field(
        0.05,
        gt=0,
        le=10,
        description="Seconds a verifier gets for a token, never beyond the caller's deadline; then it is verified in "
        "the server. Also what a process gets to sign an assertion; then another one is asked. Envoy's deadline is 0.2 "
        "by default.",
    )
    process_start_method: StartMethod = Field(
        "auto",
        description="How processes are started: fork, spawn or forkserver (Python's multiprocessing). auto: fork on "
        "Linux, where the supervisor has one thread and so may, else spawn.",
    )
    shared_memory_size: Size = Field(
        64 * 1024**2,
        ge=64 * 1024,
        le=64 * 1024**3,
        description="Bytes of the identity cache that all processes share, or with a unit: '64MiB', for some 110,000 "
        "tokens. An eighth is for refusals.",
    )
    replay_memory_size: Size = Field(
        16 * 1024**2,
        ge=64 * 1024,
        le=4 * 1024**3,
        description="Bytes of the memory of used DPoP proofs that all processes share; used only where there are any. "
        "64 for each proof of the last 'max_age_seconds', and half of it free: '16MiB' are some 130,000, "
        "a sixteenth of them one subject's at the most.",
    )
    cpu_affinity_enabled: bool = Field(
        default=False,
        description="Pin each server and verifier to a CPU of its own, hyper-threads last. Only where the CPUs are "
        "yours alone (Kubernetes: static CPU manager): two sidecars would pin to the same ones.",
    )
    numa_aware_placement: bool = Field(
        default=False,
        description="Place a server, its verifiers and their memory on one NUMA node. Needs cpu_affinity_enabled.",
    )
    listen_mode: ListenMode = Field(
        "per_process",
        description="per_process: the first server listens on 'listen', each further one on the next port, or on the "
        "socket's name with -1, -2 before its ending; name all of them to Envoy. shared: all on one port, for "
        "platforms that can name one alone; the kernel then spreads connections, unevenly.",
    )
