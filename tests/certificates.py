"""Certificates as somebody makes them who runs a scheduler: an authority of one's own, and what it has signed."""

import datetime
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from core.cluster import VARIABLES, Credentials

PEM, PKCS8 = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8


def credentials_in(folder: Path, passphrase: bytes = b"") -> Credentials:
    """New files in a folder, which is made; with a passphrase the key is encrypted."""
    folder.mkdir(parents=True, exist_ok=True)
    authority, own = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    encryption = serialization.BestAvailableEncryption(passphrase) if passphrase else serialization.NoEncryption()
    contents = {
        "ca": signed("authority", authority, authority).public_bytes(PEM),
        "cert": signed("member", own, authority).public_bytes(PEM),
        "key": own.private_bytes(PEM, PKCS8, encryption),
    }
    for name, content in contents.items():
        (folder / f"{name}.pem").write_bytes(content)
    return Credentials(**{name: folder / f"{name}.pem" for name in contents})


def signed(name: str, key: ec.EllipticCurvePrivateKey, by: ec.EllipticCurvePrivateKey) -> x509.Certificate:
    """The certificate of a key for a day, signed by the authority's."""
    now = datetime.datetime.now(datetime.UTC)
    subject, issuer = (x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, each)]) for each in (name, "authority"))
    builder = x509.CertificateBuilder().subject_name(subject).issuer_name(issuer).public_key(key.public_key())
    builder = builder.serial_number(x509.random_serial_number())
    builder = builder.not_valid_before(now - datetime.timedelta(hours=1))
    builder = builder.not_valid_after(now + datetime.timedelta(days=1))
    builder = builder.add_extension(x509.BasicConstraints(ca=key is by, path_length=None), critical=True)
    return builder.sign(by, hashes.SHA256())


def variables(credentials: Credentials) -> dict[str, str]:
    """The environment variables that name the files."""
    files = (credentials.ca, credentials.cert, credentials.key)
    return {variable: str(file) for variable, file in zip(VARIABLES, files, strict=True)}
