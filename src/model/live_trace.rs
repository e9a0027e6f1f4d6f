//! Live traces: what becomes of the packets that really pass a port or a tunnel (seed 000;
//! nsx-fields.md part C).
//!
//! What each action samples and which actions go together is decided here, so that a plan
//! refuses what the API would. Whether a plain filter can be read, the API says only when
//! the trace has begun (`INVALID_FILTER`), and so does the engine.

use std::net::IpAddr;

use super::enumeration::words;
use super::field::{Default, Field, Record, Shape};
use super::kind::Kind;
use super::network::Network;
use super::policy_based_session::POLICY_BASED_SESSION;
use super::problem::{Place, Problem};
use super::rule::{Facts, refuse};
use super::tree::Tree;

words! {
    /// Which packets an action looks at.
    pub enum TraceType {
        /// Those that enter at the source.
        UniDirectional = "UNI_DIRECTIONAL",
        /// Those that enter at the source, and those that enter at the destination.
        BiDirectional = "BI_DIRECTIONAL",
    }
}

words! {
    /// How a filter is written.
    pub enum FilterType {
        /// Field by field.
        Fields = "FieldsFilterData",
        /// As a text.
        Plain = "PlainFilterData",
    }
}

words! {
    /// What follows the IP header.
    pub enum TransportProtocol {
        /// TCP.
        Tcp = "TCP",
        /// UDP.
        Udp = "UDP",
        /// ICMP for IPv4.
        Icmpv4 = "ICMPv4",
        /// ICMP for IPv6.
        Icmpv6 = "ICMPv6",
        /// The packets of IPSec tunnels.
        Esp = "ESP",
    }
}

/// The actions: what each is called, and how many packets it may sample; none where it looks
/// at all of them.
const ACTIONS: [(&str, Option<i64>); 4] =
    [("trace_config", Some(50)), ("counter_config", None), ("pktcap_config", Some(500)), (STATISTICS, Some(65_535))];
/// The action that goes with no other.
const STATISTICS: &str = "datapath_stats_config";
/// The ways to sample, of which one is chosen.
const SAMPLINGS: [&str; 3] = ["match_number", "sampling_rate", "sampling_interval"];
/// Fields of an action that are about the way back.
const WAY_BACK: [&str; 3] = ["dest_port_path", "dest_ipsec_vpn_config", "reverse_filter"];

fn filter_type(filter: &Tree) -> Tree {
    let is_plain = ["basic_filter", "extend_filter"].iter().any(|field| !filter.get(field).is_null());
    (if is_plain { FilterType::Plain } else { FilterType::Fields }).word().into()
}

static NETWORKS: Record = Record {
    doc: "Between which addresses packets go. An address, or a subnet of which host bits are cleared.",
    fields: &[
        Field::optional("src_ip", Shape::AddressOrNetwork, "Where packets come from: an address or a subnet."),
        Field::optional("dst_ip", Shape::AddressOrNetwork, "Where packets go to: an address or a subnet."),
    ],
    rules: &[ends_are_of_one_family],
};

static TRANSPORT: Record = Record {
    doc: "What packets carry.",
    fields: &[
        Field::optional("protocol", Shape::Enum(&TransportProtocol::WORDS), "The protocol over IP."),
        Field::optional("src_port", Shape::Int(0, 65_535), "The port packets come from, with TCP or UDP."),
        Field::optional("dst_port", Shape::Int(0, 65_535), "The port packets go to, with TCP or UDP."),
        Field::optional(
            "spi",
            Shape::Int(1, 4_294_967_295),
            "The security parameters index, with ESP. Packets of ESP are what the engine sends between gateways and peers, \
             where no trace looks on: its traces find none.",
        ),
    ],
    rules: &[fields_fit_the_protocol],
};

