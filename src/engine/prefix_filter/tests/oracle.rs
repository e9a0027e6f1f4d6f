//! The filter against BIRD, which matched the same routes with its own prefix sets
//! (`scripts/oracles/prefix-lists.py`).

use super::*;

const ANSWERS: &str = include_str!("../oracle/bird.txt");

/// `permit 10.0.0.0/8 ge 24 le 26`
fn entry(text: &str) -> Json {
    let words: Vec<_> = text.split(' ').collect();
    let mut prefix = json!({"action": words[0].to_uppercase(), "network": words[1]});
    for bound in words[2..].chunks(2) {
        prefix[bound[0]] = json!(bound[1].parse::<u8>().unwrap());
    }
    prefix
}

/// `permit 3`, or `end`
fn verdict(words: &[&str]) -> Verdict {
    match words {
        ["permit", position] => permits(position.parse().unwrap()),
        ["deny", position] => denies(position.parse().unwrap()),
        ["end"] => Verdict::End,
        _ => panic!("{words:?}"),
    }
}

#[test]
fn bird_decides_every_pair_as_the_filter_does() {
    let mut list = (PrefixFilter::default(), "");
    let mut pairs = [0; 2];
    let mut wrong = Vec::new();
    for line in ANSWERS.lines().filter(|line| !line.starts_with('#')) {
        if let Some(text) = line.strip_prefix("list ") {
            let (mode, entries) = text.split_once(": ").unwrap();
            let mode = PrefixMatch::parse(mode).unwrap();
            list = (filter(&entries.split(", ").map(entry).collect(), mode), text);
        } else {
            let words: Vec<_> = line.split(' ').collect();
            let (said, judged) = (verdict(&words[1..]), list.0.judge(route(words[0])));
            pairs[usize::from(list.1.starts_with("subnet_size"))] += 1;
            if said != judged {
                wrong.push(format!("{line}, here {judged:?}, in {}", list.1));
            }
        }
    }
    assert!(wrong.is_empty(), "{} differ:\n{}", wrong.len(), wrong.join("\n"));
    assert!(pairs[0] + pairs[1] >= 2_000 && pairs[1] >= 500, "{pairs:?}");
}
