//! One thing spelled in several ways is no change.

use crate::samples;
use crate::terraform::Workspace;

/// A resource type, and several blocks that mean the same.
const SAME: &[(&str, &[&str])] = &[
    // Networks and addresses.
    ("prefix_list", &["prefix {\nnetwork = \"10.0.0.0/8\"\n}", "prefix {\nnetwork = \"10.1.2.3/8\"\n}"]),
    (
        "prefix_list",
        &[
            "prefix {\nnetwork = \"2001:db8::/32\"\n}",
            "prefix {\nnetwork = \"2001:0DB8:0:0::/32\"\n}",
            "prefix {\nnetwork = \"2001:db8::1/32\"\n}",
        ],
    ),
    (
        "prefix_list",
        &["prefix {\nnetwork = \"ANY\"\n}", "prefix {\nnetwork = \"any\"\n}", "prefix {\nnetwork = \"Any\"\n}"],
    ),
    ("bgp_neighbor", &["neighbor_address = \"2001:db8::1\"", "neighbor_address = \"2001:0DB8:0:0:0:0:0:1\""]),
    (
        "bgp_neighbor",
        &[
            "neighbor_address = \"2001:db8::9:2\"\nsource_addresses = [\"2001:db8::9:1\", \"2001:db8::1\"]",
            "neighbor_address = \"2001:db8::9:2\"\nsource_addresses = [\"2001:DB8::0:1\", \"2001:db8::9:1\"]",
        ],
    ),
    (
        "policy_based_session",
        &[
            "rule {\nid = \"r\"\nsources = [\"10.0.0.0/8\", \"192.168.0.0/16\"]\n}",
            "rule {\nid = \"r\"\nsources = [\"192.168.100.3/16\", \"10.0.0.0/8\"]\n}",
            "rule {\nid = \"r\"\nsources = [\"192.168.0.0/16\", \"10.0.0.0/8\", \"10.9.9.9/8\"]\n}",
        ],
    ),
    (
        "segment",
        &["subnet {\ngateway_address = \"2001:db8::1/64\"\n}", "subnet {\ngateway_address = \"2001:DB8:0::1/64\"\n}"],
    ),
    (
        "segment",
        &[
            "subnet {\ngateway_address = \"192.168.1.1/24\"\ndhcp_ranges = [\"192.168.1.10-192.168.1.20\"]\n}",
            "subnet {\ngateway_address = \"192.168.1.1/24\"\ndhcp_ranges = [\"192.168.1.10 - 192.168.1.20\"]\n}",
        ],
    ),
    (
        "segment_port",
        &[
            "address_binding {\nmac_address = \"00:50:56:ab:cd:ef\"\nip_address = \"2001:db8::9\"\n}",
            "address_binding {\nmac_address = \"00-50-56-AB-CD-EF\"\nip_address = \"2001:DB8::0009\"\n}",
        ],
    ),
    (
        "simulated_peer",
        &[
            "address = \"2001:db8:7::1\"\nnetworks = [\"10.21.0.0/16\", \"10.20.0.0/16\"]\ntunnel_addresses = [\"fd00::2\"]",
            "address = \"2001:0DB8:7:0::1\"\nnetworks = [\"10.20.3.3/16\", \"10.21.0.0/16\"]\ntunnel_addresses = [\"FD00:0::2\"]",
        ],
    ),
    (
        "simulated_peer",
        &[
            "traffic_selector {\nlocal = \"10.20.0.0/16\"\nremote = \"192.168.0.0/16\"\n}",
            "traffic_selector {\nlocal = \"10.20.1.1/16\"\nremote = \"192.168.7.0/16\"\n}",
        ],
    ),
    (
        "simulated_peer",
        &[
            "bgp {\n  address = \"2001:db8:20::1\"\nroute {\nnetwork = \"10.20.0.0/16\"\n}\nroute {\nnetwork = \"2001:db8:30::/48\"\nnext_hop = \"2001:db8:20::1\"\n}\n}",
            "bgp {\n  address = \"2001:DB8:20:0::1\"\nroute {\nnetwork = \"10.20.30.0/16\"\n}\nroute {\nnetwork = \"2001:DB8:30:0::/48\"\nnext_hop = \"2001:db8:020::1\"\n}\n}",
        ],
    ),
    (
        "simulated_flow",
        &[
            "source = \"2001:db8:1::9\"\ndestination = \"2001:db8:20::9\"",
            "source = \"2001:DB8:1:0::9\"\ndestination = \"2001:0db8:20::0009\"",
        ],
    ),
    // Points in time.
    (
        "simulated_flow",
        &[
            "start_time = \"2026-01-31T12:00:00Z\"\nstop_time = \"2126-01-31T12:00:00Z\"",
            "start_time = \"2026-01-31T13:00:00+01:00\"\nstop_time = \"2126-01-31t12:00:00.000z\"",
        ],
    ),
    // AS numbers.
    ("bgp_neighbor", &["remote_as_num = \"65546\"", "remote_as_num = \"1.10\"", "remote_as_num = 65546"]),
    (
        "bgp_neighbor",
        &[
            "neighbor_local_as_config {\nlocal_as_num = \"65001\"\n}",
            "neighbor_local_as_config {\nlocal_as_num = \"0.65001\"\n}",
        ],
    ),
    (
        "simulated_peer",
        &[
            "bgp {\nas_number = \"65546\"\nroute {\nnetwork = \"10.20.0.0/16\"\nas_path = [\"65546\", \"65001\"]\n}\n}",
            "bgp {\nas_number = \"1.10\"\nroute {\nnetwork = \"10.20.0.0/16\"\nas_path = [\"1.10\", 65001]\n}\n}",
            "bgp {\nas_number = 65546\nroute {\nnetwork = \"10.20.0.0/16\"\nas_path = [65546, \"0.65001\"]\n}\n}",
        ],
    ),
    // The two addresses of a VPN service.
    (
        "local_endpoint",
        &[
            "",
            "service_path = \"/infra/tier-0s/vmc/locale-services/default/ipsec-vpn-services/default\"",
            "service_path = \"/infra/tier-0s/vmc/ipsec-vpn-services/default\"",
        ],
    ),
    (
        "policy_based_session",
        &[
            "",
            "service_path = \"/infra/tier-0s/vmc/locale-services/default/ipsec-vpn-services/default\"",
            "service_path = \"/infra/tier-0s/vmc/ipsec-vpn-services/default\"\nlocal_endpoint_path = \"/infra/tier-0s/vmc/ipsec-vpn-services/default/local-endpoints/Private-IP1\"",
        ],
    ),
    (
        "route_based_session",
        &[
            "service_path = \"/infra/tier-0s/vmc/ipsec-vpn-services/default\"\npeer_address = \"2001:db8::1\"",
            "service_path = \"/infra/tier-0s/vmc/ipsec-vpn-services/default\"\npeer_address = \"2001:DB8:0::1\"",
        ],
    ),
    // What has no order.
    (
        "ike_profile",
        &[
            "dh_groups = [\"GROUP2\", \"GROUP14\", \"GROUP5\"]",
            "dh_groups = [\"GROUP14\", \"GROUP5\", \"GROUP2\", \"GROUP2\"]",
        ],
    ),
    (
        "ike_profile",
        &[
            "tag {\ntag = \"a\"\n}\ntag {\ntag = \"b\"\n}",
            "tag {\ntag = \"b\"\n}\ntag {\ntag = \"a\"\n}",
            "tag {\ntag = \"b\"\n}\ntag {\ntag = \"a\"\n}\ntag {\ntag = \"b\"\n}",
        ],
    ),
    (
        "policy_based_session",
        &["rule {\nid = \"a\"\n}\nrule {\nid = \"b\"\n}", "rule {\nid = \"b\"\n}\nrule {\nid = \"a\"\n}"],
    ),
    // What the system fills in.
    (
        "ike_profile",
        &[
            "",
            "encryption_algorithms = [\"AES_128\"]\ndigest_algorithms = [\"SHA2_256\"]\ndh_groups = [\"GROUP14\"]\nike_version = \"IKE_V2\"\nsa_life_time = 86400",
            "sa_life_time = \"86400\"",
            "sa_life_time = 86400.0",
            "sa_life_time = 8.64e4",
        ],
    ),
    (
        "ike_profile",
        &[
            "encryption_algorithms = [\"AES_GCM_128\"]",
            "encryption_algorithms = [\"AES_GCM_128\"]\ndigest_algorithms = []",
        ],
    ),
    (
        "tunnel_profile",
        &[
            "",
            "encryption_algorithms = [\"AES_GCM_128\"]\ndigest_algorithms = []\nenable_perfect_forward_secrecy = true\ndh_groups = [\"GROUP14\"]\nsa_life_time = 3600\ndf_policy = \"COPY\"",
            "enable_perfect_forward_secrecy = \"true\"",
        ],
    ),
    ("dpd_profile", &["", "enabled = true\ndpd_probe_mode = \"PERIODIC\"\ndpd_probe_interval = 60\nretry_count = 10"]),
    ("dpd_profile", &["dpd_probe_mode = \"ON_DEMAND\"", "dpd_probe_mode = \"ON_DEMAND\"\ndpd_probe_interval = 3"]),
    (
        "bgp_neighbor",
        &[
            "",
            "bgp_path = \"/infra/tier-0s/vmc/locale-services/default/bgp\"\nenabled = true\nkeep_alive_time = 60\nhold_down_time = 180\nmaximum_hop_limit = 1\nallow_as_in = false\ngraceful_restart_mode = \"HELPER_ONLY\"",
        ],
    ),
    ("bgp_neighbor", &["bfd {\n}", "bfd {\nenabled = false\ninterval = 500\nmultiple = 3\n}"]),
    ("bgp_neighbor", &["route_filtering {\n}", "route_filtering {\n  enabled = true\n}"]),
    (
        "prefix_list",
        &[
            "prefix {\nnetwork = \"10.0.0.0/8\"\n}",
            "prefix {\nnetwork = \"10.0.0.0/8\"\naction = \"PERMIT\"\n}\ngateway_path = \"/infra/tier-0s/vmc\"",
        ],
    ),
    (
        "local_endpoint",
        &[
            "service_path = \"/infra/tier-0s/vmc/ipsec-vpn-services/default\"\nlocal_address = \"2001:db8::9\"",
            "service_path = \"/infra/tier-0s/vmc/ipsec-vpn-services/default\"\nlocal_address = \"2001:DB8:0::9\"",
        ],
    ),
    ("local_endpoint", &["", "local_id = \"203.0.113.9\""]),
    (
        "policy_based_session",
        &[
            "",
            "enabled = true\nauthentication_mode = \"PSK\"\ncompliance_suite = \"NONE\"\nconnection_initiation_mode = \"INITIATOR\"\nike_profile_path = \"/infra/ipsec-vpn-ike-profiles/nsx-default-l3vpn-ike-profile\"\ntunnel_profile_path = \"/infra/ipsec-vpn-tunnel-profiles/nsx-default-l3vpn-tunnel-profile\"\ndpd_profile_path = \"/infra/ipsec-vpn-dpd-profiles/nsx-default-l3vpn-dpd-profile\"",
        ],
    ),
    (
        "policy_based_session",
        &[
            "rule {\nsources = [\"10.0.0.0/8\"]\n}",
            "rule {\nid = \"10.0.0.0_8-to-any\"\ndisplay_name = \"10.0.0.0_8-to-any\"\nsources = [\"10.0.0.0/8\"]\naction = \"PROTECT\"\nsequence_number = 0\nenabled = true\nlogged = false\n}",
        ],
    ),
    ("policy_based_session", &["tcp_mss_clamping {\n}", "tcp_mss_clamping {\ndirection = \"NONE\"\n}"]),
    (
        "route_based_session",
        &[
            "force_whitelisting = false",
            "tunnel_interface {\nid = \"default-tunnel-interface\"\ndisplay_name = \"default-tunnel-interface\"\nip_subnet {\nip_addresses = [\"169.254.9.1\"]\nprefix_length = 30\n}\n}",
        ],
    ),
    (
        "segment",
        &[
            "",
            "type = \"ROUTED\"\nadmin_state = \"UP\"\nreplication_mode = \"MTEP\"\nconnectivity_path = \"/infra/tier-1s/cgw\"",
        ],
    ),
    ("segment_port", &["", "admin_state = \"UP\""]),
    (
        "simulated_peer",
        &[
            "address = \"198.51.100.77\"",
            "address = \"198.51.100.77\"\nike_id = \"198.51.100.77\"\nlatency = 5\npath_mtu = 1500\nreachable = true\nbehind_nat = false",
        ],
    ),
    (
        "simulated_peer",
        &[
            "ike_proposal {\nencryption_algorithms = [\"AES_128\"]\n}\nesp_proposal {\nencryption_algorithms = [\"AES_GCM_128\"]\n}",
            "ike_proposal {\nencryption_algorithms = [\"AES_128\"]\ndigest_algorithms = [\"SHA2_256\"]\ndh_groups = [\"GROUP14\"]\n}\nesp_proposal {\nencryption_algorithms = [\"AES_GCM_128\"]\ndigest_algorithms = []\ndh_groups = []\n}",
        ],
    ),
    (
        "simulated_peer",
        &[
            "bgp {\nroute {\nnetwork = \"10.20.0.0/16\"\n}\nbfd {\n}\ngraceful_restart {\n}\n}",
            "bgp {\nkeep_alive_time = 60\nhold_down_time = 180\nrunning = true\nallow_as_in = false\nroute {\nnetwork = \"10.20.0.0/16\"\norigin = \"IGP\"\nmed = 0\nlocal_preference = 100\n}\nbfd {\nenabled = true\ninterval = 500\nmultiple = 3\n}\ngraceful_restart {\nenabled = true\nrestart_time = 120\n}\n}",
        ],
    ),
    (
        "simulated_flow",
        &[
            "",
            "protocol = \"UDP\"\npackets_per_second = 1\npacket_size = 100\ndont_fragment = false\ntime_to_live = 64",
            "destination_port = \"443\"",
        ],
    ),
    ("simulated_flow", &["protocol = \"TCP\"", "protocol = \"TCP\"\ndont_fragment = true"]),
    ("ike_profile", &["", "display_name = \"KEY\""]),
    // Nothing, said in several ways.
    ("bgp_neighbor", &["", "password = \"\"", "password = null"]),
    ("bgp_neighbor", &["", "source_addresses = []", "source_addresses = null"]),
    ("bgp_neighbor", &["", "in_route_filters = []", "out_route_filters = []"]),
    ("bgp_neighbor", &["route_filtering {\n}", "route_filtering {\nin_route_filters = []\nout_route_filters = []\n}"]),
    ("simulated_peer", &["", "networks = []\ntunnel_addresses = []", "networks = null"]),
    (
        "simulated_peer",
        &[
            "bgp {\nroute {\nnetwork = \"10.20.0.0/16\"\n}\n}",
            "bgp {\npassword = \"\"\nin_route_filters = []\nroute {\nnetwork = \"10.20.0.0/16\"\nas_path = []\n}\n}",
            "bgp {\npassword = null\nas_number = null\nroute {\nnetwork = \"10.20.0.0/16\"\n}\n}",
        ],
    ),
    ("local_endpoint", &["", "trust_ca_paths = []\ntrust_crl_paths = []"]),
    ("policy_based_session", &["rule {\nid = \"r\"\n}", "rule {\nid = \"r\"\nsources = []\ndestinations = []\n}"]),
    (
        "segment",
        &[
            "subnet {\ngateway_address = \"192.168.2.1/24\"\n}",
            "subnet {\ngateway_address = \"192.168.2.1/24\"\ndhcp_ranges = []\n}",
        ],
    ),
    ("ike_profile", &["", "description = \"\"", "description = null"]),
    ("ike_profile", &["tag {\ntag = \"a\"\n}", "tag {\nscope = \"\"\ntag = \"a\"\n}"]),
];

