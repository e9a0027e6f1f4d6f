//! What a component tells of a packet.

use std::net::IpAddr;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json, json};
use uuid::Uuid;

use crate::engine::bgp::documents::edge_id;
use crate::model::PolicyPath;

/// What a component tells of a packet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Observation {
    /// What it did.
    pub what: What,
    /// Where it runs.
    pub node: TransportNode,
    /// How many transport nodes the packet has entered before.
    pub sequence: u32,
    /// How many milliseconds after the packet entered.
    pub after: u32,
    /// The component.
    pub component: Component,
}

/// What a component did with a packet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum What {
    /// It came in from outside.
    Received(Wire),
    /// It went out.
    Forwarded(Wire),
    /// It arrived.
    Delivered {
        /// The port it arrived at; none for an address without a port.
        port: Option<Port>,
    },
    /// It came from another component.
    ReceivedLogical {
        /// That one; none where the packet entered.
        from: Option<Component>,
        /// The port it came through.
        port: Option<Port>,
        /// The tunnel it came out of.
        vpn: Option<Vpn>,
    },
    /// It went on to another component.
    ForwardedLogical {
        /// That one.
        to: Component,
        /// The route that led there.
        route: Option<String>,
        /// The next hop of that route.
        next_hop: Option<IpAddr>,
        /// The tunnel it went into.
        vpn: Option<Vpn>,
    },
    /// It was dropped.
    DroppedLogical {
        /// Why.
        reason: String,
        /// Why, where it is about a tunnel.
        ipsec: Option<String>,
        /// The port it was dropped at.
        port: Option<Port>,
    },
}

/// The network between a gateway and its peers.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Wire {
    /// The gateway's end of the tunnel.
    pub local: Option<IpAddr>,
    /// The peer's end.
    pub remote: Option<IpAddr>,
}

/// A tunnel, and the packet in it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Vpn {
    /// The gateway's end.
    pub local: Option<IpAddr>,
    /// The peer's end.
    pub remote: Option<IpAddr>,
    /// The source of the packet in it.
    pub inner_source: IpAddr,
    /// The destination of the packet in it.
    pub inner_destination: IpAddr,
    /// The UUID of the session.
    pub session: Option<String>,
    /// The UUID of the tunnel interface of a route-based session, or of the rule of a
    /// policy-based one.
    pub interface: Interface,
}

/// What a tunnel belongs to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Interface {
    /// A tunnel interface: its policy path.
    Routed(String),
    /// A rule: its policy path; empty where none was found.
    Rule(String),
}

/// A segment port.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Port {
    /// Its UUID.
    pub id: Option<String>,
    /// Its policy path.
    pub path: String,
}

/// Where components run.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum TransportNode {
    /// The host of all workloads, with the segments and the tier-1 gateways, which are
    /// distributed.
    Host,
    /// The edge node of a gateway.
    Edge(String),
}

/// What a component is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Part {
    /// A segment.
    Segment,
    /// A tier-1 gateway.
    Tier1,
    /// A tier-0 gateway.
    Tier0,
    /// What wraps packets for tunnels, and unwraps them.
    Ipsec,
    /// The uplink of an edge node.
    Uplink,
}

/// A component.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Component {
    /// What it is.
    pub part: Part,
    /// Its UUID.
    pub id: Option<String>,
    /// Its name.
    pub name: String,
}

/// In which of the two APIs an answer is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// The policy API, which names objects by their paths as well.
    Policy,
    /// The manager API.
    Manager,
}

/// The uplink of every edge node.
pub(super) const UPLINK: &str = "uplink-1";

/// Where everything is.
const SITE: &str = "/infra/sites/default";

/// What the UUIDs of what has none otherwise are made in.
const IDENTIFIERS: Uuid = Uuid::from_u128(0x6c69_7665_7472_6163_6573_0000_0000_0001);

/// The UUID of what has none of its own, such as a tunnel interface.
pub(super) fn identifier(of: &str) -> String {
    Uuid::new_v5(&IDENTIFIERS, of.as_bytes()).to_string()
}

impl TransportNode {
    /// The edge node of the gateway at `path`.
    pub fn of_gateway(path: &PolicyPath) -> Self {
        Self::Edge(path.to_string())
    }

    /// Its UUID.
    pub fn id(&self) -> String {
        match self {
            Self::Host => identifier("host"),
            Self::Edge(gateway) => edge_id(gateway),
        }
    }

    /// Its name.
    pub fn name(&self) -> String {
        match self {
            Self::Host => "host".to_owned(),
            Self::Edge(gateway) => format!("{}-edge", gateway.rsplit('/').next().unwrap_or_default()),
        }
    }

    /// What sort of node it is.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Host => "ESX",
            Self::Edge(_) => "EDGE",
        }
    }
}

impl Part {
    /// The type and the sub-type of the component.
    const fn words(self) -> (&'static str, Option<&'static str>) {
        match self {
            Self::Segment => ("LS", None),
            Self::Tier1 => ("LR", Some("LR_TIER1")),
            Self::Tier0 => ("LR", Some("LR_TIER0")),
            Self::Ipsec => ("IPSEC", None),
            Self::Uplink => ("PHYSICAL", Some("EDGE_UPLINK")),
        }
    }
}

