//! The state is the same, however often it was settled and looked at on the way.

use proptest::prelude::*;
use serde_json::json;

use super::{FLOWS, Lab, PEERS, session};
use crate::engine::store::StoreExt;
use crate::engine::{Caller, Engine, Moment};

/// The same course of events, with and without looks and a settled journal in between.
#[test]
fn settling_changes_nothing() {
    let course = |settled: bool| {
        let mut lab = Lab::new();
        lab.route_based("dc", 1);
        let flow = json!({
            "source": "192.168.10.5", "destination": "10.20.1.1", "destination_port": 53, "packets_per_second": 7,
        });
        lab.at(500).put(&format!("{FLOWS}/f"), flow);
        for (at, reachable) in [(10_000, false), (100_000, true), (200_000, false), (201_000, true)] {
            lab.at(at).patch(&format!("{PEERS}/dc"), json!({ "reachable": reachable }));
            if settled {
                lab.engine.course.settle(&lab.engine, lab.moment()).unwrap();
                lab.status("dc");
            }
        }
        lab.at(300_000);
        (lab.status("dc"), lab.neighbor("dc"), lab.view().traffic.total().clone())
    };
    assert_eq!(course(true), course(false));
}

/// More writes than the journal holds; what was counted before is still there.
#[test]
fn a_long_journal_is_settled_by_the_way() {
    let mut lab = Lab::new();
    lab.route_based("dc", 1);
    let flow = json!({
        "source": "192.168.10.5", "destination": "10.20.1.1", "destination_port": 53, "packets_per_second": 10,
    });
    lab.at(1_000).put(&format!("{FLOWS}/f"), flow);
    for change in 0..1_010 {
        lab.at(1_000 + change * 10).patch(&session("dc"), json!({ "description": change.to_string() }));
    }
    lab.at(21_000);
    assert_eq!(lab.status("dc")["aggregate_traffic_counters"]["packets_out"], 200);
}

/// A clock that goes back, as after a restart of the machine, takes nothing back.
#[test]
fn the_past_stays_when_the_clock_goes_back() {
    let mut lab = Lab::new();
    lab.route_based("dc", 1);
    lab.at(10_000).patch(&session("dc"), json!({ "description": "later" }));
    let earlier = crate::engine::Moment(super::BEGIN);
    let question = super::Question::SessionStatus(super::parsed(&session("dc")));
    let answer = lab.engine.ask(&question, &[], earlier).unwrap().document.unwrap();
    assert_eq!(answer["results"][0]["runtime_status"], "UP");
}

/// Who only looks may look by other rules, and must not leave their results behind; who
/// runs the engine settles a long journal. What is told is the same either way.
#[test]
fn a_long_journal_is_settled_by_its_readers_but_not_by_lookers_on() {
    let mut lab = Lab::new();
    lab.route_based("dc", 1);
    for change in 0..120 {
        lab.at(1_000 + change).patch(&session("dc"), json!({ "description": change.to_string() }));
    }
    lab.at(5_000);
    let settled = |lab: &Lab| lab.engine.store.read(|view| view.get("s/settled")).unwrap();
    let question = super::Question::SessionStatus(super::parsed(&session("dc")));
    let looker = lab.engine.clone().looking_on();
    let looked = looker.ask(&question, &[], lab.moment()).unwrap();
    assert_eq!(settled(&lab), None);
    let asked = lab.engine.ask(&question, &[], lab.moment()).unwrap();
    assert!(settled(&lab).is_some());
    let again = lab.engine.ask(&question, &[], lab.moment()).unwrap();
    assert_eq!((&looked, &asked), (&asked, &again));
}

/// Something that is done so many milliseconds after what was done last, by a writer whose
/// clock is so much behind.
#[derive(Clone, Debug)]
enum Act {
    Reachable(bool),
    Describe(u8),
    Flow(u8),
    Reset,
    Settle,
    Look,
}

fn act() -> impl Strategy<Value = (i64, i64, Act)> {
    let act = prop_oneof![
        any::<bool>().prop_map(Act::Reachable),
        any::<u8>().prop_map(Act::Describe),
        (1..50_u8).prop_map(Act::Flow),
        Just(Act::Reset),
        Just(Act::Settle),
        Just(Act::Look),
    ];
    (0..90_000_i64, 0..5_000_i64, act)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    /// The course of events that was kept from one question to the next is the one that is
    /// read anew, whatever happened in between, and through which engine it was written.
    #[test]
    fn what_was_kept_is_what_is_read_anew(acts in proptest::collection::vec(act(), 1..25)) {
        let mut lab = Lab::new();
        lab.route_based("dc", 1);
        let other = lab.engine.clone().looking_on();
        let state = |engine: &Engine, now| serde_json::to_value(engine.runtime(now).unwrap().settled()).unwrap();
        let mut now = 1_000;
        for (after, behind, act) in acts {
            now += after;
            let moment = lab.at(now).moment();
            let by = Caller { user: "admin".to_owned(), now: Moment(moment.0 - behind) };
            let engine = if behind % 2 == 0 { &lab.engine } else { &other };
            let patch = |path: &str, body| drop(engine.patch(&super::parsed(path), body, &by).unwrap());
            match act {
                Act::Reachable(reachable) => patch(&format!("{PEERS}/dc"), json!({ "reachable": reachable })),
                Act::Describe(text) => patch(&session("dc"), json!({ "description": text.to_string() })),
                Act::Flow(rate) => patch(&format!("{FLOWS}/f"), json!({
                    "source": "192.168.10.5", "destination": "10.20.1.1", "destination_port": 53,
                    "packets_per_second": rate,
                })),
                Act::Reset => engine.reset_statistics(&super::parsed(&session("dc")), by.now).unwrap(),
                Act::Settle => engine.course.settle(engine, moment).unwrap(),
                Act::Look => drop(state(engine, moment)),
            }
            let anew = lab.engine.clone().looking_on();
            prop_assert_eq!(state(&lab.engine, moment), state(&anew, moment));
        }
    }
}
