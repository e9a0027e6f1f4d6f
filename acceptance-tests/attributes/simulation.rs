//! The attributes and blocks of simulated peers and flows.

use serde_json::json;

use super::{Attribute, attribute};

/// What only a simulated peer has.
pub fn peer() -> Vec<Attribute> {
    const IKE: &str = "ike_proposal {\nencryption_algorithms = [\"AES_256\"]\nIT\n}";
    const ESP: &str = "esp_proposal {\nencryption_algorithms = [\"AES_256\"]\nIT\n}";
    const BGP: &str = "bgp {\nIT\n}";
    const ROUTE: &str = "bgp {\nroute {\nnetwork = \"10.20.0.0/16\"\nIT\n}\n}";
    const RESTART: &str = "bgp {\ngraceful_restart {\nIT\n}\n}";
    const BFD: &str = "bgp {\nbfd {\nIT\n}\n}";
    let of = |name, given, at, held| attribute("simulated_peer", name, given, at, held);
    let list = |id: &str| format!("/infra/tier-0s/vmc/prefix-lists/{id}");
    let route = |network: &str| json!({ "network": network, "origin": "IGP", "med": 0, "local_preference": 100 });
    vec![
        of("address", ["address = \"198.51.100.7\"", "address = \"2001:db8::7\""], "/address", json!(["198.51.100.7", "2001:db8::7"])).also(&["ike_id"]),
        of("ike_id", ["ike_id = \"one.example.com\"", "ike_id = \"two.example.com\""], "/ike_id", json!(["one.example.com", "two.example.com", "198.51.100.8"])).within("address = \"198.51.100.8\"\nIT"),
        of("remote_id", ["remote_id = \"203.0.113.9\"", "remote_id = \"gateway.example.com\""], "/remote_id", json!(["203.0.113.9", "gateway.example.com", null])),
        of("psk", ["psk = \"one\"", "psk = \"two\""], "/psk", json!(["one", "two"])),
        of("certificate_subject", ["-psk\ncertificate_subject = \"CN=one\"", "-psk\ncertificate_subject = \"CN=two\""], "/certificate_subject", json!(["CN=one", "CN=two", null])).also(&["ike_id"]),
        of("ike_version", ["ike_version = \"IKE_V1\"", "ike_version = \"IKE_FLEX\""], "/ike_version", json!(["IKE_V1", "IKE_FLEX", null])),
        of(
            "ike_proposal",
            ["ike_proposal {\nencryption_algorithms = [\"AES_256\"]\n}", "ike_proposal {\nencryption_algorithms = [\"AES_GCM_128\"]\n}\nike_proposal {\nencryption_algorithms = [\"AES_256\"]\n}"],
            "/ike_proposals",
            json!([
                [{ "encryption_algorithms": ["AES_256"], "digest_algorithms": ["SHA2_256"], "dh_groups": ["GROUP14"] }],
                [{ "encryption_algorithms": ["AES_GCM_128"], "digest_algorithms": [], "dh_groups": ["GROUP14"] }, { "encryption_algorithms": ["AES_256"], "digest_algorithms": ["SHA2_256"], "dh_groups": ["GROUP14"] }],
                null
            ]),
        ),
        // The order is that of preference, and stays.
        of("ike_proposal.encryption_algorithms", ["encryption_algorithms = [\"AES_256\"]", "encryption_algorithms = [\"AES_256\", \"AES_128\"]"], "/ike_proposals/0/encryption_algorithms", json!([["AES_256"], ["AES_256", "AES_128"]])).within("ike_proposal {\nIT\n}"),
        of("ike_proposal.digest_algorithms", ["digest_algorithms = [\"SHA1\"]", "digest_algorithms = [\"SHA2_512\", \"SHA2_384\"]"], "/ike_proposals/0/digest_algorithms", json!([["SHA1"], ["SHA2_512", "SHA2_384"], ["SHA2_256"]])).within(IKE),
        of("ike_proposal.dh_groups", ["dh_groups = [\"GROUP2\"]", "dh_groups = [\"GROUP21\", \"GROUP5\"]"], "/ike_proposals/0/dh_groups", json!([["GROUP2"], ["GROUP21", "GROUP5"], ["GROUP14"]])).within(IKE),
        of("ike_sa_life_time", ["ike_sa_life_time = 60", "ike_sa_life_time = 31536000"], "/ike_sa_life_time", json!([60, 31_536_000, null])),
        of(
            "esp_proposal",
            ["esp_proposal {\nencryption_algorithms = [\"AES_256\"]\n}", "esp_proposal {\nencryption_algorithms = [\"AES_GCM_128\"]\ndh_groups = [\"GROUP14\"]\n}\nesp_proposal {\nencryption_algorithms = [\"AES_256\"]\n}"],
            "/esp_proposals",
            json!([
                [{ "encryption_algorithms": ["AES_256"], "digest_algorithms": ["SHA2_256"] }],
                [{ "encryption_algorithms": ["AES_GCM_128"], "digest_algorithms": [], "dh_groups": ["GROUP14"] }, { "encryption_algorithms": ["AES_256"], "digest_algorithms": ["SHA2_256"] }],
                null
            ]),
        ),
        of("esp_proposal.encryption_algorithms", ["encryption_algorithms = [\"NO_ENCRYPTION_AUTH_AES_GMAC_128\"]", "encryption_algorithms = [\"AES_GCM_256\", \"AES_GCM_128\"]"], "/esp_proposals/0/encryption_algorithms", json!([["NO_ENCRYPTION_AUTH_AES_GMAC_128"], ["AES_GCM_256", "AES_GCM_128"]])).within("esp_proposal {\nIT\n}"),
        of("esp_proposal.digest_algorithms", ["digest_algorithms = [\"SHA1\"]", "digest_algorithms = [\"SHA2_512\", \"SHA2_384\"]"], "/esp_proposals/0/digest_algorithms", json!([["SHA1"], ["SHA2_512", "SHA2_384"], ["SHA2_256"]])).within(ESP),
        of("esp_proposal.dh_groups", ["dh_groups = [\"GROUP2\"]", "dh_groups = [\"GROUP21\", \"GROUP5\"]"], "/esp_proposals/0/dh_groups", json!([["GROUP2"], ["GROUP21", "GROUP5"], null])).within(ESP),
        of("tunnel_sa_life_time", ["tunnel_sa_life_time = 60", "tunnel_sa_life_time = 31536000"], "/tunnel_sa_life_time", json!([60, 31_536_000, null])),
        of(
            "traffic_selector",
            ["traffic_selector {\nlocal = \"10.20.0.0/16\"\nremote = \"192.168.0.0/16\"\n}", "traffic_selector {\nlocal = \"2001:db8:20::/48\"\nremote = \"2001:db8:1::/48\"\n}\ntraffic_selector {\nlocal = \"10.20.0.0/16\"\nremote = \"192.168.0.0/16\"\n}"],
            "/traffic_selectors",
            json!([
                [{ "local": "10.20.0.0/16", "remote": "192.168.0.0/16" }],
                [{ "local": "2001:db8:20::/48", "remote": "2001:db8:1::/48" }, { "local": "10.20.0.0/16", "remote": "192.168.0.0/16" }],
                null
            ]),
        ),
        of("traffic_selector.local", ["local = \"10.20.0.0/16\"", "local = \"0.0.0.0/0\""], "/traffic_selectors/0/local", json!(["10.20.0.0/16", "0.0.0.0/0"])).within("traffic_selector {\nremote = \"192.168.0.0/16\"\nIT\n}"),
        of("traffic_selector.remote", ["remote = \"192.168.0.0/16\"", "remote = \"192.168.1.9/32\""], "/traffic_selectors/0/remote", json!(["192.168.0.0/16", "192.168.1.9/32"])).within("traffic_selector {\nlocal = \"10.20.0.0/16\"\nIT\n}"),
        of("tunnel_addresses", ["tunnel_addresses = [\"169.254.9.2\"]", "tunnel_addresses = [\"fd00::2\", \"169.254.9.2\"]"], "/tunnel_addresses", json!([["169.254.9.2"], ["169.254.9.2", "fd00::2"], null])),
        of("initiates", ["initiates = true", "initiates = false"], "/initiates", json!([true, false, null])),
        of("networks", ["networks = [\"10.20.0.0/16\"]", "networks = [\"10.21.0.0/16\", \"10.20.0.0/16\"]"], "/networks", json!([["10.20.0.0/16"], ["10.20.0.0/16", "10.21.0.0/16"], null])),
        of(
            "bgp",
            ["bgp {\n}", "bgp {\nas_number = \"65010\"\nrunning = false\nroute {\nnetwork = \"10.20.0.0/16\"\n}\n}"],
            "/bgp",
            json!([
                { "keep_alive_time": 60, "hold_down_time": 180, "running": true, "allow_as_in": false },
                { "as_number": "65010", "keep_alive_time": 60, "hold_down_time": 180, "running": false, "allow_as_in": false, "routes": [route("10.20.0.0/16")] },
                null
            ]),
        ),
        of("bgp.as_number", ["as_number = \"65010\"", "as_number = \"4294967295\""], "/bgp/as_number", json!(["65010", "4294967295", null])).within(BGP),
        of("bgp.router_id", ["router_id = \"192.0.2.7\"", "router_id = \"1.1.1.1\""], "/bgp/router_id", json!(["192.0.2.7", "1.1.1.1", null])).within(BGP),
        of("bgp.address", ["  address = \"10.20.0.1\"", "  address = \"2001:db8:20::1\""], "/bgp/address", json!(["10.20.0.1", "2001:db8:20::1", null])).within(BGP),
        of("bgp.password", ["password = \"one\"", "password = \"two\""], "/bgp/password", json!(["one", "two", null])).within(BGP),
        of("bgp.keep_alive_time", ["keep_alive_time = 1", "keep_alive_time = 59"], "/bgp/keep_alive_time", json!([1, 59, 60])).within(BGP),
        of("bgp.hold_down_time", ["hold_down_time = 65535", "hold_down_time = 181"], "/bgp/hold_down_time", json!([65_535, 181, 180])).within(BGP),
        of("bgp.running", ["running = true", "running = false"], "/bgp/running", json!([true, false, true])).within(BGP),
        of("bgp.allow_as_in", ["allow_as_in = false", "allow_as_in = true"], "/bgp/allow_as_in", json!([false, true, false])).within(BGP),
        of(
            "bgp.route",
            ["route {\nnetwork = \"10.20.0.0/16\"\n}", "route {\nnetwork = \"2001:db8:20::/48\"\n}\nroute {\nnetwork = \"10.20.0.0/16\"\n}"],
            "/bgp/routes",
            json!([[route("10.20.0.0/16")], [route("2001:db8:20::/48"), route("10.20.0.0/16")], null]),
        )
        .within(BGP),
        of("bgp.route.network", ["network = \"10.20.0.0/16\"", "network = \"0.0.0.0/0\""], "/bgp/routes/0/network", json!(["10.20.0.0/16", "0.0.0.0/0"])).within("bgp {\nroute {\nIT\n}\n}"),
        of("bgp.route.as_path", ["as_path = [\"64999\"]", "as_path = [\"64999\", \"64998\", \"64998\"]"], "/bgp/routes/0/as_path", json!([["64999"], ["64999", "64998", "64998"], null])).within(ROUTE),
        of("bgp.route.origin", ["origin = \"EGP\"", "origin = \"INCOMPLETE\""], "/bgp/routes/0/origin", json!(["EGP", "INCOMPLETE", "IGP"])).within(ROUTE),
        of("bgp.route.med", ["med = 50", "med = 4294967295"], "/bgp/routes/0/med", json!([50, 4_294_967_295_u32, 0])).within(ROUTE),
        of("bgp.route.local_preference", ["local_preference = 0", "local_preference = 4294967295"], "/bgp/routes/0/local_preference", json!([0, 4_294_967_295_u32, 100])).within(ROUTE),
        of("bgp.route.next_hop", ["next_hop = \"169.254.9.2\"", "next_hop = \"10.20.0.1\""], "/bgp/routes/0/next_hop", json!(["169.254.9.2", "10.20.0.1", null])).within(ROUTE),
        of("bgp.in_route_filters", ["in_route_filters = [vpn_prefix_list.other.path]", "in_route_filters = [\"/infra/tier-0s/vmc/prefix-lists/another\"]"], "/bgp/in_route_filters", json!([[list("other")], [list("another")], null])).within(BGP),
        of("bgp.out_route_filters", ["out_route_filters = [vpn_prefix_list.other.path]", "out_route_filters = [vpn_prefix_list.another.path]"], "/bgp/out_route_filters", json!([[list("other")], [list("another")], null])).within(BGP),
        of("bgp.graceful_restart", ["graceful_restart {\n}", "graceful_restart {\nenabled = false\n}"], "/bgp/graceful_restart", json!([{ "enabled": true, "restart_time": 120 }, { "enabled": false, "restart_time": 120 }, null])).within(BGP),
        of("bgp.graceful_restart.enabled", ["enabled = true", "enabled = false"], "/bgp/graceful_restart/enabled", json!([true, false, true])).within(RESTART),
        of("bgp.graceful_restart.restart_time", ["restart_time = 1", "restart_time = 4095"], "/bgp/graceful_restart/restart_time", json!([1, 4_095, 120])).within(RESTART),
        of("bgp.bfd", ["bfd {\n}", "bfd {\nenabled = false\n}"], "/bgp/bfd", json!([{ "enabled": true, "interval": 500, "multiple": 3 }, { "enabled": false, "interval": 500, "multiple": 3 }, null])).within(BGP),
        of("bgp.bfd.enabled", ["enabled = true", "enabled = false"], "/bgp/bfd/enabled", json!([true, false, true])).within(BFD),
        of("bgp.bfd.interval", ["interval = 50", "interval = 60000"], "/bgp/bfd/interval", json!([50, 60_000, 500])).within(BFD),
        of("bgp.bfd.multiple", ["multiple = 2", "multiple = 16"], "/bgp/bfd/multiple", json!([2, 16, 3])).within(BFD),
        of("latency", ["latency = 0", "latency = 60000"], "/latency", json!([0, 60_000, 5])),
        of("path_mtu", ["path_mtu = 576", "path_mtu = 65535"], "/path_mtu", json!([576, 65_535, 1_500])),
        of("reachable", ["reachable = true", "reachable = false"], "/reachable", json!([true, false, true])),
        of("behind_nat", ["behind_nat = false", "behind_nat = true"], "/behind_nat", json!([false, true, false])),
    ]
}

