"""`setup-db` on a PostgreSQL as Debian sets it up: peer authentication, the superuser postgres."""

import os
import pwd
import shutil
import subprocess
import tempfile

import pytest

from chorus_harness import BIN

SERVICE = "nobody"  # stands for chorus-aggregator, which the tests' machine need not know


def has_user(name):
    try:
        return bool(pwd.getpwnam(name))
    except KeyError:
        return False


pytestmark = pytest.mark.skipif(os.geteuid() != 0 or not has_user("postgres"),
                                reason="needs: root, and Debian's PostgreSQL with its user")


class Cluster:
    def __init__(self):
        self.directory = tempfile.mkdtemp(prefix="chorus-", dir="/tmp")
        shutil.chown(self.directory, "postgres")
        os.chmod(self.directory, 0o755)
        newest = max(os.listdir("/usr/lib/postgresql"), key=int)
        self.bin = f"/usr/lib/postgresql/{newest}/bin"
        self.run("postgres", f"{self.bin}/initdb", "-D", self.directory + "/pg", "-A", "peer",
                 "--locale=C.UTF-8", "-E", "UTF8")
        self.run("postgres", f"{self.bin}/pg_ctl", "-D", self.directory + "/pg", "-w", "-l",
                 self.directory + "/log", "-o", f"-k {self.directory} -c listen_addresses=''",
                 "start")
        self.url = f"postgresql:///chorus_monitoring?host={self.directory}&user={SERVICE}"

    def run(self, user, *command, check=True):
        return subprocess.run(command, user=user, group=pwd.getpwnam(user).pw_gid, extra_groups=[],
                              capture_output=True, text=True, timeout=60, check=check,
                              stdin=subprocess.DEVNULL, cwd="/")

    def sql(self, statement, user="postgres", database="chorus_monitoring", check=True):
        return self.run(user, "psql", "-XAtq", "-v", "ON_ERROR_STOP=1", "-h", self.directory, "-d",
                        database, "-c", statement, check=check)

    def setup(self, *arguments, url=None, user=None):
        return subprocess.run(
            [os.path.join(BIN, "chorus-aggregator"), "setup-db", *arguments],
            env={"PATH": os.environ["PATH"], "DATABASE_URL": url or self.url}, user=user,
            capture_output=True, text=True, timeout=60, check=False, cwd="/")

    def close(self):
        self.run("postgres", f"{self.bin}/pg_ctl", "-D", self.directory + "/pg", "-m", "immediate",
                 "-w", "stop", check=False)
        shutil.rmtree(self.directory)


@pytest.fixture
def cluster():
    running = Cluster()
    yield running
    running.close()


def test_it_makes_role_database_and_schema_and_changes_nothing_again(cluster):
    first = cluster.setup()
    assert first.returncode == 0, first.stderr
    for made in (f"made role {SERVICE}", "made role chorus_readonly", "made database"):
        assert made in first.stdout
    assert "systemctl restart chorus-aggregator" in first.stdout
    assert cluster.sql("SELECT count(*) FROM monitoring.hosts", SERVICE).stdout == "0\n"
    again = cluster.setup()
    assert again.returncode == 0 and "made" not in again.stdout and "gave" not in again.stdout


def test_the_role_has_no_right_that_it_does_not_need(cluster):
    assert cluster.setup().returncode == 0
    assert cluster.sql(f"SELECT rolsuper, rolcreatedb, rolcreaterole, rolreplication, rolbypassrls"
                       f" FROM pg_roles WHERE rolname = '{SERVICE}'").stdout == "f|f|f|f|f\n"
    for statement in ("CREATE ROLE x", "CREATE DATABASE x", "COPY (SELECT 1) TO PROGRAM 'true'",
                      "SELECT * FROM pg_authid"):
        assert cluster.sql(statement, SERVICE, check=False).returncode != 0, statement
    cluster.sql("CREATE ROLE daemon LOGIN")
    other = cluster.sql("SELECT 1", "daemon", check=False)
    assert other.returncode != 0 and "permission denied for database" in other.stderr


