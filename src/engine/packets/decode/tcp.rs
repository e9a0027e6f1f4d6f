//! TCP (RFC 9293): flags, window, sequence, acknowledgement, options.
//!
//! `Ack Psh Win=4095 Seq=4225965973 Ack=1598973467 TimeStamp`: flags in the order of their
//! bits, numbers as they are in the header, and options by name in the order in which they
//! stand. The window is not scaled: that takes a handshake that may not have been caught.

use etherparse::TcpSlice;

use super::applications::{self, Transport};
use super::{Bytes, Flaw, Layer, Line};

/// Magic numbers of experimental options: `SMCR` and `SMCD` in EBCDIC (RFC 7609).
const SMC_R: [u8; 4] = [0xe2, 0xd4, 0xc3, 0xd9];
const SMC_D: [u8; 4] = [0xe2, 0xd4, 0xc3, 0xc4];

/// Adds a segment to the line.
pub fn line(line: &mut Line, bytes: &[u8], layer: Layer) -> Result<(), Flaw> {
    let tcp = TcpSlice::from_slice(bytes).map_err(|error| match error {
        etherparse::err::tcp::HeaderSliceError::Len(_) => Flaw::Short,
        etherparse::err::tcp::HeaderSliceError::Content(_) => Flaw::Malformed("length of the TCP header"),
    })?;
    for (is_set, flag) in [
        (tcp.cwr(), "Cwr"),
        (tcp.ece(), "Ece"),
        (tcp.urg(), "Urg"),
        (tcp.ack(), "Ack"),
        (tcp.psh(), "Psh"),
        (tcp.rst(), "Rst"),
        (tcp.syn(), "Syn"),
        (tcp.fin(), "Fin"),
    ] {
        if is_set {
            line.word(flag);
        }
    }
    line.number("Win", tcp.window_size());
    line.number("Seq", tcp.sequence_number());
    if tcp.ack() {
        line.number("Ack", tcp.acknowledgment_number());
    }
    if tcp.urg() {
        line.number("Urg", tcp.urgent_pointer());
    }
    options(line, tcp.options())?;
    if tcp.payload().is_empty() {
        return Ok(());
    }
    applications::line(line, Transport::Tcp, (tcp.source_port(), tcp.destination_port()), tcp.payload(), layer)
}

fn options(line: &mut Line, bytes: &[u8]) -> Result<(), Flaw> {
    let malformed = |_| Flaw::Malformed("TCP options");
    let mut bytes = Bytes::new(bytes);
    while !bytes.is_empty() {
        let kind = bytes.u8()?;
        match kind {
            0 => break,
            1 => continue,
            _ => {}
        }
        let length = bytes.u8().map_err(malformed)?;
        let rest = usize::from(length).checked_sub(2).ok_or(Flaw::Malformed("TCP options"))?;
        let mut value = bytes.part(rest).map_err(malformed)?;
        match (kind, rest) {
            (2, 2) => line.number("MSS", value.u16()?),
            (3, 1) => line.number("WinScale", value.u8()?),
            (4, 0) => line.word("SackOk"),
            (5, _) => {
                let mut blocks = Vec::new();
                while let (Ok(from), Ok(to)) = (value.u32(), value.u32()) {
                    blocks.push((from, to));
                }
                line.list("Sack", blocks.iter().map(|(from, to)| format!("{from}-{to}")));
            }
            (8, 8) => line.word("TimeStamp"),
            (19, _) => line.word("Md5"),
            (28, _) => line.word("UserTimeout"),
            (29, _) => line.word("Authentication"),
            (30, _) => line.word("MultiPath"),
            (34, _) => line.word("FastOpen"),
            (253 | 254, _) if value.rest().starts_with(&SMC_R) => line.word("SMC-R"),
            (253 | 254, _) if value.rest().starts_with(&SMC_D) => line.word("SMC-D"),
            _ => line.number("Option", kind),
        }
    }
    Ok(())
}
