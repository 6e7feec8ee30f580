"""A Dask cluster, and who may speak to it: whoever reaches a scheduler, a worker or a nanny can run code in it.

::

    of this process        tls:// on loopback, with credentials that are made with it and lie in memory alone
    tls://host:8786        both sides show a certificate: the files of LT_SCHEDULER_CA, ..._CERT and ..._KEY
    tcp://host:8786        everybody who reaches the host, hence a warning where that is not this machine
"""

import gc
import ipaddress
import logging
import ssl
from dataclasses import astuple, dataclass
from pathlib import Path
from typing import Any

VARIABLES = ("LT_SCHEDULER_CA", "LT_SCHEDULER_CERT", "LT_SCHEDULER_KEY")
LOOPBACK = "127.0.0.1:0"  # any free port, seen by nobody else
DASK_OPTIONS = "--tls-ca-file CA --tls-cert CERT --tls-key KEY"  # of `dask scheduler` and `dask worker`
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Credentials:
    """The PEM files by which this program, a scheduler and its workers know each other.

    Args:
        ca: Certificate of the authority that signed those of all of them.
        cert: Our own certificate.
        key: Its key, without a passphrase.
    """

    ca: Path
    cert: Path
    key: Path

    def problem(self) -> str:
        """Why they cannot be used, in a sentence with a remedy; empty if they can be."""
        for variable, file in zip(VARIABLES, astuple(self), strict=True):
            try:
                file.read_bytes()
            except OSError as error:
                why = f"{variable} names {file}, which cannot be read ({error.strerror})."
                return f"{why} Correct it, or leave all three out."
        try:
            context = ssl.create_default_context(cafile=self.ca)
        except ssl.SSLError:
            return f"LT_SCHEDULER_CA must be a certificate in PEM format, and {self.ca} is none. Name another file."
        try:
            context.load_cert_chain(self.cert, self.key, password="")  # an encrypted key is refused, not asked about
        except (ssl.SSLError, ValueError):
            return (
                f"LT_SCHEDULER_CERT and LT_SCHEDULER_KEY must be a certificate and its key, without a passphrase, in "
                f"PEM format; {self.cert} and {self.key} are not. Name other files."
            )
        return ""

    def security(self) -> Any:
        """The same for Dask, in every role."""
        from distributed.security import Security

        roles = ("client", "scheduler", "worker")
        pairs = {f"tls_{role}_{part}": str(getattr(self, part)) for role in roles for part in ("cert", "key")}
        return Security(require_encryption=True, tls_ca_file=str(self.ca), **pairs)


def address_problem(source: str, address: str, credentials: Credentials | None) -> str:
    """Why an address of a scheduler cannot be used with these credentials, in a sentence; empty if it can be.

    Args:
        source: The variable or option that it comes from.
        address: As tls://host:8786.
        credentials: Those of the settings.
    """
    if address.startswith("tls://") and credentials is None:
        return f"{source} is {address}, which needs certificates: set {', '.join(VARIABLES)} (see the README)."
    if credentials is not None and not address.startswith("tls://"):
        return f"{source} must be an address as tls://host:8786 where {VARIABLES[0]} is set, not {address[:80]}."
    return ""


def warn_if_exposed(source: str, address: str) -> None:
    """Log that a scheduler is open to others, if it is: not on this machine, and not under TLS."""
    if not address.startswith("tls://") and not is_loopback(address):
        log.warning(
            "%s is %s, without TLS: anyone in the network who reaches it can run code there. Use tls:// with %s.",
            source,
            address,
            ", ".join(VARIABLES),
        )


def is_loopback(address: str) -> bool:
    """Whether an address is one of this machine alone."""
    host = address.rpartition("://")[2].rpartition(":")[0].strip("[]")
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def local_cluster(n_workers: int) -> Any:
    """Processes of this machine that obey this one alone, each with one thread; a context manager.

    Dask logs nothing of them. A `Client(cluster)` has their credentials, which no file keeps.

    Raises:
        OSError, RuntimeError: No process can be started.
    """
    from distributed import LocalCluster
    from distributed.security import Security

    return LocalCluster(
        n_workers=n_workers,
        threads_per_worker=1,
        processes=True,
        security=Security.temporary(),
        dashboard_address=LOOPBACK,
        worker_dashboard_address=LOOPBACK,
        silence_logs=50,
    )


def client_of(address: Any, credentials: Credentials | None, **options: Any) -> Any:
    """A client of a scheduler, by its address, or of a cluster here; `options` are those of Dask's `Client`.

    Raises:
        OSError, TimeoutError, ValueError: Nobody answers there, or not to these credentials.
        RuntimeError: There are credentials, and the address is one without TLS.
    """
    from distributed import Client

    # One that found no scheduler is left to the collector, which would close it under the lock of the one that starts.
    gc.collect()
    return Client(address, security=credentials.security() if credentials else None, **options)