def test_readers_read_samples_and_no_tokens(cluster):
    assert cluster.setup().returncode == 0
    cluster.sql("CREATE ROLE daemon LOGIN; GRANT chorus_readonly TO daemon")
    for view in ("system_metrics", "process_metrics", "alerts", "host_events", "service_health"):
        assert cluster.sql(f"SELECT count(*) FROM monitoring.{view}", "daemon").stdout == "0\n"
    for table in ("tokens", "audit", "ingest_streams"):
        assert cluster.sql(f"SELECT * FROM monitoring.{table}", "daemon",
                           check=False).returncode != 0, table
    assert cluster.sql("DELETE FROM monitoring.alerts", "daemon", check=False).returncode != 0


ORIGINAL = """CREATE TABLE {0}.system_metrics (id uuid PRIMARY KEY, hostname varchar(255),
    metric_type varchar(100), metric_value numeric(15,4), "timestamp" timestamptz);
CREATE TABLE {0}.alert_rules (id uuid PRIMARY KEY, name varchar(255) UNIQUE, description text,
    rule_type varchar(100), condition json, severity varchar(50), notification_channels json,
    cooldown_minutes int, is_active boolean, created_at timestamptz, updated_at timestamptz);
INSERT INTO {0}.system_metrics VALUES (gen_random_uuid(), 'old', 'cpu_usage_percent', 42, now());
CREATE TABLE {0}.somebody_elses (n int)"""


@pytest.mark.parametrize("schema", ["public", "monitoring"])
def test_a_database_of_the_original_service_is_taken_over(cluster, schema):
    cluster.sql("CREATE DATABASE chorus_monitoring", database="postgres")
    cluster.sql(f"CREATE SCHEMA IF NOT EXISTS {schema}; " + ORIGINAL.format(schema))
    done = cluster.setup()
    assert done.returncode == 0, done.stderr
    assert f"gave what was there to {SERVICE}" in done.stdout
    assert cluster.sql(f"SELECT metric_value FROM {schema}.system_metrics_legacy",
                       SERVICE).stdout == "42.0000\n"
    owner = cluster.sql(f"SELECT tableowner FROM pg_tables WHERE schemaname = '{schema}'"
                        " AND tablename = 'somebody_elses'").stdout
    assert owner == ("postgres\n" if schema == "public" else f"{SERVICE}\n")
    assert "gave" not in cluster.setup().stdout


def test_a_database_that_another_role_ran_is_taken_over(cluster):
    cluster.sql("CREATE DATABASE chorus_monitoring", database="postgres")
    migrated = subprocess.run(
        [os.path.join(BIN, "chorus-aggregator"), "migrate"], user="postgres", cwd="/",
        env={"PATH": os.environ["PATH"], "DATABASE_URL": cluster.url.split("&")[0]},
        capture_output=True, text=True, timeout=60, check=False)
    assert migrated.returncode == 0, migrated.stderr
    done = cluster.setup()
    assert done.returncode == 0 and "gave" in done.stdout, done
    assert cluster.sql(
        "SELECT count(*) FROM pg_class WHERE relnamespace = 'monitoring'::regnamespace"
        f" AND pg_get_userbyid(relowner) <> '{SERVICE}'").stdout == "0\n"
    for statement in ("SELECT monitoring.ensure_partitions(current_date, current_date + 3)",
                      "ALTER TABLE monitoring.hosts ADD COLUMN x int"):
        cluster.sql(statement, SERVICE)


@pytest.mark.parametrize("url", ["postgresql://db.example/chorus_monitoring",
                                 "postgresql://user@db.example/c?host=/run/postgresql",
                                 "postgresql:///?host=/run/postgresql"])
def test_a_database_elsewhere_is_not_for_this_command(cluster, url):
    done = cluster.setup(url=url)
    assert done.returncode == 78 and "/etc/chorus/aggregator.conf" in done.stderr


def test_without_rights_or_server_it_says_what_to_do(cluster):
    cluster.sql("CREATE ROLE daemon LOGIN", database="postgres")
    refused = cluster.setup(user="daemon")
    assert refused.returncode == 77 and "as root" in refused.stderr
    away = cluster.setup(url="postgresql:///x?host=/nowhere")
    assert away.returncode == 69 and "/nowhere" in away.stderr
    assert cluster.setup("now").returncode == 64
