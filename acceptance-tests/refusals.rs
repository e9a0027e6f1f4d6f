//! What is refused before anything is written, and how it is said.

use crate::attributes::OTHERS;
use crate::samples;
use crate::terraform::{Complaint, Workspace};

/// A declaration that is refused. The offending line of the block ends in `# !`;
/// where nothing is there to offend, the line of the resource itself does.
pub struct Wrong {
    /// The resource type without `vpn_`.
    pub kind: &'static str,
    /// What stands in the block; what the kind needs besides is added.
    pub body: &'static str,
    /// Words of the refusal: what is wrong.
    what: &'static str,
    /// Words of the refusal: what to do about it.
    hint: &'static str,
}

const fn wrong(kind: &'static str, body: &'static str, what: &'static str, hint: &'static str) -> Wrong {
    Wrong { kind, body, what, hint }
}

/// The resource `name`. Where no line of the body is marked, its own is.
fn declared(wrong: &Wrong, name: &str) -> String {
    let hcl = samples::resource(wrong.kind, name, wrong.body);
    if wrong.body.contains("# !") { hcl } else { hcl.replacen('{', "{ # !", 1) }
}

/// Checks that each of `all` is refused, by what `complaints` say: with its words,
/// at its line, with a hint.
pub fn each_is_refused(lab: &Workspace, all: &[&Wrong], complaints: &[Complaint]) {
    let mut failures = Vec::new();
    for (position, wrong) in all.iter().enumerate() {
        let address = format!("vpn_{}.r{position}", wrong.kind);
        let about: Vec<_> = complaints
            .iter()
            .filter(|it| it.address == address || it.address.is_empty() && lab.is_in(it.line, &address))
            .collect();
        let found = about.iter().find(|it| {
            let text = format!("{} {}", it.summary, it.detail);
            it.severity == "error" && text.contains(wrong.what) && text.contains(wrong.hint)
        });
        match found {
            None => failures.push(format!(
                "{address} ({:?}) was not refused with {:?} and {:?}, but {about:#?}",
                wrong.body, wrong.what, wrong.hint
            )),
            Some(found) if !lab.line(found.line).ends_with("# !") => failures.push(format!(
                "{address} ({:?}): the complaint points at line {} ({:?})",
                wrong.body,
                found.line,
                lab.line(found.line)
            )),
            Some(found) if found.detail.trim().is_empty() => failures.push(format!("{address}: no hint")),
            Some(_) => {}
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n\n"));
}

/// Everything that a look at the configuration alone can refuse.
pub const REFUSED_AT_ONCE: &[Wrong] = &[
    // IKE profiles.
    wrong(
        "ike_profile",
        "encryption_algorithms = [\"AES_GCM_128\"]\ndigest_algorithms = [\"SHA2_256\"] # !",
        "AES_GCM_128 takes no digest",
        "Leave digest_algorithms out",
    ),
    wrong(
        "ike_profile",
        "encryption_algorithms = [\"AES_GCM_256\"]\nike_version = \"IKE_V1\" # !",
        "AES_GCM_256 cannot be used with IKE_V1",
        "IKE_V2",
    ),
    wrong(
        "ike_profile",
        "encryption_algorithms = [\"AES_GCM_192\"]\nike_version = \"IKE_FLEX\" # !",
        "AES_GCM_192 cannot be used with IKE_FLEX",
        "IKE_V2",
    ),
    wrong(
        "ike_profile",
        "encryption_algorithms = [\"AES_128\"]\ndigest_algorithms = [] # !",
        "AES_128 needs a digest",
        "SHA2_256",
    ),
    wrong(
        "ike_profile",
        "ike_version = \"ike_v2\" # !",
        "\"ike_v2\" is not a value of ike_version",
        "did you mean IKE_V2?",
    ),
    wrong("ike_profile", "ike_version = \"IKE_V3\" # !", "\"IKE_V3\" is not a value", "IKE_V1, IKE_V2 or IKE_FLEX"),
    wrong(
        "ike_profile",
        "encryption_algorithms = [\"aes_128\"] # !",
        "\"aes_128\" is not a value of encryption_algorithms",
        "did you mean AES_128?",
    ),
    wrong("ike_profile", "dh_groups = [\"Group14\"] # !", "\"Group14\" is not a value of dh_groups", "GROUP14"),
    wrong("ike_profile", "dh_groups = [\"GROUP1\"] # !", "\"GROUP1\" is not a value", "GROUP2, GROUP5"),
    wrong("ike_profile", "dh_groups = [] # !", "at least 1", "Add"),
    wrong("ike_profile", "encryption_algorithms = [] # !", "at least 1", "Add"),
    wrong("ike_profile", "dh_groups = [null] # !", "null", "Leave"),
    wrong("ike_profile", "dh_groups = [\"\"] # !", "\"\" is not a value of dh_groups", "GROUP14"),
    wrong("ike_profile", "sa_life_time = 21599 # !", "sa_life_time cannot be 21599", "21600 to 31536000"),
    wrong("ike_profile", "sa_life_time = 31536001 # !", "sa_life_time cannot be 31536001", "21600 to 31536000"),
    wrong("ike_profile", "sa_life_time = -1 # !", "sa_life_time cannot be -1", "21600 to 31536000"),
    wrong("ike_profile", "sa_life_time = 86400.5 # !", "sa_life_time cannot be 86400.5", "whole number"),
    wrong(
        "ike_profile",
        "sa_life_time = 1e30 # !",
        "sa_life_time cannot be 1000000000000000000000000000000",
        "31536000",
    ),
    wrong("ike_profile", "sa_life_time = 9223372036854775808 # !", "cannot be 9223372036854775808", "31536000"),
    wrong("ike_profile", "sa_life_time = \"a day\" # !", "sa_life_time", "number is required"),
    wrong("ike_profile", "ike_version = [\"IKE_V2\"] # !", "ike_version", "string required"),
    wrong("ike_profile", "dh_groups = \"GROUP14\" # !", "dh_groups", "set of string required"),
    wrong("ike_profile", "revision = 3 # !", "revision", "cannot be configured"),
    wrong("ike_profile", "lifetime = 86400 # !", "lifetime", "not expected"),
    // Names.
    wrong("ike_profile", "id = \"\" # !", "id", "1 to 1024"),
    wrong("ike_profile", "id = \"a/b\" # !", "id holds '/'", "leave out"),
    wrong("ike_profile", "id = \"a?b\" # !", "id holds '?'", "leave out"),
    wrong("ike_profile", "id = \"a\\nb\" # !", "id holds", "control characters"),
    wrong("ike_profile", "id = \"..\" # !", "\"..\" cannot be an identifier", "other than . and .."),
    wrong("ike_profile", "id = \" a\" # !", "\" a\" cannot be an identifier", "without spaces"),
    wrong("ike_profile", "id = replace(format(\"%1025s\", \"\"), \" \", \"x\") # !", "id", "1 to 1024"),
    wrong("ike_profile", "display_name = \"\" # !", "display_name has 0 characters", "1 to 255"),
    wrong(
        "ike_profile",
        "display_name = join(\"\", [for i in range(256) : \"x\"]) # !",
        "display_name has 256 characters",
        "1 to 255",
    ),
    wrong("ike_profile", "description = format(\"%1025s\", \"\") # !", "description has 1025 characters", "1024"),
    wrong(
        "ike_profile",
        "tag {\nscope = join(\"\", [for i in range(129) : \"x\"]) # !\n}",
        "scope has 129 characters",
        "128",
    ),
    wrong(
        "ike_profile",
        "tag {\ntag = join(\"\", [for i in range(257) : \"x\"]) # !\n}",
        "tag has 257 characters",
        "256",
    ),
    wrong(
        "ike_profile",
        "dynamic \"tag\" {\nfor_each = range(31)\ncontent { # !\ntag = \"t${tag.value}\"\n}\n}",
        "tag",
        "30",
    ),
    // Tunnel profiles.
    wrong(
        "tunnel_profile",
        "digest_algorithms = [\"SHA1\"] # !",
        "AES_GCM_128 takes no digest",
        "Leave digest_algorithms out",
    ),
    wrong(
        "tunnel_profile",
        "encryption_algorithms = [\"NO_ENCRYPTION_AUTH_AES_GMAC_256\"]\ndigest_algorithms = [\"SHA1\"] # !",
        "takes no digest",
        "GMAC",
    ),
    wrong(
        "tunnel_profile",
        "encryption_algorithms = [\"NO_ENCRYPTION\"]\ndigest_algorithms = [] # !",
        "NO_ENCRYPTION needs a digest",
        "SHA2_256",
    ),
    wrong("tunnel_profile", "dh_groups = [] # !", "Perfect forward secrecy needs", "enable_perfect_forward_secrecy"),
    wrong("tunnel_profile", "sa_life_time = 899 # !", "sa_life_time cannot be 899", "900 to 31536000"),
    wrong("tunnel_profile", "df_policy = \"copy\" # !", "\"copy\" is not a value of df_policy", "did you mean COPY?"),
    // DPD profiles.
    wrong(
        "dpd_profile",
        "dpd_probe_mode = \"ON_DEMAND\"\ndpd_probe_interval = 11 # !",
        "dpd_probe_interval cannot be 11 with ON_DEMAND",
        "1 to 10",
    ),
    wrong("dpd_profile", "dpd_probe_interval = 2 # !", "dpd_probe_interval cannot be 2 with PERIODIC", "3 to 360"),
    wrong("dpd_profile", "dpd_probe_interval = 361 # !", "dpd_probe_interval cannot be 361", "360"),
    wrong("dpd_profile", "dpd_probe_interval = 0 # !", "dpd_probe_interval cannot be 0", "360"),
    wrong(
        "dpd_profile",
        "dpd_probe_mode = \"on_demand\" # !",
        "\"on_demand\" is not a value",
        "did you mean ON_DEMAND?",
    ),
    wrong("dpd_profile", "retry_count = 0 # !", "retry_count cannot be 0", "1 to 100"),
    wrong("dpd_profile", "retry_count = 101 # !", "retry_count cannot be 101", "1 to 100"),
    wrong("dpd_profile", "enabled = \"yes\" # !", "enabled", "bool is required"),
    // Prefix lists.
    wrong(
        "prefix_list",
        "prefix {\nnetwork = \"10.0.0.0/8\"\nle = 7 # !\n}",
        "le 7 is shorter than the network's own length of 8",
        "8 to 32",
    ),
    wrong(
        "prefix_list",
        "prefix {\nnetwork = \"10.0.0.0/8\"\n}\nprefix {\nnetwork = \"10.0.0.0/16\"\nge = 8 # !\n}",
        "ge 8 is shorter",
        "16 to 32",
    ),
    wrong(
        "prefix_list",
        "prefix {\nnetwork = \"10.0.0.0/8\"\nge = 26 # !\nle = 24\n}",
        "ge 26 is larger than le 24",
        "ge must not be the larger",
    ),
    wrong("prefix_list", "prefix {\nnetwork = \"10.0.0.0/8\"\nle = 33 # !\n}", "le 33 is longer than 32", "8 to 32"),
    wrong("prefix_list", "prefix {\nnetwork = \"2001:db8::/32\"\nle = 129 # !\n}", "le cannot be 129", "1 to 128"),
    wrong("prefix_list", "prefix {\nnetwork = \"10.0.0.0/33\" # !\n}", "\"10.0.0.0/33\" has a prefix length", "CIDR"),
    wrong("prefix_list", "prefix {\nnetwork = \"2001:db8::/129\" # !\n}", "between 0 and 128", "CIDR"),
    wrong("prefix_list", "prefix {\nnetwork = \"10.0.0.0\" # !\n}", "has no prefix length", "CIDR"),
    wrong("prefix_list", "prefix {\nnetwork = \"10.0.0/8\" # !\n}", "has no valid address", "CIDR"),
    wrong("prefix_list", "prefix {\nnetwork = \"\" # !\n}", "\"\"", "CIDR"),
    wrong("prefix_list", "prefix {\nnetwork = \"everything\" # !\n}", "\"everything\"", "CIDR"),
    wrong(
        "prefix_list",
        "prefix {\nnetwork = \"ANY\"\nle = 24 # !\n}",
        "le cannot be used with the network ANY",
        "0.0.0.0/0",
    ),
    wrong(
        "prefix_list",
        "prefix {\nnetwork = \"10.0.0.0/8\"\naction = \"permit\" # !\n}",
        "\"permit\" is not a value of action",
        "did you mean PERMIT?",
    ),
    wrong("prefix_list", "-prefix", "prefix", "least 1"),
    wrong("prefix_list", "prefix { # !\naction = \"DENY\"\n}", "network", "required"),
    wrong("prefix_list", "gateway_path = \"/infra/tier-1s/cgw\" # !", "\"/infra/tier-1s/cgw\"", "/infra/tier-0s/ID"),
    wrong("prefix_list", "gateway_path = \"vmc\" # !", "\"vmc\"", "/infra/tier-0s/ID"),
    // BGP neighbors.
    wrong("bgp_neighbor", "remote_as_num = \"0\" # !", "\"0\" is not an AS number", "AS 0 is reserved"),
    wrong("bgp_neighbor", "remote_as_num = \"0.0\" # !", "\"0.0\" is not an AS number", "AS 0 is reserved"),
    wrong(
        "bgp_neighbor",
        "remote_as_num = \"4294967296\" # !",
        "\"4294967296\" is not an AS number",
        "1 to 4294967295",
    ),
    wrong("bgp_neighbor", "remote_as_num = 4294967296 # !", "\"4294967296\" is not an AS number", "1 to 4294967295"),
    wrong("bgp_neighbor", "remote_as_num = \"AS65001\" # !", "\"AS65001\" is not an AS number", "whole number"),
    wrong("bgp_neighbor", "remote_as_num = \"1.65536\" # !", "\"1.65536\" is not an AS number", "0 to 65535"),
    wrong("bgp_neighbor", "remote_as_num = \"-1\" # !", "\"-1\" is not an AS number", "whole number"),
    wrong("bgp_neighbor", "remote_as_num = \"\" # !", "\"\" is not an AS number", "whole number"),
    wrong("bgp_neighbor", "-remote_as_num", "remote_as_num", "required"),
    wrong("bgp_neighbor", "-neighbor_address", "neighbor_address", "required"),
    wrong(
        "bgp_neighbor",
        "neighbor_address = \"169.254.9.2/30\" # !",
        "\"169.254.9.2/30\" is not an IP address",
        "Leave out the prefix length",
    ),
    wrong("bgp_neighbor", "neighbor_address = \"169.254.9.256\" # !", "is not an IP address", "IPv4 or IPv6"),
    wrong("bgp_neighbor", "neighbor_address = \"peer.example.com\" # !", "is not an IP address", "IPv4 or IPv6"),
    wrong("bgp_neighbor", "neighbor_address = \"\" # !", "is not an IP address", "IPv4 or IPv6"),
    wrong("bgp_neighbor", "hold_down_time = 59 # !", "hold_down_time 59 is below keep_alive_time 60", "RFC 4271"),
    wrong("bgp_neighbor", "keep_alive_time = 181", "hold_down_time 180 is below keep_alive_time 181", "RFC 4271"),
    wrong("bgp_neighbor", "keep_alive_time = 1\nhold_down_time = 2 # !", "hold_down_time cannot be 2", "3 or more"),
    wrong("bgp_neighbor", "hold_down_time = 65536 # !", "hold_down_time cannot be 65536", "1 to 65535"),
    wrong("bgp_neighbor", "keep_alive_time = 0 # !", "keep_alive_time cannot be 0", "1 to 65535"),
    wrong("bgp_neighbor", "maximum_hop_limit = 256 # !", "maximum_hop_limit cannot be 256", "1 to 255"),
    wrong("bgp_neighbor", "maximum_hop_limit = 2", "source_addresses is missing", "gateway's address"),
    wrong(
        "bgp_neighbor",
        "maximum_hop_limit = 2\nsource_addresses = [] # !",
        "source_addresses is missing",
        "gateway's address",
    ),
    wrong(
        "bgp_neighbor",
        "source_addresses = [\"169.254.9.1/30\"] # !",
        "is not an IP address",
        "Leave out the prefix length",
    ),
    wrong("bgp_neighbor", "source_addresses = [for i in range(9) : \"169.254.9.${i}\"] # !", "at most 8", "Remove"),
    wrong("bgp_neighbor", "password = \"123456789012345678901234567890123\" # !", "password has 33 characters", "32"),
    wrong("bgp_neighbor", "graceful_restart_mode = \"helper_only\" # !", "is not a value", "did you mean HELPER_ONLY?"),
    wrong(
        "bgp_neighbor",
        "route_filtering {\naddress_family = \"IPV4\"\n}\nroute_filtering {\naddress_family = \"IPV4\" # !\n}",
        "IPV4 is filtered twice",
        "one route_filtering",
    ),
    wrong(
        "bgp_neighbor",
        "route_filtering {\naddress_family = \"IPV4\"\n}\nroute_filtering { # !\n}",
        "IPV4 is filtered twice",
        "one route_filtering",
    ),
    wrong(
        "bgp_neighbor",
        "route_filtering {\naddress_family = \"ipv4\" # !\n}",
        "\"ipv4\" is not a value",
        "did you mean IPV4?",
    ),
    wrong("bgp_neighbor", "route_filtering {\nmaximum_routes = 0 # !\n}", "maximum_routes cannot be 0", "1 to 1000000"),
    wrong(
        "bgp_neighbor",
        "route_filtering {\nin_route_filters = [\"/infra/ipsec-vpn-ike-profiles/a\"] # !\n}",
        "another kind of object (IKE profile)",
        "/infra/tier-0s/ID/prefix-lists/ID",
    ),
    wrong(
        "bgp_neighbor",
        "route_filtering {\nin_route_filters = [\"/infra/tier-0s/vmc/prefix-lists/a\", \"/infra/tier-0s/vmc/prefix-lists/b\"] # !\n}",
        "at most 1",
        "Remove",
    ),
    wrong("bgp_neighbor", "bfd {\ninterval = 49 # !\n}", "interval cannot be 49", "50 to 60000"),
    wrong("bgp_neighbor", "bfd {\nmultiple = 17 # !\n}", "multiple cannot be 17", "2 to 16"),
    wrong("bgp_neighbor", "bfd {\n}\nbfd { # !\n}", "bfd", "Only one"),
    wrong("bgp_neighbor", "neighbor_local_as_config { # !\n}", "local_as_num", "required"),
    wrong(
        "bgp_neighbor",
        "neighbor_local_as_config {\nlocal_as_num = \"0\" # !\n}",
        "\"0\" is not an AS number",
        "AS 0",
    ),
    wrong(
        "bgp_neighbor",
        "bgp_path = \"/infra/tier-0s/vmc\" # !",
        "\"/infra/tier-0s/vmc\"",
        "/infra/tier-0s/ID/locale-services/ID/bgp",
    ),
    // Sessions.
    wrong(
        "route_based_session",
        "tunnel_interface {\nip_subnet {\nip_addresses = [\"10.0.0.1\"] # !\nprefix_length = 30\n}\n}",
        "10.0.0.1 lies outside 169.254.0.0/16",
        "169.254.0.0/16",
    ),
    wrong(
        "route_based_session",
        "tunnel_interface {\nip_subnet {\nip_addresses = [\"169.254.9.0\"] # !\nprefix_length = 30\n}\n}",
        "169.254.9.0 is the network address of 169.254.9.0/30",
        "host",
    ),
    wrong(
        "route_based_session",
        "tunnel_interface {\nip_subnet {\nip_addresses = [\"169.254.9.3\"] # !\nprefix_length = 30\n}\n}",
        "169.254.9.3 is the broadcast address of 169.254.9.0/30",
        "host",
    ),
    wrong(
        "route_based_session",
        "tunnel_interface {\nip_subnet {\nip_addresses = [\"169.254.9.1\"]\nprefix_length = 32 # !\n}\n}",
        "prefix_length cannot be 32",
        "at most 31",
    ),
    wrong(
        "route_based_session",
        "tunnel_interface {\nip_subnet {\nip_addresses = [\"169.254.9.1\"]\nprefix_length = 0 # !\n}\n}",
        "prefix_length cannot be 0",
        "1 to 127",
    ),
    wrong(
        "route_based_session",
        "tunnel_interface {\nip_subnet {\nip_addresses = [\"169.254.9.1\", \"169.254.9.2\"] # !\nprefix_length = 30\n}\n}",
        "at most 1",
        "Remove",
    ),
    wrong(
        "route_based_session",
        "tunnel_interface {\nip_subnet {\nip_addresses = [] # !\nprefix_length = 30\n}\n}",
        "at least 1",
        "Add",
    ),
    wrong(
        "route_based_session",
        "tunnel_interface {\nip_subnet {\nip_addresses = [\"169.254.9.1/30\"] # !\nprefix_length = 30\n}\n}",
        "is not an IP address",
        "Leave out the prefix length",
    ),
    wrong(
        "route_based_session",
        "tunnel_interface {\nip_subnet { # !\nip_addresses = [\"169.254.9.1\"]\n}\n}",
        "prefix_length",
        "required",
    ),
    wrong("route_based_session", "tunnel_interface { # !\n}", "ip_subnet", "least 1"),
    wrong("route_based_session", "-tunnel_interface", "tunnel_interface", "least 1"),
    wrong(
        "route_based_session",
        "tunnel_interface {\nip_subnet {\nip_addresses = [\"fd00::1\"]\nprefix_length = 64\n}\n}",
        "cannot be IPv6 below",
        "without the locale service",
    ),
    wrong(
        "route_based_session",
        "tunnel_interface { # !\nip_subnet {\nip_addresses = [\"169.254.9.1\"]\nprefix_length = 30\n}\nip_subnet {\nip_addresses = [\"169.254.8.1\"]\nprefix_length = 30\n}\n}",
        "same IP version",
        "one IPv4 and one IPv6",
    ),
    wrong(
        "route_based_session",
        "psk = join(\"\", [for i in range(129) : \"x\"]) # !",
        "psk has 129 characters",
        "1 to 128",
    ),
    wrong("route_based_session", "psk = \"\" # !", "psk has 0 characters", "1 to 128"),
    wrong("route_based_session", "-psk", "psk is missing", "CERTIFICATE"),
    wrong(
        "route_based_session",
        "local_endpoint_path = vpn_local_endpoint.certified.path\nauthentication_mode = \"CERTIFICATE\"\npsk = \"secret\" # !",
        "psk cannot be used with authentication_mode CERTIFICATE",
        "Remove psk",
    ),
    wrong("route_based_session", "authentication_mode = \"psk\" # !", "\"psk\" is not a value", "did you mean PSK?"),
    wrong(
        "route_based_session",
        "-psk\nlocal_endpoint_path = vpn_local_endpoint.certified.path\nauthentication_mode = \"CERTIFICATE\"\ncompliance_suite = \"CNSA\"\nike_profile_path = \"/infra/ipsec-vpn-ike-profiles/nsx-default-l3vpn-ike-profile\" # !",
        "ike_profile_path cannot be used with the compliance suite CNSA",
        "Remove the profile",
    ),
    wrong(
        "policy_based_session",
        "-psk\nlocal_endpoint_path = vpn_local_endpoint.certified.path\nauthentication_mode = \"CERTIFICATE\"\ncompliance_suite = \"FIPS\"\ntunnel_profile_path = \"/infra/ipsec-vpn-tunnel-profiles/nsx-default-l3vpn-tunnel-profile\" # !",
        "tunnel_profile_path cannot be used with the compliance suite FIPS",
        "Remove the profile",
    ),
    wrong(
        "policy_based_session",
        "compliance_suite = \"PRIME\"\nauthentication_mode = \"PSK\" # !",
        "The compliance suite PRIME authenticates by certificate",
        "CERTIFICATE",
    ),
    wrong("policy_based_session", "compliance_suite = \"none\" # !", "\"none\" is not a value", "did you mean NONE?"),
    wrong(
        "policy_based_session",
        "ike_profile_path = \"/infra/ipsec-vpn-tunnel-profiles/a\" # !",
        "another kind of object (tunnel profile)",
        "vpn_ike_profile",
    ),
    wrong("policy_based_session", "local_endpoint_path = \"Private-IP1\" # !", "is not a path", "local-endpoints/ID"),
    wrong("policy_based_session", "local_endpoint_path = \"\" # !", "is not a path", "local-endpoints/ID"),
    wrong(
        "policy_based_session",
        "peer_address = \"203.0.113.1/32\" # !",
        "is not an IP address",
        "Leave out the prefix length",
    ),
    wrong(
        "policy_based_session",
        "peer_address = \"2001:db8::1\" # !",
        "peer_address cannot be IPv6 below",
        "without the locale service",
    ),
    wrong("policy_based_session", "peer_id = \"\" # !", "peer_id has 0 characters", "1 to 255"),
    wrong(
        "policy_based_session",
        "connection_initiation_mode = \"INITATOR\" # !",
        "\"INITATOR\" is not a value",
        "INITIATOR, RESPOND_ONLY or ON_DEMAND",
    ),
    wrong(
        "policy_based_session",
        "rule {\nsources = [\"10.0.0.0/33\"] # !\n}",
        "\"10.0.0.0/33\" has a prefix length",
        "CIDR",
    ),
    wrong("policy_based_session", "rule {\ndestinations = [\"10.0.0.256/24\"] # !\n}", "has no valid address", "CIDR"),
    wrong("policy_based_session", "rule {\ndestinations = [\"10.0.0.1\"] # !\n}", "has no prefix length", "CIDR"),
    wrong(
        "policy_based_session",
        "rule {\nsources = [\"2001:db8::/32\"] # !\n}",
        "cannot be IPv6 below",
        "without the locale service",
    ),
    wrong(
        "policy_based_session",
        "rule {\nsources = [for i in range(129) : \"10.0.${i}.0/24\"] # !\n}",
        "at most 128",
        "Remove",
    ),
    wrong("policy_based_session", "rule {\nsequence_number = -1 # !\n}", "sequence_number cannot be -1", "0 or more"),
    wrong(
        "policy_based_session",
        "rule {\naction = \"BYPASS\" # !\n}",
        "\"BYPASS\" is not a value of action",
        "PROTECT",
    ),
    wrong("policy_based_session", "rule {\nid = \"a/b\" # !\n}", "id holds '/'", "leave out"),
    wrong(
        "policy_based_session",
        "rule {\nid = \"a\"\n}\nrule {\nid = \"a\"\nlogged = true\n}",
        "id \"a\"",
        "id of its own",
    ),
    wrong(
        "policy_based_session",
        "rule {\nid = \"a\"\n}\nrule {\nid = \"b\"\nsources = [\"10.0.0.0/33\"]\n}",
        "\"10.0.0.0/33\" has a prefix length",
        "In rule \"b\": ",
    ),
    wrong("policy_based_session", "-rule", "rule", "least 1"),
    wrong(
        "policy_based_session",
        "tcp_mss_clamping {\nmax_segment_size = 107 # !\n}",
        "max_segment_size cannot be 107",
        "108 to 8902",
    ),
    wrong(
        "policy_based_session",
        "tcp_mss_clamping {\ndirection = \"both\" # !\n}",
        "\"both\" is not a value of direction",
        "did you mean BOTH?",
    ),
    wrong(
        "policy_based_session",
        "service_path = \"/infra/tier-0s/vmc\" # !",
        "\"/infra/tier-0s/vmc\"",
        "ipsec-vpn-services/ID",
    ),
    // Local endpoints.
    wrong(
        "local_endpoint",
        "local_address = \"203.0.113.9/32\" # !",
        "is not an IP address",
        "Leave out the prefix length",
    ),
    wrong(
        "local_endpoint",
        "local_address = \"2001:db8::1\" # !",
        "local_address cannot be IPv6 below",
        "without the locale service",
    ),
    wrong(
        "local_endpoint",
        "certificate_path = \"/infra/crls/a\" # !",
        "another kind of object",
        "/infra/certificates/ID",
    ),
    wrong("local_endpoint", "trust_ca_paths = [\"ca\"] # !", "is not a path", "/infra/certificates/ID"),
    wrong("local_endpoint", "local_id = \"\" # !", "local_id has 0 characters", "1 to 255"),
    // Segments and ports.
    wrong(
        "segment",
        "subnet {\ngateway_address = \"192.168.1.0/24\" # !\n}",
        "192.168.1.0 is the network address",
        "host",
    ),
    wrong(
        "segment",
        "subnet {\ngateway_address = \"192.168.1.255/24\" # !\n}",
        "192.168.1.255 is the broadcast address",
        "host",
    ),
    wrong("segment", "subnet {\ngateway_address = \"192.168.1.1\" # !\n}", "has no prefix length", "192.168.1.1/24"),
    wrong(
        "segment",
        "subnet {\ngateway_address = \"192.168.1.1/24\"\ndhcp_ranges = [\"192.168.2.10-192.168.2.20\"] # !\n}",
        "does not lie in 192.168.1.0/24",
        "subnet",
    ),
    wrong(
        "segment",
        "subnet {\ngateway_address = \"192.168.1.1/24\"\ndhcp_ranges = [\"192.168.1.20-192.168.1.10\"] # !\n}",
        "is not an address or a range",
        "first-last",
    ),
    wrong(
        "segment",
        "subnet {\ngateway_address = \"192.168.1.1/24\"\n}\nsubnet {\ngateway_address = \"192.168.1.129/25\" # !\n}",
        "overlaps 192.168.1.0/24",
        "network of its own",
    ),
    wrong("segment", "connectivity_path = \"/infra/tier-0s/vmc\" # !", "\"/infra/tier-0s/vmc\"", "/infra/tier-1s/ID"),
    wrong("segment", "type = \"routed\" # !", "\"routed\" is not a value of type", "did you mean ROUTED?"),
    wrong(
        "segment_port",
        "address_binding {\nmac_address = \"00:50:56:ab:cd\" # !\n}",
        "is not a MAC address",
        "00:50:56",
    ),
    wrong("segment_port", "address_binding {\nvlan_id = 4095 # !\n}", "vlan_id cannot be 4095", "0 to 4094"),
    wrong(
        "segment_port",
        "address_binding {\nip_address = \"192.168.1.10/24\" # !\n}",
        "is not an IP address",
        "Leave out the prefix length",
    ),
    wrong("segment_port", "-segment_path", "segment_path", "required"),
    wrong("segment_port", "segment_path = \"/infra/tier-1s/cgw\" # !", "\"/infra/tier-1s/cgw\"", "segments/ID"),
];

#[test]
fn what_the_configuration_alone_shows_is_refused_by_validate_and_by_plan() {
    let lab = Workspace::new();
    let hcl: String =
        REFUSED_AT_ONCE.iter().enumerate().map(|(position, wrong)| declared(wrong, &format!("r{position}"))).collect();
    lab.configure(&[&hcl, OTHERS].concat());
    for command in ["validate", "plan"] {
        let (code, complaints) = lab.complaints(&[command, "-json"]);
        assert_eq!(code, 1, "{command}");
        each_is_refused(&lab, &REFUSED_AT_ONCE.iter().collect::<Vec<_>>(), &complaints);
        let wrong = complaints.iter().filter(|it| it.severity == "error");
        let one_each: std::collections::BTreeSet<_> = wrong.map(|it| it.address.clone()).collect();
        assert!(!lab.engine().exists() || lab.paths().is_empty(), "{command} wrote something: {one_each:?}");
    }
}

/// What only a look at what is there can refuse.
const REFUSED_BY_PLAN: &[Wrong] = &[
    wrong(
        "policy_based_session",
        "ike_profile_path = \"/infra/ipsec-vpn-ike-profiles/none\" # !",
        "/infra/ipsec-vpn-ike-profiles/none does not exist",
        "vpn_ike_profile.NAME.path",
    ),
    wrong(
        "policy_based_session",
        "tunnel_profile_path = \"/infra/ipsec-vpn-tunnel-profiles/none\" # !",
        "does not exist",
        "vpn_tunnel_profile.NAME.path",
    ),
    wrong(
        "route_based_session",
        "dpd_profile_path = \"/infra/ipsec-vpn-dpd-profiles/none\" # !",
        "does not exist",
        "vpn_dpd_profile.NAME.path",
    ),
    wrong(
        "route_based_session",
        "local_endpoint_path = \"/infra/tier-0s/vmc/locale-services/default/ipsec-vpn-services/default/local-endpoints/none\" # !",
        "does not exist",
        "vpn_local_endpoint.NAME.path",
    ),
    wrong(
        "route_based_session",
        "-psk\nauthentication_mode = \"CERTIFICATE\"\nlocal_endpoint_path = \"/infra/tier-0s/vmc/locale-services/default/ipsec-vpn-services/default/local-endpoints/Public-IP1\" # !",
        "no certificate",
        "certificate_path",
    ),
    wrong(
        "bgp_neighbor",
        "route_filtering {\nin_route_filters = [] \nout_route_filters = [\"/infra/tier-0s/vmc/prefix-lists/none\"] # !\n}",
        "/infra/tier-0s/vmc/prefix-lists/none does not exist",
        "vpn_prefix_list.NAME.path",
    ),
    wrong(
        "bgp_neighbor",
        "bgp_path = \"/infra/tier-0s/none/locale-services/default/bgp\" # !",
        "/infra/tier-0s/none/locale-services/default/bgp does not exist",
        "correct the path",
    ),
    wrong(
        "prefix_list",
        "gateway_path = \"/infra/tier-0s/none\" # !",
        "/infra/tier-0s/none does not exist",
        "correct the path",
    ),
    wrong(
        "local_endpoint",
        "service_path = \"/infra/tier-0s/vmc/ipsec-vpn-services/none\" # !",
        "ipsec-vpn-services/none does not exist",
        "correct the path",
    ),
    wrong(
        "segment",
        "connectivity_path = \"/infra/tier-1s/none\" # !",
        "/infra/tier-1s/none does not exist",
        "correct the path",
    ),
    wrong(
        "segment_port",
        "segment_path = \"/infra/tier-1s/cgw/segments/none\" # !",
        "/infra/tier-1s/cgw/segments/none does not exist",
        "vpn_segment.NAME.path",
    ),
    wrong(
        "dpd_profile",
        "id = \"nsx-default-l3vpn-dpd-profile\" # !",
        "owned by the system",
        "data source vpn_dpd_profile",
    ),
    wrong("local_endpoint", "id = \"Public-IP1\" # !", "owned by the system", "data source vpn_local_endpoint"),
    wrong(
        "ike_profile",
        "id = \"theirs\" # !",
        "exists already",
        "terraform import vpn_ike_profile.NAME /infra/ipsec-vpn-ike-profiles/theirs",
    ),
    wrong("ike_profile", "display_name = \"theirs\"", "exists already", "choose another id"),
];

#[test]
fn what_does_not_fit_what_is_there_is_refused_by_plan() {
    let lab = Workspace::new();
    lab.patch("/infra/ipsec-vpn-ike-profiles/theirs", serde_json::json!({ "sa_life_time": 30_000 }));
    let all: Vec<_> = REFUSED_BY_PLAN.iter().collect();
    // The last one is refused on its own: two of a path are refused as such.
    let (last, others) = all.split_last().unwrap();
    for all in [others, &[*last]] {
        let declare = |(position, wrong): (usize, &&Wrong)| declared(wrong, &format!("r{position}"));
        lab.configure(&all.iter().enumerate().map(declare).collect::<String>());
        let (code, complaints) = lab.complaints(&["plan", "-json"]);
        assert_eq!(code, 1);
        each_is_refused(&lab, all, &complaints);
        assert_eq!(lab.paths(), ["/infra/ipsec-vpn-ike-profiles/theirs"]);
    }
    assert_eq!(lab.object("/infra/ipsec-vpn-ike-profiles/theirs")["_revision"], 0);
}

#[test]
fn what_should_no_longer_be_used_is_warned_of() {
    let lab = Workspace::new();
    let deprecated = [
        wrong(
            "route_based_session",
            "force_whitelisting = false # !",
            "force_whitelisting is deprecated",
            "firewall rule",
        ),
        wrong(
            "bgp_neighbor",
            "in_route_filters = [vpn_prefix_list.other.path] # !",
            "in_route_filters is deprecated",
            "route_filtering",
        ),
    ];
    let declare = |(position, wrong): (usize, &Wrong)| declared(wrong, &format!("r{position}"));
    lab.configure(&(deprecated.iter().enumerate().map(declare).collect::<String>() + OTHERS));
    let (code, mut complaints) = lab.complaints(&["validate", "-json"]);
    assert_eq!(code, 0);
    assert!(complaints.iter().all(|it| it.severity == "warning"), "{complaints:#?}");
    complaints.iter_mut().for_each(|it| it.severity = "error".to_owned());
    each_is_refused(&lab, &deprecated.iter().collect::<Vec<_>>(), &complaints);
    // Nothing is said of what is not set.
    lab.configure(&(samples::resource("route_based_session", "s", "") + &samples::resource("bgp_neighbor", "n", "")));
    assert!(lab.complaints(&["validate", "-json"]).1.is_empty());
}

#[test]
fn an_engine_file_that_cannot_be_used_is_said_at_its_line() {
    let provider = |path: &str| {
        format!(
            "terraform {{\n  required_providers {{\n    vpn = {{ source = \"terraform-provider-vpn/vpn\" }}\n  }}\n}}\n\
             resource \"terraform_data\" \"x\" {{ input = \"a.db\" }}\n\
             provider \"vpn\" {{\n  embedded {{\n    path = {path}\n  }}\n}}\nresource \"vpn_ike_profile\" \"a\" {{ id = \"a\" }}\n"
        )
    };
    for (path, words) in [
        ("\"\"", &["The engine's file has no name"][..]),
        ("\"/none/engine.db\"", &["The engine's file cannot be used", "The folder /none does not exist"]),
        ("\"/\"", &["The engine's file cannot be used", "is a folder"]),
        ("terraform_data.x.output", &["The engine's file is not known yet"]),
    ] {
        let lab = Workspace::new();
        lab.write("main.tf", &provider(path));
        lab.plan_is_refused().mentions(words).mentions(&[&format!("path = {path}")]);
    }
}
