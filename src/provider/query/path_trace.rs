//! The way of a packet.

use std::net::IpAddr;

use async_trait::async_trait;

use super::foresight::foreseen;
use super::{Ask, Told};
use crate::engine::forwarding::{Node, Packet, Trace, protocol};
use crate::engine::{TraceAnswer, TraceRequest, Unseen, When};
use crate::model::result::{PATH_TRACE, Query, TcpFlag, TraceDirection, TraceState};
use crate::model::tree::Fields;
use crate::model::{DropReason, FlowProtocol, PolicyPath, Tree};
use crate::provider::run::STAND_IN;
use crate::provider::shared::Connection;
use crate::tf_provider::{Context, Diagnostic, Diagnostics, Path};

/// The port a packet comes from that names none: the first of the dynamic ones
/// (RFC 6335).
const DYNAMIC_PORT: u16 = 49_152;
/// The MTU of a segment, in bytes: TCP announces what fits it.
const SEGMENT_MTU: u16 = 1_500;
/// A TCP header without options (RFC 9293).
const TCP_HEADER: u16 = 20;

/// What `vpn_path_trace` asks.
pub struct PathTrace;

#[async_trait]
impl Ask for PathTrace {
    fn query(&self) -> &'static Query {
        &PATH_TRACE
    }

    async fn answer(&self, cx: &Context, connection: &Connection, input: &Tree) -> Result<Told, Diagnostics> {
        let Some(request) = request(input) else {
            return Err(Diagnostic::error("This is no packet", "Its source and destination have to be known.").into());
        };
        let planned = foreseen(cx, connection).await?;
        let answer = connection.backend.trace(&request, &planned).await;
        let answer = answer.map_err(|error| Diagnostic::error("The packet cannot be traced", error.to_string()))?;
        comes_from_where_it_should(input, &answer.there)?;
        Ok(Told {
            answer: document(&answer),
            warnings: answer.unseen.iter().filter_map(|unseen| warning(unseen, &answer)).collect(),
        })
    }
}

/// What the user is warned of who is told an answer that did not look at something. It is no part of
/// the answer, which is the same before an apply and after it.
fn warning(unseen: &Unseen, answer: &TraceAnswer) -> Option<Diagnostic> {
    match unseen {
        Unseen::Taps(why) => {
            let detail = format!("No copies are shown of those that are there already. {why}");
            Some(Diagnostic::warning("The packet was traced without its taps", detail))
        }
        Unseen::Keys => {
            let mut traces = [Some(&answer.there), answer.back.as_ref()].into_iter().flatten();
            let detail = "The endpoint does not show keys to this user: those of both ends of a tunnel are taken to be the \
                          same.";
            let warning = || Diagnostic::warning("The packet was traced without the keys of tunnels", detail);
            traces.any(|trace| trace.session.is_some()).then(warning)
        }
    }
}

/// The packet that is asked about.
fn request(input: &Tree) -> Option<TraceRequest> {
    let address = |field| input.get(field).text().and_then(|text| text.parse::<IpAddr>().ok());
    let number = |field| input.get(field).int();
    let (source, destination) = (address("source")?, address("destination")?);
    let carried = input.get("protocol").text().and_then(FlowProtocol::parse).unwrap_or(FlowProtocol::Icmp);
    let port = |field, default| number(field).and_then(|port| u16::try_from(port).ok()).unwrap_or(default);
    let has_ports = carried != FlowProtocol::Icmp;
    let flags = input.get("tcp_flags").items();
    let has = |wanted: TcpFlag| flags.iter().any(|flag| flag.text() == Some(wanted.word()));
    let opens = has(TcpFlag::Syn);
    let ip_header: u16 = if source.is_ipv4() { 20 } else { 40 };
    let size = number("size").and_then(|size| usize::try_from(size).ok()).unwrap_or(100);
    let packet = Packet {
        source,
        destination,
        protocol: match carried {
            FlowProtocol::Tcp => protocol::TCP,
            FlowProtocol::Udp => protocol::UDP,
            FlowProtocol::Icmp if source.is_ipv4() => protocol::ICMP,
            FlowProtocol::Icmp => protocol::ICMPV6,
        },
        source_port: port("source_port", if has_ports { DYNAMIC_PORT } else { 0 }),
        destination_port: port("destination_port", 0),
        size,
        dont_fragment: input.get("dont_fragment").bool().unwrap_or(false),
        time_to_live: number("time_to_live").and_then(|ttl| u8::try_from(ttl).ok()).unwrap_or(64),
        handshake_mss: opens.then_some(SEGMENT_MTU - ip_header - TCP_HEADER),
    };
    let current = input.get("state").text().and_then(TraceState::parse) == Some(TraceState::Current);
    let when = if current { When::Current } else { When::Settled };
    Some(TraceRequest { packet, answers: opens && has(TcpFlag::Ack), when, answer_size: size })
}

