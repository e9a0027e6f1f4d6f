//! Every reason to be down, in a world that leads to it, with its own text and at its
//! own time. The latency is 5 ms.

use std::collections::BTreeSet;

use super::*;

/// What a declared world leads to.
struct Fall {
    lab: Lab,
    /// When it is known.
    at: i64,
    /// Whether it is IKE that falls; otherwise the first tunnel does.
    ike: bool,
    /// What the message says.
    says: &'static str,
}

/// IKE falls at `at`.
fn ike(lab: Lab, at: i64, says: &'static str) -> Fall {
    Fall { lab, at, ike: true, says }
}

/// The first tunnel falls at `at`.
fn tunnel(lab: Lab, at: i64, says: &'static str) -> Fall {
    Fall { lab, at, ike: false, says }
}

/// The usual world with a change to the object at `path`.
fn lab_with(path: &str, fields: Json, session: Json, peer: Json) -> Lab {
    let mut lab = lab(session, peer);
    lab.change(0, path, fields);
    lab
}

/// The usual session, and nobody at the other end.
fn alone(mode: &str) -> Lab {
    let mut lab = lab(json!({"connection_initiation_mode": mode}), json!({}));
    lab.destroy(0, PEER);
    lab
}

fn before_anything_is_sent() -> Vec<Fall> {
    let mut unknown = lab(json!({}), json!({}));
    unknown.destroy(0, IKE);
    let waits = |mode: &str| lab(json!({"connection_initiation_mode": mode}), json!({"initiates": false}));
    vec![
        ike(unknown, 0, "Not everything that the session refers to is known"),
        ike(lab(json!({"enabled": false}), json!({})), 0, "The session is disabled"),
        ike(
            lab_with(system::VPN_SERVICE, json!({"enabled": false}), json!({}), json!({})),
            0,
            "The VPN service is disabled",
        ),
        ike(waits("ON_DEMAND"), 0, "Waiting for the first matching packet (ON_DEMAND)"),
        ike(waits("RESPOND_ONLY"), 0, "Neither end initiates: the gateway and the peer only respond"),
        ike(alone("RESPOND_ONLY"), 0, "Waiting for the peer to initiate (RESPOND_ONLY)"),
    ]
}

fn in_silence() -> Vec<Fall> {
    let silent = || lab(json!({}), json!({"reachable": false}));
    let mut dead = lab(json!({}), json!({}));
    dead.change(20, PEER, json!({"reachable": false}));
    vec![
        tunnel(lab(json!({}), json!({})), 0, "IKE is negotiating"),
        ike(silent(), 165_061, "No response from the peer: retransmissions timed out"),
        tunnel(silent(), 165_061, "IKE is down"),
        ike(
            alone("INITIATOR"),
            165_061,
            "No response from the peer: no simulated peer has its address, and no session there points back",
        ),
        // The first probe goes out a minute after 20 ms, and is repeated 10 times.
        ike(dead, 20 + MINUTE + 5 * SECOND, "Dead peer detected: probes were not answered"),
    ]
}

fn in_proposals() -> Vec<Fall> {
    let mixed = json!({"encryption_algorithms": ["AES_GCM_256", "AES_128"], "digest_algorithms": ["SHA2_384"]});
    let gcm = json!({"initiates": false, "ike_proposals": [{"encryption_algorithms": ["AES_GCM_256"]}]});
    vec![
        // Two attempts, one from each side, of a round trip each.
        ike(
            lab(json!({}), json!({"ike_version": "IKE_V1"})),
            20,
            "No common IKE version: the gateway speaks IKE_V2, the peer IKE_V1",
        ),
        ike(
            lab(json!({}), json!({"initiates": false, "ike_proposals": [{"encryption_algorithms": ["AES_256"]}]})),
            10,
            "No IKE proposal chosen (NO_PROPOSAL_CHOSEN): offered AES_128/SHA2_256/GROUP14, accepted \
             AES_256/SHA2_256/GROUP14",
        ),
        ike(
            lab_with(IKE, mixed, json!({}), gcm),
            10,
            "No IKE proposal chosen (NO_PROPOSAL_CHOSEN): offered AES_128/SHA2_384/GROUP14, \
             AES_GCM_256/PRF SHA2_384/GROUP14, accepted AES_GCM_256/PRF SHA2_256/GROUP14",
        ),
    ]
}

fn in_authentication() -> Vec<Fall> {
    let answers = |peer: Json| merged(peer, json!({"initiates": false}));
    let certified = json!({"authentication_mode": "CERTIFICATE", "psk": null, "peer_id": "CN=peer"});
    let certificate = json!({"certificate_path": "/infra/certificates/c", "local_id": "CN=gateway"});
    let peer_certified = json!({"certificate_subject": "CN=peer", "psk": null});
    let mut two = two_sessions(certified.clone(), certified.clone());
    two.change(0, ENDPOINT, certificate.clone());
    vec![
        ike(
            lab(json!({}), answers(json!({"certificate_subject": "198.51.100.7", "psk": null}))),
            20,
            "Authentication failed: one side uses a pre-shared key, the other a certificate",
        ),
        ike(
            lab(json!({}), answers(json!({"psk": "Secret"}))),
            20,
            "Authentication failed (AUTHENTICATION_FAILED): pre-shared keys do not match",
        ),
        ike(
            lab(json!({"peer_id": "10.0.0.7"}), answers(json!({}))),
            20,
            "Authentication failed: the peer identifies itself as 198.51.100.7, peer_id is 10.0.0.7",
        ),
        ike(
            lab(json!({}), answers(json!({"remote_id": "gateway.example.org"}))),
            20,
            "Authentication failed: the peer expects gateway.example.org, the local endpoint identifies itself as \
             203.0.113.66",
        ),
        // Without a certificate there is nothing to send after IKE_SA_INIT.
        ike(
            lab(certified.clone(), answers(peer_certified.clone())),
            10,
            "Authentication failed: the local endpoint has no certificate",
        ),
        // Within the engine a message takes 1 ms; both sides try in vain.
        ike(two, 2 * 4, "Authentication failed: the peer has no certificate"),
        ike(
            lab_with(
                ENDPOINT,
                certificate,
                certified,
                answers(merged(peer_certified, json!({"remote_id": "CN=somebody"}))),
            ),
            20,
            "Authentication failed: the peer expects CN=somebody, the local endpoint identifies itself as CN=gateway",
        ),
    ]
}

