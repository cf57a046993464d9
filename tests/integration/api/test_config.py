"""Settings of the aggregator as its user meets them: layers, mistakes, secrets."""

import os
import re
import subprocess

import pytest

from chorus_harness import BIN

CANARY = "canary-7f3a"


@pytest.fixture
def run(tmp_path):
    """Runs the aggregator in an empty directory with nothing but the given environment."""
    def call(*arguments, **environment):
        return subprocess.run(
            [os.path.join(BIN, "chorus-aggregator"), *arguments],
            env={"PATH": os.environ["PATH"], **environment}, cwd=tmp_path, capture_output=True,
            text=True, timeout=30, check=False)
    return call


def setting(done, name):
    """(value, origin) of --print-config."""
    assert done.returncode == 0, done.stderr
    line = next(line for line in done.stdout.splitlines() if line.split(" ")[0] == name)
    value, _, origin = line.partition("#")
    return value.partition("=")[2].strip(), origin.strip()


def test_each_layer_wins_over_the_next(run, tmp_path):
    config = tmp_path / "aggregator.conf"
    config.write_text("port = 1001\n")
    layers = ["--print-config", "--config", str(config)]
    assert setting(run("--print-config"), "port") == ("8082", "default")
    assert setting(run(*layers), "port")[0] == "1001"
    (tmp_path / ".env").write_text("PORT=1002\n")
    assert setting(run(*layers), "port")[0] == "1002"
    assert setting(run(*layers, PORT="1003"), "port")[0] == "1003"
    assert setting(run(*layers, "--port", "1004", port="1003"), "port")[0] == "1004"


def test_drop_ins_win_over_the_file_and_later_names_over_earlier(run, tmp_path):
    config = tmp_path / "aggregator.conf"
    config.write_text("port = 1001\nlog-level = debug\n")
    folder = tmp_path / "aggregator.conf.d"
    folder.mkdir()
    layers = ["--print-config", "--config", str(config)]
    (folder / "10-port.conf").write_text("port = 1002\n")
    (folder / "README").write_text("no settings\n")
    (folder / "20-port.conf.off").write_text("port = 1009\n")
    assert setting(run(*layers), "port") == ("1002", f"{folder}/10-port.conf:1")
    (folder / "20-port.conf").write_text("\nport = 1003\n")
    assert setting(run(*layers), "port") == ("1003", f"{folder}/20-port.conf:2")
    assert setting(run(*layers), "log-level")[0] == "debug"
    assert setting(run(*layers, PORT="1004"), "port")[0] == "1004"
    (folder / "30-wrong.conf").write_text("prot = 1\n")
    done = run(*layers)
    assert done.returncode == 78 and f"{folder}/30-wrong.conf:1" in done.stderr


@pytest.mark.skipif(os.geteuid() != 0, reason="needs: root")
def test_a_secret_handed_to_the_services_group_is_accepted(run, tmp_path):
    config = tmp_path / "aggregator.conf"
    config.write_text("database-url = postgresql://u:secret@127.0.0.1/d\n")
    os.chown(config, 0, 65534)
    config.chmod(0o640)
    assert run("--check-config", "--config", str(config)).returncode == 0
    config.chmod(0o644)
    refused = run("--check-config", "--config", str(config))
    assert refused.returncode == 78 and "chmod" in refused.stderr


@pytest.mark.parametrize("given, value", [
    (["--behind-tls-proxy"], "true"), (["--behind-tls-proxy=false"], "false"),
    (["--behind-tls-proxy", "--debug"], "true")])
def test_flag_alone_means_yes(run, given, value):
    assert setting(run(*given, "--print-config"), "behind-tls-proxy")[0] == value


@pytest.mark.parametrize("environment, words", [
    ({"CHORUS_PROT": "1"}, ["CHORUS_PROT", "CHORUS_PORT"]),
    ({"PORT": "eighty"}, ["PORT", "number"]),
    ({"PORT": "70000"}, ["PORT", "65535"]),
    ({"DEBUG": "perhaps"}, ["DEBUG"]),
    ({"CHORUS_LOG_LEVEL": "loud"}, ["CHORUS_LOG_LEVEL", "warning"]),
    ({"DATABASE_URL": f"mysql://u:{CANARY}@h/d"}, ["database-url"]),
    ({"REDIS_URL": f"http://:{CANARY}@h/"}, ["redis-url"]),
    ({"CORS_ORIGINS": "not an origin"}, ["cors-origins"]),
    ({"CHORUS_LISTEN": "0.0.0.0"}, ["listen", "TLS"]),
    ({"CHORUS_LISTEN": "0.0.0.0", "CHORUS_BEHIND_TLS_PROXY": "true",
      "CHORUS_ANONYMOUS_ROLE": "viewer"}, ["anonymous-role"]),
    ({"DATABASE_URL": "postgresql://postgres:password@db.example/x"}, ["default password"]),
    ({"CHORUS_DATABASE_URL_FILE": "/nowhere"}, ["/nowhere"]),
])
def test_mistake_is_named_with_its_remedy_and_exits_78(run, environment, words):
    done = run("check", "config", **environment)
    assert done.returncode == 78, done.stdout + done.stderr
    for word in words:
        assert word.lower() in done.stderr.lower()
    assert CANARY not in done.stdout + done.stderr