/// A direction that is given has to be the one the packet has.
fn comes_from_where_it_should(input: &Tree, trace: &Trace) -> Result<(), Diagnostics> {
    let wanted = input.get("direction").text().and_then(TraceDirection::parse);
    let found = trace.steps.first().map(|step| match step.node {
        Node::Peer(_) => TraceDirection::In,
        _ => TraceDirection::Out,
    });
    match (wanted, found) {
        (Some(wanted), Some(found)) if wanted != found => {
            let side = if found == TraceDirection::In { "behind a peer" } else { "on the gateway's side" };
            let summary = format!("The packet does not go {}", wanted.word());
            let detail =
                format!("{} is {side}. Exchange source and destination, or leave direction out.", trace.packet.source);
            Err(Diagnostic::error(summary, detail).at(Path::attribute("direction")).into())
        }
        _ => Ok(()),
    }
}

/// The answer as the data source tells it.
fn document(answer: &TraceAnswer) -> Tree {
    let there = &answer.there;
    let back = answer.back.as_ref();
    let text = |text: Option<&str>| Tree::from(text.unwrap_or_default());
    let count =
        |number: Option<usize>| number.and_then(|number| i64::try_from(number).ok()).map_or(Tree::Null, Tree::from);
    let fields = [
        ("disposition", Tree::from(there.disposition.word())),
        ("drop_reason", text(there.drop_reason.map(DropReason::word))),
        ("explanation", Tree::from(explanation(answer))),
        ("delivered", Tree::from(there.drop_reason.is_none())),
        ("session_path", text(there.session.as_ref().map(PolicyPath::as_str))),
        ("effective_mtu", count(there.effective_mtu)),
        ("effective_mss", count(there.effective_mss)),
        ("latency", Tree::from(i64::from(there.latency))),
        ("hops", hops(there)),
        ("return_disposition", text(back.map(|trace| trace.disposition.word()))),
        ("return_drop_reason", text(back.and_then(|trace| trace.drop_reason).map(DropReason::word))),
        ("return_hops", back.map_or(Tree::List(Vec::new()), hops)),
    ];
    Tree::Object(fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())
}

/// What became of the packet, and what could not be taken into account.
fn explanation(answer: &TraceAnswer) -> String {
    let said = answer.there.explanation();
    if answer.unknown.is_empty() {
        let mut shown =
            [Some(&answer.there), answer.back.as_ref()].into_iter().flatten().map(|trace| hops(trace).to_json());
        let is_named_later = said.contains(STAND_IN) || shown.any(|hops| hops.to_string().contains(STAND_IN));
        let note = format!(" Ids that are known after apply only are written {STAND_IN}… here.");
        return if is_named_later { said + &note } else { said };
    }
    let left_out: Vec<_> = answer.unknown.iter().map(PolicyPath::as_str).collect();
    format!(
        "Not all of it is known before apply: {} had to be left out. As far as is known: {}.",
        left_out.join(", "),
        said.trim_end_matches('.')
    )
}

fn hops(trace: &Trace) -> Tree {
    let hop = |(position, step): (usize, &crate::engine::forwarding::Step)| {
        let object = step.object.as_ref().map(PolicyPath::as_str).unwrap_or_default();
        let fields: Fields = [
            ("sequence", Tree::from(i64::try_from(position + 1).unwrap_or(i64::MAX))),
            ("node", Tree::from(step.node.word())),
            ("node_path", Tree::from(step.node.path().map_or("", PolicyPath::as_str))),
            ("action", Tree::from(step.event.word())),
            ("object_path", Tree::from(object)),
            ("detail", Tree::from(step.event.to_string())),
        ]
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value))
        .collect();
        Tree::Object(fields)
    };
    Tree::List(trace.steps.iter().enumerate().map(hop).collect())
}
