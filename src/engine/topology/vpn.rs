//! VPN services, endpoints, profiles and sessions.

use std::net::IpAddr;

use super::read::Doc;
use crate::model::{
    AuthenticationMode, ComplianceSuite, DfPolicy, DhGroup, Digest, DpdProbeMode, EspEncryption, IkeEncryption,
    IkeVersion, InitiationMode, MssClampingDirection, Network, PolicyPath, Tree,
};

/// Algorithms for IKE that are offered, or taken, together, in order of preference.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IkeAlgorithms {
    /// Ciphers.
    pub encryption: Vec<IkeEncryption>,
    /// Digests; ciphers with an integrity check of their own leave them aside.
    pub digests: Vec<Digest>,
    /// Diffie-Hellman groups.
    pub groups: Vec<DhGroup>,
}

/// Algorithms for tunnels that are offered, or taken, together, in order of preference.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EspAlgorithms {
    /// Ciphers.
    pub encryption: Vec<EspEncryption>,
    /// Digests; ciphers with an integrity check of their own leave them aside.
    pub digests: Vec<Digest>,
    /// Diffie-Hellman groups for perfect forward secrecy; none without it.
    pub groups: Vec<DhGroup>,
}

/// An IKE profile, or what stands for one in a compliance suite.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IkeProfile {
    /// Versions of IKE.
    pub version: IkeVersion,
    /// What is offered.
    pub algorithms: IkeAlgorithms,
    /// Seconds an IKE SA lives.
    pub life_time: u32,
}

/// A tunnel profile, or what stands for one in a compliance suite.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TunnelProfile {
    /// What is offered.
    pub algorithms: EspAlgorithms,
    /// Seconds a security association lives.
    pub life_time: u32,
    /// What becomes of the don't-fragment bit.
    pub df_policy: DfPolicy,
}

/// A DPD profile.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct DpdProfile {
    /// Whether the peer is probed.
    pub enabled: bool,
    /// When it is probed.
    pub mode: DpdProbeMode,
    /// Seconds between probes, or of silence before one.
    pub interval: u32,
    /// How often an unanswered probe is repeated.
    pub retry_count: u32,
}

/// A rule of a session or of a service: which traffic it matches.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PolicyRule {
    /// Its identifier.
    pub id: String,
    /// Rules with lower numbers are tried first.
    pub sequence_number: i64,
    /// Whether it applies.
    pub enabled: bool,
    /// Networks packets come from; without any, every address matches.
    pub sources: Vec<Network>,
    /// Networks packets go to; without any, every address matches.
    pub destinations: Vec<Network>,
}

/// A VPN service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VpnService {
    /// Whether it runs.
    pub enabled: bool,
    /// Traffic that no policy-based session takes.
    pub bypass_rules: Vec<PolicyRule>,
}

/// A local endpoint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LocalEndpoint {
    /// Where tunnels end.
    pub address: IpAddr,
    /// How it identifies itself.
    pub id: String,
    /// Whether it has a certificate to present.
    pub has_certificate: bool,
}

/// How a party proves who it is.
#[derive(Clone, PartialEq, Eq, Hash)]
pub enum Credential {
    /// By a key both know.
    Psk(String),
    /// By a certificate.
    Certificate,
}

/// Shows which sort it is, and not the key.
impl std::fmt::Debug for Credential {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Psk(_) => "Psk",
            Self::Certificate => "Certificate",
        })
    }
}

/// What TCP handshakes are held to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MssClamping {
    /// For connections from which side.
    pub direction: MssClampingDirection,
    /// The largest segment in bytes; unset, it follows from the MTU of the uplink.
    pub max_segment_size: Option<u16>,
}

/// What chooses the traffic of a session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SessionKind {
    /// Routes do: what is routed to its interface.
    RouteBased {
        /// The policy path of the tunnel interface.
        interface: String,
        /// The gateway's addresses there, with their subnets.
        addresses: Vec<(IpAddr, Network)>,
    },
    /// Rules do.
    PolicyBased {
        /// The rules, in the order they are tried.
        rules: Vec<PolicyRule>,
    },
}

/// A VPN session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    /// Its policy path.
    pub path: PolicyPath,
    /// The name people see.
    pub display_name: String,
    /// Whether it is to be established.
    pub enabled: bool,
    /// Its local endpoint.
    pub endpoint: PolicyPath,
    /// Where the peer is reached.
    pub peer_address: IpAddr,
    /// How the peer has to identify itself.
    pub peer_id: String,
    /// How the gateway proves who it is, and the peer has to.
    pub credential: Credential,
    /// Its IKE profile; a compliance suite has none.
    pub ike_profile: Option<PolicyPath>,
    /// Its tunnel profile; a compliance suite has none.
    pub tunnel_profile: Option<PolicyPath>,
    /// Its DPD profile.
    pub dpd_profile: Option<PolicyPath>,
    /// The suite that takes the profiles' place.
    pub suite: ComplianceSuite,
    /// Who opens it.
    pub initiation: InitiationMode,
    /// What TCP handshakes through it are held to.
    pub clamping: Option<MssClamping>,
    /// What chooses its traffic.
    pub kind: SessionKind,
}

