"""What is compared: our provider, the peer, and Terraform's own terraform_data.

Each subject turns the same list of objects into its own configuration, so that
Terraform has the same number of resources of about the same size in all runs.
"""

import platform
import shutil
import subprocess
import sys
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[1] / "http"))

import server  # noqa: E402

VERSION = "0.1.0"
NAMESPACE = "registry.terraform.io/terraform-provider-vpn"


def objects(count, changed):
    """The objects to declare; `changed` is every one of them after the change."""
    for i in range(count):
        yield {
            "id": f"bench-{i:05}",
            "display_name": f"bench list {i}",
            "description": "after the change" if changed else "as created",
            "prefixes": [
                {"network": f"10.{i // 256 % 256}.{i % 256}.0/24", "action": "PERMIT", "le": 30 if changed else 28},
                {"network": f"192.168.{i % 256}.0/24", "action": "DENY", "le": 32},
            ],
        }


def _heading(backend, requirement):
    return f"terraform {{\n{requirement}{backend}}}\n"


class TerraformData:
    """The floor: a resource built into Terraform, without a provider process."""

    name = "terraform_data"
    beside = 0

    def __init__(self):
        self.binary = None

    def install(self, mirror, shim):
        pass

    def begin(self, folder):
        pass

    def end(self):
        pass

    def configuration(self, backend, count, changed):
        yield _heading(backend, "")
        for item in objects(count, changed):
            prefixes = "".join(
                f'      {{ network = "{p["network"]}", action = "{p["action"]}", ge = null, le = {p["le"]} }},\n'
                for p in item["prefixes"]
            )
            yield (
                f'resource "terraform_data" "{item["id"]}" {{\n'
                "  input = {\n"
                f'    id           = "{item["id"]}"\n'
                f'    display_name = "{item["display_name"]}"\n'
                f'    description  = "{item["description"]}"\n'
                f"    prefix = [\n{prefixes}    ]\n"
                "  }\n"
                "}\n"
            )


class Provider:
    """A provider with a prefix list resource."""

    # Objects that are there before the others, and not measured.
    beside = 0

    def __init__(self, name, type_name, binary, settings):
        self.name = name
        self.type_name = type_name
        self.binary = Path(binary)
        self.settings = settings

    def install(self, mirror, shim):
        """Puts the shim and the provider where Terraform's filesystem mirror looks.

        Both are part of the package, so that Terraform hashes as many bytes as
        it would for a user of this provider.
        """
        folder = mirror / NAMESPACE / self.type_name / VERSION / terraform_platform()
        if folder.exists():
            return
        folder.mkdir(parents=True)
        shutil.copy2(shim, folder / f"terraform-provider-{self.type_name}_v{VERSION}")
        shutil.copy2(self.binary, folder / "payload")

    def begin(self, folder):
        """Called before a round, with the folder of its own."""

    def end(self):
        """Called after a round."""

    def configuration(self, backend, count, changed):
        yield _heading(
            backend,
            "  required_providers {\n"
            f'    {self.type_name} = {{ source = "{NAMESPACE}/{self.type_name}", version = "{VERSION}" }}\n'
            "  }\n",
        )
        yield f'provider "{self.type_name}" {{\n{self.settings}}}\n'
        for item in objects(count, changed):
            prefixes = "".join(
                "  prefix {\n"
                f'    network = "{p["network"]}"\n'
                f'    action  = "{p["action"]}"\n'
                f"    le      = {p['le']}\n"
                "  }\n"
                for p in item["prefixes"]
            )
            yield (
                f'resource "{self.type_name}_prefix_list" "{item["id"]}" {{\n'
                f'  id           = "{item["id"]}"\n'
                f'  display_name = "{item["display_name"]}"\n'
                f'  description  = "{item["description"]}"\n'
                f"{prefixes}}}\n"
            )


class TapFlows(Provider):
    """Our provider, with tap flows of a hundred ports to one tap service."""

    ports = 100
    # A segment, the ports, the port of the service, and the service.
    beside = ports + 3

    def __init__(self, binary):
        super().__init__("tap flows", "vpn", binary, '  embedded {\n    path = "engine.db"\n  }\n')

    def configuration(self, backend, count, changed):
        yield from super().configuration(backend, 0, changed)
        yield 'resource "vpn_segment" "bench" {\n  id = "bench"\n}\n'
        for name in ["analyzer", *(f"p{port}" for port in range(self.ports))]:
            yield (
                f'resource "vpn_segment_port" "{name}" {{\n'
                f'  id           = "{name}"\n'
                "  segment_path = vpn_segment.bench.path\n"
                "}\n"
            )
        yield (
            'resource "vpn_tap_service" "bench" {\n'
            '  name    = "bench"\n'
            "  port_id = vpn_segment_port.analyzer.unique_id\n"
            "}\n"
        )
        for i in range(count):
            yield (
                f'resource "vpn_tap_flow" "bench-{i:05}" {{\n'
                f'  name           = "bench flow {i}"\n'
                f'  description    = "{"after the change" if changed else "as created"}"\n'
                "  tap_service_id = vpn_tap_service.bench.id\n"
                f"  source_port    = vpn_segment_port.p{i % self.ports}.unique_id\n"
                '  direction      = "BOTH"\n'
                "}\n"
            )


class Served(Provider):
    """Our provider, over HTTP: a `serve` of its own for each round."""

    def __init__(self, binary):
        super().__init__("http", "vpn", binary, "")
        self.serve = None

    def begin(self, folder):
        self.serve = server.Serve(self.binary, folder)
        self.settings = (
            f'  nsx {{\n    host     = "{self.serve.url}"\n'
            f'    username = "admin"\n    password = "{server.PASSWORD}"\n  }}\n'
        )

    def end(self):
        self.serve.end()


def ours(binary):
    return Provider("ours", "vpn", binary, '  embedded {\n    path = "engine.db"\n  }\n')


def peer(binary):
    return Provider("peer", "peer", binary, '  path = "peer-objects"\n')


def terraform_platform():
    machine = {"x86_64": "amd64", "aarch64": "arm64"}.get(platform.machine(), platform.machine())
    return f"{sys.platform}_{machine}"


def build_shim(folder):
    shim = folder / "shim"
    source = Path(__file__).with_name("shim.c")
    subprocess.run(["cc", "-O2", "-Wall", "-Wextra", "-o", str(shim), str(source)], check=True)
    return shim
