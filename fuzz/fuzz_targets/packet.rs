//! A frame of any link: its summary is a line of printable characters, of bounded length.
#![no_main]

use libfuzzer_sys::fuzz_target;
use terraform_provider_vpn::engine::packets::{Locals, Summarizer};
use terraform_provider_vpn::engine::pcap::{Frame, Link};

fuzz_target!(|input: &[u8]| {
    // The first byte chooses the link, the second how much is said to be missing.
    let [link, missing, bytes @ ..] = input else { return };
    let link = Link::of([0, 1, 9, 50, 51, 101, 104, 107, 108, 113, 276][usize::from(*link) % 11]);
    let size = bytes.len() as u32 + u32::from(*missing % 4) * 100;
    let frame = Frame::new(link, size, bytes);
    let mut summarizer = Summarizer::new(Locals::default(), "");
    let summary = summarizer.next(&frame).summary;
    assert!(summary.len() < 1_000 && summary.chars().all(|it| matches!(it, ' '..='~')), "{summary}");
});