impl Session {
    /// The path of the VPN service it lies below.
    pub fn service(&self) -> String {
        self.path.as_str().rsplit_once("/sessions/").map_or_else(String::new, |(service, _)| service.to_owned())
    }

    /// The path of the tier-0 or tier-1 gateway it lies below.
    pub fn gateway(&self) -> String {
        self.path.gateway().map_or_else(String::new, |gateway| gateway.to_string())
    }

    /// Whether it is a session of a tier-1 gateway, which runs no BGP.
    pub fn is_of_tier1(&self) -> bool {
        self.path.is_of_tier1()
    }

    /// The gateway's addresses in its tunnel; none for a policy-based session.
    pub fn own_addresses(&self) -> impl Iterator<Item = IpAddr> {
        let addresses = match &self.kind {
            SessionKind::RouteBased { addresses, .. } => addresses.as_slice(),
            SessionKind::PolicyBased { .. } => &[],
        };
        addresses.iter().map(|(own, _)| *own)
    }

    /// Whether routes choose its traffic.
    pub fn is_route_based(&self) -> bool {
        matches!(self.kind, SessionKind::RouteBased { .. })
    }
}

impl IkeProfile {
    /// The profile that `tree` is, as the model has it.
    pub fn of(tree: &Tree) -> Self {
        let doc = Doc(tree);
        Self {
            version: doc.word("ike_version", IkeVersion::parse).unwrap_or(IkeVersion::V2),
            algorithms: ike_algorithms(doc),
            life_time: doc.number("sa_life_time").unwrap_or(86_400),
        }
    }
}

pub(super) fn ike_algorithms(doc: Doc<'_>) -> IkeAlgorithms {
    IkeAlgorithms {
        encryption: doc.words("encryption_algorithms", IkeEncryption::parse),
        digests: doc.words("digest_algorithms", Digest::parse),
        groups: doc.words("dh_groups", DhGroup::parse),
    }
}

pub(super) fn esp_algorithms(doc: Doc<'_>) -> EspAlgorithms {
    EspAlgorithms {
        encryption: doc.words("encryption_algorithms", EspEncryption::parse),
        digests: doc.words("digest_algorithms", Digest::parse),
        groups: doc.words("dh_groups", DhGroup::parse),
    }
}

impl TunnelProfile {
    /// The profile that `tree` is, as the model has it.
    pub fn of(tree: &Tree) -> Self {
        let doc = Doc(tree);
        let mut algorithms = esp_algorithms(doc);
        if !doc.bool("enable_perfect_forward_secrecy", true) {
            algorithms.groups.clear();
        }
        Self {
            algorithms,
            life_time: doc.number("sa_life_time").unwrap_or(3_600),
            df_policy: doc.word("df_policy", DfPolicy::parse).unwrap_or(DfPolicy::Copy),
        }
    }
}

pub(super) fn dpd_profile(tree: &Tree) -> DpdProfile {
    let doc = Doc(tree);
    DpdProfile {
        enabled: doc.bool("enabled", true),
        mode: doc.word("dpd_probe_mode", DpdProbeMode::parse).unwrap_or(DpdProbeMode::Periodic),
        interval: doc.number("dpd_probe_interval").unwrap_or(60),
        retry_count: doc.number("retry_count").unwrap_or(10),
    }
}

pub(super) fn service(tree: &Tree) -> VpnService {
    let doc = Doc(tree);
    VpnService { enabled: doc.bool("enabled", true), bypass_rules: rules(doc, "bypass_rules") }
}

pub(super) fn endpoint(tree: &Tree) -> Option<LocalEndpoint> {
    let doc = Doc(tree);
    let address = doc.address("local_address")?;
    Some(LocalEndpoint {
        address,
        id: doc.string("local_id").unwrap_or_else(|| address.to_string()),
        has_certificate: !doc.get("certificate_path").is_null(),
    })
}

