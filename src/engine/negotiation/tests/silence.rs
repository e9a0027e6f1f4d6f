//! Peers that fall silent. Sessions are up at 20 ms; by default a peer is probed every
//! 60 s, and a probe without an answer is repeated 10 times, every half second.

use super::*;

const DEAD: &str = "Dead peer detected: probes were not answered";
const NO_RESPONSE: &str = "No response from the peer: retransmissions timed out";

fn silent_from(at: i64, dpd: Json, peer: Json) -> Lab {
    let mut lab = lab(json!({}), peer);
    lab.change(0, DPD, dpd);
    lab.change(at, PEER, json!({"reachable": false}));
    lab
}

/// When, and of what, the session dies.
fn death(lab: &mut Lab) -> (i64, String) {
    while let Some(at) = lab.next_change() {
        assert!(at > lab.now);
        lab.until(at);
        if let IkeState::Down { since, reason } = lab.state(at).ike {
            assert_eq!((since.0, lab.next_change()), (at, None));
            return (at, reason.to_string());
        }
    }
    panic!("it lives on");
}

#[test]
fn probes_that_are_not_answered_tell() {
    for (silence, dpd, at) in [
        // The first probe at 60020, and 10 repetitions.
        (20, json!({}), 60_020 + 5_000),
        (60_020, json!({}), 60_020 + 5_000),
        (60_021, json!({}), 120_020 + 5_000),
        (HOUR, json!({}), 3_600_020 + 5_000),
        (100, json!({"dpd_probe_interval": 3, "retry_count": 1}), 3_020 + 500),
        (10_000, json!({"dpd_probe_interval": 3, "retry_count": 100}), 12_020 + 50_000),
        // ON_DEMAND: 3 s after the last packet from the peer.
        (10_000, json!({"dpd_probe_mode": "ON_DEMAND"}), 13_000 + 5_000),
        (10_000, json!({"dpd_probe_mode": "ON_DEMAND", "dpd_probe_interval": 10, "retry_count": 2}), 20_000 + 1_000),
    ] {
        let mut lab = silent_from(silence, dpd.clone(), json!({}));
        assert_eq!((lab.ike(at - 1), lab.tunnel(at - 1)), ("up 20".into(), "up 20".into()), "{dpd}");
        assert_eq!(lab.tunnel(at), format!("down: {DEAD}"));
        assert_eq!(death(&mut lab), (at, DEAD.to_owned()), "{dpd}");
    }
}

#[test]
fn without_probes_rekeying_tells() {
    let disabled = json!({"enabled": false});
    // The tunnel is rekeyed at 20 + 3272727; nobody answers for 165061 ms. Its SA lives
    // until 3600020, longer than that.
    let mut lab = silent_from(MINUTE, disabled.clone(), json!({}));
    assert_eq!(death(&mut lab), (20 + 3_272_727 + 165_061, NO_RESPONSE.to_owned()));

    // Silence just after the second rekeying: the third, at 20 + 3 * 3272727, tells.
    let mut lab = silent_from(20 + 2 * 3_272_727 + 1, disabled.clone(), json!({}));
    assert_eq!(death(&mut lab), (20 + 3 * 3_272_727 + 165_061, NO_RESPONSE.to_owned()));

    // SAs of 1100 s, rekeyed at 1000 s, end 100 s later, before rekeying is given up.
    let mut lab = silent_from(MINUTE, disabled.clone(), json!({"tunnel_sa_life_time": 1_100}));
    assert_eq!(lab.next_change(), Some(20 + 1_100 * SECOND));
    assert_eq!(lab.tunnel(20 + 1_100 * SECOND), format!("down: {NO_RESPONSE}"));
    assert_eq!(lab.ike(20 + 1_100 * SECOND), "up 20");
    assert_eq!(death(&mut lab), (20 + 1_000 * SECOND + 165_061, NO_RESPONSE.to_owned()));

    // So does an IKE SA, and takes its tunnels with it.
    let mut lab = silent_from(MINUTE, disabled, json!({"ike_sa_life_time": 1_100}));
    assert_eq!(death(&mut lab), (20 + 1_100 * SECOND, NO_RESPONSE.to_owned()));
}

