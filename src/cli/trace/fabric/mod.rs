//! `trace --fabric`: the path of a packet over the simulated devices, hop by hop, and what a
//! flow trace of such packets has found there.
//!
//! | module | what it holds |
//! |---|---|
//! | `text` | the path as a drawing, as a line for each hop, and in its shortest form |
//! | `json` | everything, for programs |

mod json;
#[cfg(test)]
mod tests;
mod text;

use std::net::{IpAddr, SocketAddr};

use clap::Args;

use super::Options;
use super::render::Form;
use crate::cli::endpoint::NSX;
use crate::cli::output::{self, Answer, Failure};
use crate::cli::{exit_with, names, words};
use crate::engine::fabric::Fate;
use crate::engine::fabric::sight::{Sight, Unseen};
use crate::engine::forwarding::{Packet, protocol};
use crate::engine::topology::{FiveTuple, Tunnel};
use crate::engine::{EngineView, When};

/// The id of the option that names a flow trace.
pub const FLOW_TRACE: &str = "flow_trace";
/// So many hosts a failure lists.
const MOST_LISTED: usize = 20;

/// What is wanted of the fabric.
#[derive(Args)]
#[command(next_help_heading = "Fabric")]
pub struct FabricOptions {
    /// Show the path over the simulated devices, from host to host
    #[arg(long, conflicts_with = NSX)]
    fabric: bool,
    /// The path of the probes of this flow trace or tunnel trace, instead of a packet's: its id or
    /// its path
    #[arg(long, id = FLOW_TRACE, value_name = "TRACE", requires = "fabric", conflicts_with_all = ["source", "answer"])]
    flow_trace: Option<String>,
    /// The VXLAN that the packet is in, where its source and its destination are in several
    #[arg(long, value_name = "VNID", requires = "fabric", conflicts_with = FLOW_TRACE)]
    vnid: Option<u32>,
}

impl FabricOptions {
    /// Whether the path over the fabric is wanted.
    pub fn is_wanted(&self) -> bool {
        self.fabric
    }
}

/// What is sent over the fabric.
enum Sent {
    /// A packet, and how it looks as one of a flow.
    Packet(Packet),
    /// The probes of a collection.
    Probes(FiveTuple, Option<Tunnel>),
}

/// What is shown: who is sent, and where it goes.
struct Shown {
    sent: Sent,
    sight: Sight,
}

/// The path of the answer.
#[derive(Clone, Copy)]
enum Back<'a> {
    /// It was not asked for.
    Unasked,
    /// There is none, as the packet did not arrive.
    Nothing,
    /// This one.
    Path(&'a Shown),
}

impl Shown {
    fn arrives(&self) -> bool {
        self.sight.fate == Fate::Delivered
    }
}

/// Shows the path, and says whether the packet arrives; with `--return` its answer has to
/// arrive as well.
pub fn run(options: &Options) -> Result<Answer, Failure> {
    let form = options.form.form();
    if let Some(said) = &options.fabric.flow_trace {
        let view = options.engine.view(When::Current)?;
        let path = names::find(&view.topology.collections, "flow trace or tunnel trace", said)?.0;
        let Some((seen, collection)) = view.collected_across_fabric(path).zip(view.topology.collections.get(path))
        else {
            return Err(Failure::new(format!("there is no flow trace {said}")));
        };
        let sight = seen.map_err(|unseen| failure(&unseen, &view))?;
        let sent = Sent::Probes(collection.tuple, collection.tunnel.clone());
        return shown(&view, form, &Shown { sent, sight }, Back::Unasked);
    }
    let packet = options.packet.packet().unwrap_or_else(|contradiction| exit_with("trace", &contradiction));
    let view = options.engine.view(When::Current)?;
    let shown_way = |packet: Packet| {
        let hops = usize::from(packet.time_to_live);
        let sight = view.across_fabric(&tuple(&packet), hops, options.fabric.vnid);
        sight.map(|sight| Shown { sent: Sent::Packet(packet), sight }).map_err(|unseen| failure(&unseen, &view))
    };
    let there = shown_way(packet.clone())?;
    let back = if options.answer && there.arrives() { Some(shown_way(answer(&packet))?) } else { None };
    let back = match &back {
        Some(back) => Back::Path(back),
        None if options.answer => Back::Nothing,
        None => Back::Unasked,
    };
    shown(&view, form, &there, back)
}

