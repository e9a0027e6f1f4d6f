//! Which of several equally good next hops a packet takes: always the same for the
//! same flow, and each for an equal share of all flows.

use std::net::IpAddr;

use xxhash_rust::xxh3::xxh3_64;

use super::Packet;

/// The 64-bit XXH3 digest, without seed, of source address, destination address,
/// protocol, source port and destination port, in network order. It is part of what
/// users may rely on: a flow keeps its way from one version of the provider to the
/// next.
#[inline]
fn digest(packet: &Packet) -> u64 {
    let ports = u128::from(packet.source_port) << 16 | u128::from(packet.destination_port);
    let rest = u128::from(packet.protocol) << 32 | ports;
    match (packet.source, packet.destination) {
        (IpAddr::V4(source), IpAddr::V4(destination)) => {
            // 13 bytes, put together in a register: written one by one, they would have to
            // get to memory before they could be read together.
            let all = u128::from(source.to_bits()) << 72 | u128::from(destination.to_bits()) << 40 | rest;
            xxh3_64(&(all << 24).to_be_bytes()[..13])
        }
        (source, destination) => {
            let octets = |address: IpAddr| match address {
                IpAddr::V4(address) => address.to_ipv6_mapped().octets(),
                IpAddr::V6(address) => address.octets(),
            };
            let mut bytes = [0; 16 + 16 + 5];
            bytes[..16].copy_from_slice(&octets(source));
            bytes[16..32].copy_from_slice(&octets(destination));
            bytes[32..].copy_from_slice(&rest.to_be_bytes()[11..]);
            xxh3_64(&bytes)
        }
    }
}

/// One of `choices`, none if there are none: the digest is scaled down to their
/// number by taking the upper half of the product.
#[inline]
pub(super) fn choose<T: Copy>(choices: &[T], packet: &Packet) -> Option<T> {
    if let [only] = choices {
        return Some(*only);
    }
    let scaled = (u128::from(digest(packet)) * choices.len() as u128) >> u64::BITS;
    choices.get(usize::try_from(scaled).ok()?).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn packet(source_port: u16) -> Packet {
        Packet {
            source: "192.168.1.10".parse().unwrap(),
            destination: "172.16.1.20".parse().unwrap(),
            protocol: 6,
            source_port,
            destination_port: 443,
            size: 100,
            dont_fragment: true,
            time_to_live: 64,
            handshake_mss: None,
        }
    }

    /// Written out by hand: c0a8010a ac100114 06 c000 01bb.
    #[test]
    fn the_digest_is_over_the_five_tuple_in_network_order() {
        let bytes = [0xc0, 0xa8, 1, 10, 0xac, 0x10, 1, 20, 6, 0xc0, 0, 0x01, 0xbb];
        assert_eq!(digest(&packet(0xc000)), xxh3_64(&bytes));
    }

    #[test]
    fn nothing_but_the_five_tuple_matters() {
        let one = packet(1);
        let other =
            Packet { size: 1_400, time_to_live: 3, dont_fragment: false, handshake_mss: Some(9), ..one.clone() };
        assert_eq!(digest(&one), digest(&other));
    }

    /// 60,000 flows over three next hops: each expects 20,000 with a standard deviation
    /// of 115 (binomial); 600 is more than five of them.
    #[test]
    fn flows_spread_evenly() {
        let mut counts = [0_i32; 3];
        for port in 0..60_000 {
            counts[choose(&[0_usize, 1, 2], &packet(port)).unwrap()] += 1;
        }
        for count in counts {
            assert!((count - 20_000).abs() < 600, "{counts:?}");
        }
    }

    #[test]
    fn of_none_there_is_none() {
        assert_eq!(choose::<u32>(&[], &packet(1)), None);
        assert_eq!(choose(&[7], &packet(1)), Some(7));
    }
}
