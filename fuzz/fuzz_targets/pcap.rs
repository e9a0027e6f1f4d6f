//! Files in the classic format: whatever they hold, they are read to an end or to an error, and
//! no more bytes come out than went in.
#![no_main]

use libfuzzer_sys::fuzz_target;
use terraform_provider_vpn::engine::pcap::{Capture, Window};

fuzz_target!(|file: &[u8]| {
    let Ok(Ok(mut capture)) = Capture::open(Window::new(file)) else { return };
    let mut kept = 0;
    while let Ok(Some(frame)) = capture.next_frame() {
        kept += frame.bytes.len();
    }
    assert!(kept <= file.len());
    assert!(capture.position() <= file.len() as u64);
});
