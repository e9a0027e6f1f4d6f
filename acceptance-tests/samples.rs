//! One small object of every kind, to build declarations on.

/// A kind of object.
pub struct Sample {
    /// The resource type without `vpn_`.
    pub kind: &'static str,
    /// What its block needs, each entry beginning with its name.
    pub needs: &'static [&'static str],
    /// The path below which its objects lie.
    pub collection: &'static str,
}

const ENDPOINT: &str = "local_endpoint_path = \"/infra/tier-0s/vmc/locale-services/default/ipsec-vpn-services/default/local-endpoints/Private-IP1\"";
const PEER_ADDRESS: &str = "peer_address = \"203.0.113.1\"";
const PEER_ID: &str = "peer_id = \"203.0.113.1\"";
const PSK: &str = "psk = \"secret\"";
const INTERFACE: &str = "tunnel_interface {\nip_subnet {\nip_addresses = [\"169.254.9.1\"]\nprefix_length = 30\n}\n}";
const RULE: &str = "rule {\nsources = [\"10.0.0.0/8\"]\n}";

/// All of them. Nothing refers to their objects; the port lies on the segment of
/// [`HOME`].
pub const SAMPLES: [Sample; 12] = [
    Sample { kind: "ike_profile", needs: &[], collection: "/infra/ipsec-vpn-ike-profiles" },
    Sample { kind: "tunnel_profile", needs: &[], collection: "/infra/ipsec-vpn-tunnel-profiles" },
    Sample { kind: "dpd_profile", needs: &[], collection: "/infra/ipsec-vpn-dpd-profiles" },
    Sample {
        kind: "prefix_list",
        needs: &["prefix {\nnetwork = \"10.0.0.0/8\"\n}"],
        collection: "/infra/tier-0s/vmc/prefix-lists",
    },
    Sample {
        kind: "bgp_neighbor",
        needs: &["neighbor_address = \"192.0.2.1\"", "remote_as_num = \"65001\""],
        collection: "/infra/tier-0s/vmc/locale-services/default/bgp/neighbors",
    },
    Sample {
        kind: "local_endpoint",
        needs: &["local_address = \"203.0.113.9\""],
        collection: "/infra/tier-0s/vmc/locale-services/default/ipsec-vpn-services/default/local-endpoints",
    },
    Sample {
        kind: "route_based_session",
        needs: &[ENDPOINT, PEER_ADDRESS, PEER_ID, PSK, INTERFACE],
        collection: "/infra/tier-0s/vmc/locale-services/default/ipsec-vpn-services/default/sessions",
    },
    Sample {
        kind: "policy_based_session",
        needs: &[ENDPOINT, PEER_ADDRESS, PEER_ID, PSK, RULE],
        collection: "/infra/tier-0s/vmc/locale-services/default/ipsec-vpn-services/default/sessions",
    },
    Sample { kind: "segment", needs: &[], collection: "/infra/tier-1s/cgw/segments" },
    Sample {
        kind: "segment_port",
        needs: &["segment_path = vpn_segment.home.path"],
        collection: "/infra/tier-1s/cgw/segments/home/ports",
    },
    Sample { kind: "simulated_peer", needs: &["address = \"198.18.0.1\"", PSK], collection: "/infra/simulated-peers" },
    Sample {
        kind: "simulated_flow",
        needs: &["source = \"192.168.1.9\"", "destination = \"10.20.0.9\"", "destination_port = 443"],
        collection: "/infra/simulated-flows",
    },
];

/// The segment of the ports.
pub const HOME: &str = "resource \"vpn_segment\" \"home\" { id = \"home\" }\n";

/// The sample of a kind.
pub fn sample(kind: &str) -> &'static Sample {
    SAMPLES.iter().find(|sample| sample.kind == kind).unwrap()
}

/// The resource `name` with `body` and what the kind needs besides. A line
/// `-name` in the body leaves out something that is needed.
pub fn resource(kind: &str, name: &str, body: &str) -> String {
    let given = |entry: &str| {
        let word = entry.split([' ', '\n']).next().unwrap();
        body.lines().any(|line| line.trim_start_matches('-').split([' ', '{']).next() == Some(word))
    };
    let needed: Vec<_> = sample(kind).needs.iter().filter(|entry| !given(entry)).copied().collect();
    let lines: Vec<_> = body.lines().filter(|line| !line.starts_with('-')).collect();
    format!("resource \"vpn_{kind}\" \"{name}\" {{\n{}\n{}\n}}\n", needed.join("\n"), lines.join("\n"))
}

/// Resources with addresses of the samples that no other `number` has: what one
/// object has, another cannot.
pub fn apart(resources: &str, number: usize) -> String {
    resources
        .replace("\"192.0.2.1\"", &format!("\"192.0.2.{}\"", number + 1))
        .replace("\"198.18.0.1\"", &format!("\"198.18.{}.{}\"", number / 200, number % 200 + 1))
        .replace("ip_addresses = [\"169.254.9.1\"]", &format!("ip_addresses = [\"169.254.{number}.1\"]"))
}

impl Sample {
    /// The address of the resource `x` of this type.
    pub fn address(&self) -> String {
        format!("vpn_{}.x", self.kind)
    }

    /// The path of the object with this id.
    pub fn path(&self, id: &str) -> String {
        format!("{}/{}", self.collection, self.id(id))
    }

    /// The id; two kinds of sessions share a collection.
    pub fn id(&self, id: &str) -> String {
        format!("{id}-{}", self.kind)
    }
}

/// A resource `x` of every kind with this id, and more in each block.
pub fn all(id: &str, more: &str) -> String {
    let each = |sample: &Sample| resource(sample.kind, "x", &format!("id = \"{}\"\n{more}", sample.id(id)));
    HOME.to_owned() + &SAMPLES.iter().map(each).collect::<String>()
}