#[test]
fn rekeying_may_tell_before_probes() {
    // Silence just before the tunnel is rekeyed at 20 + 3272727. With probes every
    // 360 s the next one is at 3600020, 50 s of repetitions more: 3650020. Rekeying is
    // given up at 3437808.
    let mut lab = silent_from(3_272_700, json!({"dpd_probe_interval": 360, "retry_count": 100}), json!({}));
    assert_eq!(death(&mut lab), (3_437_808, NO_RESPONSE.to_owned()));
}

#[test]
fn a_short_silence_is_not_noticed() {
    let mut lab = silent_from(MINUTE, json!({}), json!({}));
    // Dead at 65020.
    lab.change(65_019, PEER, json!({"reachable": true}));
    assert_eq!(
        (lab.ike(65_019), lab.ike(2 * MINUTE), lab.tunnel(HOUR)),
        ("up 20".into(), "up 20".into(), "up 20".into())
    );
    lab.change(2 * MINUTE, PEER, json!({"reachable": false}));
    // The next probe is at 120020.
    assert_eq!(death(&mut lab), (125_020, DEAD.to_owned()));
}

#[test]
fn a_long_silence_ends_with_a_new_negotiation() {
    let mut lab = silent_from(MINUTE, json!({}), json!({}));
    lab.change(65_020, PEER, json!({"reachable": true}));
    assert_eq!((lab.ike(65_020), lab.ike(65_040)), ("negotiating 65020".into(), "up 65040".into()));
}

#[test]
fn who_does_not_begin_waits_again_after_a_death() {
    for (mode, waits) in [
        ("ON_DEMAND", "Waiting for the first matching packet (ON_DEMAND)"),
        ("RESPOND_ONLY", "Neither end initiates: the gateway and the peer only respond"),
    ] {
        let mut lab = lab(json!({"connection_initiation_mode": mode}), json!({"initiates": true}));
        lab.change(MINUTE, PEER, json!({"reachable": false}));
        lab.until(HOUR);
        assert_eq!(lab.ike(HOUR), format!("down 65020: {DEAD}"));
        lab.wake(HOUR);
        assert_eq!(lab.ike(HOUR), format!("down 65020: {DEAD}"));
        lab.change(HOUR, PEER, json!({"initiates": false}));
        lab.change(HOUR + 1, PEER, json!({"reachable": true}));
        assert_eq!(lab.ike(HOUR + 1), format!("down 3600001: {waits}"));
    }
}

#[test]
fn an_sa_that_ended_in_silence_needs_a_new_negotiation() {
    let mut lab = silent_from(MINUTE, json!({"enabled": false}), json!({"tunnel_sa_life_time": 1_100}));
    lab.change(20 + 1_100 * SECOND, PEER, json!({"reachable": true}));
    assert_eq!(lab.ike(20 + 1_100 * SECOND), "negotiating 1100020");

    // One that has not ended is rekeyed by a repeated request.
    let mut lab = silent_from(MINUTE, json!({"enabled": false}), json!({"tunnel_sa_life_time": 1_100}));
    lab.change(1_050 * SECOND, PEER, json!({"reachable": true}));
    assert_eq!((lab.ike(HOUR), lab.tunnel(HOUR)), ("up 20".into(), "up 20".into()));
}

#[test]
fn silence_in_the_middle_of_tunnels_starts_over() {
    let mut lab = policy_lab(json!({}), json!({}));
    // IKE is up at 20, the last tunnels at 30.
    lab.change(25, PEER, json!({"reachable": false}));
    assert_eq!(lab.ike(25), "negotiating 25");
    assert_eq!(death(&mut lab), (25 + 165_061, NO_RESPONSE.to_owned()));
}

#[test]
fn another_dpd_profile_probes_from_then_on() {
    let mut lab = silent_from(MINUTE, json!({}), json!({}));
    // Probes every 10 s from 61 s on: the first at 71 s, and 10 repetitions.
    lab.change(61 * SECOND, DPD, json!({"dpd_probe_interval": 10}));
    assert_eq!(death(&mut lab), (76 * SECOND, DEAD.to_owned()));
}
