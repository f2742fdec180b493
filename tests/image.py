"""Does the image work on a clean Debian? Its own steps, without a container engine.

    python -m tests.image

Needs root and debootstrap. Each stage of deploy/container/Containerfile gets a fresh root, each
step runs in it, and then Cairn is served from the last one: as the image's user, on a read-only
root.
The mirror of Debian and the index of pip are those that this machine is set up with.
"""

from __future__ import annotations

import base64
import http.client
import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

from tests.command import held_port
from tests.containerfile import FILE, ROOT, Step, context, stages, words

BASES: Final = {"debian:12-slim": "bookworm"}
"""Which Debian an official image is made of."""

SMALL: Final = {
    "etc/dpkg/dpkg.cfg.d/docker-apt-speedup": "force-unsafe-io\n",
    "etc/dpkg/dpkg.cfg.d/docker": "path-exclude /usr/share/doc/*\npath-exclude /usr/share/man/*\n"
    "path-exclude /usr/share/locale/*\npath-include /usr/share/doc/*/copyright\n",
    "etc/apt/apt.conf.d/docker-no-languages": 'Acquire::Languages "none";\n',
    "etc/apt/apt.conf.d/docker-clean": 'Dir::Cache::pkgcache "";\nDir::Cache::srcpkgcache "";\n'
    'DPkg::Post-Invoke { "rm -f /var/cache/apt/archives/*.deb || true"; };\n',
}
"""What makes the official image slim, in the same places."""

CERTIFICATES: Final = Path("/etc/ssl/certs/ca-certificates.crt")
WITHIN: Final = 20.0
"""Seconds within which Cairn must be ready, and must have stopped: far more than it needs."""


class ImageError(Exception):
    """What is missing here, or what did not work."""


@dataclass(frozen=True, slots=True)
class Stage:
    """A root, and what the steps so far say about what runs in it."""

    root: Path
    env: Mapping[str, str] = field(default_factory=dict)
    folder: str = "/"
    user: str = "0:0"
    shell: tuple[str, ...] = ("/bin/sh", "-c")
    entry: tuple[str, ...] = ()
    command: tuple[str, ...] = ()
    health: tuple[str, ...] = ()
    stop: signal.Signals = signal.SIGTERM
    volumes: tuple[str, ...] = ()


def main() -> int:
    """Build and try the image; return the status of the process."""
    try:
        check_machine()
        with tempfile.TemporaryDirectory(prefix="cairn-image-") as folder:
            began = time.monotonic()
            image = build(Path(folder))
            size = sum(
                path.lstat().st_size for path in image.root.rglob("*") if not path.is_symlink()
            )
            own = sum(
                path.lstat().st_size
                for path in (image.root / "opt").rglob("*")
                if not path.is_symlink()
            )
            say(f"built in {time.monotonic() - began:.0f} s")
            say(f"size: {size / 1e6:.0f} MB, of which Cairn {own / 1e6:.0f} MB")
            try_out(image)
            say(f"all of it in {time.monotonic() - began:.0f} s")
    except ImageError as error:
        sys.stderr.write(f"tests.image: {error}" + "\n")
        return 1
    return 0