impl What {
    /// Its name, without what tells the two APIs apart.
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Received(_) => "Received",
            Self::Forwarded(_) => "Forwarded",
            Self::Delivered { .. } => "Delivered",
            Self::ReceivedLogical { .. } => "ReceivedLogical",
            Self::ForwardedLogical { .. } => "ForwardedLogical",
            Self::DroppedLogical { .. } => "DroppedLogical",
        }
    }

    /// Whether it is about components, and not about the network outside or an arrival.
    pub const fn is_logical(&self) -> bool {
        matches!(self, Self::ReceivedLogical { .. } | Self::ForwardedLogical { .. } | Self::DroppedLogical { .. })
    }
}

/// The fields of an object, of which those that are null are left out.
pub(super) fn object(fields: impl IntoIterator<Item = (&'static str, Json)>) -> Json {
    let set = fields.into_iter().filter(|(_, value)| !value.is_null());
    Json::Object(set.map(|(name, value)| (name.to_owned(), value)).collect::<Map<_, _>>())
}

impl Vpn {
    fn document(&self) -> Json {
        let (interface, rule) = match &self.interface {
            Interface::Routed(path) => (Some(identifier(path)), None),
            Interface::Rule(path) => (None, (!path.is_empty()).then(|| identifier(path))),
        };
        object([
            ("local_ip", json!(self.local)),
            ("remote_ip", json!(self.remote)),
            ("inner_src_ip", json!(self.inner_source)),
            ("inner_dst_ip", json!(self.inner_destination)),
            ("vti_id", json!(interface)),
            ("policy_id", json!(rule)),
            ("session_id", json!(self.session)),
        ])
    }
}

impl Observation {
    /// The observation of a packet that entered so many nanoseconds after the beginning of 1970.
    pub fn document(&self, entered: i64, form: Form) -> Json {
        let at = self.at(entered);
        let (kind, sub_kind) = self.component.part.words();
        let prefix = if form == Form::Policy { "PolicyTraceflowObservation" } else { "TraceflowObservation" };
        let common = [
            ("resource_type", json!(format!("{prefix}{}", self.what.word()))),
            ("sequence_no", json!(self.sequence)),
            ("transport_node_id", json!(self.node.id())),
            ("transport_node_name", json!(self.node.name())),
            ("transport_node_type", json!(self.node.kind())),
            ("timestamp", json!(at.div_euclid(1_000_000))),
            ("timestamp_micro", json!(at.div_euclid(1_000))),
            ("component_type", json!(kind)),
            ("component_sub_type", json!(sub_kind)),
            ("component_name", json!(self.component.name)),
            ("site_path", json!(SITE)),
            ("is_ens", json!(false)),
        ];
        object(common.into_iter().chain(self.details(form)))
    }

    /// When it was made, of a packet that entered at `entered`, in nanoseconds.
    pub fn at(&self, entered: i64) -> i64 {
        entered.saturating_add(i64::from(self.after).saturating_mul(1_000_000))
    }

    fn details(&self, form: Form) -> Vec<(&'static str, Json)> {
        let of_port = |port: &Option<Port>| {
            let port = port.as_ref();
            let path = port.filter(|_| form == Form::Policy).map(|port| &port.path);
            vec![
                ("lport_id", json!(port.map(|port| &port.id))),
                ("lport_name", json!(port.map(|port| port.path.rsplit('/').next()))),
                ("segment_port_path", json!(path)),
            ]
        };
        let interface = |vpn: &Option<Vpn>| {
            let path = vpn.as_ref().filter(|_| form == Form::Policy).and_then(|vpn| match &vpn.interface {
                Interface::Routed(path) => Some(path.clone()),
                Interface::Rule(_) => None,
            });
            [("ipsec_vpn", json!(vpn.as_ref().map(Vpn::document))), ("interface_path", json!(path))]
        };
        let own = ("component_id", json!(self.component.id));
        match &self.what {
            What::Received(wire) | What::Forwarded(wire) => vec![
                ("remote_ip_address", json!(wire.remote)),
                ("local_ip_address", json!(wire.local)),
                ("uplink_name", json!(UPLINK)),
            ],
            What::Delivered { port } => of_port(port),
            What::ReceivedLogical { from, port, vpn } => {
                let mut fields = vec![
                    own,
                    ("src_component_type", json!(from.as_ref().map(|from| from.part.words().0))),
                    ("src_component_id", json!(from.as_ref().map(|from| &from.id))),
                    ("src_component_name", json!(from.as_ref().map(|from| &from.name))),
                ];
                fields.extend(of_port(port));
                fields.extend(interface(vpn));
                fields
            }
            What::ForwardedLogical { to, route, next_hop, vpn } => {
                let mut fields = vec![
                    own,
                    ("dst_component_type", json!(to.part.words().0)),
                    ("dst_component_id", json!(to.id)),
                    ("dst_component_name", json!(to.name)),
                    ("route_prefix", json!(route)),
                    ("next_hop", json!(next_hop)),
                ];
                fields.extend(interface(vpn));
                fields
            }
            What::DroppedLogical { reason, ipsec, port } => {
                let mut fields = vec![own, ("reason", json!(reason)), ("ipsec_fail_reason", json!(ipsec))];
                fields.extend(of_port(port));
                fields
            }
        }
    }
}
