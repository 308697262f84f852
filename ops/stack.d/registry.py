"""Apicurio Registry with its storage in PostgreSQL; Confluent API v7."""

import http.client
import json
import os
import urllib.error
import urllib.request

import java
import process
from home import Failure

NAME = "registry"
RULE = "FULL_TRANSITIVE"


def url(home, port=None):
    port = port or home.port("registry")
    return f"http://127.0.0.1:{port}/apis/ccompat/v7"


def call(home, method, path, body=None):
    """One call of the Confluent API. Returns (status, decoded JSON)."""
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(
        url(home) + path, data=data, method=method,
        headers={"Content-Type": "application/vnd.schemaregistry.v1+json"})
    try:
        with urllib.request.urlopen(request, timeout=20) as answer:
            return answer.status, json.loads(answer.read() or b"null")
    except urllib.error.HTTPError as error:
        text = error.read().decode("utf-8", "replace")
        try:
            return error.code, json.loads(text)
        except ValueError:
            return error.code, {"message": text[:300]}


def start(home):
    if process.known(home, NAME):
        return
    host, port = home.address("registry").split(":")
    environment = {
        "QUARKUS_HTTP_HOST": host,
        "QUARKUS_HTTP_PORT": port,
        "QUARKUS_MANAGEMENT_HOST": host,
        "QUARKUS_MANAGEMENT_PORT": str(home.port("registry-management")),
        "APICURIO_STORAGE_KIND": "sql",
        "APICURIO_STORAGE_SQL_KIND": "postgresql",
        "APICURIO_DATASOURCE_URL":
            f"jdbc:postgresql://{home.address('postgresql')}/apicurio",
        "APICURIO_DATASOURCE_USERNAME": "apicurio",
        "APICURIO_DATASOURCE_PASSWORD":
            home.secret("postgresql-apicurio"),
    }
    folder = java.registry_folder(home)
    process.spawn(home, NAME, [
        java.java(home), "-Xms96m", "-Xmx384m",
        *java.tuning(home, NAME, java.SHORT),
        "-Dquarkus.http.access-log.enabled=false",
        '-Dquarkus.log.category."io.apicurio".level=WARN', "-jar",
        os.path.join(folder, "quarkus-run.jar")], environment)


def _answers(home):
    try:
        return call(home, "GET", "/subjects")[0] == 200
    except (OSError, ValueError, http.client.HTTPException):
        return False


def wait(home):
    process.wait_until(home, NAME, lambda: _answers(home), 120)
    status, answer = call(home, "PUT", "/config", {"compatibility": RULE})
    if status != 200:
        raise Failure(f"registry: rule {RULE} refused: {answer}")


def stop(home):
    return process.stop(home, NAME)