PROGRAMS = pytest.mark.parametrize("program, other", [("chorus-aggregator", "chorus-agent"),
                                                      ("chorus-agent", "chorus-aggregator")])


def names_of_settings(program):
    """Every CHORUS_ name of a program's table; of a secret also that of its file."""
    page = subprocess.run([os.path.join(BIN, "chorus-docgen"), "settings"], capture_output=True, text=True,
                          check=True).stdout
    table = page.partition(f"## {program}\n")[2].partition("\n## ")[0]
    return [name for line in table.splitlines() if line.startswith("| `--")
            for name in re.findall(r"`(CHORUS_\w+)`", line.split(" | ")[1])]


def printed(program, folder, environment):
    return subprocess.run([os.path.join(BIN, program), "--print-config"],
                          env={"PATH": os.environ["PATH"], **environment}, cwd=folder, capture_output=True,
                          text=True, timeout=30, check=False)


@PROGRAMS
def test_settings_of_the_other_program_are_no_mistake(tmp_path, program, other):
    """Both may be given the same environment, as by `packaging/quickstart`."""
    names = set(names_of_settings(other)) - set(names_of_settings(program))
    assert len(names) > 20 and any(name.endswith("_TOKEN_FILE") or name.endswith("_URL_FILE") for name in names)
    done = printed(program, tmp_path, dict.fromkeys(names, "1"))
    assert (done.returncode, done.stderr) == (0, "")


@PROGRAMS
def test_a_misspelt_setting_of_the_other_program_is_refused_with_the_nearest_name(tmp_path, program, other):
    name = max(set(names_of_settings(other)) - set(names_of_settings(program)), key=len)
    done = printed(program, tmp_path, {name[:-2] + name[-1]: "1"})
    assert done.returncode == 78 and f"did you mean {name}?" in done.stderr


@pytest.mark.parametrize("text, words", [
    ("prot = 1\n", ["aggregator.conf:1", "prot", "port"]),
    ("# fine\nport = 1\nport = 2\n", ["aggregator.conf:3", "port"]),
    ("port 1\n", ["aggregator.conf:1"]),
])
def test_mistake_in_the_file_is_told_with_its_line(run, tmp_path, text, words):
    (tmp_path / "aggregator.conf").write_text(text)
    done = run("--check-config", "--config", str(tmp_path / "aggregator.conf"))
    assert done.returncode == 78
    for word in words:
        assert word in done.stderr


def test_all_mistakes_are_told_at_once(run):
    done = run("serve", PORT="x", DEBUG="y", CHORUS_LOG_LEVEL="z")
    assert done.returncode == 78
    assert len(done.stderr.splitlines()) >= 3


@pytest.mark.parametrize("mode", [0o644, 0o604, 0o640])
def test_secret_file_that_others_may_read_is_refused(run, tmp_path, mode):
    secret = tmp_path / "url"
    secret.write_text("postgresql:///x?host=/run\n")
    secret.chmod(mode)
    done = run("check", "config", CHORUS_DATABASE_URL_FILE=str(secret))
    assert done.returncode == 78 and "600" in done.stderr
    secret.chmod(0o600)
    assert run("check", "config", CHORUS_DATABASE_URL_FILE=str(secret)).returncode == 0


# The path of such a URL is all that keeps others from posting.
SLACK = f'{{"slack:ops": {{"url": "https://hooks.example/services/{CANARY}"}}}}'


@pytest.mark.parametrize("option", [f"--notification-channels={SLACK}",
                                    f"--database-url=postgresql://u:{CANARY}@localhost/d"])
def test_a_secret_on_the_command_line_is_refused(run, option):
    done = run("check", "config", option)
    assert done.returncode == 78 and "visible to every user" in done.stderr
    assert CANARY not in done.stdout + done.stderr


def test_a_file_with_secrets_that_others_may_read_is_refused(run, tmp_path):
    config = tmp_path / "aggregator.conf"
    config.write_text(f"notification-channels = {SLACK}\n")
    config.chmod(0o644)
    done = run("--check-config", "--config", str(config))
    assert done.returncode == 78 and "600" in done.stderr
    config.chmod(0o600)
    assert run("--check-config", "--config", str(config)).returncode == 0


