//! Every packet that is sent is delivered or dropped, whatever happens meanwhile, and
//! no counter runs backwards but by a reset.

use proptest::prelude::*;
use serde_json::json;

use super::{BGP, FLOWS, Lab, PEERS, SERVICE, parsed, session};

/// Something that somebody does.
#[derive(Clone, Debug)]
enum Act {
    Reachable(bool),
    Enabled(bool),
    Mode(&'static str),
    /// The BGP neighbor is there, or is not.
    Neighbor(bool),
    /// A prefix list keeps out what the neighbor teaches, or lets it pass.
    Filter(bool),
    /// So large a packet reaches the peers.
    PathMtu(u32),
    Flow {
        rate: u32,
        size: u32,
        tcp: bool,
        to: u8,
    },
    NoFlow,
    Reset,
}

fn acts() -> impl Strategy<Value = Vec<(i64, Act)>> {
    let act = prop_oneof![
        any::<bool>().prop_map(Act::Reachable),
        any::<bool>().prop_map(Act::Enabled),
        prop_oneof![Just("INITIATOR"), Just("RESPOND_ONLY"), Just("ON_DEMAND")].prop_map(Act::Mode),
        any::<bool>().prop_map(Act::Neighbor),
        any::<bool>().prop_map(Act::Filter),
        (576_u32..1_600).prop_map(Act::PathMtu),
        // Behind the route-based session (10.20), behind the policy-based one (10.30), or
        // nowhere.
        (1_u32..200, 60_u32..3_000, any::<bool>(), prop_oneof![Just(20_u8), Just(30_u8), Just(40_u8)])
            .prop_map(|(rate, size, tcp, to)| Act::Flow { rate, size, tcp, to }),
        Just(Act::NoFlow),
        Just(Act::Reset),
    ];
    prop::collection::vec((1_i64..200_000, act), 1..12)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn packets_are_neither_lost_nor_made(acts in acts()) {
        let mut lab = Lab::new();
        lab.route_based("dc", 1);
        lab.put(&session("branch"), json!({
            "resource_type": "PolicyBasedIPSecVpnSession",
            "local_endpoint_path": format!("{SERVICE}/local-endpoints/Public-IP1"),
            "peer_address": "198.51.100.2", "peer_id": "198.51.100.2", "psk": "correct horse",
            "rules": [{
                "id": "r", "sources": [{ "subnet": "192.168.10.0/24" }], "destinations": [{ "subnet": "10.30.0.0/16" }],
            }],
        }));
        lab.put(&format!("{PEERS}/branch"), json!({ "address": "198.51.100.2", "psk": "correct horse" }));
        let list = "/infra/tier-0s/vmc/prefix-lists/in";
        lab.put(list, json!({ "prefixes": [{ "network": "ANY" }] }));
        lab.patch(&format!("{BGP}/neighbors/dc"), json!({ "route_filtering": [{ "in_route_filters": [list] }] }));
        let neighbor = json!({
            "neighbor_address": "169.254.1.1", "remote_as_num": "65010", "route_filtering": [{ "in_route_filters": [list] }],
        });
        let mut has_neighbor = true;
        let flow = format!("{FLOWS}/f");
        let (mut now, mut flows) = (0, false);
        let mut last = (0, 0, 0);
        let mut was_reset = false;
        // What the flow sends, reckoned here: its first packet when it was created, and then
        // one every 1000 / rate milliseconds. Each may be answered once.
        let mut sending: Option<(i64, u32)> = None;
        let mut expected = 0_u64;
        let before = |(start, rate): (i64, u32), at: i64| ((at - start) * i64::from(rate) + 999) / 1_000;
        for (pause, act) in acts {
            if let Some(flow) = sending {
                expected += u64::try_from(before(flow, now + pause) - before(flow, now)).unwrap();
            }
            now += pause;
            lab.at(now);
            match act {
                Act::Reachable(reachable) => lab.patch(&format!("{PEERS}/dc"), json!({ "reachable": reachable })),
                Act::Enabled(enabled) => lab.patch(&session("dc"), json!({ "enabled": enabled })),
                Act::Mode(mode) => lab.patch(&session("dc"), json!({ "connection_initiation_mode": mode })),
                Act::Neighbor(there) if there != has_neighbor => {
                    let at = format!("{BGP}/neighbors/dc");
                    if there { lab.put(&at, neighbor.clone()) } else { lab.delete(&at) }
                    has_neighbor = there;
                }
                Act::Filter(keeps_out) => {
                    let action = if keeps_out { "DENY" } else { "PERMIT" };
                    lab.patch(list, json!({ "prefixes": [{ "network": "ANY", "action": action }] }));
                }
                Act::PathMtu(bytes) => {
                    for peer in ["dc", "branch"] {
                        lab.patch(&format!("{PEERS}/{peer}"), json!({ "path_mtu": bytes }));
                    }
                }
                Act::Flow { rate, size, tcp, to } => {
                    let body = json!({
                        "source": "192.168.10.5", "destination": format!("10.{to}.1.1"), "destination_port": 443,
                        "protocol": if tcp { "TCP" } else { "UDP" }, "packets_per_second": rate, "packet_size": size,
                    });
                    lab.patch(&flow, body);
                    flows = true;
                    sending = Some((sending.map_or(now, |(start, _)| start), rate));
                }
                Act::NoFlow if flows => {
                    lab.delete(&flow);
                    flows = false;
                    sending = None;
                }
                Act::Neighbor(_) | Act::NoFlow => {}
                Act::Reset => {
                    lab.engine.reset_statistics(&parsed(&session("dc")), lab.moment()).unwrap();
                    last = (last.0, 0, 0);
                    was_reset = true;
                }
            }
            let total = lab.view().traffic.total().clone();
            prop_assert_eq!(total.sent, total.delivered + total.dropped.values().sum::<u64>());
            prop_assert!((expected..=2 * expected).contains(&total.sent), "{} of {expected}", total.sent);
            let counters = lab.status("dc")["aggregate_traffic_counters"].clone();
            let count = |name: &str| counters[name].as_u64().unwrap();
            let next = (total.sent, count("packets_out"), count("packets_in"));
            prop_assert!(next.0 >= last.0 && next.1 >= last.1 && next.2 >= last.2, "{last:?} {next:?}");
            // The way of every packet of the flow that arrives is through one tunnel.
            let through: u64 = ["dc", "branch"]
                .map(|id| lab.status(id)["aggregate_traffic_counters"].clone())
                .iter()
                .map(|all| all["packets_out"].as_u64().unwrap() + all["packets_in"].as_u64().unwrap())
                .sum();
            prop_assert!(was_reset || through >= total.delivered, "{through} through tunnels, {total:?}");
            last = next;
        }
    }
}
