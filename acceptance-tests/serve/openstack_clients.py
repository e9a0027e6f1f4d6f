"""OpenStack's clients, unmodified, against `serve`: the URL is given, and the passwords of
`admin`, of the user `alice`, who is of the project `lab`, and the secret of the application
`robot`. What the command line prints in the last step goes to standard output.

Prints nothing else but what is wrong.
"""

import contextlib
import io
import json
import logging
import os
import subprocess
import sys
import warnings

warnings.simplefilter("ignore")

import openstack  # noqa: E402
from openstack import exceptions  # noqa: E402
from openstackclient import shell  # noqa: E402

URL, ADMIN, ALICE, ROBOT = sys.argv[1:]


def command(*words):
    """A run of the `openstack` command line, and what it prints."""
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        silent = {"delete", "revoke", "set", "unset"}.intersection(words)
        code = shell.OpenStackShell().run([*words, *([] if silent else ["-f", "json"])])
    # Each run adds those of its own.
    logging.getLogger().handlers.clear()
    assert code == 0, (words, code)
    return json.loads(out.getvalue()) if out.getvalue() else None


def complaint(*words):
    """What the command line says when it is refused."""
    told = subprocess.run([sys.executable, "-m", "openstackclient.shell", *words], capture_output=True, text=True)
    assert told.returncode == 1, (words, told)
    return told.stderr


def connection(**auth):
    return openstack.connect(load_envvars=False, load_yaml_config=False, region_name="RegionOne", **auth)


def user(name, password, **more):
    domains = {"user_domain_name": "Default", "project_domain_name": "Default"}
    return connection(auth={"auth_url": f"{URL}/identity", "username": name, "password": password, **domains, **more})


def refused(kind, text, call, *arguments, **fields):
    try:
        call(*arguments, **fields)
    except kind as refusal:
        assert text in str(refusal), (text, str(refusal))
    else:
        raise AssertionError(f"{call} was not refused with {text!r}")


def the_five_steps_of_the_seed():
    os.environ.update(
        OS_AUTH_URL=f"{URL}/v3",
        OS_USERNAME="admin",
        OS_PASSWORD=ADMIN,
        OS_PROJECT_NAME="admin",
        OS_USER_DOMAIN_NAME="Default",
        OS_PROJECT_DOMAIN_NAME="Default",
    )
    command("network", "create", "work")
    command("subnet", "create", "--network", "work", "--subnet-range", "10.1.0.0/24", "work")
    source = command("port", "create", "--network", "work", "--fixed-ip", "ip-address=10.1.0.20", "web")
    # 1. A port without port security.
    tap = command("port", "create", "--network", "work", "--disable-port-security", "tap")
    assert tap["port_security_enabled"] is False and tap["status"] == "DOWN", tap
    # 2. A server is launched with it.
    command("port", "set", "--device", "monitor", "--device-owner", "compute:nova", "tap")
    bound = command("port", "show", "tap")
    assert (bound["device_id"], bound["status"]) == ("monitor", "ACTIVE"), bound
    # 3. A tap service on the port.
    service = command("tap", "service", "create", "--name", "Test", "--port", "tap")
    assert service["port_id"] == tap["id"], service
    # 4. A tap flow from another port to it.
    flow = command("tap", "flow", "create", "--name", "flow1", "--port", "web", "--tap-service", "Test", "--direction", "BOTH")
    assert (flow["source_port"], flow["tap_service_id"]) == (source["id"], service["id"]), flow
    assert [flow["Name"] for flow in command("tap", "flow", "list")] == ["flow1"]
    mirror = command(
        "tap", "mirror", "create", "--name", "m", "--port", "web", "--directions", "IN=101",
        "--remote-ip", "203.0.113.9", "--mirror-type", "gre",
    )  # fmt: skip
    # The command line sends texts, and Neutron gives back what it got.
    assert mirror["directions"] == {"IN": "101"}, mirror
    command("tap", "mirror", "delete", "m")
    # 5, what arrives there, is seen from outside.
    print(service["id"])


