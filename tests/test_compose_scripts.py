"""Do the scripts beside compose.yaml keep three replicas serving, and every secret whole?

``roll.sh`` runs against a docker of ours, which keeps the rules of compose that matter here and
writes down how many replicas serve after each command. ``sleep`` is its clock.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

from bot.app import parts
from tests.conftest import ROOT

COMPOSE = ROOT / "deploy" / "compose"
REPLICAS = 3

DOCKER = r"""#!/bin/sh
# A docker that knows what roll.sh asks of it, and refuses all else; as "sleep" it is the clock.
# A file for each container, by its id, holds: settings, running, one_off, since, healthy_after.
set -eu
cd "${0%/*}/world"
printf '%s\n' "$*" >> said
read -r now < now

load() {
    read -r settings running one_off since after < "$1"
}
keep() {
    echo "${settings} ${running} ${one_off} ${since} ${after}" > "$1"
}
serves() {
    [ "${running}" = yes ] && [ "${after}" != never ] && [ "$((now - since))" -ge "${after}" ]
}
end() {
    serving=0
    for one in containers/*; do
        [ -e "${one}" ] || continue
        load "${one}"
        if serves; then serving=$((serving + 1)); fi
    done
    read -r fewest < fewest
    [ "${serving}" -ge "${fewest}" ] || echo "${serving}" > fewest
    read -r left < commands_left
    echo "$((left - 1))" > commands_left
    [ "${left}" != 1 ] || kill -KILL 0
    exit "$1"
}
unknown() {
    echo "not known here: $*" >&2
    end 64
}

# As compose has it: only with --all it lists what does not run, and what "compose run" made.
ps() {
    for one in containers/*; do
        [ -e "${one}" ] || continue
        load "${one}"
        if [ "$1" = all ] || [ "${running} ${one_off}" = "yes no" ]; then echo "${one#*/}"; fi
    done
}

# With --wait, or for the proxy where no service is named: all must be, and one that is ill ends it.
all_healthy() {
    for one in containers/*; do
        load "${one}"
        if [ "${one_off} ${after}" = "no never" ] && [ "$((now - since))" -ge 60 ]; then end 1; fi
    done
    now=$((now + 300))
    echo "${now}" > now
    for one in containers/*; do
        load "${one}"
        if [ "${one_off}" = no ] && ! serves; then end 1; fi
    done
}

up() {
    scale=${4#cairn=}
    [ ! -e up_fails ] || end 1
    there=0
    for one in containers/*; do
        [ -e "${one}" ] || continue
        load "${one}"
        [ "${one_off}" = no ] || continue
        there=$((there + 1))
        if [ "${there}" -gt "${scale}" ]; then
            rm "${one}"
        elif [ "${running}" = no ]; then
            running=yes since=${now}
            keep "${one}"
        fi
    done
    read -r made < made
    read -r settings < settings
    running=yes one_off=no since=${now}
    while [ "${there}" -lt "${scale}" ] && read -r after; do
        there=$((there + 1)) made=$((made + 1))
        keep "containers/$(printf '%064d' "${made}")"
    done < next
    echo "${made}" > made
    [ "${there}" -eq "${scale}" ] || unknown "so many at once"
    [ "$*" = "--detach --no-recreate --scale cairn=${scale} cairn" ] || all_healthy
}

if [ "${0##*/}" = sleep ]; then
    now=$((now + $1))
    echo "${now}" > now
    end 0
fi
if [ "$1" = compose ]; then
    while [ "$1" != ps ] && [ "$1" != up ] && [ "$1" != rm ]; do shift; done
