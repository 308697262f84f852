"""Applies SQL migrations in order, each in one transaction, and records
them with their digest, so that a changed file is noticed."""

import glob
import hashlib
import os
import re

import postgres
from home import REPO, Failure

FOLDERS = ("registrar", "read_model")

LEDGER = """
CREATE TABLE IF NOT EXISTS certflow_migrations (
	name text PRIMARY KEY,
	sha256 text NOT NULL,
	applied_at timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE certflow_migrations IS
	'SQL files of schemas/sql that were applied, in the order of applied_at';
"""
ACCESS = """
GRANT CONNECT ON DATABASE certflow
	TO registrar, projector, certflow_reader, certflow_personal;
"""
# Who may do what in which schema. Tables belong to the role certflow.  The
# read model's own migrations say who may see which of its columns.
GRANTS = {
    "registrar": (("registrar", "SELECT, INSERT, UPDATE, DELETE, TRUNCATE"),),
}
GRANT = """
GRANT USAGE ON SCHEMA {schema} TO {role};
GRANT {rights} ON ALL TABLES IN SCHEMA {schema} TO {role};
GRANT USAGE ON ALL SEQUENCES IN SCHEMA {schema} TO {role};
GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA {schema} TO {role};
"""


def _sources():
    for folder in FOLDERS:
        pattern = os.path.join(REPO, "schemas", "sql", folder, "*.sql")
        for path in sorted(glob.glob(pattern)):
            with open(path, encoding="utf-8") as stream:
                yield f"{folder}/{os.path.basename(path)}", stream.read()


def _sql(home, text):
    return postgres.psql(home, text, role="certflow", database="certflow")


def _grant(home):
    present = _sql(home, "SELECT nspname FROM pg_namespace;").splitlines()
    _sql(home, "".join(
        GRANT.format(schema=schema, role=role, rights=rights)
        for schema, roles in GRANTS.items() if schema in present
        for role, rights in roles))


def _forget_lost_schemas(home):
    """A schema that is gone is made anew: its files count as not applied."""
    _sql(home, "".join(
        f"DELETE FROM certflow_migrations WHERE name LIKE '{folder}/%' AND "
        f"NOT EXISTS (SELECT FROM pg_namespace WHERE nspname = '{folder}');\n"
        for folder in FOLDERS))


def drop(home, schema):
    """Everything in it can be made again from the topics."""
    _sql(home, f"DROP SCHEMA IF EXISTS {schema} CASCADE;")


def make_beside(home, folder, schema):
    """The tables of a folder in a schema of another name."""
    for name, text in _sources():
        if name.startswith(f"{folder}/"):
            _sql(home, "BEGIN;\n" + re.sub(rf"\b{folder}\b", schema, text)
                 + "\n;COMMIT;\n")


def take_place(home, folder, schema, former):
    """That schema gets the name of the folder, which is called former from
    there on; nobody ever sees neither or both."""
    applied = "".join(
        f"INSERT INTO certflow_migrations(name, sha256) VALUES ('{name}',"
        f" '{_digest(text)}');\n" for name, text in _sources()
        if name.startswith(f"{folder}/"))
    _sql(home, f"BEGIN;\nALTER SCHEMA {folder} RENAME TO {former};\n"
               f"ALTER SCHEMA {schema} RENAME TO {folder};\n"
               f"DELETE FROM certflow_migrations WHERE name LIKE '{folder}/%';"
               f"\n{applied}COMMIT;\n")


def _digest(text):
    return hashlib.sha256(text.encode()).hexdigest()


def _applied(home):
    rows = _sql(home, "SELECT name, sha256 FROM certflow_migrations;")
    return dict(row.split("|") for row in rows.splitlines())


def deploy(home):
    """Returns how many files were applied."""
    postgres.psql(home, ACCESS)
    _sql(home, LEDGER)
    _forget_lost_schemas(home)
    applied = _applied(home)
    count = 0
    for name, text in _sources():
        digest = _digest(text)
        if name in applied:
            if applied[name] != digest:
                raise Failure(f"migration {name} was changed after it was "
                              "applied; add a new file instead")
            continue
        try:
            _sql(home, f"BEGIN;\n{text}\n;INSERT INTO certflow_migrations"
                       f"(name, sha256) VALUES ('{name}', '{digest}');\n"
                       "COMMIT;\n")
        except Failure as failure:
            raise Failure(f"migration {name}: {failure}") from None
        count += 1
    _grant(home)
    return count
