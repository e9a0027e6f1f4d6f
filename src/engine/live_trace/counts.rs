//! How often packets were seen where.

use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};

use super::observation::{Form, Interface, Observation, Part, Port, TransportNode, UPLINK, What, identifier, object};

/// How often packets passed a checkpoint.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counted {
    node: TransportNode,
    place: Place,
    checkpoint: Checkpoint,
    packets: u64,
}

/// Where packets are counted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
enum Place {
    /// A segment port.
    Port(Port),
    /// A tunnel interface, by its policy path.
    Interface(String),
    /// The uplink of an edge node.
    Uplink,
}

/// On which side of a port.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
enum Checkpoint {
    PortInput,
    PortOutput,
    UplinkInput,
    UplinkOutput,
}

impl Checkpoint {
    const fn word(self) -> &'static str {
        match self {
            Self::PortInput => "PORT_INPUT",
            Self::PortOutput => "PORT_OUTPUT",
            Self::UplinkInput => "UPLINK_INPUT",
            Self::UplinkOutput => "UPLINK_OUTPUT",
        }
    }
}

/// What a module of the data path did, and how often.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Statistic {
    node: TransportNode,
    part: Part,
    what: String,
    packets: u64,
}

/// Adds `packets` of which this was told.
pub(super) fn count(counted: &mut Vec<Counted>, observations: &[Observation], packets: u64) {
    for observation in observations {
        let Some((place, checkpoint)) = checkpoint(&observation.what) else { continue };
        let node = &observation.node;
        let is_it = |it: &&mut Counted| it.node == *node && it.place == place && it.checkpoint == checkpoint;
        match counted.iter_mut().find(is_it) {
            Some(known) => known.packets = known.packets.saturating_add(packets),
            None => counted.push(Counted { node: node.clone(), place, checkpoint, packets }),
        }
    }
}

fn checkpoint(what: &What) -> Option<(Place, Checkpoint)> {
    Some(match what {
        What::ReceivedLogical { from: None, port: Some(port), .. } => {
            (Place::Port(port.clone()), Checkpoint::PortInput)
        }
        What::ReceivedLogical { from: None, vpn: Some(vpn), .. } => match &vpn.interface {
            Interface::Routed(path) => (Place::Interface(path.clone()), Checkpoint::PortInput),
            Interface::Rule(_) => return None,
        },
        What::Delivered { port: Some(port) } => (Place::Port(port.clone()), Checkpoint::PortOutput),
        What::Received(_) => (Place::Uplink, Checkpoint::UplinkInput),
        What::Forwarded(_) => (Place::Uplink, Checkpoint::UplinkOutput),
        _ => return None,
    })
}

/// Adds what modules did with `packets` of which this was told.
pub(super) fn note(statistics: &mut Vec<Statistic>, observations: &[Observation], packets: u64) {
    for observation in observations {
        let (node, part, what) = (&observation.node, observation.component.part, counter(&observation.what));
        let is_it = |it: &&mut Statistic| it.node == *node && it.part == part && it.what == what;
        match statistics.iter_mut().find(is_it) {
            Some(known) => known.packets = known.packets.saturating_add(packets),
            None => statistics.push(Statistic { node: node.clone(), part, what, packets }),
        }
    }
}

/// The name of the counter of what a component did.
fn counter(what: &What) -> String {
    match what {
        What::Received(_) | What::ReceivedLogical { .. } => "received".to_owned(),
        What::Forwarded(_) | What::ForwardedLogical { .. } => "forwarded".to_owned(),
        What::Delivered { .. } => "delivered".to_owned(),
        What::DroppedLogical { reason, .. } => format!("dropped: {reason}"),
    }
}

/// The module of the data path that a component is part of. The API names two, `VDL2` and
/// `VDR`; those of edge nodes are named here.
const fn module(part: Part) -> &'static str {
    match part {
        Part::Segment => "VDL2",
        Part::Tier1 => "VDR",
        Part::Tier0 => "SR",
        Part::Ipsec => "IPSEC",
        Part::Uplink => "UPLINK",
    }
}

/// The counters as the API has them, port by port.
pub(super) fn counters(counted: &[Counted], form: Form) -> Json {
    let mut places: Vec<(&TransportNode, &Place)> = Vec::new();
    for one in counted {
        if !places.contains(&(&one.node, &one.place)) {
            places.push((&one.node, &one.place));
        }
    }
    let of_place = |(node, place): (&TransportNode, &Place)| {
        let own = counted.iter().filter(|it| it.node == *node && it.place == *place);
        let checkpoints: Vec<_> =
            own.map(|it| json!({ "checkpoint_type": it.checkpoint.word(), "count": it.packets })).collect();
        let (id, name, path) = match place {
            Place::Port(port) => (port.id.clone(), None, Some(port.path.clone())),
            Place::Interface(path) => (Some(identifier(path)), None, Some(path.clone())),
            Place::Uplink => (None, Some(UPLINK), None),
        };
        let sort = if form == Form::Policy { "PolicyCountObservation" } else { "BaseCountObservation" };
        object([
            ("resource_type", json!(sort)),
            ("logical_port_path", json!(path.filter(|_| form == Form::Policy))),
            ("port_id", json!(id)),
            ("port_name", json!(name)),
            ("transport_node_id", json!(node.id())),
            ("checkpoints", json!({ "non_ens_checkpoints_result": checkpoints })),
        ])
    };
    places.into_iter().map(of_place).collect()
}

/// The statistics as the API has them, node by node and module by module.
pub(super) fn statistics(statistics: &[Statistic]) -> Json {
    let mut nodes: Vec<&TransportNode> = statistics.iter().map(|it| &it.node).collect();
    nodes.sort();
    nodes.dedup();
    let of_node = |node: &TransportNode| {
        let own = || statistics.iter().filter(|it| it.node == *node);
        let mut parts: Vec<Part> = own().map(|it| it.part).collect();
        parts.sort();
        parts.dedup();
        let modules = parts.into_iter().map(|part| {
            let counters = own().filter(|it| it.part == part);
            let counters: Vec<_> =
                counters.map(|it| json!({ "counter_name": it.what, "counter_value": it.packets })).collect();
            json!({ "module_name": module(part), "module_counters": counters })
        });
        json!({
            "transport_node_id": node.id(),
            "transport_node_name": node.name(),
            "datapath_counter_results": modules.collect::<Vec<_>>(),
        })
    };
    nodes.into_iter().map(of_node).collect()
}
