//! When sessions come up, and what starts them anew. The latency of a peer is 5 ms
//! unless it is said: a message takes 5 ms, a round trip 10.

use super::*;

#[test]
fn ikev2_is_up_after_two_round_trips() {
    let lab = lab(json!({}), json!({}));
    assert_eq!(lab.next_change(), Some(20));
    assert_eq!((lab.ike(0), lab.tunnel(0)), ("negotiating 0".into(), "down: IKE is negotiating".into()));
    assert_eq!(lab.ike(19), "negotiating 0");
    assert_eq!((lab.ike(20), lab.tunnel(20)), ("up 20".into(), "up 20".into()));
}

#[test]
fn a_group_guessed_wrong_costs_a_round_trip() {
    let mut lab =
        lab(json!({}), json!({"ike_proposals": [{"encryption_algorithms": ["AES_128"], "dh_groups": ["GROUP19"]}]}));
    lab.change(10, IKE, json!({"dh_groups": ["GROUP14", "GROUP19"]}));
    // IKE_SA_INIT, once more, IKE_AUTH: 3 * 10 ms.
    assert_eq!((lab.ike(39), lab.ike(40)), ("negotiating 10".into(), "up 40".into()));
}

#[test]
fn further_tunnels_take_a_round_trip_more_all_together() {
    let lab = policy_lab(json!({}), json!({"latency": 100}));
    assert_eq!(lab.ike(399), "negotiating 0");
    let negotiating = "down: IKE is negotiating";
    assert_eq!(lab.ike(400), "up 400");
    assert_eq!(lab.tunnels(599), ["up 400", negotiating, negotiating, negotiating]);
    assert_eq!(lab.tunnels(600), ["up 400", "up 600", "up 600", "up 600"]);
}

#[test]
fn ikev1_takes_main_mode_and_quick_mode() {
    let mut lab = policy_lab(json!({}), json!({"latency": 100}));
    lab.change(0, IKE, json!({"ike_version": "IKE_V1"}));
    // Six messages of 100 ms, then three for each tunnel, together.
    assert_eq!((lab.ike(599), lab.ike(600)), ("negotiating 0".into(), "up 600".into()));
    assert_eq!(lab.tunnels(899)[0], "down: IKE is negotiating");
    assert_eq!(lab.tunnels(900), ["up 900"; 4]);
}

#[test]
fn nobody_answers_through_all_retransmissions() {
    let mut empty = Lab::empty();
    empty.declare(SESSION, route_based("169.254.10.1"));
    let mut lab = empty.begin();
    // 4 + 7.2 + 12.96 + 23.328 + 41.9904 + 75.58272 = 165.06112 s
    assert_eq!(lab.next_change(), Some(165_061));
    assert_eq!(
        (lab.ike(165_060), lab.ike(165_061)),
        (
            "negotiating 0".into(),
            "down 165061: No response from the peer: no simulated peer has its address, and no session there points back".into(),
        )
    );
    assert_eq!(lab.tunnel(165_061), "down: IKE is down");
    lab.until(HOUR);
    assert_eq!(lab.next_change(), None);
    // Now somebody is there.
    lab.change(HOUR + 1, PEER, json!({"address": "198.51.100.7", "psk": "secret"}));
    assert_eq!(lab.ike(HOUR + 21), "up 3600021");
    // And gone again: it says so, and the gateway tries once more.
    lab.destroy(2 * HOUR, PEER);
    assert_eq!(lab.ike(2 * HOUR), "negotiating 7200000");
    assert_eq!(lab.next_change(), Some(2 * HOUR + 165_061));
}

#[test]
fn a_slow_peer_is_not_a_silent_one() {
    // Four messages of a minute each: longer than all retransmissions of one, and each
    // answer comes in two minutes.
    let lab = lab(json!({}), json!({"latency": 60_000}));
    assert_eq!((lab.ike(239_999), lab.ike(240_000)), ("negotiating 0".into(), "up 240000".into()));
}