static FILTER: Record = Record {
    doc: "Which packets are looked at. Unset, all are.",
    fields: &[
        Field::optional("resource_type", Shape::Enum(&FilterType::WORDS), "How the filter is written.").or(
            Default::Derived(
                filter_type,
                "`PlainFilterData` with `basic_filter` or `extend_filter`, `FieldsFilterData` otherwise",
            ),
        ),
        Field::optional("network_info", Shape::Record(&NETWORKS), "Between which addresses packets go."),
        Field::optional("ip_info", Shape::Record(&NETWORKS), "The same, by its deprecated name. Use `network_info`.")
            .deprecated("Use network_info."),
        Field::optional("transport_info", Shape::Record(&TRANSPORT), "What packets carry."),
        Field::optional(
            "basic_filter",
            Shape::Text(1, 1_024),
            "Conditions that must all hold, such as `src 10.0.0.0/8 proto tcp dport 443`. The API does not say what it \
             takes; the engine's grammar is in the guide on live traces.",
        ),
        Field::optional(
            "extend_filter",
            Shape::Text(1, 1_024),
            "The same with `or`, `not` and parentheses. A packet has to pass both filters.",
        ),
    ],
    rules: &[fields_fit_the_type],
};

static VPN: Record = Record {
    doc: "A tunnel instead of a port: packets enter where they come out of it, at the gateway.",
    fields: &[Field::required(
        "session_path",
        Shape::Path(&["route_based_session"]),
        "The path of a route-based session, whose tunnel interface is looked at.",
    )
    .watched()],
    rules: &[],
};

static SAMPLING: Record = Record {
    doc: "Which of the packets the action looks at.",
    fields: &[
        Field::optional(
            "match_number",
            Shape::Int(1, 65_535),
            "The first so many packets of each direction: at most 50 to trace, 500 to capture, and 65535 for statistics.",
        ),
        Field::optional(
            "sampling_rate",
            Shape::Int(1, 65_535),
            "One packet of so many. The API has it, and no action takes it.",
        ),
        Field::optional(
            "sampling_interval",
            Shape::Int(1, 30_000),
            "One packet in so many milliseconds. The API has it, and no action takes it.",
        ),
    ],
    rules: &[one_sampling],
};

static ACTION: Record = Record {
    doc: "What is done with the packets.",
    fields: &[
        Field::required("trace_type", Shape::Enum(&TraceType::WORDS), "Which packets are looked at."),
        Field::optional("sampling", Shape::Record(&SAMPLING), "Which of the packets the action looks at. Counting takes none, and looks at all; the others need one."),
        Field::optional(
            "dest_port_path",
            Shape::Path(&["segment_port"]),
            "The path of the segment port at which packets of the way back enter. Several bidirectional actions name the same.",
        )
        .watched(),
        Field::optional(
            "dest_ipsec_vpn_config",
            Shape::Record(&VPN),
            "The tunnel out of which packets of the way back come, instead of a port. Several bidirectional actions name the same.",
        ),
        Field::optional(
            "reverse_filter",
            Shape::Record(&FILTER),
            "Which packets of the way back are looked at. Unset, all are. Several bidirectional actions have the same.",
        ),
    ],
    rules: &[the_way_back_is_said],
};

static ACTION_CONFIG: Record = Record {
    doc: "What is done with the packets.",
    fields: &[
        Field::optional(
            "trace_config",
            Shape::Record(&ACTION),
            "Packets are traced: each component on their way tells what it did with them.",
        ),
        Field::optional(
            "counter_config",
            Shape::Record(&ACTION),
            "Packets are counted at the ports they pass, until the time is over.",
        ),
        Field::optional(
            "pktcap_config",
            Shape::Record(&ACTION),
            "Packets are captured where they enter, for a download.",
        ),
        Field::optional(
            STATISTICS,
            Shape::Record(&ACTION),
            "What modules of the data path did with packets is counted. Goes with no other action.",
        ),
    ],
    rules: &[something_is_done, statistics_stand_alone, sampling_fits, ways_back_agree],
};

