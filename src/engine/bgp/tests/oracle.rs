//! The choice between paths against FRR's bgpd, which was taught the same ones
//! (`scripts/oracles/best-paths.py`).
//!
//! bgpd was told to leave out the step that prefers the path in use; here all neighbors
//! are as old.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::*;

const ANSWERS: &str = include_str!("../oracle/frr.txt");

/// `path 0 65001,65101 IGP 0 100`
fn learned(words: &[&str], from: &Standing) -> BgpPath {
    let as_path: Arc<[_]> = words[1].split(',').map(|number| number.parse().unwrap()).collect();
    BgpPath {
        neighbor: path(&neighbor(words[0])),
        session: path(&session(words[0])),
        next_hop: from.address,
        as_path,
        origin: model::RouteOrigin::parse(words[2]).unwrap(),
        med: words[3].parse().unwrap(),
        local_preference: words[4].parse().unwrap(),
        weight: 0,
        is_internal: from.as_number.get() == 65_000,
        is_stale: false,
    }
}

#[test]
fn frr_uses_the_same_paths() {
    let mut neighbors: Vec<Standing> = Vec::new();
    let mut paths: Vec<(BgpPath, Standing)> = Vec::new();
    let mut networks = BTreeSet::new();
    let mut wrong = Vec::new();
    let mut together = 0;
    for line in ANSWERS.lines().filter(|line| !line.starts_with('#')) {
        let words: Vec<_> = line.split(' ').collect();
        match words[0] {
            "neighbor" => neighbors.push(Standing {
                since: None,
                address: words[2].parse().unwrap(),
                as_number: words[3].parse().unwrap(),
                router_id: words[4].parse().unwrap(),
            }),
            "network" => {
                networks.insert(line);
                paths.clear();
            }
            "path" => {
                let from = neighbors[words[1].parse::<usize>().unwrap()];
                paths.push((learned(&words[1..], &from), from));
            }
            mode => {
                let candidates: Vec<_> = paths.iter().map(|(path, from)| (path, from)).collect();
                let multipath = Multipath { ecmp: true, relax: mode == "relaxed" };
                let mut chosen: Vec<_> = select(&candidates, multipath).iter().map(|it| it.neighbor.id()).collect();
                // bgpd names the best one; the others have no order.
                chosen[1..].sort_unstable();
                together += usize::from(chosen.len() > 1);
                if chosen != words[1..] {
                    wrong.push(format!("{mode}: FRR {:?}, here {chosen:?}, of {:?}", &words[1..], networks.last()));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{} differ:\n{}", wrong.len(), wrong.join("\n"));
    assert!(networks.len() >= 400 && together >= 200, "{} networks, {together} with several paths", networks.len());
}