/// All of them, spelled in their way number `way`, or their last.
fn spelled(way: usize) -> String {
    let one = |(number, (kind, ways)): (usize, &(&str, &[&str]))| {
        let key = format!("x{number}");
        let body = ways[way.min(ways.len() - 1)].replace("KEY", &key);
        let resource = samples::resource(kind, &key, &format!("id = {key:?}\n{body}"));
        samples::apart(&resource, number)
    };
    samples::HOME.to_owned() + &SAME.iter().enumerate().map(one).collect::<String>()
}

fn most_ways() -> usize {
    SAME.iter().map(|(_, ways)| ways.len()).max().unwrap()
}

#[test]
fn another_spelling_is_no_change() {
    for first in [0, 1] {
        let lab = Workspace::new();
        lab.configure(&spelled(first)).apply();
        for way in 0..most_ways() {
            assert_eq!(lab.configure(&spelled(way)).changes(), [""; 0], "from way {first} to {way}");
        }
        lab.run(&["plan", "-refresh-only", "-input=false", "-out=plan.bin"]).succeeded();
        let drift = lab.json(&["show", "-json", "plan.bin"])["resource_drift"].clone();
        assert!(drift.as_array().is_none_or(Vec::is_empty), "refreshing changes the state: {drift:#}");
    }
}