fn parsed(text: Option<&str>) -> Option<Network> {
    let text = text?;
    text.parse::<IpAddr>().map(Network::from).or_else(|_| text.parse()).ok()
}

fn ends_are_of_one_family(networks: &Facts<'_>) -> Vec<Problem> {
    match (parsed(networks.text("src_ip")), parsed(networks.text("dst_ip"))) {
        (Some(source), Some(destination)) if source.is_v6() != destination.is_v6() => vec![refuse(
            "dst_ip",
            format!("{destination} is not of the same IP version as {source}"),
            "A packet's source and destination are of one IP version, so that no packet would match.",
        )],
        _ => Vec::new(),
    }
}

fn fields_fit_the_protocol(transport: &Facts<'_>) -> Vec<Problem> {
    // A protocol that is not known yet may be any.
    let protocol = match transport.record.get("protocol") {
        Tree::Unknown => return Vec::new(),
        protocol => protocol.text().and_then(TransportProtocol::parse),
    };
    let has_ports = matches!(protocol, Some(TransportProtocol::Tcp | TransportProtocol::Udp));
    let is_esp = protocol == Some(TransportProtocol::Esp);
    let fits = [("src_port", has_ports, "TCP or UDP"), ("dst_port", has_ports, "TCP or UDP"), ("spi", is_esp, "ESP")];
    let wrong = fits.into_iter().filter(|(field, fits, _)| transport.set(field) && !fits);
    wrong
        .map(|(field, _, needs)| {
            refuse(field, format!("{field} needs the protocol {needs}"), "Set protocol, or leave it out.")
        })
        .collect()
}

fn fields_fit_the_type(filter: &Facts<'_>) -> Vec<Problem> {
    let Some(wanted) = filter.text("resource_type").and_then(FilterType::parse) else { return Vec::new() };
    let fields: [&str; 3] = ["network_info", "ip_info", "transport_info"];
    let texts: [&str; 2] = ["basic_filter", "extend_filter"];
    let stray: &[&'static str] = if wanted == FilterType::Plain { &fields } else { &texts };
    let mut problems: Vec<_> = stray
        .iter()
        .filter(|field| filter.set(field))
        .map(|field| {
            let what = format!("{field} cannot be used with {}", wanted.word());
            refuse(field, what, "A filter is written field by field, or as a text.")
        })
        .collect();
    if wanted == FilterType::Plain && texts.iter().all(|field| filter.unset(field)) {
        problems.push(refuse(
            "basic_filter",
            "The filter is empty",
            "Give basic_filter or extend_filter, or leave the filter out.",
        ));
    }
    if filter.set("ip_info") && filter.set("network_info") {
        problems.push(refuse(
            "ip_info",
            "ip_info and network_info are both set",
            "ip_info is the deprecated name of network_info: leave it out.",
        ));
    }
    problems
}

fn one_sampling(sampling: &Facts<'_>) -> Vec<Problem> {
    let mut given = SAMPLINGS.into_iter().filter(|field| !sampling.unset(field));
    match (given.next(), given.next()) {
        (None, _) => vec![refuse("match_number", "How packets are sampled is not said", "Give match_number.")],
        (Some(first), Some(second)) => {
            let what = format!("{first} and {second} are two ways to sample");
            vec![refuse(second, what, "Leave one of them out.")]
        }
        (Some(_), None) => Vec::new(),
    }
}

fn the_way_back_is_said(action: &Facts<'_>) -> Vec<Problem> {
    let Some(direction) = action.text("trace_type").and_then(TraceType::parse) else { return Vec::new() };
    if direction == TraceType::UniDirectional {
        let unused = WAY_BACK.into_iter().filter(|field| action.set(field));
        let idle = |field: &'static str| {
            let what = format!("{field} changes nothing with {}", direction.word());
            Problem::surprising(
                Place::default().field(field),
                what,
                "It is about the way back: use BI_DIRECTIONAL, or leave it out.",
            )
        };
        return unused.map(idle).collect();
    }
    match (action.unset("dest_port_path"), action.unset("dest_ipsec_vpn_config")) {
        (true, true) => vec![refuse(
            "dest_port_path",
            format!("dest_port_path is missing although trace_type is {}", direction.word()),
            "Give the port at which packets of the way back enter, or dest_ipsec_vpn_config.",
        )],
        (false, false) => vec![refuse(
            "dest_ipsec_vpn_config",
            "dest_port_path and dest_ipsec_vpn_config are two destinations",
            "Leave one of them out.",
        )],
        _ => Vec::new(),
    }
}