#[test]
fn who_waits_waits() {
    let respond_only = json!({"connection_initiation_mode": "RESPOND_ONLY"});
    let mut waiting = lab(respond_only.clone(), json!({"initiates": false}));
    assert_eq!(waiting.ike(HOUR), "down 0: Neither end initiates: the gateway and the peer only respond");
    assert_eq!(waiting.tunnel(HOUR), "down: Neither end initiates: the gateway and the peer only respond");
    assert_eq!(waiting.next_change(), None);
    waiting.wake(HOUR);
    assert_eq!(waiting.ike(HOUR), "down 0: Neither end initiates: the gateway and the peer only respond");
    waiting.change(2 * HOUR, PEER, json!({"initiates": true}));
    assert_eq!(waiting.ike(2 * HOUR + 20), "up 7200020");

    // A peer that cannot reach the gateway does not begin.
    let unreachable = lab(respond_only, json!({"reachable": false}));
    assert_eq!(unreachable.ike(HOUR), "down 0: Waiting for the peer to initiate (RESPOND_ONLY)");
}

#[test]
fn the_first_packet_opens_a_session_on_demand() {
    let on_demand = json!({"connection_initiation_mode": "ON_DEMAND"});
    let mut waiting = lab(on_demand.clone(), json!({}));
    assert_eq!(waiting.ike(HOUR), "down 0: Waiting for the first matching packet (ON_DEMAND)");
    waiting.wake(HOUR);
    waiting.wake(HOUR + 5);
    assert_eq!(waiting.ike(HOUR + 5), "negotiating 3600000");
    assert_eq!(waiting.ike(HOUR + 20), "up 3600020");
    waiting.wake(HOUR + 30);
    assert_eq!(waiting.ike(HOUR + 30), "up 3600020");

    // A peer that begins does not wait for packets of the gateway's side.
    assert_eq!(lab(on_demand.clone(), json!({"initiates": true})).ike(20), "up 20");

    let mut in_vain = lab(on_demand, json!({"reachable": false}));
    in_vain.wake(10);
    assert_eq!(in_vain.next_change(), Some(165_071));
}

#[test]
fn a_disabled_session_is_down_at_once() {
    let mut lab = lab(json!({}), json!({}));
    lab.change(HOUR, SESSION, json!({"enabled": false}));
    assert_eq!(
        (lab.ike(HOUR), lab.tunnel(HOUR)),
        ("down 3600000: The session is disabled".into(), "down: The session is disabled".into(),)
    );
    assert_eq!(lab.next_change(), None);
    lab.change(2 * HOUR, SESSION, json!({"enabled": true}));
    assert_eq!((lab.ike(2 * HOUR), lab.ike(2 * HOUR + 20)), ("negotiating 7200000".into(), "up 7200020".into()));
    lab.change(3 * HOUR, system::VPN_SERVICE, json!({"enabled": false}));
    assert_eq!(lab.ike(3 * HOUR), "down 10800000: The VPN service is disabled");
}

#[test]
fn what_negotiation_depends_on_renegotiates() {
    let ike_proposal = json!([{"encryption_algorithms": ["AES_128", "AES_256"]}]);
    for (path, fields) in [
        (IKE, json!({"encryption_algorithms": ["AES_256"]})),
        (IKE, json!({"digest_algorithms": ["SHA2_384"]})),
        (IKE, json!({"dh_groups": ["GROUP20"]})),
        (IKE, json!({"sa_life_time": 43_200})),
        (TUNNEL, json!({"encryption_algorithms": ["AES_GCM_256"]})),
        (TUNNEL, json!({"enable_perfect_forward_secrecy": false})),
        (TUNNEL, json!({"sa_life_time": 7_200})),
        (SESSION, json!({"connection_initiation_mode": "RESPOND_ONLY"})),
        (ENDPOINT, json!({"local_address": "203.0.113.67"})),
        (ENDPOINT, json!({"local_id": "gateway.example.org"})),
        (PEER, json!({"ike_proposals": ike_proposal})),
        (PEER, json!({"behind_nat": true})),
        (PEER, json!({"tunnel_sa_life_time": 60})),
        (PEER, json!({"initiates": false})),
    ] {
        let mut lab = lab(json!({}), json!({}));
        lab.change(HOUR, path, fields.clone());
        assert_eq!(lab.ike(HOUR), "negotiating 3600000", "{path} {fields}");
        assert_eq!(lab.ike(HOUR + 20), "up 3600020", "{path} {fields}");
    }
}

