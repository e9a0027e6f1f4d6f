//! What two ends agree on.

use super::reasons::two_sessions;
use super::*;
use crate::engine::negotiation::party::is_same_id;
use crate::model::DhGroup;

/// What a session with these profiles and a peer choose.
fn chosen(ike: Json, tunnel: Json, session: Json, peer: Json) -> String {
    let mut lab = lab(session, peer);
    lab.change(0, IKE, ike);
    lab.change(0, TUNNEL, tunnel);
    lab.chosen().unwrap_or_else(|| lab.ike(MINUTE))
}

#[test]
fn a_peer_that_says_nothing_does_as_the_session() {
    assert_eq!(
        chosen(json!({}), json!({}), json!({}), json!({})),
        "IKEv2 AES_128/SHA2_256/GROUP14, ESP AES_GCM_128/GROUP14",
    );
    assert_eq!(
        chosen(
            json!({"ike_version": "IKE_V1"}),
            json!({"encryption_algorithms": ["AES_256"], "enable_perfect_forward_secrecy": false}),
            json!({}),
            json!({}),
        ),
        "IKEv1 AES_128/SHA2_256/GROUP14, ESP AES_256/SHA2_256",
    );
}

#[test]
fn the_responder_prefers_its_own_order() {
    let profile = json!({"encryption_algorithms": ["AES_128", "AES_256"], "dh_groups": ["GROUP14", "GROUP19"]});
    let peer = |initiates: bool| {
        json!({
            "initiates": initiates,
            "ike_proposals": [{"encryption_algorithms": ["AES_256", "AES_128"], "dh_groups": ["GROUP19", "GROUP14"]}],
        })
    };
    let gateway_begins = chosen(profile.clone(), json!({}), json!({}), peer(false));
    assert!(gateway_begins.starts_with("IKEv2 AES_256/SHA2_256/GROUP19"), "{gateway_begins}");
    let respond_only = json!({"connection_initiation_mode": "RESPOND_ONLY"});
    let peer_begins = chosen(profile.clone(), json!({}), respond_only, peer(true));
    assert!(peer_begins.starts_with("IKEv2 AES_128/SHA2_256/GROUP14"), "{peer_begins}");
    // Where both begin, the gateway is the first.
    assert_eq!(chosen(profile, json!({}), json!({}), peer(true)), gateway_begins);
}

#[test]
fn flex_initiates_ikev2_and_answers_both() {
    let flex = json!({"ike_version": "IKE_FLEX"});
    let v1 = |initiates: bool| json!({"ike_version": "IKE_V1", "initiates": initiates});
    let refused = chosen(flex.clone(), json!({}), json!({}), v1(false));
    assert_eq!(refused, "down 10: No common IKE version: the gateway speaks IKE_FLEX, the peer IKE_V1");
    // The gateway's attempt in IKEv2 fails after 10 ms; the peer's own, in IKEv1, does
    // not: six messages more.
    let mut lab = lab(json!({}), v1(true));
    lab.change(0, IKE, flex.clone());
    assert!(lab.chosen().unwrap().starts_with("IKEv1 "));
    assert_eq!((lab.ike(39), lab.ike(40)), ("negotiating 0".into(), "up 40".into()));
    assert_eq!((lab.tunnel(54), lab.tunnel(55)), ("down: IKE is negotiating".into(), "up 55".into()));
    assert!(chosen(flex, json!({}), json!({}), json!({"ike_version": "IKE_V2"})).starts_with("IKEv2 "));
}

#[test]
fn a_mixed_profile_is_two_proposals() {
    let mixed = json!({
        "encryption_algorithms": ["AES_128", "AES_GCM_256"],
        "digest_algorithms": ["SHA2_384"],
    });
    for (cipher, words) in [("AES_GCM_256", "ESP AES_GCM_256"), ("AES_128", "ESP AES_128/SHA2_384")] {
        let digests = if cipher == "AES_128" { json!(["SHA2_384"]) } else { json!([]) };
        let peer = json!({"esp_proposals": [{
            "encryption_algorithms": [cipher], "digest_algorithms": digests, "dh_groups": ["GROUP14"],
        }]});
        let words = format!("{words}/GROUP14");
        let chosen = chosen(json!({}), mixed.clone(), json!({}), peer);
        assert!(chosen.ends_with(&words), "{chosen}");
    }
}

#[test]
fn selectors_have_to_be_the_same() {
    let selector = |local: &str, remote: &str| json!({"local": local, "remote": remote});
    let lab = policy_lab(
        json!({}),
        json!({"traffic_selectors": [
            selector("10.2.1.0/24", "10.1.1.0/24"),
            // Wider is not the same.
            selector("10.2.0.0/16", "10.1.0.0/16"),
            selector("10.2.2.0/24", "10.1.2.0/24"),
        ]}),
    );
    let ends = |at: usize| lab.tunnels(MINUTE)[at].clone();
    assert_eq!((ends(0), ends(3)), ("up 20".into(), "up 30".into()));
    assert_eq!(
        ends(1),
        "down: Traffic selectors do not match (TS_UNACCEPTABLE): asked for 10.1.1.0/24 to 10.2.2.0/24, the peer \
         protects 10.1.1.0/24 to 10.2.1.0/24, 10.1.0.0/16 to 10.2.0.0/16, 10.1.2.0/24 to 10.2.2.0/24",
    );
    let many: Vec<_> = (0..9).map(|number| selector(&format!("10.9.{number}.0/24"), "10.8.0.0/24")).collect();
    let lab = policy_lab(json!({}), json!({"traffic_selectors": many}));
    assert!(lab.tunnels(MINUTE)[0].ends_with("10.8.0.0/24 to 10.9.3.0/24 and 5 more"));
    // IKE does not mind.
    assert_eq!(lab.ike(MINUTE), "up 20");

    let everything = json!({"traffic_selectors": [selector("0.0.0.0/0", "0.0.0.0/0")]});
    assert_eq!(super::lab(json!({}), everything).tunnel(MINUTE), "up 20");
}

