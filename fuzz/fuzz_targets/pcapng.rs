//! Blocks of pcapng behind a section header, of either byte order.
#![no_main]

use libfuzzer_sys::fuzz_target;
use terraform_provider_vpn::engine::pcap::{Capture, Window};

fuzz_target!(|input: (bool, &[u8])| {
    let (is_big, blocks) = input;
    let numbers: [u32; 4] = [0x0a0d_0d0a, 28, 0x1a2b_3c4d, 1];
    let bytes = |number: u32| if is_big { number.to_be_bytes() } else { number.to_le_bytes() };
    let mut file: Vec<u8> = numbers.into_iter().flat_map(bytes).collect();
    file.extend([0xff; 8]);
    file.extend(bytes(28));
    file.extend(blocks);
    let Ok(Ok(mut capture)) = Capture::open(Window::new(&file[..])) else { return };
    while let Ok(Some(frame)) = capture.next_frame() {
        let _ = (frame.direction(), frame.content());
        assert!(frame.bytes.len() <= file.len());
    }
});
