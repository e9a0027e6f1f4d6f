//! Filters of live traces, field by field and as texts: what is taken can be asked of any
//! packet, and means the same when it is read again.
#![no_main]

use libfuzzer_sys::fuzz_target;
use terraform_provider_vpn::engine::forwarding::Packet;
use terraform_provider_vpn::engine::live_trace::TraceFilter;
use terraform_provider_vpn::engine::live_trace::plain::Plain;
use terraform_provider_vpn::model::{self, LIVE_TRACE, Tree};

fuzz_target!(|input: ([u8; 8], u8, u16, u16, u16, u8, &str)| {
    let ([a, b, c, d, addresses @ ..], protocol, source_port, destination_port, size, time_to_live, text) = input;
    let packet = Packet {
        source: [a, b, c, d].into(),
        destination: addresses.into(),
        protocol,
        source_port,
        destination_port,
        size: size.into(),
        dont_fragment: false,
        time_to_live,
        handshake_mss: None,
    };
    match serde_json::from_str(text) {
        Ok(filter) => fields(filter, &packet),
        Err(_) => plain(text, &packet),
    }
});

fn fields(filter: serde_json::Value, packet: &Packet) {
    let sampling = serde_json::json!({ "trace_type": "UNI_DIRECTIONAL", "sampling": { "match_number": 1 } });
    let body = serde_json::json!({
        "id": "a", "src_port_path": "/infra/segments/s/ports/p", "filter": filter, "actions": { "trace_config": sampling },
    });
    let read = model::read(&LIVE_TRACE, &Tree::from(&body), Some("/infra"));
    if !read.is_accepted() {
        return;
    }
    let again = model::read(&LIVE_TRACE, &read.tree, Some("/infra"));
    assert_eq!(again.tree, read.tree);
    TraceFilter::of(read.tree.get("filter")).takes(packet);
}

fn plain(text: &str, packet: &Packet) {
    let extended = Plain::parse(text, true);
    if let Ok(basic) = Plain::parse(text, false) {
        assert_eq!(extended.as_ref(), Ok(&basic));
    }
    // One more negation may be one too many.
    if let (Ok(plain), Ok(negated)) = (&extended, Plain::parse(&format!("not ({text})"), true)) {
        assert_ne!(plain.takes(packet), negated.takes(packet));
    }
}
