"""Many objects, as bodies of hierarchical PATCHes: segments, prefix lists, sessions."""

BODY = 5_000
SERVICE = "/infra/tier-0s/vmc/locale-services/default/ipsec-vpn-services/default"
# As many route-based sessions as there are /30 networks in 169.254.0.0/16, less the reserved ends.
MOST_TUNNELS = 16_000


def child(wrapper, fields):
    return {"resource_type": f"Child{wrapper}", wrapper: fields}


def segment(number):
    return child(
        "Segment",
        {
            "resource_type": "Segment",
            "id": f"segment-{number:06}",
            "display_name": f"Segment {number:06}",
            "description": "of the fleet",
            "tags": [{"scope": "site", "tag": f"site-{number % 100}"}],
            "subnets": [{"gateway_address": f"10.{number // 256 % 256}.{number % 256}.1/24"}],
        },
    )


def prefix_list(number):
    return child(
        "PrefixList",
        {
            "resource_type": "PrefixList",
            "id": f"list-{number:06}",
            "display_name": f"List {number:06}",
            "prefixes": [
                {"network": f"10.{number // 256 % 256}.{number % 256}.0/24", "action": "PERMIT", "le": 28},
                {"network": "192.168.0.0/16", "action": "DENY", "le": 32},
            ],
        },
    )


def session(number):
    address = f"198.{18 + number // 65536}.{number // 256 % 256}.{number % 256}"
    tunnel = 4 * number + 4
    return child(
        "IPSecVpnSession",
        {
            "resource_type": "RouteBasedIPSecVpnSession",
            "id": f"session-{number:06}",
            "display_name": f"Session {number:06}",
            "local_endpoint_path": f"{SERVICE}/local-endpoints/Public-IP1",
            "peer_address": address,
            "peer_id": address,
            "psk": f"key-{number}",
            "ike_profile_path": "/infra/ipsec-vpn-ike-profiles/nsx-default-l3vpn-ike-profile",
            "tunnel_profile_path": "/infra/ipsec-vpn-tunnel-profiles/nsx-default-l3vpn-tunnel-profile",
            "dpd_profile_path": "/infra/ipsec-vpn-dpd-profiles/nsx-default-l3vpn-dpd-profile",
            "tunnel_interfaces": [
                {"ip_subnets": [{"ip_addresses": [f"169.254.{tunnel // 256}.{tunnel % 256 + 2}"], "prefix_length": 30}]}
            ],
        },
    )


def reference(target, identifier, children):
    return {
        "resource_type": "ChildResourceReference",
        "target_type": target,
        "id": identifier,
        "children": children,
    }


def bodies(segments, lists, sessions):
    """The bodies that declare so many of each, none with more than the API takes."""
    service = lambda made: [
        reference("Tier0", "vmc", [reference("LocaleServices", "default", [reference("IPSecVpnService", "default", made)])])
    ]
    kinds = [
        (segments, segment, lambda made: [reference("Tier1", "cgw", made)]),
        (lists, prefix_list, lambda made: [reference("Tier0", "vmc", made)]),
        (sessions, session, service),
    ]
    for count, make, place in kinds:
        for begin in range(0, count, BODY):
            made = [make(number) for number in range(begin, min(begin + BODY, count))]
            yield {"resource_type": "Infra", "children": place(made)}
