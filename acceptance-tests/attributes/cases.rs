//! The attributes and blocks, those of every kind and those of each.

use serde_json::json;

use super::{Attribute, attribute};

/// What every kind has.
pub fn common(kind: &'static str) -> [Attribute; 6] {
    [
        attribute(kind, "id", ["id = \"KEY-one\"", "id = \"KEY-two\""], "/id", json!(["KEY-one", "KEY-two"]))
            .replaces(),
        attribute(
            kind,
            "display_name",
            ["display_name = \"One\"", "display_name = \"Two words\""],
            "/display_name",
            json!(["One", "Two words", "KEY"]),
        ),
        attribute(
            kind,
            "description",
            ["description = \"one\"", "description = \"two\""],
            "/description",
            json!(["one", "two", null]),
        ),
        attribute(
            kind,
            "tag",
            [
                "tag {\nscope = \"s\"\ntag = \"one\"\n}",
                "tag {\nscope = \"s\"\ntag = \"one\"\n}\ntag {\ntag = \"two\"\n}",
            ],
            "/tags",
            json!([[{ "scope": "s", "tag": "one" }], [{ "scope": "s", "tag": "one" }, { "tag": "two" }], null]),
        ),
        attribute(
            kind,
            "tag.scope",
            ["scope = \"one\"", "scope = \"two\""],
            "/tags/0/scope",
            json!(["one", "two", null]),
        )
        .within("tag {\ntag = \"t\"\nIT\n}"),
        attribute(kind, "tag.tag", ["tag = \"one\"", "tag = \"two\""], "/tags/0/tag", json!(["one", "two", null]))
            .within("tag {\nscope = \"s\"\nIT\n}"),
    ]
}

const SERVICE: &str = "/infra/tier-0s/vmc/locale-services/default/ipsec-vpn-services/default";

