//! The API's answers about a session (seed 002, "VPN tunnel status").

use serde_json::{Value as Json, json};

use super::EngineView;
use super::traffic::TunnelCounters;
use crate::engine::bgp::documents::ENFORCEMENT_POINT;
use crate::engine::negotiation::{Chosen, IkeState, Protocol, Rekeys, SessionState, Side, Tunnel, TunnelState};
use crate::engine::topology::{Session, SessionKind};
use crate::model::{IkeVersion, POLICY_BASED_SESSION, PolicyPath, ROUTE_BASED_SESSION};

/// What a session of the topology is and what it has counted.
struct Subject<'a> {
    view: &'a EngineView,
    session: &'a Session,
    state: &'a SessionState,
}

/// The answer of `…/sessions/ID/detailed-status`; none when there is no such session.
pub fn session_status(view: &EngineView, path: &PolicyPath) -> Option<Json> {
    let subject = Subject::of(view, path)?;
    let total = subject.state.tunnels.len();
    let up = subject.state.tunnels_up().count();
    let result = json!({
        "runtime_status": subject.runtime_status(),
        "ike_status": subject.ike_status(),
        "total_tunnels": total,
        "negotiated_tunnels": up,
        "failed_tunnels": total - up,
        "aggregate_traffic_counters": aggregate(subject.tunnels().map(|(_, counters)| counters)),
        "last_update_timestamp": view.now.0,
        "display_name": subject.session.display_name,
        "enforcement_point_path": ENFORCEMENT_POINT,
        "resource_type": "IPSecVpnSessionStatusNsxT",
    });
    Some(json!({ "results": [result], "intent_path": path.as_str() }))
}

/// The answer of `…/sessions/ID/statistics`; none when there is no such session.
pub fn session_statistics(view: &EngineView, path: &PolicyPath) -> Option<Json> {
    let subject = Subject::of(view, path)?;
    let result = json!({
        "ike_status": subject.ike_status(),
        "policy_statistics": subject.policies(),
        "aggregate_traffic_counters": aggregate(subject.tunnels().map(|(_, counters)| counters)),
        "last_update_timestamp": view.now.0,
        "display_name": subject.session.display_name,
        "enforcement_point_path": ENFORCEMENT_POINT,
        "resource_type": "IPSecVpnSessionStatisticsNsxT",
    });
    Some(json!({ "results": [result], "intent_path": path.as_str() }))
}

/// What the ends of a session have chosen, and how often it was renewed. This is no
/// answer of the API.
pub fn security_associations(chosen: &Chosen, rekeys: &Rekeys) -> Json {
    json!({
        "initiator": match chosen.initiator {
            Side::Gateway => "GATEWAY",
            Side::Peer => "PEER",
        },
        "ike_version": match chosen.protocol {
            Protocol::V1 => IkeVersion::V1.word(),
            Protocol::V2 => IkeVersion::V2.word(),
        },
        "ike_proposal": chosen.ike.to_string(),
        "ike_life_time": chosen.ike_life_time,
        "ike_rekeys": rekeys.ike,
        "esp_proposal": chosen.esp.map_or_else(String::new, |esp| esp.to_string()),
        "esp_life_time": chosen.esp_life_time,
        "esp_rekeys": rekeys.tunnels.iter().sum::<u64>(),
    })
}

/// The answer of `…/ipsec-vpn-services/ID/summary`: how many sessions are in which state,
/// and the traffic of each; none when there is no such service.
pub fn service_summary(view: &EngineView, path: &PolicyPath) -> Option<Json> {
    view.topology.services.get(path)?;
    let below = format!("{path}/sessions/");
    let paths = view.topology.sessions.keys().filter(|session| session.as_str().starts_with(&below));
    let sessions: Vec<_> = paths.filter_map(|session| Subject::of(view, session)).collect();
    let states: Vec<_> = sessions.iter().map(Subject::runtime_status).collect();
    let count = |state: &str| states.iter().filter(|it| **it == state).count();
    let traffic = sessions.iter().map(|subject| {
        json!({
            "traffic_counters": aggregate(subject.tunnels().map(|(_, counters)| counters)),
            "ipsec_vpn_session": {
                "is_valid": true,
                "target_display_name": subject.session.display_name,
                "target_id": subject.session.path.as_str(),
                "target_type": match subject.session.kind {
                    SessionKind::RouteBased { .. } => ROUTE_BASED_SESSION.resource_type,
                    SessionKind::PolicyBased { .. } => POLICY_BASED_SESSION.resource_type,
                },
            },
        })
    });
    Some(json!({
        "session_summary": {
            "total_sessions": sessions.len(),
            "established_sessions": count("UP"),
            "degraded_sessions": count("DEGRADED"),
            "negotiating_sessions": count("NEGOTIATING"),
            "failed_sessions": count("DOWN"),
        },
        "aggregate_traffic_counters": aggregate(sessions.iter().flat_map(Subject::tunnels).map(|(_, counters)| counters)),
        "traffic_summary_per_session": traffic.collect::<Vec<_>>(),
        "last_update_timestamp": view.now.0,
    }))
}