pub(super) fn session(path: &PolicyPath, tree: &Tree, is_route_based: bool) -> Option<Session> {
    let doc = Doc(tree);
    let clamping = doc.get("tcp_mss_clamping");
    let kind = if is_route_based {
        let interface = doc.items("tunnel_interfaces").next()?;
        let addresses = interface.items("ip_subnets").flat_map(|subnet| {
            let length: Option<u8> = subnet.number("prefix_length");
            let addresses: Vec<IpAddr> = subnet.all_parsed("ip_addresses");
            addresses.into_iter().filter_map(move |address| Some((address, Network::around(address, length?)?)))
        });
        SessionKind::RouteBased {
            interface: format!("{path}/interfaces/{}", interface.text("id").unwrap_or("default-tunnel-interface")),
            addresses: addresses.collect(),
        }
    } else {
        SessionKind::PolicyBased { rules: rules(doc, "rules") }
    };
    let credential = match doc.word("authentication_mode", AuthenticationMode::parse) {
        Some(AuthenticationMode::Certificate) => Credential::Certificate,
        _ => Credential::Psk(doc.string("psk").unwrap_or_default()),
    };
    Some(Session {
        path: path.clone(),
        display_name: doc.string("display_name").unwrap_or_else(|| path.id().to_owned()),
        enabled: doc.bool("enabled", true),
        endpoint: doc.path("local_endpoint_path")?,
        peer_address: doc.address("peer_address")?,
        peer_id: doc.string("peer_id")?,
        credential,
        ike_profile: doc.path("ike_profile_path"),
        tunnel_profile: doc.path("tunnel_profile_path"),
        dpd_profile: doc.path("dpd_profile_path"),
        suite: doc.word("compliance_suite", ComplianceSuite::parse).unwrap_or(ComplianceSuite::None),
        initiation: doc.word("connection_initiation_mode", InitiationMode::parse).unwrap_or(InitiationMode::Initiator),
        clamping: (!clamping.is_null()).then(|| MssClamping {
            direction: clamping.word("direction", MssClampingDirection::parse).unwrap_or(MssClampingDirection::None),
            max_segment_size: clamping.number("max_segment_size"),
        }),
        kind,
    })
}

/// The rules of a session or a service, in the order they are tried: by their
/// numbers, and rules of one number by their identifiers.
fn rules(doc: Doc<'_>, field: &str) -> Vec<PolicyRule> {
    let mut rules: Vec<_> = doc
        .items(field)
        .map(|rule| PolicyRule {
            id: rule.string("id").unwrap_or_default(),
            sequence_number: rule.number("sequence_number").unwrap_or_default(),
            enabled: rule.bool("enabled", true),
            sources: rule.subnets("sources"),
            destinations: rule.subnets("destinations"),
        })
        .collect();
    rules.sort_by(|one, other| (one.sequence_number, &one.id).cmp(&(other.sequence_number, &other.id)));
    rules
}

/// What a compliance suite sets in place of profiles (nsx-policy.md A.5; the values
/// of FIPS are inferred: the algorithms of the API that FIPS 140 approves).
pub(super) fn suite(suite: ComplianceSuite) -> Option<(IkeProfile, TunnelProfile)> {
    use ComplianceSuite as Suite;
    use DhGroup::{Group14, Group15, Group19, Group20};
    use Digest::{Sha2_256, Sha2_384};
    type Of<T> = (Vec<T>, Vec<Digest>);
    let (version, (ike, ike_digests), (esp, esp_digests), groups): (_, Of<IkeEncryption>, Of<EspEncryption>, _) =
        match suite {
            Suite::None => return None,
            Suite::Cnsa => (
                IkeVersion::V2,
                (vec![IkeEncryption::Aes256], vec![Sha2_384]),
                (vec![EspEncryption::Aes256], vec![Sha2_384]),
                vec![Group15, Group20],
            ),
            Suite::SuiteBGcm128 => (
                IkeVersion::V2,
                (vec![IkeEncryption::Aes128], vec![Sha2_256]),
                (vec![EspEncryption::AesGcm128], vec![]),
                vec![Group19],
            ),
            Suite::SuiteBGcm256 => (
                IkeVersion::V2,
                (vec![IkeEncryption::Aes256], vec![Sha2_384]),
                (vec![EspEncryption::AesGcm256], vec![]),
                vec![Group20],
            ),
            Suite::Prime => (
                IkeVersion::V2,
                (vec![IkeEncryption::AesGcm128], vec![Sha2_256]),
                (vec![EspEncryption::AesGcm128], vec![]),
                vec![Group19],
            ),
            Suite::Foundation => (
                IkeVersion::V1,
                (vec![IkeEncryption::Aes128], vec![Sha2_256]),
                (vec![EspEncryption::Aes128], vec![Sha2_256]),
                vec![Group14],
            ),
            Suite::Fips => (
                IkeVersion::V2,
                (vec![IkeEncryption::Aes128, IkeEncryption::Aes256], vec![Sha2_256, Sha2_384]),
                (vec![EspEncryption::AesGcm128, EspEncryption::AesGcm256], vec![]),
                vec![Group14, Group15, Group19, Group20],
            ),
        };
    let algorithms = IkeAlgorithms { encryption: ike, digests: ike_digests, groups: groups.clone() };
    Some((
        IkeProfile { version, algorithms, life_time: 86_400 },
        TunnelProfile {
            algorithms: EspAlgorithms { encryption: esp, digests: esp_digests, groups },
            life_time: 3_600,
            df_policy: DfPolicy::Copy,
        },
    ))
}