/// What both kinds of sessions have.
pub fn session(kind: &'static str) -> Vec<Attribute> {
    let endpoint = |id: &str| format!("{SERVICE}/local-endpoints/{id}");
    let profile = |kind: &str, id: &str| format!("/infra/ipsec-vpn-{kind}-profiles/{id}");
    vec![
        attribute(
            kind,
            "service_path",
            [
                "service_path = \"/infra/tier-0s/vmc/locale-services/default/ipsec-vpn-services/default\"",
                "service_path = \"/infra/tier-0s/vmc/locale-services/default/ipsec-vpn-services/other\"",
            ],
            "/parent_path",
            json!([
                SERVICE,
                SERVICE.replace(
                    "services/default/ipsec-vpn-services/default",
                    "services/default/ipsec-vpn-services/other"
                ),
                SERVICE
            ]),
        )
        .replaces(),
        attribute(kind, "enabled", ["enabled = true", "enabled = false"], "/enabled", json!([true, false, true])),
        attribute(
            kind,
            "local_endpoint_path",
            [
                "local_endpoint_path = \"/infra/tier-0s/vmc/locale-services/default/ipsec-vpn-services/default/local-endpoints/Private-IP1\"",
                "local_endpoint_path = \"/infra/tier-0s/vmc/locale-services/default/ipsec-vpn-services/default/local-endpoints/Public-IP1\"",
            ],
            "/local_endpoint_path",
            json!([endpoint("Private-IP1"), endpoint("Public-IP1")]),
        ),
        attribute(
            kind,
            "peer_address",
            ["peer_address = \"203.0.113.5\"", "peer_address = \"203.0.113.6\""],
            "/peer_address",
            json!(["203.0.113.5", "203.0.113.6"]),
        ),
        attribute(
            kind,
            "peer_id",
            ["peer_id = \"vpn.example.com\"", "peer_id = \"10.0.0.1\""],
            "/peer_id",
            json!(["vpn.example.com", "10.0.0.1"]),
        ),
        attribute(
            kind,
            "authentication_mode",
            ["authentication_mode = \"PSK\"", "-psk\nauthentication_mode = \"CERTIFICATE\""],
            "/authentication_mode",
            json!(["PSK", "CERTIFICATE", "PSK"]),
        )
        .within("local_endpoint_path = vpn_local_endpoint.certified.path\nIT")
        .also(&["psk"]),
        attribute(kind, "psk", ["psk = \"one\"", "psk = \"two\""], "/psk", json!(["one", "two"])),
        attribute(
            kind,
            "ike_profile_path",
            [
                "ike_profile_path = vpn_ike_profile.other.path",
                "ike_profile_path = \"/infra/ipsec-vpn-ike-profiles/nsx-default-l2vpn-ike-profile\"",
            ],
            "/ike_profile_path",
            json!([
                profile("ike", "other"),
                profile("ike", "nsx-default-l2vpn-ike-profile"),
                profile("ike", "nsx-default-l3vpn-ike-profile")
            ]),
        ),
        attribute(
            kind,
            "tunnel_profile_path",
            [
                "tunnel_profile_path = \"/infra/ipsec-vpn-tunnel-profiles/nsx-default-l2vpn-tunnel-profile\"",
                "tunnel_profile_path = vpn_tunnel_profile.other.path",
            ],
            "/tunnel_profile_path",
            json!([
                profile("tunnel", "nsx-default-l2vpn-tunnel-profile"),
                profile("tunnel", "other"),
                profile("tunnel", "nsx-default-l3vpn-tunnel-profile")
            ]),
        ),
        attribute(
            kind,
            "dpd_profile_path",
            [
                "dpd_profile_path = \"/infra/ipsec-vpn-dpd-profiles/nsx-default-l3vpn-dpd-profile\"",
                "dpd_profile_path = vpn_dpd_profile.other.path",
            ],
            "/dpd_profile_path",
            json!([
                profile("dpd", "nsx-default-l3vpn-dpd-profile"),
                profile("dpd", "other"),
                profile("dpd", "nsx-default-l3vpn-dpd-profile")
            ]),
        ),
        attribute(
            kind,
            "compliance_suite",
            ["compliance_suite = \"NONE\"", "compliance_suite = \"CNSA\""],
            "/compliance_suite",
            json!(["NONE", "CNSA", "NONE"]),
        )
        .within(
            "-psk\nauthentication_mode = \"CERTIFICATE\"\nlocal_endpoint_path = vpn_local_endpoint.certified.path\nIT",
        )
        .also(&["ike_profile_path", "tunnel_profile_path"]),
        attribute(
            kind,
            "connection_initiation_mode",
            ["connection_initiation_mode = \"RESPOND_ONLY\"", "connection_initiation_mode = \"ON_DEMAND\""],
            "/connection_initiation_mode",
            json!(["RESPOND_ONLY", "ON_DEMAND", "INITIATOR"]),
        ),
        attribute(
            kind,
            "tcp_mss_clamping",
            ["tcp_mss_clamping {\ndirection = \"BOTH\"\nmax_segment_size = 1325\n}", "tcp_mss_clamping {\n}"],
            "/tcp_mss_clamping",
            json!([{ "direction": "BOTH", "max_segment_size": 1325 }, { "direction": "NONE" }, null]),
        ),
        attribute(
            kind,
            "tcp_mss_clamping.direction",
            ["direction = \"INBOUND_CONNECTION\"", "direction = \"OUTBOUND_CONNECTION\""],
            "/tcp_mss_clamping/direction",
            json!(["INBOUND_CONNECTION", "OUTBOUND_CONNECTION", "NONE"]),
        )
        .within("tcp_mss_clamping {\nIT\n}"),
        attribute(
            kind,
            "tcp_mss_clamping.max_segment_size",
            ["max_segment_size = 108", "max_segment_size = 8902"],
            "/tcp_mss_clamping/max_segment_size",
            json!([108, 8902, null]),
        )
        .within("tcp_mss_clamping {\ndirection = \"BOTH\"\nIT\n}"),
    ]
}

