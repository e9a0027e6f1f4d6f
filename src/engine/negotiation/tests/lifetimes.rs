//! Rekeying. The profiles' life times are 86400 s for IKE and 3600 s for tunnels; an SA
//! is replaced at 10/11 of that: 78545.454 s and 3272.727 s, cut to milliseconds.

use super::*;

#[test]
fn rekeying_changes_nothing_but_counters() {
    let mut lab = lab(json!({}), json!({"esp_proposals": [{"encryption_algorithms": ["AES_GCM_128"]}]}));
    lab.change(0, TUNNEL, json!({"enable_perfect_forward_secrecy": false}));
    lab.until(HOUR);
    assert_eq!(lab.next_change(), None);
    let year = 365 * 24 * HOUR;
    for (at, ike, tunnel) in [
        (20, 0, 0),
        (20 + 3_272_726, 0, 0),
        (20 + 3_272_727, 0, 1),
        (20 + 2 * 3_272_727, 0, 2),
        // 24 * 3272.727 = 78545.448
        (20 + 78_545_447, 0, 23),
        (20 + 78_545_454, 1, 24),
        // 401 * 78545.454 = 31496727.054, 9636 * 3272.727 = 31535997.372
        (20 + year, 401, 9_636),
    ] {
        assert_eq!(lab.rekeys(at), Rekeys { ike, tunnels: vec![tunnel] }, "at {at}");
        assert_eq!((lab.ike(at), lab.tunnel(at)), ("up 20".into(), "up 20".into()));
    }
    lab.until(year);
    assert_eq!((lab.ike(year), lab.next_change()), ("up 20".into(), None));
}

#[test]
fn the_shorter_life_time_counts() {
    let lab = lab(json!({}), json!({"tunnel_sa_life_time": 1_100, "ike_sa_life_time": 2_200}));
    // 1100 s * 10/11 = 1000 s, 2200 s * 10/11 = 2000 s.
    assert_eq!(lab.rekeys(20 + 2_000 * SECOND), Rekeys { ike: 1, tunnels: vec![2] });
    assert_eq!(lab.rekeys(19 + 2_000 * SECOND), Rekeys { ike: 0, tunnels: vec![1] });
}

#[test]
fn the_first_tunnel_gets_a_group_of_its_own_with_rekeying() {
    let mut lab = lab(json!({}), json!({}));
    lab.until(MINUTE);
    assert_eq!(lab.next_change(), Some(20 + 3_272_727));
    assert_eq!(lab.sa(20 + 3_272_726).group, None);
    assert_eq!(lab.sa(20 + 3_272_727).group.map(crate::model::DhGroup::word), Some("GROUP14"));
    assert_eq!(lab.tunnel(HOUR), "up 20");
    lab.until(HOUR);
    assert_eq!(lab.next_change(), None);
}

const WITHOUT_PFS: &str = "down: Perfect forward secrecy does not match: GROUP14 here, no group at the peer";

fn without_pfs() -> Json {
    json!({"esp_proposals": [{"encryption_algorithms": ["AES_GCM_128"]}]})
}

#[test]
fn a_difference_in_forward_secrecy_shows_when_the_first_sa_ends() {
    let mut lab = lab(json!({}), without_pfs());
    lab.until(MINUTE);
    assert_eq!(lab.next_change(), Some(20 + HOUR));
    assert_eq!((lab.tunnel(19 + HOUR), lab.tunnel(20 + HOUR)), ("up 20".into(), WITHOUT_PFS.into()));
    assert_eq!(lab.ike(2 * HOUR), "up 20");
    assert_eq!(lab.rekeys(2 * HOUR), Rekeys { ike: 0, tunnels: vec![0] });
}

#[test]
fn it_shows_at_once_in_tunnels_after_the_first_and_in_ikev1() {
    let mut lab = policy_lab(json!({}), without_pfs());
    assert_eq!(lab.tunnels(MINUTE), ["up 20", WITHOUT_PFS, WITHOUT_PFS, WITHOUT_PFS]);
    assert_eq!(lab.tunnels(2 * HOUR), [WITHOUT_PFS; 4]);
    lab.change(3 * HOUR, IKE, json!({"ike_version": "IKE_V1"}));
    assert_eq!(lab.tunnels(3 * HOUR + MINUTE), [WITHOUT_PFS; 4]);
}