/// What only a simulated flow has.
pub fn flow() -> Vec<Attribute> {
    let of = |name, given, at, held| attribute("simulated_flow", name, given, at, held);
    vec![
        of(
            "source",
            ["source = \"192.168.1.10\"", "source = \"192.168.1.11\""],
            "/source",
            json!(["192.168.1.10", "192.168.1.11"]),
        ),
        of(
            "destination",
            ["destination = \"2001:db8:20::9\"", "destination = \"2001:db8:20::10\""],
            "/destination",
            json!(["2001:db8:20::9", "2001:db8:20::10"]),
        )
        .within("source = \"2001:db8:1::9\"\nIT"),
        of("protocol", ["protocol = \"UDP\"", "protocol = \"TCP\""], "/protocol", json!(["UDP", "TCP", "UDP"]))
            .also(&["dont_fragment"]),
        of("source_port", ["source_port = 1", "source_port = 65535"], "/source_port", json!([1, 65_535, null])),
        of(
            "destination_port",
            ["destination_port = 1", "destination_port = 65535"],
            "/destination_port",
            json!([1, 65_535]),
        ),
        of(
            "packets_per_second",
            ["packets_per_second = 10000000", "packets_per_second = 2"],
            "/packets_per_second",
            json!([10_000_000, 2, 1]),
        ),
        of("packet_size", ["packet_size = 28", "packet_size = 65535"], "/packet_size", json!([28, 65_535, 100])),
        of(
            "reply_packet_size",
            ["reply_packet_size = 28", "reply_packet_size = 65535"],
            "/reply_packet_size",
            json!([28, 65_535, null]),
        ),
        of(
            "dont_fragment",
            ["dont_fragment = true", "dont_fragment = false"],
            "/dont_fragment",
            json!([true, false, true]),
        )
        .within("protocol = \"TCP\"\nIT"),
        of("time_to_live", ["time_to_live = 1", "time_to_live = 255"], "/time_to_live", json!([1, 255, 64])),
        of(
            "start_time",
            ["start_time = \"2026-01-31T12:00:00Z\"", "start_time = \"2026-01-31T13:30:00.250+01:00\""],
            "/start_time",
            json!(["2026-01-31T12:00:00Z", "2026-01-31T12:30:00.250Z", null]),
        ),
        of(
            "stop_time",
            ["stop_time = \"2126-01-31T12:00:00Z\"", "stop_time = \"2126-02-28T23:59:59Z\""],
            "/stop_time",
            json!(["2126-01-31T12:00:00Z", "2126-02-28T23:59:59Z", null]),
        ),
    ]
}