/// What only one kind has.
pub fn own() -> Vec<Attribute> {
    const PREFIX: &str = "prefix {\nnetwork = \"10.0.0.0/8\"\nIT\n}";
    const FILTERING: &str = "route_filtering {\nIT\n}";
    const INTERFACE: &str =
        "tunnel_interface {\nIT\nip_subnet {\nip_addresses = [\"169.254.9.1\"]\nprefix_length = 30\n}\n}";
    const INTERFACE_SCOPE: &str = "tunnel_interface {\ntag {\ntag = \"t\"\nIT\n}\nip_subnet {\nip_addresses = [\"169.254.9.1\"]\nprefix_length = 30\n}\n}";
    const INTERFACE_TAG: &str = "tunnel_interface {\ntag {\nscope = \"s\"\nIT\n}\nip_subnet {\nip_addresses = [\"169.254.9.1\"]\nprefix_length = 30\n}\n}";
    const RULE: &str = "rule {\nid = \"r\"\nIT\n}";
    const RULE_SCOPE: &str = "rule {\nid = \"r\"\ntag {\ntag = \"t\"\nIT\n}\n}";
    const RULE_TAG: &str = "rule {\nid = \"r\"\ntag {\nscope = \"s\"\nIT\n}\n}";
    const BINDING: &str = "address_binding {\nip_address = \"192.168.1.9\"\nIT\n}";
    const ATTACHMENT: &str = "attachment {\nIT\n}";
    let list = |id: &str| format!("/infra/tier-0s/vmc/prefix-lists/{id}");
    let (ike, tunnel, dpd) = ("ike_profile", "tunnel_profile", "dpd_profile");
    let (prefix, neighbor, endpoint) = ("prefix_list", "bgp_neighbor", "local_endpoint");
    let (route, policy, segment, port) = ("route_based_session", "policy_based_session", "segment", "segment_port");
    vec![
        attribute(ike, "encryption_algorithms", ["encryption_algorithms = [\"AES_256\"]", "encryption_algorithms = [\"AES_GCM_128\", \"AES_128\"]"], "/encryption_algorithms", json!([["AES_256"], ["AES_128", "AES_GCM_128"], ["AES_128"]])),
        attribute(ike, "digest_algorithms", ["digest_algorithms = [\"SHA1\"]", "digest_algorithms = [\"SHA2_512\", \"SHA2_384\"]"], "/digest_algorithms", json!([["SHA1"], ["SHA2_384", "SHA2_512"], ["SHA2_256"]])),
        attribute(ike, "dh_groups", ["dh_groups = [\"GROUP2\"]", "dh_groups = [\"GROUP21\", \"GROUP5\"]"], "/dh_groups", json!([["GROUP2"], ["GROUP5", "GROUP21"], ["GROUP14"]])),
        attribute(ike, "ike_version", ["ike_version = \"IKE_V1\"", "ike_version = \"IKE_FLEX\""], "/ike_version", json!(["IKE_V1", "IKE_FLEX", "IKE_V2"])),
        attribute(ike, "sa_life_time", ["sa_life_time = 21600", "sa_life_time = 31536000"], "/sa_life_time", json!([21_600, 31_536_000, 86_400])),
        attribute(tunnel, "encryption_algorithms", ["encryption_algorithms = [\"AES_GCM_256\"]", "encryption_algorithms = [\"NO_ENCRYPTION_AUTH_AES_GMAC_128\", \"AES_GCM_192\"]"], "/encryption_algorithms", json!([["AES_GCM_256"], ["AES_GCM_192", "NO_ENCRYPTION_AUTH_AES_GMAC_128"], ["AES_GCM_128"]])),
        attribute(tunnel, "digest_algorithms", ["digest_algorithms = [\"SHA1\"]", "digest_algorithms = [\"SHA2_384\"]"], "/digest_algorithms", json!([["SHA1"], ["SHA2_384"], ["SHA2_256"]])).within("encryption_algorithms = [\"AES_256\"]\nIT"),
        attribute(tunnel, "enable_perfect_forward_secrecy", ["enable_perfect_forward_secrecy = true", "enable_perfect_forward_secrecy = false"], "/enable_perfect_forward_secrecy", json!([true, false, true])),
        attribute(tunnel, "dh_groups", ["dh_groups = [\"GROUP16\"]", "dh_groups = []"], "/dh_groups", json!([["GROUP16"], [], ["GROUP14"]])).within("enable_perfect_forward_secrecy = false\nIT"),
        attribute(tunnel, "sa_life_time", ["sa_life_time = 900", "sa_life_time = 31536000"], "/sa_life_time", json!([900, 31_536_000, 3_600])),
        attribute(tunnel, "df_policy", ["df_policy = \"COPY\"", "df_policy = \"CLEAR\""], "/df_policy", json!(["COPY", "CLEAR", "COPY"])),
        attribute(dpd, "enabled", ["enabled = true", "enabled = false"], "/enabled", json!([true, false, true])),
        attribute(dpd, "dpd_probe_mode", ["dpd_probe_mode = \"PERIODIC\"", "dpd_probe_mode = \"ON_DEMAND\""], "/dpd_probe_mode", json!(["PERIODIC", "ON_DEMAND", "PERIODIC"])).also(&["dpd_probe_interval"]),
        attribute(dpd, "dpd_probe_interval", ["dpd_probe_interval = 3", "dpd_probe_interval = 360"], "/dpd_probe_interval", json!([3, 360, 60])),
        attribute(dpd, "retry_count", ["retry_count = 1", "retry_count = 100"], "/retry_count", json!([1, 100, 10])),
        attribute(prefix, "gateway_path", ["gateway_path = \"/infra/tier-0s/vmc\"", "gateway_path = \"/infra/tier-0s/other\""], "/parent_path", json!(["/infra/tier-0s/vmc", "/infra/tier-0s/other", "/infra/tier-0s/vmc"])).replaces(),
        attribute(prefix, "prefix", ["prefix {\nnetwork = \"10.0.0.0/8\"\n}", "prefix {\nnetwork = \"ANY\"\naction = \"DENY\"\n}\nprefix {\nnetwork = \"10.0.0.0/8\"\n}"], "/prefixes", json!([[{ "network": "10.0.0.0/8", "action": "PERMIT" }], [{ "network": "ANY", "action": "DENY" }, { "network": "10.0.0.0/8", "action": "PERMIT" }]])),
        attribute(prefix, "prefix.network", ["network = \"10.0.0.0/9\"", "network = \"2001:db8::/32\""], "/prefixes/0/network", json!(["10.0.0.0/9", "2001:db8::/32"])).within("prefix {\nIT\n}"),
        attribute(prefix, "prefix.action", ["action = \"PERMIT\"", "action = \"DENY\""], "/prefixes/0/action", json!(["PERMIT", "DENY", "PERMIT"])).within(PREFIX),
        attribute(prefix, "prefix.ge", ["ge = 8", "ge = 32"], "/prefixes/0/ge", json!([8, 32, null])).within(PREFIX),
        attribute(prefix, "prefix.le", ["le = 8", "le = 32"], "/prefixes/0/le", json!([8, 32, null])).within(PREFIX),
        attribute(
            neighbor,
            "bgp_path",
            ["bgp_path = \"/infra/tier-0s/vmc/locale-services/default/bgp\"", "bgp_path = \"/infra/tier-0s/other/locale-services/ls/bgp\""],
            "/parent_path",
            json!(["/infra/tier-0s/vmc/locale-services/default/bgp", "/infra/tier-0s/other/locale-services/ls/bgp", "/infra/tier-0s/vmc/locale-services/default/bgp"]),
        )
        .replaces(),
        attribute(neighbor, "neighbor_address", ["neighbor_address = \"192.0.2.5\"", "neighbor_address = \"2001:db8::5\""], "/neighbor_address", json!(["192.0.2.5", "2001:db8::5"])),
        attribute(neighbor, "remote_as_num", ["remote_as_num = \"65001\"", "remote_as_num = \"4294967295\""], "/remote_as_num", json!(["65001", "4294967295"])),
        attribute(neighbor, "enabled", ["enabled = true", "enabled = false"], "/enabled", json!([true, false, true])),
        attribute(neighbor, "source_addresses", ["source_addresses = [\"169.254.9.2\"]", "source_addresses = [\"169.254.9.9\", \"169.254.9.2\"]"], "/source_addresses", json!([["169.254.9.2"], ["169.254.9.2", "169.254.9.9"], null])),
        attribute(neighbor, "password", ["password = \"one\"", "password = \"two\""], "/password", json!(["one", "two", null])),
        attribute(neighbor, "keep_alive_time", ["keep_alive_time = 1", "keep_alive_time = 59"], "/keep_alive_time", json!([1, 59, 60])),
        attribute(neighbor, "hold_down_time", ["hold_down_time = 65535", "hold_down_time = 181"], "/hold_down_time", json!([65_535, 181, 180])),
        attribute(neighbor, "maximum_hop_limit", ["maximum_hop_limit = 2", "maximum_hop_limit = 255"], "/maximum_hop_limit", json!([2, 255, 1])).within("source_addresses = [\"169.254.9.2\"]\nIT"),
        attribute(neighbor, "allow_as_in", ["allow_as_in = false", "allow_as_in = true"], "/allow_as_in", json!([false, true, false])),
        attribute(neighbor, "graceful_restart_mode", ["graceful_restart_mode = \"DISABLE\"", "graceful_restart_mode = \"GR_AND_HELPER\""], "/graceful_restart_mode", json!(["DISABLE", "GR_AND_HELPER", "HELPER_ONLY"])),
        attribute(
            neighbor,
            "route_filtering",
            ["route_filtering {\naddress_family = \"IPV4\"\n}", "route_filtering {\naddress_family = \"IPV6\"\nenabled = false\n}\nroute_filtering {\naddress_family = \"IPV4\"\n}"],
            "/route_filtering",
            json!([[{ "address_family": "IPV4", "enabled": true }], [{ "address_family": "IPV6", "enabled": false }, { "address_family": "IPV4", "enabled": true }], null]),
        ),
        attribute(neighbor, "route_filtering.enabled", ["enabled = true", "enabled = false"], "/route_filtering/0/enabled", json!([true, false, true])).within("route_filtering {\n  IT\n}"),
        attribute(neighbor, "route_filtering.address_family", ["address_family = \"IPV6\"", "address_family = \"L2VPN_EVPN\""], "/route_filtering/0/address_family", json!(["IPV6", "L2VPN_EVPN", null])).within(FILTERING),
        attribute(neighbor, "route_filtering.in_route_filters", ["in_route_filters = [vpn_prefix_list.other.path]", "in_route_filters = [\"/infra/tier-0s/vmc/prefix-lists/another\"]"], "/route_filtering/0/in_route_filters", json!([[list("other")], [list("another")], null])).within(FILTERING),
        attribute(neighbor, "route_filtering.out_route_filters", ["out_route_filters = [vpn_prefix_list.other.path]", "out_route_filters = [vpn_prefix_list.another.path]"], "/route_filtering/0/out_route_filters", json!([[list("other")], [list("another")], null])).within(FILTERING),
        attribute(neighbor, "route_filtering.maximum_routes", ["maximum_routes = 1", "maximum_routes = 1000000"], "/route_filtering/0/maximum_routes", json!([1, 1_000_000, null])).within(FILTERING),
        attribute(neighbor, "bfd", ["bfd {\nenabled = true\n}", "bfd {\n}"], "/bfd", json!([{ "enabled": true, "interval": 500, "multiple": 3 }, { "enabled": false, "interval": 500, "multiple": 3 }, null])),
        attribute(neighbor, "bfd.enabled", ["enabled = false", "enabled = true"], "/bfd/enabled", json!([false, true, false])).within("bfd {\n  IT\n}"),
        attribute(neighbor, "bfd.interval", ["interval = 50", "interval = 60000"], "/bfd/interval", json!([50, 60_000, 500])).within("bfd {\nIT\n}"),
        attribute(neighbor, "bfd.multiple", ["multiple = 2", "multiple = 16"], "/bfd/multiple", json!([2, 16, 3])).within("bfd {\nIT\n}"),
        attribute(neighbor, "neighbor_local_as_config", ["neighbor_local_as_config {\nlocal_as_num = \"1\"\n}", "neighbor_local_as_config {\nlocal_as_num = \"2\"\nas_path_modifier_type = \"NO_PREPEND\"\n}"], "/neighbor_local_as_config", json!([{ "local_as_num": "1" }, { "local_as_num": "2", "as_path_modifier_type": "NO_PREPEND" }, null])),
        attribute(neighbor, "neighbor_local_as_config.local_as_num", ["local_as_num = \"1\"", "local_as_num = \"2\""], "/neighbor_local_as_config/local_as_num", json!(["1", "2"])).within("neighbor_local_as_config {\nIT\n}"),
        attribute(neighbor, "neighbor_local_as_config.as_path_modifier_type", ["as_path_modifier_type = \"NO_PREPEND\"", "as_path_modifier_type = \"NO_PREPEND_REPLACE_AS\""], "/neighbor_local_as_config/as_path_modifier_type", json!(["NO_PREPEND", "NO_PREPEND_REPLACE_AS", null])).within("neighbor_local_as_config {\nlocal_as_num = \"1\"\nIT\n}"),
        attribute(neighbor, "in_route_filters", ["in_route_filters = [vpn_prefix_list.other.path]", "in_route_filters = [vpn_prefix_list.another.path]"], "/in_route_filters", json!([[list("other")], [list("another")], null])),
        attribute(neighbor, "out_route_filters", ["out_route_filters = [vpn_prefix_list.other.path]", "out_route_filters = [vpn_prefix_list.another.path]"], "/out_route_filters", json!([[list("other")], [list("another")], null])),
        attribute(endpoint, "service_path", session(route)[0].given.clone(), "/parent_path", json!([SERVICE, SERVICE.replace("vpn-services/default", "vpn-services/other"), SERVICE])).replaces(),
        attribute(endpoint, "local_address", ["local_address = \"203.0.113.7\"", "local_address = \"203.0.113.8\""], "/local_address", json!(["203.0.113.7", "203.0.113.8"])).within("local_id = \"me\"\nIT"),
        attribute(endpoint, "local_id", ["local_id = \"one\"", "local_id = \"CN=two/O=Example\""], "/local_id", json!(["one", "CN=two/O=Example", "203.0.113.9"])),
        attribute(endpoint, "certificate_path", ["certificate_path = \"/infra/certificates/one\"", "certificate_path = \"/infra/certificates/two\""], "/certificate_path", json!(["/infra/certificates/one", "/infra/certificates/two", null])),
        attribute(endpoint, "trust_ca_paths", ["trust_ca_paths = [\"/infra/certificates/one\"]", "trust_ca_paths = [\"/infra/certificates/two\", \"/infra/certificates/one\"]"], "/trust_ca_paths", json!([["/infra/certificates/one"], ["/infra/certificates/one", "/infra/certificates/two"], null])),
        attribute(endpoint, "trust_crl_paths", ["trust_crl_paths = [\"/infra/crls/one\"]", "trust_crl_paths = [\"/infra/crls/two\"]"], "/trust_crl_paths", json!([["/infra/crls/one"], ["/infra/crls/two"], null])),
        attribute(
            route,
            "tunnel_interface",
            ["tunnel_interface {\nip_subnet {\nip_addresses = [\"169.254.1.1\"]\nprefix_length = 30\n}\n}", "tunnel_interface {\nid = \"vti\"\ndisplay_name = \"VTI\"\nip_subnet {\nip_addresses = [\"169.254.2.1\"]\nprefix_length = 31\n}\n}"],
            "/tunnel_interfaces",
            json!([
                [{ "id": "default-tunnel-interface", "display_name": "default-tunnel-interface", "resource_type": "IPSecVpnTunnelInterface", "ip_subnets": [{ "ip_addresses": ["169.254.1.1"], "prefix_length": 30 }] }],
                [{ "id": "vti", "display_name": "VTI", "resource_type": "IPSecVpnTunnelInterface", "ip_subnets": [{ "ip_addresses": ["169.254.2.1"], "prefix_length": 31 }] }],
            ]),
        ),
        attribute(route, "tunnel_interface.id", ["id = \"one\"", "id = \"two\""], "/tunnel_interfaces/0/id", json!(["one", "two", "default-tunnel-interface"])).within(INTERFACE),
        attribute(route, "tunnel_interface.display_name", ["display_name = \"one\"", "display_name = \"two\""], "/tunnel_interfaces/0/display_name", json!(["one", "two", "default-tunnel-interface"])).within(INTERFACE),
        attribute(route, "tunnel_interface.description", ["description = \"one\"", "description = \"two\""], "/tunnel_interfaces/0/description", json!(["one", "two", null])).within(INTERFACE),
        attribute(route, "tunnel_interface.tag", ["tag {\nscope = \"s\"\ntag = \"one\"\n}", "tag {\ntag = \"two\"\n}"], "/tunnel_interfaces/0/tags", json!([[{ "scope": "s", "tag": "one" }], [{ "tag": "two" }], null])).within(INTERFACE),
        attribute(route, "tunnel_interface.tag.scope", ["scope = \"one\"", "scope = \"two\""], "/tunnel_interfaces/0/tags/0/scope", json!(["one", "two", null])).within(INTERFACE_SCOPE),
        attribute(route, "tunnel_interface.tag.tag", ["tag = \"one\"", "tag = \"two\""], "/tunnel_interfaces/0/tags/0/tag", json!(["one", "two", null])).within(INTERFACE_TAG),
        attribute(
            route,
            "tunnel_interface.ip_subnet",
            ["ip_subnet {\nip_addresses = [\"169.254.3.1\"]\nprefix_length = 30\n}", "ip_subnet {\nip_addresses = [\"fd00::1\"]\nprefix_length = 127\n}\nip_subnet {\nip_addresses = [\"169.254.3.1\"]\nprefix_length = 30\n}"],
            "/tunnel_interfaces/0/ip_subnets",
            json!([[{ "ip_addresses": ["169.254.3.1"], "prefix_length": 30 }], [{ "ip_addresses": ["fd00::1"], "prefix_length": 127 }, { "ip_addresses": ["169.254.3.1"], "prefix_length": 30 }]]),
        )
        .within("service_path = \"/infra/tier-0s/vmc/ipsec-vpn-services/default\"\ntunnel_interface {\nIT\n}"),
        attribute(route, "tunnel_interface.ip_subnet.ip_addresses", ["ip_addresses = [\"169.254.4.1\"]", "ip_addresses = [\"169.254.4.2\"]"], "/tunnel_interfaces/0/ip_subnets/0/ip_addresses", json!([["169.254.4.1"], ["169.254.4.2"]])).within("tunnel_interface {\nip_subnet {\nprefix_length = 29\nIT\n}\n}"),
        attribute(route, "tunnel_interface.ip_subnet.prefix_length", ["prefix_length = 29", "prefix_length = 31"], "/tunnel_interfaces/0/ip_subnets/0/prefix_length", json!([29, 31])).within(IP_SUBNET_OF_ONE),
        attribute(route, "force_whitelisting", ["force_whitelisting = false", "force_whitelisting = true"], "/force_whitelisting", json!([false, true, false])),
        attribute(
            policy,
            "rule",
            ["rule {\nid = \"one\"\nsources = [\"10.0.0.0/8\"]\n}", "rule {\nid = \"two\"\n}"],
            "/rules",
            json!([
                [{ "id": "one", "display_name": "one", "sources": [{ "subnet": "10.0.0.0/8" }], "action": "PROTECT", "sequence_number": 0, "enabled": true, "logged": false, "resource_type": "IPSecVpnRule" }],
                [{ "id": "two", "display_name": "two", "action": "PROTECT", "sequence_number": 0, "enabled": true, "logged": false, "resource_type": "IPSecVpnRule" }],
            ]),
        ),
        attribute(policy, "rule.id", ["id = \"one\"", "id = \"two\""], "/rules/0/id", json!(["one", "two", "10.0.0.0_8-to-any"])).within("rule {\nsources = [\"10.0.0.0/8\"]\nIT\n}"),
        attribute(policy, "rule.display_name", ["display_name = \"one\"", "display_name = \"two\""], "/rules/0/display_name", json!(["one", "two", "r"])).within(RULE),
        attribute(policy, "rule.description", ["description = \"one\"", "description = \"two\""], "/rules/0/description", json!(["one", "two", null])).within(RULE),
        attribute(policy, "rule.tag", ["tag {\nscope = \"s\"\ntag = \"one\"\n}", "tag {\ntag = \"two\"\n}"], "/rules/0/tags", json!([[{ "scope": "s", "tag": "one" }], [{ "tag": "two" }], null])).within(RULE),
        attribute(policy, "rule.tag.scope", ["scope = \"one\"", "scope = \"two\""], "/rules/0/tags/0/scope", json!(["one", "two", null])).within(RULE_SCOPE),
        attribute(policy, "rule.tag.tag", ["tag = \"one\"", "tag = \"two\""], "/rules/0/tags/0/tag", json!(["one", "two", null])).within(RULE_TAG),
        attribute(policy, "rule.sources", ["sources = [\"10.0.0.0/8\"]", "sources = [\"10.2.0.0/16\", \"10.1.0.0/16\"]"], "/rules/0/sources", json!([[{ "subnet": "10.0.0.0/8" }], [{ "subnet": "10.1.0.0/16" }, { "subnet": "10.2.0.0/16" }], null])).within(RULE),
        attribute(policy, "rule.destinations", ["destinations = [\"10.0.0.0/8\"]", "destinations = [\"10.2.0.1/32\"]"], "/rules/0/destinations", json!([[{ "subnet": "10.0.0.0/8" }], [{ "subnet": "10.2.0.1/32" }], null])).within(RULE),
        // There is only one action that a session's rule can have.
        attribute(policy, "rule.action", ["action = \"PROTECT\"\nlogged = false", "action = \"PROTECT\"\nlogged = true"], "/rules/0/action", json!(["PROTECT", "PROTECT", "PROTECT"])).within(RULE),
        attribute(policy, "rule.sequence_number", ["sequence_number = 1", "sequence_number = 4294967296"], "/rules/0/sequence_number", json!([1, 4_294_967_296_u64, 0])).within(RULE),
        attribute(policy, "rule.enabled", ["enabled = true", "enabled = false"], "/rules/0/enabled", json!([true, false, true])).within("rule {\nid = \"r\"\n  IT\n}"),
        attribute(policy, "rule.logged", ["logged = false", "logged = true"], "/rules/0/logged", json!([false, true, false])).within(RULE),
        attribute(segment, "connectivity_path", ["connectivity_path = \"/infra/tier-1s/cgw\"", "connectivity_path = \"/infra/tier-1s/other\""], "/parent_path", json!(["/infra/tier-1s/cgw", "/infra/tier-1s/other", "/infra/tier-1s/cgw"])).replaces(),
        attribute(segment, "flexible", ["flexible = true", "flexible = false"], "/parent_path", json!(["/infra", "/infra/tier-1s/cgw", "/infra/tier-1s/cgw"])).replaces(),
        attribute(
            segment,
            "subnet",
            ["subnet {\ngateway_address = \"192.168.1.1/24\"\n}", "subnet {\ngateway_address = \"2001:db8::1/64\"\n}\nsubnet {\ngateway_address = \"192.168.1.1/24\"\n}"],
            "/subnets",
            json!([[{ "gateway_address": "192.168.1.1/24", "network": "192.168.1.0/24" }], [{ "gateway_address": "2001:db8::1/64", "network": "2001:db8::/64" }, { "gateway_address": "192.168.1.1/24", "network": "192.168.1.0/24" }], null]),
        ),
        attribute(segment, "subnet.gateway_address", ["gateway_address = \"192.168.3.1/24\"", "gateway_address = \"192.168.4.1/24\""], "/subnets/0/gateway_address", json!(["192.168.3.1/24", "192.168.4.1/24"])).within("subnet {\nIT\n}"),
        attribute(segment, "subnet.dhcp_ranges", ["dhcp_ranges = [\"192.168.5.9\"]", "dhcp_ranges = [\"192.168.5.100-192.168.5.200\", \"192.168.5.9\"]"], "/subnets/0/dhcp_ranges", json!([["192.168.5.9"], ["192.168.5.100-192.168.5.200", "192.168.5.9"], null])).within("subnet {\ngateway_address = \"192.168.5.1/24\"\nIT\n}"),
        attribute(segment, "type", ["type = \"EXTENDED\"", "type = \"DISCONNECTED\""], "/type", json!(["EXTENDED", "DISCONNECTED", "ROUTED"])),
        attribute(segment, "domain_name", ["domain_name = \"one.example.com\"", "domain_name = \"two.example.com\""], "/domain_name", json!(["one.example.com", "two.example.com", null])),
        attribute(segment, "admin_state", ["admin_state = \"UP\"", "admin_state = \"DOWN\""], "/admin_state", json!(["UP", "DOWN", "UP"])),
        attribute(segment, "replication_mode", ["replication_mode = \"MTEP\"", "replication_mode = \"SOURCE\""], "/replication_mode", json!(["MTEP", "SOURCE", "MTEP"])),
        attribute(port, "segment_path", ["segment_path = vpn_segment.home.path", "segment_path = vpn_segment.away.path"], "/parent_path", json!(["/infra/tier-1s/cgw/segments/home", "/infra/tier-1s/cgw/segments/away"])).replaces(),
        attribute(port, "address_binding", ["address_binding {\nip_address = \"192.168.1.9\"\n}", "address_binding {\nmac_address = \"00:50:56:00:00:01\"\n}\naddress_binding {\nip_address = \"192.168.1.9\"\n}"], "/address_bindings", json!([[{ "ip_address": "192.168.1.9" }], [{ "mac_address": "00:50:56:00:00:01" }, { "ip_address": "192.168.1.9" }], null])),
        attribute(port, "address_binding.ip_address", ["ip_address = \"192.168.1.8\"", "ip_address = \"2001:db8::8\""], "/address_bindings/0/ip_address", json!(["192.168.1.8", "2001:db8::8", null])).within("address_binding {\nvlan_id = 1\nIT\n}"),
        attribute(port, "address_binding.mac_address", ["mac_address = \"00:50:56:00:00:01\"", "mac_address = \"00:50:56:00:00:02\""], "/address_bindings/0/mac_address", json!(["00:50:56:00:00:01", "00:50:56:00:00:02", null])).within(BINDING),
        attribute(port, "address_binding.vlan_id", ["vlan_id = 0", "vlan_id = 4094"], "/address_bindings/0/vlan_id", json!([0, 4_094, null])).within(BINDING),
        attribute(port, "admin_state", ["admin_state = \"UP\"", "admin_state = \"DOWN\""], "/admin_state", json!(["UP", "DOWN", "UP"])),
        attribute(port, "attachment", ["attachment {\nid = \"vif\"\n}", "attachment {\nid = \"vif\"\ntype = \"PARENT\"\n}"], "/attachment", json!([{ "id": "vif" }, { "id": "vif", "type": "PARENT" }, null])),
        attribute(port, "attachment.id", ["  id = \"one\"", "  id = \"two\""], "/attachment/id", json!(["one", "two", null])).within("attachment {\ntype = \"PARENT\"\nIT\n}"),
        attribute(port, "attachment.type", ["type = \"CHILD\"", "type = \"INDEPENDENT\""], "/attachment/type", json!(["CHILD", "INDEPENDENT", null])).within(ATTACHMENT),
        attribute(port, "attachment.allocate_addresses", ["allocate_addresses = \"DHCP\"", "allocate_addresses = \"NONE\""], "/attachment/allocate_addresses", json!(["DHCP", "NONE", null])).within(ATTACHMENT),
        attribute(port, "attachment.app_id", ["app_id = \"one\"", "app_id = \"two\""], "/attachment/app_id", json!(["one", "two", null])).within(ATTACHMENT),
        attribute(port, "attachment.context_id", ["context_id = \"one\"", "context_id = \"two\""], "/attachment/context_id", json!(["one", "two", null])).within(ATTACHMENT),
        attribute(port, "attachment.traffic_tag", ["traffic_tag = 0", "traffic_tag = 4094"], "/attachment/traffic_tag", json!([0, 4_094, null])).within(ATTACHMENT),
        attribute(port, "init_state", ["init_state = \"UNBLOCKED_VLAN\"", "init_state = \"RESTORE_VIF\""], "/init_state", json!(["UNBLOCKED_VLAN", "RESTORE_VIF", null])),
    ]
}

const IP_SUBNET_OF_ONE: &str = "tunnel_interface {\nip_subnet {\nip_addresses = [\"169.254.5.1\"]\nIT\n}\n}";
