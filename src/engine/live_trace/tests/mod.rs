//! Filters, apart from what is filtered.

use std::net::IpAddr;

use proptest::prelude::*;
use serde_json::json;

use super::TraceFilter;
use super::plain::{Plain, PlainError};
use crate::engine::forwarding::{Packet, protocol};
use crate::model::Tree;

fn packet() -> Packet {
    Packet {
        source: "10.1.2.3".parse::<IpAddr>().unwrap(),
        destination: "172.16.0.9".parse().unwrap(),
        protocol: protocol::TCP,
        source_port: 40_000,
        destination_port: 443,
        size: 1_400,
        dont_fragment: true,
        time_to_live: 64,
        handshake_mss: None,
    }
}

fn basic(text: &str) -> bool {
    Plain::parse(text, false).unwrap().takes(&packet())
}

fn extended(text: &str) -> bool {
    Plain::parse(text, true).unwrap().takes(&packet())
}

#[test]
fn conditions_of_a_basic_filter_all_hold() {
    for yes in [
        "src 10.0.0.0/8",
        "src 10.1.2.3 and dst 172.16.0.0/12",
        "host 172.16.0.9 proto tcp dport 443",
        "PROTO 6 SPORT 1024-65535",
        "port 443 size 1000-1500 ttl 64 ipv4",
    ] {
        assert!(basic(yes), "{yes}");
    }
    for no in ["src 10.2.0.0/16", "host 10.1.2.3 dport 80", "proto udp", "ipv6", "size 1-1399", "src 2001:db8::/32"] {
        assert!(!basic(no), "{no}");
    }
}

#[test]
fn an_extended_filter_has_alternatives() {
    assert!(extended("proto udp or dport 443"));
    assert!(extended("not (proto udp or dport 80)"));
    assert!(extended("proto tcp (dport 80 or dport 443) not sport 80"));
    assert!(!extended("proto tcp and not (dport 80 or dport 443)"));
    // What stands together binds closer than what stands beside "or".
    assert!(extended("proto udp dport 443 or proto tcp dport 443"));
}

#[test]
fn what_cannot_be_read_says_why() {
    let why = |text: &str, is_extended| Plain::parse(text, is_extended).unwrap_err().to_string();
    assert!(why("", false).contains("src, dst, host"));
    assert_eq!(why("src", false), "the filter ends after \"src\", where an address or a network is expected");
    assert_eq!(why("src nowhere", false), "\"nowhere\" stands where an address or a network is expected");
    assert_eq!(why("dport 9-1", false), "the range 9-1 ends before it begins");
    assert!(why("not proto tcp", false).contains("extend_filter"));
    assert!(why("proto tcp or proto udp", false).contains("extend_filter"));
    assert_eq!(why("proto tcp )", true), "\")\" stands where \"and\", \"or\" or the end is expected");
    assert_eq!(why("( proto tcp", true), "the filter ends after \"tcp\", where \")\" is expected");
    assert_eq!(Plain::parse(&"(".repeat(10_000), true), Err(PlainError::TooDeep));
    assert_eq!(Plain::parse(&"not ".repeat(10_000), true), Err(PlainError::TooDeep));
}

#[test]
fn fields_must_be_as_they_say() {
    let takes = |filter| TraceFilter::of(&Tree::from(&filter)).takes(&packet());
    assert!(takes(json!(null)));
    assert!(takes(json!({ "resource_type": "FieldsFilterData" })));
    assert!(takes(json!({ "network_info": { "src_ip": "10.1.2.3", "dst_ip": "172.16.0.0/16" } })));
    assert!(takes(json!({ "ip_info": { "src_ip": "10.1.2.0/24" } })));
    assert!(takes(json!({ "transport_info": { "protocol": "TCP", "dst_port": 443 } })));
    assert!(!takes(json!({ "transport_info": { "protocol": "TCP", "dst_port": 0 } })));
    assert!(!takes(json!({ "transport_info": { "protocol": "ESP", "spi": 1 } })));
    let plain = |basic: &str, extend: &str| json!({ "resource_type": "PlainFilterData", "basic_filter": basic, "extend_filter": extend });
    assert!(takes(plain("proto tcp", "dport 80 or dport 443")));
    assert!(!takes(plain("proto udp", "dport 80 or dport 443")));
    let unreadable = TraceFilter::of(&Tree::from(&plain("proto tcp", "(")));
    assert!(matches!(unreadable, TraceFilter::Unreadable(_)));
}

proptest! {
    /// Whatever is written, it is a filter, or it is said why not.
    #[test]
    fn any_text_is_read_or_refused(text in "[ ()/0-9a-z.-]{0,60}|((src|dst|not|or|and|\\(|\\)|10\\.0\\.0\\.0/8|proto|tcp|port|80) ){0,12}") {
        for is_extended in [false, true] {
            if let Ok(plain) = Plain::parse(&text, is_extended) {
                plain.takes(&packet());
            }
        }
    }

    /// A basic filter means the same where extended ones are written.
    #[test]
    fn a_basic_filter_is_an_extended_one(port in 0..=u16::MAX, length in 0..=32_u8) {
        let text = format!("src 10.1.2.3/{length} dport {port}-65535");
        let read = |is_extended| Plain::parse(&text, is_extended).unwrap();
        prop_assert_eq!(read(false), read(true));
    }
}