#[test]
fn another_spelling_than_the_imported_one_is_no_change() {
    let owner = Workspace::new();
    owner.configure(&spelled(0)).apply();
    for way in 0..most_ways() {
        let lab = Workspace::beside(&owner);
        let import = |(number, (kind, _)): (usize, &(&str, _))| {
            let path = samples::sample(kind).collection;
            format!("import {{\nto = vpn_{kind}.x{number}\nid = \"{path}/x{number}\"\n}}\n")
        };
        let home = "import {\nto = vpn_segment.home\nid = \"home\"\n}\n";
        let imports: String = SAME.iter().enumerate().map(import).collect();
        lab.configure(&[&spelled(way), home, &imports].concat());
        assert_eq!(lab.changes(), [""; 0], "way {way}");
    }
}

#[test]
fn host_bits_are_taken_with_a_warning_that_names_the_network_meant() {
    let lab = Workspace::new();
    let list = samples::resource("prefix_list", "a", "id = \"a\"\nprefix {\nnetwork = \"192.168.100.3/27\"\n}");
    let session = samples::resource("policy_based_session", "s", "id = \"s\"\nrule {\nsources = [\"10.1.2.3/8\"]\n}");
    lab.configure(&[list, session].concat());
    let (code, complaints) = lab.complaints(&["plan", "-json"]);
    assert_eq!(code, 0);
    for (network, written) in [("192.168.100.0/27", "192.168.100.3/27"), ("10.0.0.0/8", "10.1.2.3/8")] {
        let about: Vec<_> = complaints.iter().filter(|it| it.summary.contains(network)).collect();
        assert!(!about.is_empty(), "{network}: {complaints:#?}");
        for warning in about {
            assert_eq!(warning.severity, "warning");
            assert!(lab.line(warning.line).contains(written), "{warning:#?}");
        }
    }
    lab.apply();
    assert_eq!(lab.object("/infra/tier-0s/vmc/prefix-lists/a")["prefixes"][0]["network"], "192.168.100.0/27");
    assert_eq!(lab.state("vpn_prefix_list.a")["prefix"][0]["network"], "192.168.100.3/27");
    lab.plan_is_empty();
}

#[test]
fn an_ipv6_session_can_be_changed_after_an_import() {
    let session = |mode: &str| {
        format!(
            r#"
data "vpn_local_endpoint" "own" {{ id = "Public-IP1" }}
resource "vpn_policy_based_session" "v6" {{
  id                         = "v6"
  service_path               = "/infra/tier-0s/vmc/ipsec-vpn-services/default"
  local_endpoint_path        = data.vpn_local_endpoint.own.path
  peer_address               = "2001:db8::7"
  peer_id                    = "2001:db8::7"
  psk                        = "secret"
  connection_initiation_mode = "{mode}"
  rule {{ destinations = ["2001:db8:7::/48"] }}
}}
"#
        )
    };
    let lab = Workspace::new();
    lab.configure(&session("INITIATOR")).apply();
    lab.run(&["state", "rm", "vpn_policy_based_session.v6"]).succeeded();
    let path = "/infra/tier-0s/vmc/ipsec-vpn-services/default/sessions/v6";
    lab.run(&["import", "-input=false", "vpn_policy_based_session.v6", path]).succeeded();
    lab.plan_is_empty();
    lab.configure(&session("RESPOND_ONLY")).apply();
    lab.plan_is_empty();
}