#[test]
fn what_it_does_not_depend_on_leaves_it_up() {
    for (path, fields) in [
        (SESSION, json!({"display_name": "other"})),
        (SESSION, json!({"tcp_mss_clamping": {"direction": "BOTH"}})),
        (TUNNEL, json!({"df_policy": "CLEAR"})),
        (DPD, json!({"dpd_probe_interval": 30})),
        (PEER, json!({"latency": 500})),
        (PEER, json!({"path_mtu": 1_400})),
        (PEER, json!({"networks": ["10.9.0.0/16"]})),
        (PEER, json!({"display_name": "other"})),
        (PEER, json!({"bgp": {"as_number": "65001"}})),
        // What it did already, because the session expects it.
        (PEER, json!({"ike_version": "IKE_V2", "ike_sa_life_time": 86_400})),
    ] {
        let mut lab = lab(json!({}), json!({}));
        lab.change(HOUR, path, fields.clone());
        assert_eq!((lab.ike(HOUR), lab.tunnel(HOUR)), ("up 20".into(), "up 20".into()), "{path} {fields}");
    }
}

#[test]
fn tunnels_follow_the_rules() {
    let mut lab = policy_lab(json!({}), json!({}));
    lab.change(
        HOUR,
        SESSION,
        json!({"rules": [
            {"id": "b", "sequence_number": 2, "sources": [{"subnet": "10.1.0.0/16"}]},
            {"id": "a", "sequence_number": 1, "destinations": [{"subnet": "10.2.0.0/16"}, {"subnet": "2001:db8::/32"}]},
            {"id": "off", "enabled": false},
            {"id": "mixed", "sequence_number": 3,
             "sources": [{"subnet": "10.3.0.0/16"}, {"subnet": "2001:db8:3::/48"}],
             "destinations": [{"subnet": "10.4.0.0/16"}, {"subnet": "2001:db8:4::/48"}]},
        ]}),
    );
    let tunnels = lab.state(2 * HOUR).tunnels;
    let words: Vec<_> =
        tunnels.iter().map(|it| format!("{} {} {}", it.rule.as_ref().unwrap(), it.local, it.remote)).collect();
    assert_eq!(
        words,
        [
            "a 0.0.0.0/0 10.2.0.0/16",
            "a ::/0 2001:db8::/32",
            "b 10.1.0.0/16 0.0.0.0/0",
            "mixed 10.3.0.0/16 10.4.0.0/16",
            "mixed 2001:db8:3::/48 2001:db8:4::/48",
        ]
    );
}

#[test]
fn a_route_based_tunnel_is_for_everything() {
    let subnets = |subnets: Json| json!({"tunnel_interfaces": [{"ip_subnets": subnets}]});
    let v4 = json!({"ip_addresses": ["169.254.10.1"], "prefix_length": 30});
    let v6 = json!({"ip_addresses": ["fd00::1"], "prefix_length": 64});
    for (subnets, everything) in
        [(subnets(json!([v4])), "0.0.0.0/0"), (subnets(json!([v6])), "::/0"), (subnets(json!([v6, v4])), "0.0.0.0/0")]
    {
        let state = lab(subnets, json!({})).state(HOUR);
        let [tunnel] = &state.tunnels[..] else { panic!("{state:?}") };
        assert_eq!((tunnel.local.to_string(), tunnel.remote.to_string()), (everything.into(), everything.into()));
    }
}

#[test]
fn nat_traversal_is_for_peers_behind_nat() {
    assert!(!lab(json!({}), json!({})).sa(HOUR).nat_traversal);
    assert!(lab(json!({}), json!({"behind_nat": true})).sa(HOUR).nat_traversal);
}

#[test]
fn a_session_that_is_not_all_known_waits_to_be() {
    let mut lab = lab(json!({}), json!({}));
    lab.destroy(HOUR, IKE);
    assert_eq!(lab.ike(HOUR), "down 3600000: Not everything that the session refers to is known");
    assert!(lab.state(HOUR).tunnels.is_empty());
    lab.change(2 * HOUR, IKE, json!({}));
    assert_eq!(lab.ike(2 * HOUR + 20), "up 7200020");
}

#[test]
fn a_record_survives_being_written_down() {
    let mut lab = policy_lab(json!({}), json!({}));
    for (at, fields) in [(0, json!({})), (HOUR, json!({"reachable": false})), (2 * HOUR, json!({"psk": "other"}))] {
        lab.change(at, PEER, fields);
        let record = &lab.records[SESSION];
        let written = serde_json::to_string(record).unwrap();
        assert_eq!(&serde_json::from_str::<SessionRecord>(&written).unwrap(), record);
        assert!(!written.contains("secret"));
    }
}