fn something_is_done(actions: &Facts<'_>) -> Vec<Problem> {
    if ACTIONS.iter().any(|(action, _)| !actions.unset(action)) {
        return Vec::new();
    }
    vec![refuse(
        "trace_config",
        "No action is given",
        "Give trace_config, counter_config, pktcap_config or datapath_stats_config.",
    )]
}

fn statistics_stand_alone(actions: &Facts<'_>) -> Vec<Problem> {
    let other = ACTIONS.iter().map(|(action, _)| *action).find(|action| *action != STATISTICS && actions.set(action));
    match other {
        Some(other) if actions.set(STATISTICS) => vec![refuse(
            STATISTICS,
            format!("{STATISTICS} cannot be used with {other}"),
            "Statistics of the data path are taken alone: declare another live trace for them.",
        )],
        _ => Vec::new(),
    }
}

fn sampling_fits(actions: &Facts<'_>) -> Vec<Problem> {
    ACTIONS
        .iter()
        .filter(|(action, _)| actions.set(action))
        .flat_map(|(action, most)| {
            let sampling = actions.record.get(action).get("sampling");
            let at = Place::default().field(action).field("sampling");
            match most {
                None => (!sampling.is_null())
                    .then(|| {
                        Problem::refused(
                            at,
                            format!("{action} takes no sampling"),
                            "All packets are counted: leave it out.",
                        )
                    })
                    .into_iter()
                    .collect(),
                Some(most) => sampled(action, sampling, *most, &at),
            }
        })
        .collect()
}

/// What is wrong with how an action samples that takes the first `most` packets at most.
fn sampled(action: &str, sampling: &Tree, most: i64, at: &Place) -> Vec<Problem> {
    match sampling {
        Tree::Unknown => return Vec::new(),
        Tree::Null => {
            let hint = format!("Give the number of packets it looks at: match_number = {most}, or fewer.");
            return vec![Problem::refused(at.clone(), format!("{action} needs a sampling"), hint)];
        }
        _ => {}
    }
    let others = SAMPLINGS[1..].iter().filter(|field| !matches!(sampling.get(field), Tree::Null | Tree::Unknown));
    let mut problems: Vec<_> = others
        .map(|field| {
            let hint = format!("It looks at the first packets, at most {most}: give match_number.");
            Problem::refused(at.field(field), format!("{action} takes no {field}"), hint)
        })
        .collect();
    if sampling.get(SAMPLINGS[0]).int().is_some_and(|number| number > most) {
        let what = format!("{action} samples at most {most} packets");
        problems.push(Problem::refused(at.field(SAMPLINGS[0]), what, format!("Use a match_number from 1 to {most}.")));
    }
    problems
}

fn ways_back_agree(actions: &Facts<'_>) -> Vec<Problem> {
    let is_both =
        |action: &&str| actions.record.get(action).get("trace_type").text() == Some(TraceType::BiDirectional.word());
    let mut both = ACTIONS.iter().map(|(action, _)| *action).filter(is_both);
    let Some(first) = both.next() else { return Vec::new() };
    let said = |action: &str, field: &str| actions.record.get(action).get(field).clone();
    both.flat_map(|other| {
        WAY_BACK.into_iter().filter_map(move |field| {
            let (one, other_one) = (said(first, field), said(other, field));
            let differ = one != other_one && !one.has_unknown() && !other_one.has_unknown();
            let at = Place::default().field(other).field(field);
            let what = format!("{field} is not that of {first}");
            differ.then(|| {
                Problem::refused(at, what, "Bidirectional actions of one live trace share the way back. Give the same.")
            })
        })
    })
    .collect()
}

