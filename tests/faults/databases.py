"""PostgreSQL of a World: refuse, back up, restore, empty, fill."""

import os
import shutil
import subprocess
import tempfile

import postgres
import psycopg2
from patience import Missing, until

# Roles of programs; the tools' roles and the registry are left alone.
ROLES = ("registrar", "projector")


class Databases:
    """The part of World that deals with PostgreSQL."""

    def connect(self, user=postgres.ADMIN, database="certflow"):
        """A connection of psycopg2, each statement by itself."""
        connection = psycopg2.connect(
            host="127.0.0.1", port=self.home.port("postgresql"), user=user,
            dbname=database, passfile=self.path("secrets", "pgpass"))
        connection.autocommit = True
        return connection

    def sql(self, text, values=None, user=postgres.ADMIN,
            database="certflow"):
        """Rows of a query; [] for what has none."""
        connection = self.connect(user, database)
        try:
            with connection.cursor() as cursor:
                cursor.execute(text, values)
                return cursor.fetchall() if cursor.description else []
        finally:
            connection.close()

    # ---- connections refused ----------------------------------------------

    def _hba(self):
        return os.path.join(postgres.folder(self.home), "pg_hba.conf")

    def pg_refuse(self, how="limit"):
        """PostgreSQL runs, but lets no program in; those that are in are
        thrown out. limit: too many connections; hba: not from here."""
        if how == "hba":
            self._write_hba("".join(f"host all {role} 127.0.0.1/32 reject\n"
                                    for role in ROLES) + postgres.ACCESS)
        for role in ROLES if how == "limit" else ():
            self.sql(f"ALTER ROLE {role} CONNECTION LIMIT 0",
                     database="postgres")
        self.sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                 "WHERE usename = ANY(%s)", (list(ROLES),),
                 database="postgres")
        until(lambda: not self.sql(
            "SELECT 1 FROM pg_stat_activity WHERE usename = ANY(%s)",
            (list(ROLES),), database="postgres"), 20,
            "programs are still connected to PostgreSQL")

    def pg_accept(self):
        self._write_hba(postgres.ACCESS)
        for role in ROLES:
            self.sql(f"ALTER ROLE {role} CONNECTION LIMIT -1",
                     database="postgres")

    def _write_hba(self, text):
        with open(self._hba(), "w", encoding="ascii") as stream:
            stream.write(text)
        self.sql("SELECT pg_reload_conf()", database="postgres")

    # ---- backups ----------------------------------------------------------

    def pg_backup(self):
        """A copy of the running cluster; its handle."""
        self._write_hba(postgres.ACCESS
                        + postgres.ACCESS.replace(" all ", " replication ", 1))
        target = tempfile.mkdtemp(prefix="backup-", dir=self.root)
        result = subprocess.run(
            [f"{postgres.BIN}/pg_basebackup", "-h", "127.0.0.1", "-p",
             str(self.home.port("postgresql")), "-U", postgres.ADMIN, "-w",
             "-D", target, "-X", "stream", "-c", "fast", "--no-sync"],
            env={**os.environ,
                 "PGPASSFILE": self.path("secrets", "pgpass")},
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, encoding="utf-8", check=False)
        if result.returncode != 0:
            raise Missing(f"pg_basebackup: {result.stdout}")
        return target

    def pg_restore(self, handle):
        """The cluster is what it was at that backup, under running
        programs. The handle stays good."""
        data = postgres.folder(self.home)
        self.kill_component("postgresql")
        postgres.wait_for_leftovers(self.home)
        shutil.rmtree(data)
        shutil.copytree(handle, data, symlinks=True)
        self._give_to_postgres(data)
        self.start_component("postgresql")

    @staticmethod
    def _give_to_postgres(data):
        user = postgres.account()
        os.chmod(data, 0o700)
        if user is None:
            return
        for folder, _, files in os.walk(data):
            for path in (folder, *(os.path.join(folder, name)
                                   for name in files)):
                os.chown(path, user.pw_uid, user.pw_gid,
                         follow_symlinks=False)

    def pg_empty(self, registry_too=False):
        """An empty database under running programs, then what `ops/stack
        up` makes of it. registry_too: the whole cluster is a new one, and
        the registry gets its schemas back from their topic."""
        if registry_too:
            self.kill_component("registry")
            self.kill_component("postgresql")
            postgres.wait_for_leftovers(self.home)
            shutil.rmtree(postgres.folder(self.home))
        else:
            self.sql("DROP DATABASE certflow WITH (FORCE)",
                     database="postgres")
        self.stack("up")

    def pg_full_disk(self, on):
        """Needs World(full_disk=("postgresql",)). PostgreSQL may end by it:
        start_component() then."""
        if on:
            self.fill_disk("postgresql")
        else:
            self.free_disk("postgresql")


