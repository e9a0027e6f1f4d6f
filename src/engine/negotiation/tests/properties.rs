//! What holds for all worlds and all clocks.

use proptest::prelude::*;

use super::*;
use crate::engine::negotiation::schedule::Renewal;

/// A change to the declarations.
#[derive(Clone, Debug)]
struct Event {
    /// Milliseconds after the one before.
    after: i64,
    path: &'static str,
    /// None: it is destroyed. An empty path is a packet that wants through.
    fields: Option<Json>,
}

fn event() -> impl Strategy<Value = Event> {
    let what = prop_oneof![
        4 => any::<bool>().prop_map(|it| (PEER, Some(json!({"reachable": it})))),
        1 => any::<bool>().prop_map(|it| (SESSION, Some(json!({"enabled": it})))),
        1 => any::<bool>().prop_map(|it| (PEER, Some(json!({"initiates": it})))),
        1 => prop_oneof![Just("secret"), Just("other")].prop_map(|it| (PEER, Some(json!({"psk": it})))),
        1 => (60_u32..5_000).prop_map(|it| (PEER, Some(json!({"tunnel_sa_life_time": it})))),
        1 => (60_u32..5_000).prop_map(|it| (PEER, Some(json!({"ike_sa_life_time": it})))),
        1 => Just((PEER, Some(without_groups()))),
        1 => (0_u32..3_000).prop_map(|it| (PEER, Some(json!({"latency": it})))),
        1 => (3_u32..=360, 1_u32..=100, any::<bool>()).prop_map(|(interval, retries, enabled)| {
            (DPD, Some(json!({"dpd_probe_interval": interval, "retry_count": retries, "enabled": enabled})))
        }),
        1 => prop_oneof![Just("INITIATOR"), Just("ON_DEMAND"), Just("RESPOND_ONLY")]
            .prop_map(|it| (SESSION, Some(json!({"connection_initiation_mode": it})))),
        1 => prop_oneof![Just("IKE_V1"), Just("IKE_V2"), Just("IKE_FLEX")]
            .prop_map(|it| (IKE, Some(json!({"ike_version": it})))),
        1 => Just((PEER, None)),
        2 => Just(("", None)),
    ];
    let after = prop_oneof![0..50_i64, 0..MINUTE, 0..HOUR];
    (after, what).prop_map(|(after, (path, fields))| Event { after, path, fields })
}

fn without_groups() -> Json {
    json!({"esp_proposals": [{"encryption_algorithms": ["AES_GCM_128"]}]})
}

fn happen(lab: &mut Lab, event: &Event, at: i64) {
    match (event.path, &event.fields) {
        ("", _) => lab.wake(at),
        (path, None) => lab.destroy(at, path),
        (path, Some(fields)) => {
            let exists = lab.documents.contains_key(&PolicyPath::parse(path).unwrap());
            let base =
                if path == PEER && !exists { json!({"address": "198.51.100.7", "psk": "secret"}) } else { json!({}) };
            lab.change(at, path, merged(base, fields.clone()));
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    /// However often the clock is looked at, the same happens.
    #[test]
    fn many_small_steps_are_one_big_step(
        events in prop::collection::vec(event(), 1..8),
        steps in prop::collection::vec(1..MINUTE, 0..40),
    ) {
        let (mut big, mut small) = (policy_lab(json!({}), json!({})), policy_lab(json!({}), json!({})));
        let mut now = 0;
        for event in &events {
            let at = now + event.after;
            for step in &steps {
                now = (now + step).min(at);
                small.until(now);
            }
            now = at;
            happen(&mut big, event, at);
            happen(&mut small, event, at);
            prop_assert_eq!(&big.records[SESSION], &small.records[SESSION]);
        }
    }

    /// The closed form of rekeying is that of rekeying one SA after the other.
    #[test]
    fn renewals_are_counted_as_if_one_by_one(since in 0..HOUR, life in 1..10_000_u32, now in 0..100 * HOUR) {
        let sas = Renewal::of(Moment(since), life);
        let (mut made, mut count) = (since, 0);
        while made + i64::from(life) * 10_000 / 11 <= now {
            made += i64::from(life) * 10_000 / 11;
            count += 1;
        }
        prop_assert_eq!(sas.count(Moment(now)), count);
        prop_assert_eq!(sas.replaced(count), Moment(made));
        prop_assert!(sas.next(Moment(now)) >= Moment(now));
        prop_assert_eq!(sas.ends_after(Moment(now + 1)), Moment(made + i64::from(life) * SECOND));
    }

    /// The state stays as it is until the next change, and is another one then.
    #[test]
    fn the_next_change_is_the_next_change(
        events in prop::collection::vec(event(), 1..8),
        fraction in 0.0..1.0_f64,
    ) {
        let mut lab = policy_lab(json!({}), json!({}));
        let mut now = 0;
        for event in &events {
            now += event.after;
            happen(&mut lab, event, now);
            let mut changed = lab.now;
            for _ in 0..12 {
                let before = lab.state(changed);
                let Some(next) = lab.next_change() else {
                    prop_assert_eq!(lab.state(changed + 1_000 * HOUR), before);
                    break;
                };
                prop_assert!(next > changed);
                #[allow(clippy::cast_possible_truncation, clippy::cast_precision_loss)]
                let between = changed + ((next - 1 - changed) as f64 * fraction) as i64;
                prop_assert_eq!(&lab.state(between), &before);
                prop_assert_eq!(&lab.state(next - 1), &before);
                if next >= now + event.after.max(1) {
                    break;
                }
                lab.until(next);
                prop_assert_ne!(&lab.state(next), &before);
                changed = next;
                now = now.max(next);
            }
        }
    }

    /// What is up was negotiated; what is down says why, and has its tunnels down.
    #[test]
    fn states_make_sense(events in prop::collection::vec(event(), 1..8)) {
        let mut lab = policy_lab(json!({}), json!({}));
        let mut now = 0;
        for event in &events {
            now += event.after;
            happen(&mut lab, event, now);
            let state = lab.state(now);
            prop_assert_eq!(state.tunnels.len(), 4);
            if !state.is_up() {
                prop_assert_eq!(state.tunnels_up().count(), 0);
            }
            for tunnel in state.tunnels_up() {
                let TunnelState::Up { since, .. } = tunnel.state else { unreachable!() };
                let IkeState::Up { since: ike } = state.ike else { unreachable!() };
                prop_assert!(ike <= since && since.0 <= now);
            }
        }
    }
}