fi
case "$*" in
    "ps --quiet cairn") ps running ;;
    "ps --all --quiet cairn") ps all ;;
    "up --detach --no-recreate --scale cairn="*) shift && up "$@" ;;
    "up --detach --wait --no-recreate --scale cairn="*) shift 2 && up "$@" ;;
    "rm --force cairn")
        for one in containers/*; do
            load "${one}"
            [ "${running} ${one_off}" != "no no" ] || rm "${one}"
        done
        ;;
    "stop -t 60 "*)
        load "containers/$4"
        running=no
        keep "containers/$4"
        ;;
    "rm "*)
        load "containers/$2"
        [ "${running}" = no ] || unknown "to remove one that runs"
        rm "containers/$2"
        ;;
    "inspect --format {{.State.Health.Status}} "*)
        load "containers/$4"
        if serves; then echo healthy; else echo unhealthy; fi
        ;;
    *) unknown "$@" ;;
esac
end 0
"""


@dataclass(frozen=True, slots=True)
class Container:
    """What docker holds of one; ``healthy_after`` are seconds from its start, None is never."""

    settings: str
    running: bool = True
    one_off: bool = False
    since: int = -1000
    healthy_after: int | None = 0

    def __str__(self) -> str:
        flags = ["yes" if flag else "no" for flag in (self.running, self.one_off)]
        return " ".join([self.settings, *flags, str(self.since), _word(self.healthy_after)])

    @classmethod
    def read(cls, text: str) -> Container:
        settings, running, one_off, since, after = text.split()
        return cls(
            settings,
            running == "yes",
            one_off == "yes",
            int(since),
            None if after == "never" else int(after),
        )


def _word(healthy_after: int | None) -> str:
    return "never" if healthy_after is None else str(healthy_after)


@dataclass(frozen=True, slots=True)
class Machine:
    """A folder with the script in it, a docker first on its path, and what that docker holds."""

    folder: Path

    def holds(self, *containers: Container) -> None:
        """Forget all, and hold these; no command ends the script."""
        shutil.rmtree(self.folder / "world", ignore_errors=True)
        (self.folder / "world" / "containers").mkdir(parents=True)
        for number, one in enumerate(containers):
            (self.folder / "world" / "containers" / f"{number:064}").write_text(f"{one}\n")
        for name, value in (("now", "0"), ("made", "100"), ("commands_left", "0")):
            self.tell(name, value)
        self.next("new", [15] * REPLICAS)

    def tell(self, name: str, value: str) -> None:
        (self.folder / "world" / name).write_text(f"{value}\n")

    def next(self, settings: str, healthy_after: Sequence[int | None]) -> None:
        """Say what new replicas are like."""
        self.tell("settings", settings)
        self.tell("next", "\n".join(map(_word, healthy_after)))

    def roll(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run it, in a group of its own, so that it can be killed with all that it started."""
        self.tell("fewest", "99")
        return subprocess.run(
            [self.folder / "roll.sh", *arguments],
            check=False,
            capture_output=True,
            text=True,
            env=os.environ | {"PATH": f"{self.folder}:{os.environ['PATH']}"},
            start_new_session=True,
        )

    def told(self, name: str) -> str:
        return (self.folder / "world" / name).read_text()

    @property
    def fewest(self) -> int:
        """The fewest that served after any command of the last roll."""
        return int(self.told("fewest"))

    @property
    def containers(self) -> dict[str, Container]:
        """All that are there, the oldest first."""
        found = sorted((self.folder / "world" / "containers").iterdir())
        return {path.name: Container.read(path.read_text()) for path in found}

    def running(self) -> list[str]:
        """Return with which settings each container runs, the oldest first."""
        return [one.settings for one in self.containers.values() if one.running]


OLD = [Container("old")] * REPLICAS


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    """Three old replicas serve; new ones are healthy fifteen seconds from their start."""
    shutil.copy(COMPOSE / "roll.sh", tmp_path)
    for name in ("docker", "sleep"):
        (tmp_path / name).write_text(DOCKER)
        (tmp_path / name).chmod(0o755)
    made = Machine(tmp_path)
    made.holds(*OLD)
    return made


# -- roll.sh


def test_three_new_replicas_serve_before_an_old_one_is_stopped(machine: Machine):
    done = machine.roll("--file", "compose.yaml", "--file", "teams.yaml")
    assert (done.returncode, done.stderr) == (0, "")
    assert [one.settings for one in machine.containers.values()] == ["new"] * REPLICAS
    assert machine.fewest == REPLICAS
    asked = [line for line in machine.told("said").splitlines() if line.startswith("compose")]
    assert len(asked) > 2
    assert all(line.startswith("compose --file compose.yaml --file teams.yaml ") for line in asked)


def test_it_rolls_as_many_as_compose_has():
    whole = yaml.safe_load((COMPOSE / "compose.yaml").read_text(encoding="utf-8"))
    assert whole["services"]["cairn"]["deploy"]["replicas"] == REPLICAS


def test_ended_after_any_command_it_is_run_again_and_three_serve_throughout(machine: Machine):
    for commands in range(1, 100):
        machine.holds(*OLD)
        machine.next("new", [2] * REPLICAS)
        machine.tell("commands_left", str(commands))
        ended = machine.roll().returncode
        fewest = machine.fewest
        if ended == 0:
            break
        assert ended == -signal.SIGKILL
        machine.next("newest", [2] * REPLICAS)
        assert machine.roll().returncode == 0, commands
        assert min(fewest, machine.fewest) >= REPLICAS, commands
        assert [one.settings for one in machine.containers.values()] == ["newest"] * REPLICAS
    assert ended == 0
    assert commands > 10


def test_six_left_behind_are_never_stopped_all_at_once(machine: Machine):
    machine.holds(*OLD, *[Container("new")] * REPLICAS)
    machine.next("newest", [15] * REPLICAS)
    assert machine.roll().returncode == 0
    assert [one.settings for one in machine.containers.values()] == ["newest"] * REPLICAS
    assert machine.fewest >= REPLICAS


def test_an_old_replica_that_is_ill_stops_no_roll(machine: Machine):
    machine.holds(*OLD[:2], Container("old", healthy_after=None))
    assert machine.roll().returncode == 0
    assert machine.running() == ["new"] * REPLICAS


@pytest.mark.parametrize(
    "new", [[15, None, 15], [None, None, None]], ids=["one is not healthy", "none is healthy"]
)
def test_what_never_becomes_healthy_takes_no_old_replica_away(
    machine: Machine, new: list[int | None]
):
    machine.next("new", new)
    done = machine.roll()
    assert done.returncode == 1
    got = REPLICAS - new.count(None)
    assert f"{got} of 3 new replicas became healthy, so the old ones go on serving" in done.stderr
    assert machine.running() == ["old"] * REPLICAS + ["new"] * got
    assert machine.fewest == REPLICAS
    ill = [name for name, one in machine.containers.items() if one.healthy_after is None]
    assert len(ill) == REPLICAS - got
    assert all(f"docker logs {name}\n" in done.stderr for name in ill)

    machine.next("mended", [15] * REPLICAS)
    assert machine.roll().returncode == 0
    assert [one.settings for one in machine.containers.values()] == ["mended"] * REPLICAS
    assert machine.fewest >= REPLICAS


def test_with_every_old_replica_ill_a_new_one_that_serves_is_kept(machine: Machine):
    machine.holds(*[Container("old", healthy_after=None)] * REPLICAS)
    machine.next("new", [5, 5, None])
    assert machine.roll().returncode == 1
    assert machine.running() == ["old"] * REPLICAS + ["new"] * 2


def test_where_no_new_replica_can_be_made_the_old_ones_go_on(machine: Machine):
    machine.tell("up_fails", "yes")
    done = machine.roll()
    assert done.returncode == 1
    assert "0 of 3 new replicas became healthy" in done.stderr
    assert machine.running() == ["old"] * REPLICAS
    assert machine.told("now") == "0\n", "what was not made is not waited for"


def test_a_replica_that_waits_for_its_database_is_waited_for(machine: Machine):
    machine.next("new", [int(parts._PATIENCE) + 30] * REPLICAS)
    assert machine.roll().returncode == 0
    assert machine.running() == ["new"] * REPLICAS


def test_a_stopped_replica_with_old_settings_does_not_come_back(machine: Machine):
    machine.holds(Container("oldest", running=False), *OLD)
    assert machine.roll().returncode == 0
    assert [one.settings for one in machine.containers.values()] == ["new"] * REPLICAS


@pytest.mark.parametrize("running", [True, False])
def test_what_compose_ran_once_is_no_replica_and_is_left_alone(machine: Machine, running: bool):
    once = Container("once", running=running, one_off=True, healthy_after=None)
    machine.holds(once, *OLD)
    assert machine.roll().returncode == 0
    assert next(iter(machine.containers.values())) == once
    assert [one.settings for one in machine.containers.values()] == ["once"] + ["new"] * REPLICAS


# -- make-secrets.sh


MADE = {"database_password", "database_url", "seal_keys", "case_keys"}


def make_secrets(
    folder: Path, *, environ: Mapping[str, str] | None = None, ends: int = 0
) -> subprocess.CompletedProcess[str]:
    script = shutil.copy(COMPOSE / "make-secrets.sh", folder)
    done = subprocess.run([script], check=False, capture_output=True, text=True, env=environ)
    assert done.returncode == ends, done.stderr
    return done


def secrets(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in (folder / "secrets").iterdir()}


def without_openssl(folder: Path, instead: str | None = None) -> dict[str, str]:
    """Return an environment that has all that the script needs but openssl."""
    tools = folder / "tools"
    tools.mkdir()
    for name in ("sh", "cat", "chmod", "dirname", "mkdir", "mv", "rm"):
        found = shutil.which(name)
        assert found is not None
        (tools / name).symlink_to(found)
    if instead is not None:
        (tools / "openssl").write_text(instead)
        (tools / "openssl").chmod(0o755)
    return {"PATH": str(tools)}


def test_secrets_are_made_once_and_cairn_takes_them(tmp_path: Path):
    from bot.settings import read_settings

    first = make_secrets(tmp_path)
    made = secrets(tmp_path)
    assert set(made) == MADE
    settings = read_settings(
        {
            f"CAIRN_{n.upper()}_FILE": str(tmp_path / "secrets" / n)
            for n in made
            if n != "database_password"
        }
    )
    assert len(settings.keys) == len(settings.case_key_bytes) == 1
    assert settings.keys != settings.case_key_bytes
    password = made["database_password"].decode().strip()
    assert len(password) == 64
    assert (
        settings.database_url.get_secret_value() == f"postgresql://cairn:{password}@database/cairn"
    )
    again = make_secrets(tmp_path)
    assert secrets(tmp_path) == made
    for told_to_operator in (first.stdout, again.stdout):
        assert all(name in told_to_operator for name in ("slack_bot_token", "tls_key"))
        assert not any(secret.decode().strip() in told_to_operator for secret in made.values())


def test_nobody_but_the_owner_gets_to_the_secrets_and_every_container_reads_its_own(tmp_path: Path):
    make_secrets(tmp_path)
    assert (tmp_path / "secrets").stat().st_mode & 0o777 == 0o700
    assert {path.stat().st_mode & 0o777 for path in (tmp_path / "secrets").iterdir()} == {0o444}


def test_without_openssl_it_says_so_and_makes_nothing(tmp_path: Path):
    done = make_secrets(tmp_path, environ=without_openssl(tmp_path), ends=1)
    assert "openssl is not installed" in done.stderr
    assert done.stdout == ""
    assert not (tmp_path / "secrets").exists()


@pytest.mark.parametrize("status", [0, 1])
def test_what_openssl_does_not_give_is_no_secret(tmp_path: Path, status: int):
    environ = without_openssl(tmp_path, f"#!/bin/sh\nexit {status}\n")
    done = make_secrets(tmp_path, environ=environ, ends=1)
    assert "secrets/database_password is not made" in done.stderr
    assert secrets(tmp_path) == {}
    make_secrets(tmp_path)
    assert set(secrets(tmp_path)) == MADE


@pytest.mark.parametrize("there", sorted(MADE - {"database_url"}))
def test_a_secret_that_is_there_is_kept_and_the_others_are_made(tmp_path: Path, there: str):
    (tmp_path / "secrets").mkdir()
    (tmp_path / "secrets" / there).write_text("0123456789abcdef\n")
    done = make_secrets(tmp_path)
    assert f"kept  secrets/{there}\n" in done.stdout
    made = secrets(tmp_path)
    assert set(made) == MADE
    assert made[there] == b"0123456789abcdef\n"
    assert made["database_password"].strip() in made["database_url"]


def test_an_empty_file_is_no_secret(tmp_path: Path):
    (tmp_path / "secrets").mkdir()
    for name in MADE:
        (tmp_path / "secrets" / name).touch(mode=0o444)
    make_secrets(tmp_path)
    assert all(len(secret) > 40 for secret in secrets(tmp_path).values())


@pytest.mark.parametrize("remains", [None, b""], ids=["it is gone", "it is empty"])
def test_a_password_that_is_gone_is_not_made_anew_beside_its_address(
    tmp_path: Path, remains: bytes | None
):
    make_secrets(tmp_path)
    password = tmp_path / "secrets" / "database_password"
    was = password.read_text().strip()
    password.unlink()
    if remains is not None:
        password.write_bytes(remains)
    before = secrets(tmp_path)
    done = make_secrets(tmp_path, ends=1)
    assert "secrets/database_password is gone" in done.stderr
    assert "remove secrets/database_url too" in done.stderr
    assert was not in done.stderr
    assert secrets(tmp_path) == before

    (tmp_path / "secrets" / "database_url").unlink()
    make_secrets(tmp_path)
    made = secrets(tmp_path)
    assert made["database_password"].strip() in made["database_url"]
    assert was.encode() not in made["database_url"]