/// What became of the packets of a flow; none when there is no such flow.
pub fn flow_statistics(view: &EngineView, path: &PolicyPath) -> Option<Json> {
    view.topology.flows.get(path)?;
    let counters = view.traffic.of_flow(path);
    let drops: Vec<_> =
        counters.dropped.iter().map(|(reason, packets)| json!({ "reason": reason, "packets": packets })).collect();
    Some(json!({
        "packets_sent": counters.sent,
        "packets_delivered": counters.delivered,
        "packets_dropped": counters.dropped.values().sum::<u64>(),
        "drops": drops,
        "last_update_timestamp": view.now.0,
    }))
}

/// What was copied by the tap service, the tap flow or the tap mirror at `path`; none when
/// there is no such tap.
pub fn tap_statistics(view: &EngineView, path: &PolicyPath) -> Option<Json> {
    view.topology.name_of_tap(path)?;
    let counters = view.traffic.of_tap(path);
    Some(json!({
        "packets_copied": counters.packets,
        "bytes_copied": counters.bytes,
        "packets_lost": counters.lost,
        "last_update_timestamp": view.now.0,
    }))
}

impl<'a> Subject<'a> {
    fn of(view: &'a EngineView, path: &PolicyPath) -> Option<Self> {
        Some(Self { view, session: view.topology.sessions.get(path)?, state: view.sessions.get(path)? })
    }

    fn tunnels(&self) -> impl Iterator<Item = (&'a Tunnel, TunnelCounters)> {
        let (view, session) = (self.view, self.session);
        self.state.tunnels.iter().map(move |it| (it, view.traffic.of_tunnel(&session.path, it.local, it.remote)))
    }

    /// IKE and the tunnels in one word, as the API's text has it.
    fn runtime_status(&self) -> &'static str {
        let up = self.state.tunnels_up().count();
        match &self.state.ike {
            IkeState::Negotiating { .. } => "NEGOTIATING",
            IkeState::Up { .. } if up == self.state.tunnels.len() => "UP",
            IkeState::Up { .. } if up > 0 => "DEGRADED",
            _ => "DOWN",
        }
    }

    fn ike_status(&self) -> Json {
        let (state, reason) = match &self.state.ike {
            IkeState::Up { .. } => ("UP", String::new()),
            IkeState::Negotiating { .. } => ("NEGOTIATING", String::new()),
            IkeState::Down { reason, .. } => ("DOWN", reason.to_string()),
        };
        json!({ "ike_session_state": state, "fail_reason": reason })
    }

    /// The tunnels of the tunnel interface, or rule by rule.
    fn policies(&self) -> Vec<Json> {
        let policy = |name: &str, path: String, tunnels: Vec<(&Tunnel, TunnelCounters)>| {
            json!({
                name: path,
                "tunnel_statistics": tunnels.iter().map(|(it, counters)| tunnel(it, *counters)).collect::<Vec<_>>(),
                "aggregate_traffic_counters": aggregate(tunnels.iter().map(|(_, counters)| *counters)),
            })
        };
        match &self.session.kind {
            SessionKind::RouteBased { interface, .. } => {
                vec![policy("tunnel_interface_path", interface.clone(), self.tunnels().collect())]
            }
            SessionKind::PolicyBased { rules } => {
                let enabled = rules.iter().filter(|rule| rule.enabled);
                let of_rule = |id: &str| self.tunnels().filter(|(it, _)| it.rule.as_deref() == Some(id)).collect();
                enabled
                    .map(|rule| {
                        policy("rule_path", format!("{}/rules/{}", self.session.path, rule.id), of_rule(&rule.id))
                    })
                    .collect()
            }
        }
    }
}

fn tunnel(tunnel: &Tunnel, counters: TunnelCounters) -> Json {
    let (status, reason) = match &tunnel.state {
        TunnelState::Up { .. } => ("UP", String::new()),
        TunnelState::Down { reason } => ("DOWN", reason.to_string()),
    };
    json!({
        "tunnel_status": status,
        "tunnel_down_reason": reason,
        "packets_in": counters.packets_in,
        "packets_out": counters.packets_out,
        "bytes_in": counters.bytes_in,
        "bytes_out": counters.bytes_out,
        // No packet of a simulated world is changed, repeated or undecipherable.
        "packets_received_other_error": 0,
        "replay_errors": 0,
        "integrity_failures": 0,
        "decryption_failures": 0,
        "packets_sent_other_error": counters.oversized_out,
        "seq_number_overflow_error": 0,
        "encryption_failures": 0,
        "sa_mismatch_errors_in": 0,
        "nomatching_policy_errors": counters.unmatched_in,
        "sa_mismatch_errors_out": 0,
        "peer_subnet": tunnel.remote.to_string(),
        "local_subnet": tunnel.local.to_string(),
        "dropped_packets_in": counters.unmatched_in,
        "dropped_packets_out": counters.oversized_out,
    })
}

fn aggregate(counters: impl Iterator<Item = TunnelCounters>) -> Json {
    let sum = counters.fold(TunnelCounters::default(), TunnelCounters::plus);
    json!({
        "packets_in": sum.packets_in,
        "packets_out": sum.packets_out,
        "bytes_in": sum.bytes_in,
        "bytes_out": sum.bytes_out,
        "dropped_packets_in": sum.unmatched_in,
        "dropped_packets_out": sum.oversized_out,
    })
}
