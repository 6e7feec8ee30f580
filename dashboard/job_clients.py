"""The Dask clients by which jobs reach workers: of a scheduler that the settings name, or of an embedded cluster."""

import atexit
import threading
from collections.abc import Callable
from typing import Any

from core import cluster
from core.schema import RefusedError
from core.settings import Settings
from dashboard.worker_jobs import TOPIC

HERE = ""  # the address that stands for the embedded cluster
PATIENCE = 20  # s
STARTING = 120  # s that a process of our own may take to start: torch comes from a cold disk
NO_PROCESS = "No process could be started for it. Try it again."


class Clients:
    """One client an address, made at the first question and replaced when it has lost its scheduler.

    Args:
        settings: Which certificates a scheduler is asked with.
        listen: Called with the events of the workers' reports.
        patience: Seconds that a scheduler and its first worker have to answer.
    """

    def __init__(self, settings: Settings, listen: Callable[[Any], None], *, patience: float = PATIENCE):
        self.settings, self.listen, self.patience = settings, listen, patience
        self.processes: Any = None  # the embedded cluster
        self._lock = threading.Lock()
        self._clients: dict[str, Any] = {}

    def of(self, address: str) -> Any:
        """The client of a scheduler that has a worker.

        Raises:
            RefusedError: It does not answer, or has no worker; or no process of our own can be started.
        """
        with self._lock:
            if not address and self.processes is not None and not has_process(self.processes):
                self._stop_processes()
            client = self._clients.get(address)
            if client is None or client.status != "running":
                if client is not None:
                    client.close(timeout=1)
                self._clients[address] = client = self.connected(address)
                client.subscribe_topic(TOPIC, self.listen)
                atexit.register(self.close)
        try:
            client.wait_for_workers(1, timeout=self.patience if address else STARTING)
        except (TimeoutError, OSError) as error:
            if not address:
                raise RefusedError(NO_PROCESS) from error
            raise RefusedError(
                f"The scheduler at {address} has no worker. Start one in the folder of this program: "
                f"python -m dask worker {address} --nworkers 1 --nthreads 1"
                + (f" {cluster.DASK_OPTIONS}" if self.settings.scheduler_credentials else "")
            ) from error
        return client

    def connected(self, address: str) -> Any:
        """A new client, of a scheduler that may have no worker yet.

        Raises:
            RefusedError: It does not answer; or no process of our own can be started.
        """
        import dask.config

        if address:
            credentials = self.settings.scheduler_credentials
            try:
                return cluster.client_of(address, credentials, timeout=self.patience, set_as_default=False)
            except (OSError, TimeoutError, ValueError) as error:
                certificates = ", or it refuses the certificates of this server" if credentials else ""
                raise RefusedError(
                    f"The scheduler at {address} does not answer{certificates}. Start it (python -m dask scheduler), "
                    "correct LT_SCHEDULER, or start this program without LT_SCHEDULER to train on this machine."
                ) from error
        # Dask would give a process up for good whose successor is not there after 15 s.
        dask.config.set({"distributed.deploy.lost-worker-timeout": STARTING})
        if self.processes is None:
            try:
                self.processes = cluster.local_cluster(1)
            except (RuntimeError, OSError) as error:
                raise RefusedError(NO_PROCESS) from error
        return cluster.client_of(self.processes, None, set_as_default=False)

    def close(self) -> None:
        """Close all clients, and stop the embedded cluster and its processes."""
        with self._lock:
            self._stop_processes()
            for client in self._clients.values():
                client.close(timeout=2)
            self._clients.clear()

    def _stop_processes(self) -> None:
        client, processes = self._clients.pop(HERE, None), self.processes
        self.processes = None
        if client is not None:
            client.close(timeout=2)
        if processes is not None:
            processes.close()


def has_process(processes: Any) -> bool:
    """Whether an embedded cluster has a process, or starts one: Dask does not replace one that it has given up."""
    over = ("closing", "closing_gracefully", "closed", "failed")
    return any(nanny.status.name not in over for nanny in processes.workers.values())


def next_attempt(client: Any, key: str) -> int:
    """The number of an attempt, the same for all servers of a scheduler: a used one would give back its old outcome."""
    return int(client.get_metadata([TOPIC, key], 1))