#[test]
fn identities_are_the_same_in_other_spellings() {
    for (one, other, same) in [
        ("192.0.2.1", "192.0.2.1", true),
        ("192.0.2.1", "192.0.2.2", false),
        ("2001:db8::1", "2001:DB8:0:0::1", true),
        ("peer.example.org", "Peer.Example.Org", true),
        ("CN=peer, O=Example", "cn=peer,O=Example", true),
        ("CN=peer, O=Example", "O=Example, CN=peer", false),
        ("CN=peer", "peer", false),
    ] {
        assert_eq!(is_same_id(one, other), same, "{one} and {other}");
    }
}

#[test]
fn a_suite_works_with_a_peer_of_the_same_algorithms() {
    let certificate = json!({"certificate_path": "/infra/certificates/c", "local_id": "CN=gateway"});
    for (suite, words) in [
        ("CNSA", "IKEv2 AES_256/SHA2_384/GROUP15, ESP AES_256/SHA2_384/GROUP15"),
        ("SUITE_B_GCM_128", "IKEv2 AES_128/SHA2_256/GROUP19, ESP AES_GCM_128/GROUP19"),
        ("SUITE_B_GCM_256", "IKEv2 AES_256/SHA2_384/GROUP20, ESP AES_GCM_256/GROUP20"),
        ("PRIME", "IKEv2 AES_GCM_128/PRF SHA2_256/GROUP19, ESP AES_GCM_128/GROUP19"),
        ("FOUNDATION", "IKEv1 AES_128/SHA2_256/GROUP14, ESP AES_128/SHA2_256/GROUP14"),
    ] {
        let mut lab = lab(
            json!({
                "compliance_suite": suite, "authentication_mode": "CERTIFICATE", "psk": null, "peer_id": "CN=peer",
            }),
            json!({"certificate_subject": "CN=peer", "psk": null}),
        );
        lab.change(0, ENDPOINT, certificate.clone());
        assert_eq!(lab.chosen().as_deref(), Some(words), "{suite}");
        assert!(lab.ike(MINUTE).starts_with("up "), "{suite}");
    }
}

#[test]
fn two_sessions_of_one_engine_come_up_together() {
    let mut lab = two_sessions(json!({}), json!({}));
    // A message takes a millisecond: two round trips.
    for session in [SESSION, OTHER] {
        assert_eq!(lab.state_of(session, 4).ike, IkeState::Up { since: Moment(4) });
        assert_eq!(lab.state_of(session, 3).ike, IkeState::Negotiating { since: Moment(0) });
    }
    // One is disabled: the other gets no answer any more.
    lab.change(HOUR, OTHER, json!({"enabled": false}));
    assert_eq!(lab.ike(HOUR), "negotiating 3600000");
    assert_eq!(lab.next_change(), Some(HOUR + 165_061));
    lab.change(2 * HOUR, OTHER, json!({"enabled": true}));
    assert_eq!(lab.ike(2 * HOUR + 4), "up 7200004");
}

#[test]
fn two_sessions_choose_the_same() {
    for modes in [["INITIATOR", "INITIATOR"], ["INITIATOR", "RESPOND_ONLY"], ["RESPOND_ONLY", "INITIATOR"]] {
        let [one, other] = modes.map(|mode| json!({"connection_initiation_mode": mode}));
        let mut lab = two_sessions(one, other);
        lab.declare("/infra/ipsec-vpn-ike-profiles/o", json!({"encryption_algorithms": ["AES_256", "AES_128"]}));
        lab.change(0, IKE, json!({"encryption_algorithms": ["AES_128", "AES_256"]}));
        lab.change(0, OTHER, json!({"ike_profile_path": "/infra/ipsec-vpn-ike-profiles/o"}));
        let [one, other] = [SESSION, OTHER]
            .map(|session| lab.with(session, |wired, far| super::chosen(wired.unwrap(), far).map(|chosen| chosen.ike)));
        assert_eq!(one, other);
        assert_eq!(one.unwrap().group, DhGroup::Group14);
    }
}

#[test]
fn sessions_that_both_wait_for_each_other_are_down() {
    let respond_only = json!({"connection_initiation_mode": "RESPOND_ONLY"});
    let lab = two_sessions(respond_only.clone(), respond_only.clone());
    assert_eq!(lab.ike(HOUR), "down 0: Neither end initiates: the gateway and the peer only respond");

    let mut lab = two_sessions(json!({"connection_initiation_mode": "ON_DEMAND"}), respond_only);
    assert_eq!(lab.ike(HOUR), "down 0: Waiting for the first matching packet (ON_DEMAND)");
    lab.wake(HOUR);
    for session in [SESSION, OTHER] {
        assert_eq!(lab.state_of(session, HOUR + 4).ike, IkeState::Up { since: Moment(HOUR + 4) });
    }
}

#[test]
fn addresses_of_different_versions_do_not_meet() {
    let mut lab = lab(json!({}), json!({}));
    lab.change(HOUR, ENDPOINT, json!({"local_address": "2001:db8::66"}));
    assert_eq!(lab.ike(HOUR), "negotiating 3600000");
    assert_eq!(lab.next_change(), Some(HOUR + 165_061));
}
