"""Certificates: made here, since they have to end on a certain day."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import cache
from ipaddress import ip_address

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.ec import (
    SECP256R1,
    EllipticCurvePrivateKey,
    generate_private_key,
)
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID
from tests.audit.planting import READ_AT, WHOLE, Fault


@cache
def _key() -> EllipticCurvePrivateKey:
    return generate_private_key(SECP256R1())


def pem(days: float, *names: str, serial: int = 1) -> str:
    """A certificate that ends so long after the files were read."""
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "api.example")])
    ends: datetime = READ_AT + timedelta(days=days)
    builder = (x509.CertificateBuilder().subject_name(subject).issuer_name(subject)
               .public_key(_key().public_key()).serial_number(serial)
               .not_valid_before(ends - timedelta(days=365)).not_valid_after(ends))
    if names:
        alternative = [x509.IPAddress(ip_address(name)) if name[0].isdigit() else x509.DNSName(name)
                       for name in names]
        builder = builder.add_extension(x509.SubjectAlternativeName(alternative), critical=False)
    return builder.sign(_key(), hashes.SHA256()).public_bytes(Encoding.PEM).decode()


BIND = "listen api\n bind 10.0.0.100:5000 ssl crt /etc/haproxy/tls/api.pem\n"
BASED = "global\n crt-base /etc/haproxy\nlisten api\n bind :5000 ssl crt tls\n"
BROKER = "ssl_options.certfile = /etc/rabbitmq/tls/broker.pem\n"
URL = "[keystone_authtoken]\nauth_url = https://"

FAULTS = (
    Fault("SEC001", {"haproxy": BIND, "haproxy-pem": WHOLE + pem(29)},
          {"haproxy": BIND, "haproxy-pem": pem(31)}),
    Fault("SEC001", {"haproxy": BASED, "haproxy-pem": WHOLE + pem(-1)},
          {"haproxy": "listen api\n bind :5000\n", "haproxy-pem": pem(-1)}),
    Fault("SEC001", {"rabbitmq": BROKER, "broker-pem": WHOLE + pem(3)},
          {"rabbitmq": "", "broker-pem": pem(3)}),
    Fault("SEC001",
          {"my.cnf": "[mysqld]\nssl-cert = /etc/mysql/tls/server.pem\n", "mysql-pem": WHOLE + pem(1)},
          {"my.cnf": "[mysqld]\nssl-cert = /etc/mysql/tls/server.pem\n", "mysql-pem": pem(99)}),
    Fault("SEC001",
          {"nova": "[ssl]\ncert_file = /etc/nova/tls.crt\n", "nova-pem": WHOLE + pem(1)},
          {"nova": "[ssl]\ncert_file = /etc/nova/other.crt\n", "nova-pem": pem(1)}),
    Fault("SEC001",
          {"rabbitmq": BROKER, "broker-pem": WHOLE + pem(300, serial=1),
           "ctl2 rabbitmq": BROKER, "ctl2 broker-pem": pem(300.5, serial=2)},
          {"rabbitmq": BROKER, "broker-pem": pem(300, serial=1),
           "ctl2 rabbitmq": BROKER, "ctl2 broker-pem": pem(330, serial=2)}),
    Fault("SEC001",
          {"haproxy": BIND.replace("api.pem\n", "api.pem  <--\n"), "haproxy-pem": pem(300, "api.example"),
           "nova": f"{URL}10.0.0.100:5000\n"},
          {"haproxy": BIND, "haproxy-pem": pem(300, "api.example", "10.0.0.100"),
           "nova": f"{URL}10.0.0.100:5000\n"}),
    Fault("SEC001",
          {"haproxy": BIND.replace("api.pem\n", "api.pem  <--\n"), "haproxy-pem": pem(300, "*.other.example"),
           "nova": f"{URL}api.cloud.example:5000/v3\n"},
          {"haproxy": BIND, "haproxy-pem": pem(300, "*.cloud.example"),
           "nova": f"{URL}api.cloud.example:5000/v3\n"}),
    Fault("AUD002",
          {"haproxy-pem": "#\n-----BEGIN CERTIFICATE-----  <--\nabc=\n-----END CERTIFICATE-----\n"},
          {"haproxy-pem": "-----BEGIN PRIVATE KEY-----\nabc=\n-----END PRIVATE KEY-----\n"}),
)
