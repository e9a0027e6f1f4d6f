//! The sizes against packets that were written byte by byte
//! (`scripts/oracles/esp.py`), and what holds for all of them.

use std::collections::HashSet;

use proptest::prelude::*;

use super::*;
use crate::model::{Digest, EspEncryption};

const SIZES: &str = include_str!("oracle/sizes.txt");

const DIGESTS: [Digest; 4] = [Digest::Sha1, Digest::Sha2_256, Digest::Sha2_384, Digest::Sha2_512];

fn ciphers() -> Vec<EspEncryption> {
    EspEncryption::WORDS.words.iter().map(|word| EspEncryption::parse(word.name).unwrap()).collect()
}

/// Every proposal, over both versions of IP, with and without NAT traversal.
fn encapsulations() -> Vec<Encapsulation> {
    let versions = [(IpVersion::V4, false), (IpVersion::V4, true), (IpVersion::V6, false), (IpVersion::V6, true)];
    Proposal::all_of(&ciphers(), &DIGESTS)
        .into_iter()
        .flat_map(|proposal| versions.map(|(outer, nat_traversal)| Encapsulation { proposal, outer, nat_traversal }))
        .collect()
}

/// `AES_128 SHA1 IPv4 nat-t`
fn encapsulation(words: &[&str]) -> Encapsulation {
    let digest = (words[1] != "-").then(|| Digest::parse(words[1]).unwrap());
    Encapsulation {
        proposal: Proposal::of(EspEncryption::parse(words[0]).unwrap(), digest).unwrap(),
        outer: if words[2] == "IPv6" { IpVersion::V6 } else { IpVersion::V4 },
        nat_traversal: words[3] == "nat-t",
    }
}

fn pair(text: &str) -> (usize, &str) {
    let (number, rest) = text.split_once('=').unwrap();
    (number.parse().unwrap(), rest)
}

#[test]
fn sizes_are_those_of_packets_written_byte_by_byte() {
    let mut seen = HashSet::new();
    for line in SIZES.lines().filter(|line| !line.starts_with('#')) {
        let (sizes, fitting) = line.split_once(" | ").unwrap();
        let words: Vec<_> = sizes.split(' ').collect();
        let tunnel = encapsulation(&words);
        for (inner, outer) in words[4..].iter().map(|word| pair(word)) {
            assert_eq!(tunnel.outer_size(inner).to_string(), outer, "{inner} bytes in {line}");
        }
        for (mtu, said) in fitting.split(' ').map(pair) {
            let mss = |version| tunnel.effective_mss(mtu, version).unwrap();
            let largest = tunnel.largest_inner(mtu).unwrap();
            let here = format!("{largest}/{}/{}", mss(IpVersion::V4), mss(IpVersion::V6));
            assert_eq!(here, said, "MTU {mtu} in {line}");
        }
        seen.insert(tunnel);
    }
    let all: HashSet<_> = encapsulations().into_iter().collect();
    assert_eq!((all.len(), &seen), (72, &all), "every combination is in the table");
}

/// 20 (IPv4) + 8 (UDP) + 8 (SPI, sequence) + 16 (IV) + 1400 + 6 + 2 = 1460, + 16 (ICV).
/// 1400 + 2 fill 87 blocks of 16 and 10 bytes of the next, so 6 bytes of padding follow.
#[test]
fn one_packet_by_hand() {
    let proposal = Proposal::of(EspEncryption::Aes128, Some(Digest::Sha2_256)).unwrap();
    let tunnel = Encapsulation { proposal, outer: IpVersion::V4, nat_traversal: true };
    assert_eq!((tunnel.padding(1400), tunnel.outer_size(1400), tunnel.overhead(1400)), (6, 1476, 76));
    // 1500 - 68 has room for 89 blocks, 1424 bytes, of which 2 are the trailer.
    assert_eq!(tunnel.largest_inner(1500), Some(1422));
    assert_eq!(tunnel.effective_mss(1500, IpVersion::V4), Some(1382));
    assert_eq!(tunnel.effective_mss(1500, IpVersion::V6), Some(1362));
}

