"""Verifies issued certificates with openssl, from outside of certflow."""

import os
import subprocess

from readmodel import quoted


def _pem(stage, serial):
    row = stage.model.row(
        "SELECT read_model.certificate_pem(certificate_der) AS pem"
        " FROM read_model.certificate"
        f" WHERE serial_number = {quoted(serial)}")
    path = os.path.join(stage.folder, f"{serial}.pem")
    with open(path, "w", encoding="ascii") as stream:
        stream.write(row["pem"])
    return path


def verify(stage, ca_folder, serials):
    """{serial: OK or what openssl says}"""
    verdicts = {}
    for serial in serials:
        path = _pem(stage, serial)
        result = subprocess.run(
            ["openssl", "verify", "-x509_strict", "-crl_check",
             "-CRLfile", os.path.join(ca_folder, "issuing.crl.pem"),
             "-CAfile", os.path.join(ca_folder, "root.pem"),
             "-untrusted", os.path.join(ca_folder, "issuing.pem"), path],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            encoding="utf-8", check=False)
        good = result.returncode == 0 and result.stdout.strip() == (
            f"{path}: OK")
        verdicts[serial] = "OK" if good else result.stdout.strip()
    return verdicts