def the_command_line_does_everything():
    """By name and by id, sorted, with what it can be told; in Neutron's words where it is refused."""
    assert sorted(service["Type"] for service in command("catalog", "list")) == ["identity", "network"]
    token = command("token", "issue")
    assert token["project_id"] == "97e1586d580745d7b311406697aaf097", token
    command("token", "revoke", token["id"])
    assert "Could not find token" in complaint("token", "revoke", token["id"])
    network = command("network", "create", "--disable-port-security", "--description", "of taps", "offices")
    pool = "start=10.2.0.10,end=10.2.0.20"
    subnet = command(
        "subnet", "create", "--network", "offices", "--subnet-range", "10.2.0.0/24", "--gateway", "none", "--no-dhcp",
        "--allocation-pool", pool, "--dns-nameserver", "10.2.0.53", "offices",
    )  # fmt: skip
    pools = [{"start": "10.2.0.10", "end": "10.2.0.20"}]
    shown = [subnet[name] for name in ("gateway_ip", "enable_dhcp", "allocation_pools", "dns_nameservers")]
    assert shown == [None, False, pools, ["10.2.0.53"]], subnet
    command("subnet", "set", "--dhcp", "--gateway", "10.2.0.1", "--dns-nameserver", "10.2.0.54", "offices")
    command("subnet", "unset", "--dns-nameserver", "10.2.0.53", subnet["id"])
    subnet = command("subnet", "show", "offices")
    shown = [subnet[name] for name in ("gateway_ip", "enable_dhcp", "allocation_pools", "dns_nameservers")]
    assert shown == ["10.2.0.1", True, pools, ["10.2.0.54"]], subnet
    listed = command("subnet", "list", "--long", "--network", "offices")
    assert [it["Name Servers"] for it in listed] == [["10.2.0.54"]], listed
    text = "Invalid input for host_routes. Reason: workloads of the engine have no routes of their own."
    route = "destination=10.9.0.0/16,gateway=10.2.0.9"
    assert text in complaint("subnet", "set", "--host-route", route, "offices")
    for name in ("b", "a"):
        port = command("port", "create", "--network", "offices", name)
        assert port["port_security_enabled"] is False, port
        command("tap", "service", "create", "--name", name, "--port", name)
        command("tap", "flow", "create", "--name", name, "--port", name, "--tap-service", name, "--direction", "IN")
    command("port", "set", "--name", "c", "--description", "was b", "b")
    assert command("port", "show", "c")["description"] == "was b"
    found = command("port", "list", "--fixed-ip", "subnet=offices,ip-address=10.2.0.10", "--long")
    assert [it["Name"] for it in found] == ["c"], found
    assert len(command("port", "list", "--fixed-ip", "ip-substring=10.2.0.1", "--network", "offices")) == 2
    for kind in ("service", "flow"):
        names = [it["Name"] for it in command("tap", kind, "list", "--sort-column", "Name", "--project", "admin")]
        assert [name for name in names if name in "ab"] == ["a", "b"], names
        renamed = command("tap", kind, "update", "--name", "z", "--description", "it", "a")
        assert command("tap", kind, "show", "z")["description"] == "it", renamed
    port = command("port", "show", "c")["id"]
    text = f"Unable to complete operation on network {network['id']}. There are one or more ports still in use on the network."
    assert text in complaint("network", "delete", "offices")
    assert "No TapService found for nobody" in complaint("tap", "service", "show", "nobody")
    text = "Invalid input for vlan_filter. Reason: 'ten' is not a valid input."
    flow = ("tap", "flow", "create", "--port", port, "--tap-service", "b", "--direction", "IN")
    assert text in complaint(*flow, "--vlan-filter", "ten")
    for service in ("z", "b"):
        command("tap", "service", "delete", service)
    command("port", "delete", "a", port)
    command("subnet", "delete", "offices")
    command("network", "set", "--name", "gone", "offices")
    command("network", "delete", "gone")
    assert "No Network found for gone" in complaint("network", "show", "gone")


def tags_come_with_what_is_created():
    network = command("network", "create", "tagged", "--tag", "red", "--tag", "blue")
    assert sorted(network["tags"]) == ["blue", "red"], network
    subnet = command("subnet", "create", "--network", "tagged", "--subnet-range", "10.9.0.0/24", "--tag", "red", "tagged")
    port = command("port", "create", "--network", "tagged", "--tag", "red", "tagged")
    assert subnet["tags"] == port["tags"] == ["red"], (subnet, port)
    for kind in ("network", "subnet", "port"):
        assert [it["Name"] for it in command(kind, "list", "--tags", "red")] == ["tagged"], kind
        command(kind, "set", "--tag", "deep green", "tagged")
        command(kind, "unset", "--tag", "red", "tagged")
        assert command(kind, "list", "--tags", "red") == [], kind
        assert "deep green" in command(kind, "show", "tagged")["tags"], kind
    command("port", "delete", "tagged")
    command("network", "delete", "tagged")