fn shown(view: &EngineView, form: Form, there: &Shown, back: Back<'_>) -> Result<Answer, Failure> {
    output::print(&render(view, form, there, back))?;
    let arrive = match back {
        Back::Unasked => there.arrives(),
        Back::Nothing => false,
        Back::Path(back) => there.arrives() && back.arrives(),
    };
    Ok(if arrive { Answer::Yes } else { Answer::No })
}

/// The path in `form`, and that of the answer.
fn render(view: &EngineView, form: Form, there: &Shown, back: Back<'_>) -> String {
    let one = |shown: &Shown| match form {
        Form::Detailed => text::drawn(shown),
        Form::Summary => text::summary(shown),
        Form::Minimal => text::minimal(shown),
        Form::Json => String::new(),
    };
    let strong = output::styled(output::STRONG, "Answer");
    let forth = one(there);
    match (form, back) {
        (Form::Json, back) => json::text(names::Names(&view.topology), there, back),
        (_, Back::Unasked) => forth,
        (Form::Minimal, Back::Nothing) => forth + "\nno answer\n",
        (Form::Minimal, Back::Path(back)) => format!("{forth}\n{}", one(back)),
        (_, Back::Nothing) => format!("{forth}\n{strong} none: the packet did not arrive\n"),
        (_, Back::Path(back)) => format!("{forth}\n{strong} {}", one(back)),
    }
}

/// What tells the flow of a packet from others.
fn tuple(packet: &Packet) -> FiveTuple {
    FiveTuple {
        source: packet.source,
        destination: packet.destination,
        protocol: packet.protocol,
        source_port: packet.source_port,
        destination_port: packet.destination_port,
    }
}

/// A packet of the same size the other way round.
fn answer(packet: &Packet) -> Packet {
    Packet {
        source: packet.destination,
        destination: packet.source,
        source_port: packet.destination_port,
        destination_port: packet.source_port,
        ..packet.clone()
    }
}

/// `TCP 10.0.0.1:49152 → 10.0.0.2:443`.
fn flow(tuple: &FiveTuple) -> String {
    let end = |address: IpAddr, port| match tuple.protocol {
        protocol::TCP | protocol::UDP => SocketAddr::new(address, port).to_string(),
        _ => address.to_string(),
    };
    let (source, destination) = (end(tuple.source, tuple.source_port), end(tuple.destination, tuple.destination_port));
    format!("{} {source} → {destination}", words::protocol_name(tuple.protocol))
}

/// Why nothing is shown, and what there is instead.
fn failure(unseen: &Unseen, view: &EngineView) -> Failure {
    let failure = Failure::new(unseen.to_string());
    let vxlans = |vnids: &[u32]| vnids.iter().map(u32::to_string).collect::<Vec<_>>().join(", ");
    match unseen {
        Unseen::NoFabric => failure.hint("declare vpn_simulated_device, or leave --fabric out"),
        Unseen::NoHost(_) => {
            let mut lines: Vec<_> = view.hosts_of_fabric().map(|host| format!("\n    {host}")).collect();
            let further = lines.len().saturating_sub(MOST_LISTED);
            if further > 0 {
                lines.truncate(MOST_LISTED);
                lines.push(format!("\n    and {further} more"));
            }
            failure.hint(if lines.is_empty() {
                "the devices have no hosts: give one a block host".to_owned()
            } else {
                format!("there is:{}", lines.concat())
            })
        }
        Unseen::ManyVxlans(.., vnids) => failure.hint(format!("say which with --vnid: {}", vxlans(vnids))),
        Unseen::NotInVxlan(.., vnids) => failure.hint(format!("it is in VXLAN {}", vxlans(vnids))),
        Unseen::InNoVxlan(_) => failure.hint("leave --vnid out, or give the addresses of guests"),
    }
}
