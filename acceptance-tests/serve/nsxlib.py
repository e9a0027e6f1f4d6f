"""OpenStack's vmware-nsxlib, unmodified, against `serve`: URL, user and password are given.

Prints nothing but what is wrong.
"""

import sys
import warnings

warnings.simplefilter("ignore")

from vmware_nsxlib.v3 import config, exceptions, policy  # noqa: E402
from vmware_nsxlib.v3.policy import core_defs  # noqa: E402


def client(password):
    url, user, _ = sys.argv[1:]
    return policy.NsxPolicyLib(
        config.NsxLibConfig(
            nsx_api_managers=[url],
            username=user,
            password=password,
            max_attempts=2,
            allow_overwrite_header=True,
            realization_wait_sec=0.1,
            realization_max_attempts=3,
        )
    )


def is_gone(get, *path):
    try:
        get(*path, silent=True)
    except exceptions.ResourceNotFound:
        return True
    return False


def is_refused(kind, call, *arguments, **fields):
    try:
        call(*arguments, **fields)
    except kind:
        return True
    return False


def profiles(nsx):
    vpn = nsx.ipsec_vpn
    made = [
        (
            vpn.ike_profile,
            vpn.ike_profile.create_or_overwrite(
                "ike",
                encryption_algorithms=["AES_256"],
                digest_algorithms=["SHA2_256"],
                ike_version="IKE_V2",
                dh_groups=["GROUP14"],
                sa_life_time=86400,
            ),
        ),
        (
            vpn.tunnel_profile,
            vpn.tunnel_profile.create_or_overwrite(
                "tunnel",
                encryption_algorithms=["AES_GCM_128"],
                dh_groups=["GROUP14"],
                enable_perfect_forward_secrecy=True,
                sa_life_time=3600,
            ),
        ),
        (vpn.dpd_profile, vpn.dpd_profile.create_or_overwrite("dpd", dpd_probe_interval=30)),
    ]
    for api, id in made:
        name = api.get(id)["display_name"]
        assert api.get_by_name(name)["id"] == id
        assert id in [found["id"] for found in api.list()]
        api.update(id, description="changed", tags=[{"scope": "made-by", "tag": name}])
        assert api.get(id)["description"] == "changed"
        found = nsx.search_by_tags([{"scope": "made-by", "tag": name}])
        assert [result["id"] for result in found["results"]] == [id], found
    assert is_refused(
        exceptions.ManagerError,
        vpn.ike_profile.create_or_overwrite,
        "wrong",
        encryption_algorithms=["AES_7"],
    )
    for api, id in made:
        api.delete(id)
        assert is_gone(api.get, id)
        assert is_refused(exceptions.ResourceNotFound, api.delete, id)


def routing(nsx):
    lists = nsx.tier0_prefix_list
    entry = lists.build_prefix_entry("10.0.0.0/8", le=24)
    id = lists.create_or_overwrite("in", "vmc", prefixes=[entry])
    assert lists.get("vmc", id)["prefixes"] == [{"network": "10.0.0.0/8", "le": 24, "action": "PERMIT"}]
    more = lists.build_prefix_entry("192.168.0.0/16", action="DENY")
    lists.update("in", "vmc", id, [entry, more])
    assert len(lists.get("vmc", id)["prefixes"]) == 2
    assert [found["id"] for found in lists.list("vmc") if not found["_system_owned"]] == [id]
    lists.delete("vmc", id)
    assert is_gone(lists.get, "vmc", id)
    assert nsx.tier0_bgp.get("vmc", "default")["local_as_num"] == "65000"


