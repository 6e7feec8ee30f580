"""How the dashboard is served: `gunicorn app:server` reads this file from the folder it is started in.

HOST and PORT come from the environment. stdout gets one line with the address once the page can be opened; everything
else goes to stderr as JSON, one object per line. No option is needed on the command line.
"""

import json
import logging
import os
import re
import socket
import sys
from datetime import UTC, datetime
from typing import Any

host = os.environ.get("HOST") or "127.0.0.1"
port = os.environ.get("PORT") or "8050"
if not (re.fullmatch(r"[0-9]{1,5}", port) and 1 <= int(port) <= 65535):
    sys.exit(f"PORT must be a whole number from 1 to 65535, not {port[:40]!r}. Try: make run PORT=8050")
address = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"

# Before torch is loaded: one 50-step run takes 5.6 ms on one thread, 19-27 ms on two when other requests compute.
# Ensembles use all cores nevertheless: core.experiments.machine.in_parts.
os.environ.setdefault("OMP_NUM_THREADS", "1")
# Dask brings log handlers of its own; these two make it log through the root logger, as JSON.
os.environ.setdefault("DASK_LOGGING__VERSION", "1")
os.environ.setdefault("DASK_LOGGING__INCREMENTAL", "True")

bind = address
workers = 1  # one model in memory, one job queue; the cache, the locks and the semaphore are the process's own
worker_class = "gthread"
threads = 32  # most requests wait for the cache or for another one's computation
preload_app = False  # torch in the parent of a fork hangs the child
timeout = 120  # of the worker's heartbeat, not of a request
graceful_timeout = 8  # `docker stop` kills after 10 seconds
limit_request_line = 8190  # a link holds the whole screen, a drawing included
control_socket_disable = True
if os.access("/dev/shm", os.W_OK):  # a heartbeat file on a slow disk can stall the worker; macOS has no /dev/shm
    worker_tmp_dir = "/dev/shm"


class JsonLines(logging.Formatter):
    """One JSON object per line. Query strings are left out: they can hold what somebody drew."""

    def format(self, record: logging.LogRecord) -> str:
        time = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        line: dict[str, Any] = {"time": time, "level": record.levelname, "logger": record.name}
        atoms = record.args
        if record.name == "gunicorn.access" and isinstance(atoms, dict):
            line |= {"message": "request", "method": atoms["m"], "path": str(atoms["U"])[:300]}
            line |= {"status": int(atoms["s"]), "ms": int(atoms["D"]) / 1000, "bytes": atoms["B"]}
        else:
            line["message"] = re.sub(r"\?\S+", "?...", record.getMessage())
            if record.exc_info and record.levelno >= logging.ERROR:  # a full disk is a line, not a traceback
                line["exception"] = self.formatException(record.exc_info)
        return json.dumps(line)


logconfig_dict = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"json": {"()": JsonLines}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "json"}},
    "root": {"level": "WARNING", "handlers": ["stderr"]},
    "loggers": {
        "gunicorn.error": {"level": "INFO", "handlers": [], "propagate": True},
        "gunicorn.access": {"level": "INFO", "handlers": [], "propagate": True},
        "app": {"level": "INFO"},
        "core": {"level": "INFO"},
        "dashboard": {"level": "INFO"},
    },
}


def on_starting(server: Any) -> None:
    """Say what is wrong with the address in one sentence, before gunicorn tries it five times."""
    if server.master_pid or "LISTEN_FDS" in os.environ:  # the socket is inherited
        return
    try:
        family, kind, _, _, name = socket.getaddrinfo(host, int(port), type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(name)
    except OSError as error:
        sys.exit(f"{address} cannot be served ({error.strerror}). Choose another: make run HOST=127.0.0.1 PORT=8051")


def post_worker_init(worker: Any) -> None:
    """The application is loaded and the socket listens: say so, once."""
    logging.captureWarnings(True)
    if worker.age == 1:
        prefix = os.environ.get("DASH_URL_BASE_PATHNAME", "").rstrip("/")
        print(f"Latent Trajectories: http://{address}{prefix}", flush=True)