def everything_of(network, kind, wanted):
    """Create, find by name, list, update, delete."""
    create, find, get, update, delete = (getattr(network, f"{verb}_{kind}") for verb in "create find get update delete".split())
    made = create(name="first", description="one", **wanted)
    assert made.project_id and {name: made[name] for name in wanted} == wanted, made
    assert find("first", ignore_missing=False).id == made.id == find(made.id, ignore_missing=False).id
    create(name="second", **wanted) if kind != "tap_mirror" else None
    listing = getattr(network, f"{kind}s")
    assert made.id in [it.id for it in listing()]
    assert [it.id for it in listing(name="first")] == [made.id]
    assert update(made, name="renamed", description="two").name == "renamed"
    assert get(made.id).description == "two"
    fixed = {next(iter(wanted)): "11111111-2222-4333-8444-555555555555"}
    refused(exceptions.BadRequestException, "Cannot update read-only attribute", update, get(made.id), **fixed)
    delete(made, ignore_missing=False)
    assert find("renamed") is None
    second = find("second")
    if second:
        delete(second)


def the_sdk_does_everything():
    admin = user("admin", ADMIN, project_name="admin").network
    web, tap = (admin.find_port(name, ignore_missing=False).id for name in ("web", "tap"))
    everything_of(admin, "tap_service", {"port_id": tap})
    service = admin.create_tap_service(name="for flows", port_id=tap)
    everything_of(admin, "tap_flow", {"tap_service_id": service.id, "source_port": web, "direction": "IN"})
    everything_of(admin, "tap_mirror", {"port_id": web, "directions": {"OUT": 7}, "remote_ip": "203.0.113.9", "mirror_type": "gre"})
    admin.delete_tap_service(service)
    # A change can be bound to a revision.
    port = admin.find_port("web")
    changed = admin.update_port(port.id, description="first", if_revision=port.revision_number)
    assert changed.revision_number > port.revision_number, changed
    text = f"Constrained to {port.revision_number}, but current revision is {changed.revision_number}"
    stale = {"description": "second", "if_revision": port.revision_number}
    refused(exceptions.PreconditionFailedException, text, admin.update_port, port.id, **stale)
    # Pages follow each other.
    names = [f"many-{number}" for number in range(7)]
    for name in names:
        admin.create_network(name=name)
    listed = [network.name for network in admin.networks(limit=2, sort_key="name", sort_dir="desc") if network.name in names]
    assert listed == sorted(names, reverse=True), listed
    return tap, service.id


def a_project_has_what_is_its_own(foreign):
    alice = user("alice", ALICE)
    network = alice.network
    assert list(network.ports()) == []
    assert [project.name for project in alice.identity.user_projects(alice.current_user_id)] == ["lab"]
    own = network.create_port(network_id=network.create_network(name="hers").id)
    service = network.create_tap_service(port_id=own.id)
    refused(exceptions.NotFoundException, f"Port {foreign} could not be found.", network.create_tap_service, port_id=foreign)
    refused(
        exceptions.BadRequestException, "requires admin privileges", network.create_network, project_id="97e1586d580745d7b311406697aaf097"
    )
    refused(exceptions.SDKException, "401", user("alice", ALICE, project_name="admin").authorize)
    # The application is of the same project.
    auth_url = f"{URL}/identity"
    for auth in (
        {"application_credential_id": "robot", "application_credential_secret": ROBOT},
        {
            "application_credential_name": "nightly", "application_credential_secret": ROBOT,
            "username": "alice", "user_domain_name": "Default",
        },
    ):  # fmt: skip
        robot = connection(auth_type="v3applicationcredential", auth={"auth_url": auth_url, **auth})
        assert [found.id for found in robot.network.tap_services()] == [service.id]
    # A token is as good as the password, and ends when it is revoked.
    token = alice.auth_token
    by_token = connection(auth_type="v3token", auth={"auth_url": auth_url, "token": token, "project_name": "lab", "project_domain_name": "Default"})
    assert [found.id for found in by_token.network.ports()] == [own.id]


the_five_steps_of_the_seed()
the_command_line_does_everything()
tags_come_with_what_is_created()
tap, _ = the_sdk_does_everything()
a_project_has_what_is_its_own(tap)
