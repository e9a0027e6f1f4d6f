"""Drives Terraform through the phases and measures each command."""

import json
import os
import re
import subprocess
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from state_backend import StateBackend
from subjects import NAMESPACE, build_shim

# Phase -> arguments, the configuration it runs with, what Terraform must say.
# `{n}` stands for the number of objects, `{all}` for those that were there before as well. The exit code of a refresh-only plan is
# no help: Terraform 1.11 calls a plan without changes changed (2).
PHASES = {
    "create": (["apply", "-auto-approve"], "created", "{n} added, 0 changed, 0 destroyed"),
    "plan": (["plan", "-detailed-exitcode"], "created", "No changes."),
    "refresh": (["plan", "-refresh-only"], "created", "No changes."),
    "change": (["apply", "-auto-approve"], "changed", "0 added, {n} changed, 0 destroyed"),
    "destroy": (["destroy", "-auto-approve"], "changed", "{all} destroyed"),
}
# The plan of a creation, which an apply makes as well.
PROPOSE = {"propose": (["plan"], "created", "{n} to add, 0 to change, 0 to destroy")}


class BenchError(Exception):
    """Why the bench cannot go on, in words for the user."""


@dataclass
class Measure:
    """One Terraform command: seconds, and MiB for the largest provider process."""

    wall: float
    terraform_cpu: float
    provider_cpu: float
    provider_rss: float
    processes: int


class Workspace:
    """The folder, configuration and state of one subject in one round."""

    def __init__(self, subject, count, folder, backend, terraform, cli_config):
        self.subject = subject
        self.count = count
        self.folder = folder
        self.terraform = terraform
        self.usage = folder / "usage"
        self.usage.mkdir(parents=True)
        self.work = folder / "work"
        self.work.mkdir()
        self.backend = backend
        self.environment = {name: value for name, value in os.environ.items() if not name.startswith("TF_")}
        self.environment.update(
            BENCH_USAGE_DIR=str(self.usage),
            CHECKPOINT_DISABLE="1",
            TF_CLI_CONFIG_FILE=str(cli_config),
            TF_IN_AUTOMATION="1",
            TF_INPUT="0",
        )
        self.declared = None
        subject.begin(folder)
        self.declare("before")
        self.terraform_command(["init"])
        if subject.beside:
            self.terraform_command(["apply", "-auto-approve"])

    def declare(self, version):
        if self.declared != version:
            count = 0 if version == "before" else self.count
            parts = self.subject.configuration(self.backend, count, version == "changed")
            (self.work / "main.tf").write_text("".join(parts))
            self.declared = version

    def terraform_command(self, arguments):
        """Runs Terraform; its output, the wall time and its CPU time with that of its children."""
        with tempfile.TemporaryFile(dir=self.folder) as output:
            command = [str(self.terraform), *arguments, "-no-color"]
            began = time.perf_counter()
            process = subprocess.Popen(
                command,
                cwd=self.work,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
            )
            _, status, used = os.wait4(process.pid, 0)
            wall = time.perf_counter() - began
            process.returncode = os.waitstatus_to_exitcode(status)
            output.seek(0)
            text = output.read().decode(errors="replace")
        if process.returncode != 0:
            raise BenchError(
                f"{self.subject.name}: terraform {arguments[0]} ended with {process.returncode}:\n{text[-3000:]}"
            )
        return text, wall, used.ru_utime + used.ru_stime

    def run(self, phase):
        arguments, version, expected = (PROPOSE | PHASES)[phase]
        self.declare(version)
        for old in self.usage.iterdir():
            old.unlink()
        text, wall, cpu = self.terraform_command(arguments)
        if expected.format(n=self.count, all=self.count + self.subject.beside) not in text:
            raise BenchError(f"{self.subject.name}: {phase} did not do what it should:\n{text[-3000:]}")
        notes = [json.loads(path.read_text()) for path in self.usage.iterdir()]
        if self.subject.binary and not notes:
            raise BenchError(f"{self.subject.name}: {phase} left no note of a provider process")
        provider_cpu = sum(note["user"] + note["sys"] for note in notes)
        return Measure(
            wall=wall,
            terraform_cpu=cpu - provider_cpu,
            provider_cpu=provider_cpu,
            provider_rss=max((note["max_rss"] for note in notes), default=0) / 1024,
            processes=len(notes),
        )


def version_of(terraform):
    environment = {**os.environ, "CHECKPOINT_DISABLE": "1"}
    environment.pop("TF_CLI_CONFIG_FILE", None)
    answer = subprocess.run([str(terraform), "version"], env=environment, capture_output=True, text=True, check=True)
    return re.search(r"(Terraform|OpenTofu) v[\w.+-]+", answer.stdout).group(0)


def measure(terraform, subjects, count, rounds, folder, progress, phases=PHASES):
    """These phases of all subjects: {subject name: {phase: [Measure, one per round]}}.

    The subjects take turns within each phase, in another order each round, so
    that they share whatever else the machine is doing.
    """
    results = {subject.name: {phase: [] for phase in phases} for subject in subjects}
    with tempfile.TemporaryDirectory(prefix="vpn-bench-", dir=folder) as scratch, StateBackend() as backend:
        scratch = Path(scratch)
        shim = build_shim(scratch)
        mirror = scratch / "mirror"
        for subject in subjects:
            subject.install(mirror, shim)
        cli_config = scratch / "terraform.rc"
        cli_config.write_text(
            "provider_installation {\n"
            "  filesystem_mirror {\n"
            f'    path    = "{mirror}"\n'
            f'    include = ["{NAMESPACE}/*"]\n'
            "  }\n"
            "}\n"
        )
        for number in range(rounds):
            spaces = [
                Workspace(
                    subject,
                    count,
                    scratch / f"{number}-{subject.name}",
                    backend.block(f"{number}-{subject.name}"),
                    terraform,
                    cli_config,
                )
                for subject in subjects
            ]
            shift = number % len(spaces)
            for phase in phases:
                for space in spaces[shift:] + spaces[:shift]:
                    progress(f"{count} objects, round {number + 1} of {rounds}: {phase}, {space.subject.name}")
                    results[space.subject.name][phase].append(space.run(phase))
            for subject in subjects:
                subject.end()
    return results
