//! Every packet that is sent is delivered or dropped, whatever happens meanwhile, and
//! no counter runs backwards but by a reset.

use proptest::prelude::*;
use serde_json::json;

use super::{FLOWS, Lab, PEERS, parsed, session};

/// Something that somebody does.
#[derive(Clone, Debug)]
enum Act {
    Reachable(bool),
    Enabled(bool),
    Mode(&'static str),
    Flow { rate: u32, size: u32, tcp: bool, to: u8 },
    NoFlow,
    Reset,
}

fn acts() -> impl Strategy<Value = Vec<(i64, Act)>> {
    let act = prop_oneof![
        any::<bool>().prop_map(Act::Reachable),
        any::<bool>().prop_map(Act::Enabled),
        prop_oneof![Just("INITIATOR"), Just("RESPOND_ONLY"), Just("ON_DEMAND")].prop_map(Act::Mode),
        (1_u32..200, 60_u32..3_000, any::<bool>(), 19_u8..22).prop_map(|(rate, size, tcp, to)| Act::Flow {
            rate,
            size,
            tcp,
            to
        }),
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
        let flow = format!("{FLOWS}/f");
        let (mut now, mut flows) = (0, false);
        let mut last = (0, 0, 0);
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
                Act::NoFlow => {}
                Act::Reset => {
                    lab.engine.reset_statistics(&parsed(&session("dc")), lab.moment()).unwrap();
                    last = (last.0, 0, 0);
                }
            }
            let total = lab.view().traffic.total().clone();
            prop_assert_eq!(total.sent, total.delivered + total.dropped.values().sum::<u64>());
            prop_assert!((expected..=2 * expected).contains(&total.sent), "{} of {expected}", total.sent);
            let counters = lab.status("dc")["aggregate_traffic_counters"].clone();
            let count = |name: &str| counters[name].as_u64().unwrap();
            let next = (total.sent, count("packets_out"), count("packets_in"));
            prop_assert!(next.0 >= last.0 && next.1 >= last.1 && next.2 >= last.2, "{last:?} {next:?}");
            last = next;
        }
    }
}
