"""OpenStack's vmware-nsxlib, unmodified, against `serve`: URL, user and password are given.

Prints nothing but what is wrong.
"""

import sys
import warnings

warnings.simplefilter("ignore")

from vmware_nsxlib.v3 import config, exceptions, policy  # noqa: E402


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
    assert [found["id"] for found in lists.list("vmc")] == [id]
    lists.delete("vmc", id)
    assert is_gone(lists.get, "vmc", id)
    assert nsx.tier0_bgp.get("vmc", "default")["local_as_num"] == "65000"


nsx = client(sys.argv[3])
profiles(nsx)
routing(nsx)
