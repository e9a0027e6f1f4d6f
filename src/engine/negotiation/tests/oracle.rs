//! The choices of two strongSwan daemons (`scripts/oracles/proposals.py`).

use crate::engine::negotiation::negotiate::ike_exchange;
use crate::engine::negotiation::*;
use crate::engine::topology::{EspAlgorithms, IkeAlgorithms};
use crate::model::{DhGroup, Digest, EspEncryption, IkeEncryption};

const STRONGSWAN: &str = include_str!("../oracle/strongswan.txt");

/// `AES_128|AES_256/SHA2_256/-`, as three lists of words.
fn lists(block: &str) -> [Vec<&str>; 3] {
    let mut kinds = block.split('/').map(|kind| match kind {
        "-" => Vec::new(),
        words => words.split('|').collect(),
    });
    std::array::from_fn(|_| kinds.next().unwrap())
}

fn all<T>(words: &[&str], parse: fn(&str) -> Option<T>) -> Vec<T> {
    words.iter().map(|word| parse(word).unwrap()).collect()
}

fn ike(blocks: &str) -> Vec<IkeProposal> {
    let proposals = blocks.split(", ").flat_map(|block| {
        let [ciphers, digests, groups] = lists(block);
        IkeProposal::all_of(&IkeAlgorithms {
            encryption: all(&ciphers, IkeEncryption::parse),
            digests: all(&digests, Digest::parse),
            groups: all(&groups, DhGroup::parse),
        })
    });
    proposals.collect()
}

fn esp(blocks: &str) -> Vec<EspProposal> {
    let proposals = blocks.split(", ").flat_map(|block| {
        let [ciphers, digests, groups] = lists(block);
        EspProposal::all_of(&EspAlgorithms {
            encryption: all(&ciphers, EspEncryption::parse),
            digests: all(&digests, Digest::parse),
            groups: all(&groups, DhGroup::parse),
        })
    });
    proposals.collect()
}

fn in_words(choice: Option<impl ToString>) -> String {
    choice.map_or_else(|| "none".to_owned(), |choice| choice.to_string())
}

/// One for each combination of the algorithms of a proposal, as IKEv1 has them.
fn combinations(proposals: &[IkeProposal]) -> Vec<IkeProposal> {
    let mut all = Vec::new();
    for proposal in proposals {
        for cipher in &proposal.ciphers {
            for digest in &proposal.digests {
                for group in &proposal.groups {
                    all.push(IkeProposal {
                        ciphers: vec![*cipher],
                        digests: vec![*digest],
                        prfs: vec![*digest],
                        groups: vec![*group],
                    });
                }
            }
        }
    }
    all
}

#[test]
fn choices_are_those_of_two_daemons() {
    let mut asked = 0;
    for line in STRONGSWAN.lines().filter(|line| !line.starts_with('#')) {
        let parts: Vec<_> = line.split(" | ").collect();
        let [about, offered, taken, answer] = parts[..] else { panic!("{line}") };
        let here = match about {
            "IKE_V2 ike" => {
                let (offered, taken) = (ike(offered), ike(taken));
                let choice = select_ike(&taken, &offered);
                let tried = match choice {
                    None => "",
                    Some(choice) if ike_exchange(&offered, choice.group) == 2 => " at once",
                    Some(_) => " retried",
                };
                in_words(choice) + tried
            }
            "IKE_V2 esp" => {
                let (offered, taken) = (esp(offered), esp(taken));
                match select_first_esp(&taken, &offered) {
                    None => "none".to_owned(),
                    first => format!("{} then {}", in_words(first), in_words(select_esp(&taken, &offered))),
                }
            }
            "IKE_V1 ike" => {
                let (offered, taken) = (ike(offered), ike(taken));
                let choice = select_ike(&taken, &offered);
                assert_eq!(choice, select_ike(&combinations(&taken), &combinations(&offered)), "{line}");
                choice.map_or_else(|| "none".to_owned(), |choice| format!("{choice} at once"))
            }
            "IKE_V1 esp" => in_words(select_esp(&esp(taken), &esp(offered))),
            other => panic!("{other}"),
        };
        assert_eq!(here, answer, "{line}");
        asked += 1;
    }
    assert!(asked >= 300, "{asked} questions");
}