def bgp(nsx):
    """BGP of a tier-0 gateway that the client creates, whose locale service is not the default one."""
    gateway = nsx.tier0.create_or_overwrite(
        "on-premises", tier0_id="on-premises", ha_mode="ACTIVE_STANDBY", failover_mode="NON_PREEMPTIVE"
    )
    # It has no call for this on a tier-0 gateway, only the definition that its own calls send.
    service = "edges"
    place = core_defs.Tier0LocaleServiceDef(tier0_id=gateway, service_id=service)
    nsx.policy_api.create_or_update(place)
    assert [found["id"] for found in nsx.tier0.get_locale_services(gateway)] == [service]
    config = nsx.tier0_bgp
    assert config.get(gateway, service)["_revision"] == 0
    config.create_or_overwrite(gateway, service, local_as_num="65010", ecmp=False, enabled=True)
    found = config.get(gateway, service)
    assert (found["local_as_num"], found["ecmp"], found["multipath_relax"]) == ("65010", False, True), found
    summary = [{"prefix": "10.0.0.0/8", "summary_only": False}]
    config.update(
        gateway,
        service,
        description="changed",
        route_aggregations=summary,
        graceful_restart_config={
            "mode": "GR_AND_HELPER",
            "timer": {"restart_timer": 120, "stale_route_timer": 300},
        },
        tags=[{"scope": "made-by", "tag": "nsxlib"}],
    )
    found = config.get(gateway, service)
    assert found["route_aggregations"] == summary, found
    assert found["graceful_restart_config"]["timer"]["restart_timer"] == 120, found
    assert found["local_as_num"] == "65010", "what is not named stays"
    # As a whole, by the revision that is there; the one before is refused.
    config.update(gateway, service, inter_sr_ibgp=True, put=True, revision=found["_revision"])
    assert config.get(gateway, service)["inter_sr_ibgp"] is True
    assert is_refused(
        exceptions.StaleRevision,
        config.update,
        gateway,
        service,
        inter_sr_ibgp=False,
        put=True,
        revision=found["_revision"],
    )
    assert is_refused(exceptions.ManagerError, config.update, gateway, service, local_as_num="none")
    assert is_refused(exceptions.ManagerError, nsx.tier0.delete, gateway)
    assert config.get(gateway, service)["local_as_num"] == "65010"
    # What belongs to VMware Cloud stays as it is.
    assert is_refused(exceptions.ManagerError, config.update, "vmc", "default", local_as_num="65099")
    nsx.policy_api.delete(place)
    assert is_gone(config.get, gateway, service)
    nsx.tier0.delete(gateway)
    assert is_gone(nsx.tier0.get, gateway)


def tier1(nsx):
    """A policy-based VPN on a tier-1 gateway, whose locale service is not the default one."""
    vpn = nsx.ipsec_vpn
    gateway = nsx.tier1.create_or_overwrite("edge", tier1_id="edge", tier0="vmc", failover_mode="NON_PREEMPTIVE")
    nsx.tier1.create_locale_service(gateway)
    service = vpn.service.create_or_overwrite("service", gateway, vpn_service_id="service", enabled=True)
    assert [found["id"] for found in vpn.service.list(gateway)] == [service]
    endpoint = vpn.local_endpoint.create_or_overwrite(
        "endpoint", gateway, service, endpoint_id="endpoint", local_address="203.0.113.7", local_id="203.0.113.7"
    )
    assert vpn.local_endpoint.get(gateway, service, endpoint)["local_address"] == "203.0.113.7"
    profiles = {
        f"{kind}_profile_id": f"nsx-default-l3vpn-{kind}-profile" for kind in ("ike", "tunnel", "dpd")
    }
    rule = vpn.session.build_rule(
        "rule", "rule", destination_cidrs=["10.9.0.0/16"], source_cidrs=["192.168.9.0/24"]
    )
    session = vpn.session.create_or_overwrite(
        "session",
        gateway,
        service,
        session_id="session",
        peer_address="198.51.100.9",
        peer_id="198.51.100.9",
        psk="correct horse",
        rules=[rule],
        local_endpoint_id=endpoint,
        **profiles,
    )
    found = vpn.session.get(gateway, service, session)
    assert found["rules"][0]["destinations"] == [{"subnet": "10.9.0.0/16"}] and "psk" not in found, found
    vpn.session.update(gateway, service, session, description="changed", enabled=False)
    assert vpn.session.get(gateway, service, session)["enabled"] is False
    status = vpn.session.get_status(gateway, service, session)
    assert status["results"][0]["runtime_status"] == "DOWN", status
    assert is_refused(exceptions.ManagerError, vpn.local_endpoint.delete, gateway, service, endpoint)
    vpn.session.delete(gateway, service, session)
    vpn.local_endpoint.delete(gateway, service, endpoint)
    vpn.service.delete(gateway, service)
    assert is_gone(vpn.session.get, gateway, service, session)
    nsx.tier1.delete_locale_service(gateway)
    nsx.tier1.delete(gateway)
    assert is_gone(nsx.tier1.get, gateway)


nsx = client(sys.argv[3])
profiles(nsx)
routing(nsx)
bgp(nsx)
tier1(nsx)
