"""PostgreSQL 15: a cluster of its own, on the loopback address only.

It refuses to run as root; then it runs as the user `postgres` of the Debian
package, and its directory moves out of a home that this user cannot reach.
"""

import hashlib
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
import urllib.parse

import process
from home import Failure, write_file

NAME = "postgresql"
BIN = "/usr/lib/postgresql/15/bin"
ADMIN = "certflow_admin"
ROLES = ("certflow", "registrar", "projector", "certflow_reader",
         "certflow_personal", "apicurio")

SETTINGS = """\
listen_addresses = '127.0.0.1'
port = {port}
unix_socket_directories = ''
fsync = on
synchronous_commit = on
shared_buffers = 128MB
max_connections = 100
timezone = 'UTC'
log_timezone = 'UTC'
lc_messages = 'C.UTF-8'
log_line_prefix = '%m [%p] %u@%d '
"""
ACCESS = "host all all 127.0.0.1/32 scram-sha-256\n"


def account():
    """The account PostgreSQL runs under; None: the present one."""
    if os.geteuid() != 0:
        return None
    try:
        return pwd.getpwnam("postgres")
    except KeyError:
        raise Failure("postgresql needs the user `postgres`; "
                      "run ops/setup") from None


def _as_user():
    user = account()
    if user is None:
        return {}
    return {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}


def _reachable(path):
    """Can another user pass through every directory above path?"""
    while path != "/":
        path = os.path.dirname(path)
        if not os.stat(path).st_mode & 0o001:
            return False
    return True


def folder(home):
    path = home.path("postgresql")
    if account() is None or _reachable(path):
        return path
    digest = hashlib.sha256(home.root.encode()).hexdigest()[:16]
    return f"/var/lib/postgresql/certflow-{digest}"


def _initialise(home):
    data = folder(home)
    if os.path.exists(os.path.join(data, "PG_VERSION")):
        return
    if os.path.isdir(data):
        shutil.rmtree(data)
    os.makedirs(data, mode=0o700)
    # Not below the home: initdb reads it as a user who may not pass there.
    handle, password = tempfile.mkstemp(prefix="certflow-")
    with os.fdopen(handle, "w", encoding="ascii") as stream:
        stream.write(home.secret("postgresql-admin") + "\n")
    user = account()
    if user is not None:
        os.chown(data, user.pw_uid, user.pw_gid)
        os.chown(password, user.pw_uid, user.pw_gid)
    with open(home.log(NAME), "ab") as log:
        result = subprocess.run(
            [f"{BIN}/initdb", "-D", data, "-U", ADMIN, "-E", "UTF8",
             "--locale=C.UTF-8", "--auth=scram-sha-256",
             f"--pwfile={password}"],
            stdout=log, stderr=log, cwd="/", check=False, **_as_user())
    os.unlink(password)
    if result.returncode != 0:
        shutil.rmtree(data)
        raise process.failed(home, NAME, "cluster cannot be created")


def _configure(home):
    data = folder(home)
    user = account()
    for name, text in (("postgresql.conf",
                        SETTINGS.format(port=home.port("postgresql"))),
                       ("pg_hba.conf", ACCESS)):
        path = os.path.join(data, name)
        write_file(path, text, mode=0o600)
        if user is not None:
            os.chown(path, user.pw_uid, user.pw_gid)


def _write_passwords(home):
    ports = sorted({home.port("postgresql"), home.route("postgresql")})
    lines = [f"127.0.0.1:{port}:*:{role}:"
             f"{home.secret('postgresql-' + role)}"
             for port in ports for role in ROLES]
    lines += [f"127.0.0.1:{port}:*:{ADMIN}:{home.secret('postgresql-admin')}"
              for port in ports]
    write_file(home.path("secrets", "pgpass"), "\n".join(lines) + "\n",
               mode=0o600)


def _leftovers(home):
    """Processes of a cluster whose first process was killed; they end by
    themselves, and until then no other may take their place."""
    data = folder(home)
    found = []
    try:
        with open(os.path.join(data, "postmaster.pid"),
                  encoding="ascii") as stream:
            found.append(int(stream.readline()))
    except (FileNotFoundError, ValueError):
        return []
    for pid in filter(str.isdecimal, os.listdir("/proc")):
        try:
            if os.readlink(f"/proc/{pid}/cwd") == data:
                found.append(int(pid))
        except OSError:
            continue
    return [pid for pid in found if os.path.exists(f"/proc/{pid}")]


def wait_for_leftovers(home, seconds=10):
    end = time.monotonic() + seconds
    while _leftovers(home):
        if time.monotonic() > end:
            raise Failure("postgresql: processes of the one that was killed "
                          f"are still there: {_leftovers(home)}")
        time.sleep(0.05)


def start(home):
    if process.known(home, NAME):
        return
    wait_for_leftovers(home)
    _initialise(home)
    _configure(home)
    _write_passwords(home)
    process.spawn(home, NAME, [f"{BIN}/postgres", "-D", folder(home)],
                  **_as_user())


def _ready(home):
    result = subprocess.run(
        [f"{BIN}/pg_isready", "-q", "-h", "127.0.0.1",
         "-p", str(home.port("postgresql"))], check=False)
    return result.returncode == 0


def wait(home):
    process.wait_until(home, NAME, lambda: _ready(home), 60)
    _create_roles(home)
    for database in ("certflow", "apicurio"):
        _create_database(home, database)


def psql(home, text, role=ADMIN, database="postgres"):
    """Run SQL and return what it prints, unaligned, one row a line."""
    result = subprocess.run(
        [f"{BIN}/psql", "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1",
         "-h", "127.0.0.1", "-p", str(home.port("postgresql")),
         "-U", role, "-d", database, "-f", "-"],
        input=text, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        encoding="utf-8", check=False, cwd="/",
        env={**os.environ, "PGPASSFILE": home.path("secrets", "pgpass"),
             "PGOPTIONS": "-c client_min_messages=warning"})
    if result.returncode != 0:
        raise Failure(f"postgresql: {result.stderr.strip()}")
    return result.stdout.strip()


def _create_roles(home):
    existing = psql(home, "SELECT rolname FROM pg_roles;").split("\n")
    text = ""
    for role in ROLES:
        verb = "ALTER" if role in existing else "CREATE"
        text += (f"{verb} ROLE {role} LOGIN PASSWORD "
                 f"'{home.secret('postgresql-' + role)}';\n")
    psql(home, text)


def _create_database(home, name):
    found = psql(home, "SELECT 1 FROM pg_database "
                       f"WHERE datname = '{name}';")
    if not found:
        psql(home, f"CREATE DATABASE {name} OWNER {name};")
        psql(home, f"REVOKE ALL ON DATABASE {name} FROM PUBLIC;")


def conninfo(home, role):
    """A URI without a password, for programs; it names the password file."""
    return (f"postgresql://{role}@127.0.0.1:{home.route('postgresql')}"
            "/certflow?passfile="
            + urllib.parse.quote(home.path("secrets", "pgpass")))


def reader_uri(home):
    """A URI that any client can use, of the role that can only read."""
    return (f"postgresql://certflow_reader:"
            f"{home.secret('postgresql-certflow_reader')}"
            f"@127.0.0.1:{home.port('postgresql')}/certflow")


def stop(home):
    return process.stop(home, NAME, how=signal.SIGINT, seconds=30)


def remove(home):
    shutil.rmtree(folder(home), ignore_errors=True)