fn in_tunnels() -> Vec<Fall> {
    let esp = |proposal: Json| json!({"esp_proposals": [proposal]});
    vec![
        tunnel(
            lab(json!({}), esp(json!({"encryption_algorithms": ["AES_128"], "dh_groups": ["GROUP14"]}))),
            20,
            "No tunnel proposal chosen (NO_PROPOSAL_CHOSEN): offered AES_GCM_128, accepted AES_128/SHA2_256",
        ),
        tunnel(
            lab(json!({}), json!({"traffic_selectors": [{"local": "10.2.0.0/16", "remote": "10.1.0.0/16"}]})),
            20,
            "Traffic selectors do not match (TS_UNACCEPTABLE): asked for 0.0.0.0/0 to 0.0.0.0/0, the peer protects \
             10.1.0.0/16 to 10.2.0.0/16",
        ),
        tunnel(
            lab_with(
                TUNNEL,
                json!({"dh_groups": ["GROUP14", "GROUP15"]}),
                json!({}),
                esp(json!({"encryption_algorithms": ["AES_GCM_128"]})),
            ),
            20 + HOUR,
            "Perfect forward secrecy does not match: GROUP14 or GROUP15 here, no group at the peer",
        ),
    ]
}

/// Two sessions of one engine, each the other's peer.
pub(super) fn two_sessions(one: Json, other: Json) -> Lab {
    let mut lab = Lab::empty();
    lab.declare(OTHER_ENDPOINT, json!({"local_address": "198.51.100.7"}));
    lab.declare(SESSION, route_based("169.254.10.1"));
    lab.declare(SESSION, one);
    let back = json!({
        "local_endpoint_path": OTHER_ENDPOINT,
        "peer_address": "203.0.113.66",
        "peer_id": "203.0.113.66",
    });
    lab.declare(OTHER, merged(route_based("169.254.10.2"), back));
    lab.declare(OTHER, other);
    lab.begin()
}

#[test]
fn each_reason_has_a_world_a_time_and_a_text() {
    let mut reasons = BTreeSet::new();
    let falls = [before_anything_is_sent(), in_silence(), in_proposals(), in_authentication(), in_tunnels()];
    for Fall { mut lab, at, ike, says } in falls.into_iter().flatten() {
        let said = |lab: &Lab, at| if ike { lab.ike(at) } else { lab.tunnels(at).remove(0) };
        let down = if ike { format!("down {at}: {says}") } else { format!("down: {says}") };
        assert_eq!(said(&lab, at), down);
        if at > 0 {
            assert_ne!(said(&lab, at - 1), down, "earlier than at {at}");
        }
        // It stays so.
        lab.until(at.max(165_061) + 30 * MINUTE);
        if says != "IKE is negotiating" {
            assert_eq!(said(&lab, lab.now), down);
            assert_eq!(lab.next_change().filter(|_| ike), None, "{says}");
        }
        let state = lab.state(at);
        let reason = match (state.ike, &state.tunnels[..]) {
            (IkeState::Down { reason, .. }, _) if ike => reason,
            (_, [Tunnel { state: TunnelState::Down { reason }, .. }, ..]) => reason.clone(),
            other => panic!("{other:?}"),
        };
        let name = format!("{reason:?}");
        reasons.insert(name.split([' ', '{']).next().unwrap().to_owned());
    }
    // All that there are: the compiler counts.
    let variant = |reason: DownReason| match reason {
        DownReason::NotAllKnown
        | DownReason::SessionDisabled
        | DownReason::ServiceDisabled
        | DownReason::WaitsForTraffic
        | DownReason::WaitsForPeer
        | DownReason::Negotiating
        | DownReason::NoResponse
        | DownReason::PeerDead
        | DownReason::VersionMismatch { .. }
        | DownReason::NoIkeProposal { .. }
        | DownReason::MethodMismatch
        | DownReason::KeyMismatch
        | DownReason::PeerIdMismatch { .. }
        | DownReason::LocalIdMismatch { .. }
        | DownReason::NoCertificate
        | DownReason::PeerHasNoCertificate
        | DownReason::NoEspProposal { .. }
        | DownReason::SelectorMismatch { .. }
        | DownReason::PfsMismatch { .. }
        | DownReason::NobodyInitiates
        | DownReason::NobodyThere
        | DownReason::IkeDown => 22,
    };
    assert_eq!(reasons.len(), variant(DownReason::IkeDown), "{reasons:?}");
}