#[test]
fn a_proposal_is_only_what_goes_together() {
    for cipher in ciphers() {
        let combined = cipher.word().contains("_GCM_") || cipher.word().contains("_GMAC_");
        for digest in [None].into_iter().chain(DIGESTS.map(Some)) {
            match Proposal::of(cipher, digest) {
                Ok(proposal) => {
                    assert_eq!(combined, digest.is_none());
                    assert_eq!((proposal.cipher(), proposal.digest()), (cipher, digest));
                }
                Err(Impossible::TakesNone { .. }) => assert!(combined && digest.is_some()),
                Err(Impossible::NeedsOne(_)) => assert!(!combined && digest.is_none()),
            }
        }
    }
    let wrong = Proposal::of(EspEncryption::AesGcm128, Some(Digest::Sha1)).unwrap_err();
    assert_eq!(wrong.to_string(), "AES_GCM_128 takes no digest, not SHA1");
    assert_eq!(Proposal::of(EspEncryption::Null, None).unwrap_err().to_string(), "NO_ENCRYPTION needs a digest");
}

#[test]
fn a_profile_offers_each_cipher_with_what_it_needs() {
    let offered =
        Proposal::all_of(&[EspEncryption::AesGcm128, EspEncryption::Aes256], &[Digest::Sha2_256, Digest::Sha1]);
    let words: Vec<_> = offered.iter().map(|one| (one.cipher().word(), one.digest().map(Digest::word))).collect();
    assert_eq!(words, [("AES_GCM_128", None), ("AES_256", Some("SHA2_256")), ("AES_256", Some("SHA1"))]);
}

#[test]
fn where_nothing_fits_there_is_no_size() {
    for tunnel in encapsulations() {
        let smallest = tunnel.outer_size(0);
        assert_eq!(tunnel.largest_inner(smallest - 1), None);
        assert!(tunnel.largest_inner(smallest).is_some());
        for (version, headers) in [(IpVersion::V4, 40), (IpVersion::V6, 60)] {
            let one_byte = tunnel.outer_size(headers + 1);
            assert!(tunnel.effective_mss(one_byte, version) >= Some(1));
            assert_eq!(tunnel.effective_mss(tunnel.outer_size(headers) - 1, version), None);
        }
    }
}

proptest! {
    #[test]
    fn the_largest_inner_packet_fits_and_one_byte_more_does_not(mtu in 0_usize..70_000) {
        for tunnel in encapsulations() {
            match tunnel.largest_inner(mtu) {
                Some(inner) => {
                    prop_assert!(tunnel.outer_size(inner) <= mtu);
                    prop_assert!(mtu < tunnel.outer_size(inner + 1));
                }
                None => prop_assert!(mtu < tunnel.outer_size(0)),
            }
        }
    }

    #[test]
    fn more_inside_is_never_less_outside(inner in 0_usize..70_000, more in 0_usize..100) {
        for tunnel in encapsulations() {
            prop_assert!(tunnel.outer_size(inner) <= tunnel.outer_size(inner + more));
            prop_assert!(tunnel.largest_inner(inner) <= tunnel.largest_inner(inner + more));
            let mss = |mtu| tunnel.effective_mss(mtu, IpVersion::V6);
            prop_assert!(mss(inner) <= mss(inner + more));
        }
    }

    #[test]
    fn padding_is_the_least_that_fills_a_block(inner in 0_usize..70_000) {
        for tunnel in encapsulations() {
            let block = tunnel.proposal.block();
            prop_assert!(tunnel.padding(inner) < block);
            prop_assert_eq!((inner + tunnel.padding(inner) + 2) % block, 0);
        }
    }

    #[test]
    fn a_full_segment_fits_and_one_byte_more_does_not(mtu in 150_usize..70_000) {
        for tunnel in encapsulations() {
            for (version, headers) in [(IpVersion::V4, 40), (IpVersion::V6, 60)] {
                if let Some(mss) = tunnel.effective_mss(mtu, version) {
                    prop_assert!(tunnel.outer_size(headers + mss) <= mtu);
                    prop_assert!(mtu < tunnel.outer_size(headers + mss + 1));
                }
            }
        }
    }
}