def test_secrets_are_never_printed(run):
    done = run("--print-config", DATABASE_URL=f"postgresql://u:{CANARY}@localhost/d",
               REDIS_URL=f"redis://:{CANARY}@localhost:6379/0",
               SERVICE_ENDPOINTS=f'{{"a": "http://u:{CANARY}@x/", "b": "http://y/"}}')
    assert done.returncode == 0 and "***" in done.stdout
    assert CANARY not in done.stdout + done.stderr
    done = run("--print-config", CHORUS_NOTIFICATION_CHANNELS=SLACK)
    assert done.returncode == 0 and CANARY not in done.stdout + done.stderr
    for what in ("db", "redis"):
        away = run("check", what, DATABASE_URL=f"postgresql://u:{CANARY}@127.0.0.1:1/d",
                   REDIS_URL=f"redis://:{CANARY}@127.0.0.1:1/0")
        assert away.returncode == 69
        assert CANARY not in away.stdout + away.stderr
        assert "127.0.0.1:1" in away.stderr


def test_example_config_is_a_valid_config(run, tmp_path):
    example = run("--example-config")
    assert example.returncode == 0
    lines = [line.removeprefix("#") if line.startswith("#") and " = " in line
             and not line.startswith("# ") else line for line in example.stdout.splitlines()]
    settings = [line for line in lines if not line.startswith("#") and "file = " not in line
                and not line.endswith("= ")]
    assert len([line for line in settings if line]) > 10
    (tmp_path / "x.conf").write_text("\n".join(settings) + "\n")
    done = run("--check-config", "--config", str(tmp_path / "x.conf"))
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("arguments", [["--help"], ["-h"], ["--version"], ["-V"], ["serve", "--help"]])
def test_help_and_version_go_to_standard_output(run, arguments):
    done = run(*arguments)
    assert done.returncode == 0 and done.stdout.startswith("chorus-aggregator") and not done.stderr


@pytest.mark.parametrize("arguments, word", [
    (["servee"], "servee"), (["--colour"], "--colour"), (["check"], "db|redis|config"),
    (["check", "disk"], "db|redis|config"), (["serve", "now"], "now"), (["token"], "create"),
    (["migrate", "down"], "down")])
def test_wrong_usage_exits_64_and_says_what_is_right(run, arguments, word):
    done = run(*arguments, DATABASE_URL="postgresql:///x?host=/nowhere")
    assert done.returncode == 64, done.stderr
    assert word in done.stderr


@pytest.mark.parametrize("arguments, answer", [
    (["stauts"], "did you mean status?"),
    (["token", "craete"], "did you mean create?"),
    (["token", "create", "--role", "admn", "--name", "x"], "did you mean admin?"),
    (["token", "create", "--role", "king", "--name", "x"], "agent, viewer, operator, admin, enrol"),
    (["token", "create", "--rol", "admin", "--name", "x"], "did you mean --role?"),
    (["token", "create", "--role", "admin"], "--name is needed"),
    (["token", "create", "--role", "admin", "--name"], "--name needs a value"),
    (["token", "create", "--role", "admin", "--name", "a", "--name", "b"], "--name is given twice"),
    (["token", "create", "--role", "admin", "--name", "a", "--uses", "2"], "takes no --uses"),
    (["token", "create", "--role", "enrol", "--name", "a", "--uses", "0"], "from 1 to"),
    (["token", "rotate"], "needs an ID"),
    (["token", "revoke", "web-01"], "ID is a number"),
    (["token", "list", "--name", "x"], "takes no --name"),
    (["check", "rediss"], "did you mean redis?"),
    (["tasks", "sinlge"], "did you mean single?"),
    (["tasks", "single", "alrets"], "did you mean alerts?"),
    (["notify-test", "redsi"], "did you mean redis?"),
    (["status", "now"], "status takes no argument"),
    (["setup-db", "now"], "setup-db takes no argument")])
def test_what_is_mistyped_is_told_before_the_database_is_asked(run, arguments, answer):
    done = run(*arguments, DATABASE_URL="postgresql:///x?host=/nowhere")
    assert done.returncode == 64, done.stderr
    assert answer in done.stderr and "/nowhere" not in done.stderr and not done.stdout


@pytest.mark.parametrize("arguments", [["check", "db"], ["migrate"], ["token", "list"],
                                       ["check-host", "web-01"], ["status"]])
def test_a_database_that_is_away_is_told_once_with_what_to_do(run, arguments):
    done = run(*arguments, DATABASE_URL="postgresql://x@127.0.0.1:1/x",
               REDIS_URL="redis://127.0.0.1:1")
    text = done.stdout + done.stderr
    assert text.count('port 1 failed: Connection refused') == 1, text
    assert "is PostgreSQL running there" in text and "database-url" in text
    assert '{"timestamp"' not in text and "\t" not in text


def test_a_redis_that_is_away_is_told_with_what_to_do(run):
    done = run("check", "redis", REDIS_URL="redis://127.0.0.1:1")
    assert done.returncode == 69
    assert "127.0.0.1:1: Connection refused; is it running there" in done.stderr
    assert "redis-url" in done.stderr