fn the_source_is_said(trace: &Facts<'_>) -> Vec<Problem> {
    match (trace.unset("src_port_path"), trace.unset("ipsec_vpn_config")) {
        (true, true) => {
            vec![refuse("src_port_path", "Where packets enter is not said", "Give src_port_path or ipsec_vpn_config.")]
        }
        (false, false) => vec![refuse(
            "ipsec_vpn_config",
            "src_port_path and ipsec_vpn_config are two sources",
            "Leave one of them out.",
        )],
        _ => Vec::new(),
    }
}

fn the_way_back_is_another(trace: &Facts<'_>) -> Vec<Problem> {
    let actions = trace.record.get("actions");
    let own = (trace.text("src_port_path"), trace.record.get("ipsec_vpn_config").get("session_path").text());
    let is_both = |action: &Tree| action.get("trace_type").text() == Some(TraceType::BiDirectional.word());
    ACTIONS
        .iter()
        .filter_map(|(name, _)| {
            let action = Some(actions.get(name)).filter(|action| is_both(action))?;
            let at = Place::default().field("actions").field(name);
            let port = action.get("dest_port_path").text();
            let session = action.get("dest_ipsec_vpn_config").get("session_path").text();
            let place = match own {
                (Some(source), _) if port == Some(source) => at.field("dest_port_path"),
                (_, Some(source)) if session == Some(source) => at.field("dest_ipsec_vpn_config").field("session_path"),
                _ => return None,
            };
            Some(Problem::refused(place, "The destination is the source", "Packets of the way back enter elsewhere."))
        })
        .collect()
}

/// What is wrong with a live trace looking at the tunnel of `session`, which is of `kind`.
pub(super) fn tunnel_can_be_traced(kind: &Kind, session: &Tree) -> Vec<Problem> {
    // While planning, the kind is not known of a session that the plan declares: its path is
    // of either kind.
    if *kind != POLICY_BASED_SESSION || session.get("rules").items().is_empty() {
        return Vec::new();
    }
    let hint = "A policy-based session has no tunnel interface. Name a route-based session, or trace a port.";
    vec![refuse("ipsec_vpn_config", "The tunnel of a policy-based session cannot be traced", hint)]
}

/// Live traces.
pub static LIVE_TRACE: Kind = Kind {
    name: "live_trace",
    title: "live trace",
    resource_type: "LiveTraceConfig",
    places: &[&["infra", "livetraces", "*"]],
    record: &Record {
        doc: "What becomes of the packets that really pass a segment port or a tunnel: they are traced, counted or captured \
              for a while, which begins when the live trace is created.",
        fields: &[
            Field::optional(
                "src_port_path",
                Shape::Path(&["segment_port"]),
                "The path of the segment port at which packets enter.",
            )
            .watched()
            .fixed(),
            Field::optional(
                "ipsec_vpn_config",
                Shape::Record(&VPN),
                "The tunnel out of which packets come, instead of a port.",
            )
            .fixed(),
            Field::optional("filter", Shape::Record(&FILTER), "Which packets are looked at. Unset, all are.").fixed(),
            Field::required("actions", Shape::Record(&ACTION_CONFIG), "What is done with the packets.").fixed(),
            Field::optional("timeout", Shape::Int(5, 600), "Seconds for which packets are looked at.")
                .or(Default::Int(10))
                .fixed(),
            Field::optional(
                "is_transient",
                Shape::Bool,
                "Whether the live trace is removed one hour after it has ended.",
            )
            .or(Default::Bool(false)),
        ],
        rules: &[the_source_is_said, the_way_back_is_another],
    },
    default_parent: None,
};