def say(line: str) -> None:
    """Tell whoever started this how far it is."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def check_machine() -> None:
    """Say what this machine lacks.

    Raises:
        ImageError: it is not root, or a program is missing.

    """
    if os.geteuid() != 0:
        raise ImageError("needs root, to make roots and to enter them: run it as root")
    for program in ("debootstrap", "unshare", "chroot", "mount"):
        if shutil.which(program) is None:
            raise ImageError(f"needs {program}: apt-get install debootstrap util-linux coreutils")


# -- building


def build(folder: Path) -> Stage:
    """Run every stage; return the last one, which is the image."""
    bases: dict[str, Stage] = {}
    built: dict[str, Stage] = {}
    offered = context(ROOT)
    for source, name, steps in stages(FILE):
        if source not in built and source not in bases:
            bases[source] = Stage(fresh_debian(source, folder / "debian"))
        began = built.get(source) or bases[source]
        stage = replace(began, root=folder / name)
        subprocess.run(["cp", "--archive", "--reflink=auto", began.root, stage.root], check=True)
        for step in steps:
            began_step = time.monotonic()
            stage = carry_out(step, stage, built, offered)
            took = time.monotonic() - began_step
            say(f"[{name}] {took:4.1f} s {step.instruction} {step.value[:80]}")
        built[name] = stage
    return stage


def fresh_debian(image: str, root: Path) -> Path:
    """Make what the official image of that name holds.

    Raises:
        ImageError: nothing is known of that image.

    """
    suite = BASES.get(image)
    if suite is None:
        raise ImageError(f"cannot make {image}; it knows {', '.join(BASES)}")
    sources = debian_sources(suite)
    run_or_tell(["debootstrap", "--variant=minbase", suite, str(root), sources[0].split()[1]])
    (root / "etc/apt/sources.list").write_text("\n".join([*sources, ""]), encoding="utf-8")
    (root / "etc/resolv.conf").write_text("", encoding="utf-8")
    for name, text in SMALL.items():
        (root / name).write_text(text, encoding="utf-8")
    for gone in ("usr/share/doc", "usr/share/man", "usr/share/locale", "var/lib/apt/lists"):
        shutil.rmtree(root / gone, ignore_errors=True)
    for package in (root / "var/cache/apt/archives").glob("*.deb"):
        package.unlink()
    return root


def debian_sources(suite: str) -> list[str]:
    """Return the lines of sources for that Debian which this machine is set up with.

    Raises:
        ImageError: it is set up with none.

    """
    asked = [
        "apt-get",
        "indextargets",
        "--format",
        "$(IDENTIFIER) $(REPO_URI) $(RELEASE) $(COMPONENT)",
    ]
    told = subprocess.run(asked, check=True, capture_output=True, text=True).stdout
    found = re.findall(
        rf"^Packages (\S+) ({suite}(?:-updates|-security)?) main$", told, re.MULTILINE
    )
    lines = sorted({f"deb {uri} {release} main" for uri, release in found}, key=len)
    if not lines or not lines[0].split()[2] == suite:
        raise ImageError(f"this machine's apt is set up with no mirror of {suite}")
    return lines


def carry_out(  # noqa: PLR0911  # one kind of step after the other
    step: Step, stage: Stage, built: Mapping[str, Stage], offered: Sequence[Path]
) -> Stage:
    """Carry out one step; return what holds after it.

    Raises:
        ImageError: the step failed, or it is of a kind that this runner does not know.

    """
    listed = tuple(json.loads(step.value)) if step.value.startswith("[") else None
    match step.instruction:
        case "RUN":
            enter(stage, listed or (*stage.shell, step.value))
        case "COPY":
            copy(step, stage, built, offered)
        case "ENV":
            pairs = [word.split("=", 1) for word in words(step.value)]
            return replace(stage, env={**stage.env, **dict(pairs)})
        case "WORKDIR":
            inside(stage.root, step.value).mkdir(parents=True, exist_ok=True)
            return replace(stage, folder=step.value)
        case "SHELL" if listed:
            return replace(stage, shell=listed)
        case "USER":
            return replace(stage, user=step.value)
        case "VOLUME" if listed:
            return replace(stage, volumes=listed)
        case "STOPSIGNAL":
            return replace(stage, stop=signal.Signals[step.value])
        case "HEALTHCHECK":
            return replace(stage, health=tuple(json.loads(step.value.partition(" CMD ")[2])))
        case "ENTRYPOINT" if listed:
            return replace(stage, entry=listed)
        case "CMD" if listed:
            return replace(stage, command=listed)
        case "LABEL" | "EXPOSE":
            pass
        case other:
            raise ImageError(f"line {step.line}: does not know {other} in this form")
    return stage


def copy(step: Step, stage: Stage, built: Mapping[str, Stage], offered: Sequence[Path]) -> None:
    """Copy as COPY does: from the folder that is built from, or out of another stage."""
    given = words(step.value)
    options = [word for word in given if word.startswith("--")]
    *sources, target = [word for word in given if word not in options]
    to = inside(stage.root, str(Path(stage.folder) / target))
    if options:
        (option,) = options
        other = built[option.removeprefix("--from=")].root
        (source,) = sources
        subprocess.run(
            ["cp", "--archive", "--no-target-directory", inside(other, source), to], check=True
        )
        return
    for source in sources:
        chosen = [path for path in offered if path.is_relative_to(source)]
        if not chosen:
            raise ImageError(f"line {step.line}: .dockerignore leaves nothing of {source}")
        for path in chosen:
            one = (ROOT / source).is_file()
            at = to / source if one else to / path.relative_to(source)
            at.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / path, at)


def inside(root: Path, path: str) -> Path:
    """Return where a path of the image is on this machine."""
    return root / path.lstrip("/")


# -- entering a root


@contextmanager
def run_in(
    stage: Stage,
    command: Sequence[str],
    *,
    env: Mapping[str, str],
    user: str = "0:0",
    sealed: bool = False,
    read: bool = False,
) -> Iterator[subprocess.Popen[str]]:
    """Run a command in the root, as the first process of spaces of its own.

    Sealed, it runs as an orchestrator would run it: nothing of the root can be written but volumes
    and /tmp, and no program gives it more rights than its user has.
    """
    root = shlex.quote(str(stage.root))
    uid, _, gid = user.partition(":")
    mounts = [
        "mount --make-rprivate /",
        f"mount --bind {root} {root}",
        f"mount -t proc proc {root}/proc",
        f"mount --rbind /dev {root}/dev",
    ]
    if sealed:
        owner = f"uid={uid},gid={gid},mode=0700"
        mounts += [f"mount -t tmpfs -o {owner} tmpfs {root}{at}" for at in (*stage.volumes, "/tmp")]
        mounts += [f"mount -o remount,bind,ro {root}"]
    else:
        # What belongs to this machine is shown to the steps, and stays out of the image.
        mounts += [
            f"mount -t tmpfs tmpfs {root}/run",
            f"cp --dereference {CERTIFICATES} {root}/run/ || true",
            f"mount --bind /etc/resolv.conf {root}/etc/resolv.conf",
        ]
    go = ["exec"]
    go += ["setpriv", "--no-new-privs"] if sealed else []
    go += [str(shutil.which("chroot")), f"--userspec={user}", "--groups=", str(stage.root)]
    go += ["/usr/bin/env", "--chdir", stage.folder, *command]
    script = "\n".join(["set -eu", *mounts, shlex.join(go)])
    process = subprocess.Popen(
        ["unshare", "--mount", "--pid", "--fork", "--kill-child", "/bin/sh", "-c", script],
        env={"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", **env},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE if read else None,
        stderr=subprocess.STDOUT if read else None,
        text=True,
    )
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def enter(stage: Stage, command: Sequence[str]) -> None:
    """Run a step of the building, with this machine's way to the outside.

    Raises:
        ImageError: it failed.

    """
    env = {**stage.env, **way_out(), "DEBIAN_FRONTEND": "noninteractive", "HOME": "/root"}
    with run_in(stage, command, env=env, user=stage.user, read=True) as process:
        told = process.communicate()[0]
        if process.returncode:
            raise ImageError(f"this step ended with {process.returncode}:\n{told[-4000:]}")


def way_out() -> dict[str, str]:
    """Return what pip and apt need to reach what this machine is set up to reach."""
    env = {name: value for name, value in os.environ.items() if name.lower().endswith("_proxy")}
    told = subprocess.run(
        [sys.executable, "-m", "pip", "config", "list"], check=True, capture_output=True, text=True
    ).stdout
    wanted = ("index_url", "extra_index_url", "trusted_host", "proxy", "default_timeout", "timeout")
    for name, value in re.findall(r"^(?:global|:env:)\.([a-z-]+)='(.*)'$", told, re.MULTILINE):
        # An index on this machine's own disk cannot be seen from within.
        kept = [part for part in re.split(r"\s+|\\n", value) if not part.startswith("file:")]
        if (setting := name.replace("-", "_")) in wanted and kept:
            env[f"PIP_{setting.upper()}"] = " ".join(kept)
    if CERTIFICATES.exists():
        env["PIP_CERT"] = f"/run/{CERTIFICATES.name}"
    return env


def run_or_tell(command: Sequence[str]) -> None:
    """Run a command of this machine.

    Raises:
        ImageError: it failed.

    """
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    if done.returncode:
        raise ImageError(f"{command[0]} ended with {done.returncode}:\n{done.stdout[-2000:]}")


# -- trying it out


def try_out(image: Stage) -> None:
    """Ask of the image what an operator, an orchestrator and a person would ask of it.

    Raises:
        ImageError: something does not hold.

    """
    inspect(image)
    asked(image, ("check",))
    serve(image, {"CAIRN_WEB": "true"})
    # Teams without credentials is for loopback; it opens the database, with all that belongs to it.
    key = base64.b64encode(os.urandom(32)).decode()
    with_store = {
        "CAIRN_HOST": "127.0.0.1", "CAIRN_TEAMS_LOCAL": "true", "CAIRN_SEAL_KEYS": key,
    }  # fmt: skip
    serve(image, with_store)
    asked(image, ("doctor",), with_store)


def inspect(image: Stage) -> None:
    """Hold that nothing is in the image that has no work to do there."""
    for gone in ("usr/bin/gcc", "usr/bin/pip3", "usr/bin/git", "usr/bin/curl", "opt/build", "src",
                 "opt/cairn/bin/pip", "wheels", f"run/{CERTIFICATES.name}"):  # fmt: skip
        expect(not (image.root / gone).exists(), f"/{gone} is in the image")
    for kept in ("var/lib/apt/lists/*_Packages", "var/cache/apt/archives/*.deb"):
        expect(not list(image.root.glob(kept)), f"/{kept} is in the image")
    uid, _, gid = image.user.partition(":")
    expect(uid.isdigit() and gid.isdigit() and int(uid) > 0, "the user is no number, or root")
    mine = [
        path
        for path in (image.root / "opt").rglob("*")
        if path.lstat().st_uid != 0 or (path.lstat().st_mode & 0o022 and not path.is_symlink())
    ]
    expect(not mine, f"the user could change {mine[:1]}")
    compiled = {path.parent.parent / f"{path.name.split('.')[0]}.py" for path in
                (image.root / "opt/cairn/lib").rglob("bot/**/*.cpython-311.pyc")}  # fmt: skip
    written = set((image.root / "opt/cairn/lib").rglob("bot/**/*.py"))
    expect(bool(written) and compiled == written, "a module of Cairn is not compiled")


def asked(image: Stage, arguments: Sequence[str], more: Mapping[str, str] | None = None) -> str:
    """Run a command of Cairn in the image; return what it told.

    Raises:
        ImageError: it ended with an error.

    """
    began = time.monotonic()
    command = (*image.entry, *arguments)
    env = {**image.env, **(more or {})}
    with run_in(image, command, env=env, user=image.user, sealed=True, read=True) as process:
        told = process.communicate()[0]
        expect(process.returncode == 0, f"{shlex.join(command)} ended with an error:\n{told}")
    say(f"{shlex.join(command)}: {time.monotonic() - began:.1f} s")
    return told


def serve(image: Stage, more: Mapping[str, str]) -> None:
    """Start what the image starts, look at it from outside, and stop it as an orchestrator does.

    Raises:
        ImageError: something does not hold.

    """
    with held_port() as port:
        _serve(image, more, port)


def _serve(image: Stage, more: Mapping[str, str], port: int) -> None:
    began = time.monotonic()
    env = {**image.env, **more, "CAIRN_PORT": str(port)}
    command = (*image.entry, *image.command)
    with run_in(image, command, env=env, user=image.user, sealed=True) as process:
        while (answer := get(port, "/health/ready"))[0] != http.client.OK:
            expect(process.poll() is None, f"{shlex.join(command)} ended by itself")
            expect(time.monotonic() - began < WITHIN, f"not ready: {answer}")
            time.sleep(0.05)  # a program by itself: nobody else is kept waiting
        say(f"ready after {time.monotonic() - began:.1f} s: {answer[1].strip()}")
        status, page = get(port, "/")
        expect(
            status == http.client.OK and "<html" in page and "Cairn" in page,
            f"the first page says {status}",
        )
        status, _ = get(port, "/static/cairn.css")
        expect(status == http.client.OK, f"the style of the pages says {status}")
        first = first_process(process.pid)
        rights = Path(f"/proc/{first}/status").read_text(encoding="ascii")
        uid, gid = image.user.split(":")
        held = {
            "Uid": rf"{uid}\s+" * 3,
            "Gid": rf"{gid}\s+" * 3,
            "CapEff": "0{16}",
            "CapPrm": "0{16}",
            "NoNewPrivs": "1",
        }
        for name, value in held.items():
            has = re.search(rf"^{name}:\s*{value}", rights, re.MULTILINE)
            expect(has is not None, f"the process has other rights: {name}")
        looked = ["nsenter", f"--target={first}", "--mount", "--pid"]
        looked += [
            str(shutil.which("chroot")),
            f"--userspec={image.user}",
            "--groups=",
            f"/proc/{first}/root",
        ]
        for try_command, code in ((image.health, 0), (("touch", "/opt/cairn/x"), 1)):
            ended = subprocess.run(
                [*looked, *try_command], env=env, check=False, capture_output=True, text=True
            )
            expect(ended.returncode == code, f"{try_command[0]} ended with {ended.returncode}")
            if code:
                expect("Read-only file system" in ended.stderr, "the root can be written")
        began = time.monotonic()
        os.kill(first, image.stop)
        try:
            process.wait(WITHIN)
        except subprocess.TimeoutExpired:
            raise ImageError(f"did not stop within {WITHIN:.0f} s of {image.stop.name}") from None
        expect(process.returncode == 0, f"stopping ended with {process.returncode}")
        say(f"stopped after {time.monotonic() - began:.1f} s")


def first_process(unshared: int) -> int:
    """Return the process that is the first one within, by its number on this machine."""
    children = Path(f"/proc/{unshared}/task/{unshared}/children")
    return int(children.read_text(encoding="ascii").split()[0])


def get(port: int, path: str) -> tuple[int, str]:
    """Ask for a page; status 0 while nobody listens."""
    asking = http.client.HTTPConnection("127.0.0.1", port, timeout=WITHIN)
    try:
        asking.request("GET", path)
        answer = asking.getresponse()
        return answer.status, answer.read().decode()
    except OSError as error:
        return 0, str(error)
    finally:
        asking.close()


def expect(holds: bool, otherwise: str) -> None:
    """Go on only when it holds.

    Raises:
        ImageError: it does not.

    """
    if not holds:
        raise ImageError(otherwise)


if __name__ == "__main__":
    sys.exit(main())
