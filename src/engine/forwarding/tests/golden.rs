//! Traces that were looked through by a person.
//!
//! Each file in `golden/` names its world and asks for packets; the answers below each
//! are what this test compares. A line `# …` says what is to be seen, `> packet` asks
//! for a packet, `< size` for the answer to the one before. To write the answers anew:
//!
//!     GOLDEN=write cargo test --lib engine::forwarding::tests::golden
//!
//! and look through what has changed.

use std::collections::BTreeSet;
use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};

use super::text;
use super::world::World;
use crate::engine::forwarding::{Disposition, DropReason, Forwarding, Trace};

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src/engine/forwarding/tests").join(name)
}

/// The file with the answers that are true now, and all traces in it.
fn answered(file: &str) -> (String, Vec<Trace>) {
    let mut forwarding: Option<Forwarding> = None;
    let mut traces: Vec<Trace> = Vec::new();
    let mut answered = String::new();
    for line in file.lines().filter(|line| !line.starts_with(' ')) {
        writeln!(answered, "{line}").unwrap();
        if let Some(world) = line.strip_prefix("world ") {
            let document = fs::read_to_string(folder("worlds").join(format!("{world}.json"))).unwrap();
            forwarding = Some(World::read(&document).forwarding());
        }
        let forwarding = || forwarding.as_ref().expect("a world comes first");
        let trace = if let Some(packet) = line.strip_prefix("> ") {
            let packet = text::packet(packet);
            let trace = forwarding().trace(&packet);
            let decision = forwarding().decide(&packet);
            assert_eq!((decision.disposition, decision.drop_reason), (trace.disposition, trace.drop_reason), "{line}");
            trace
        } else if let Some(size) = line.strip_prefix("< ") {
            let sent = traces.last().expect("a packet comes first");
            let Some(answer) = forwarding().trace_answer(sent, size.parse().unwrap()) else {
                answered.push_str("  = no answer\n");
                continue;
            };
            answer
        } else {
            continue;
        };
        answered.push_str(&text::trace(&trace));
        traces.push(trace);
    }
    (answered, traces)
}

#[test]
fn traces_are_what_they_were_when_they_were_looked_through() {
    let mut seen = BTreeSet::new();
    let mut dropped = BTreeSet::new();
    let mut wrong = Vec::new();
    for entry in fs::read_dir(folder("golden")).unwrap() {
        let at = entry.unwrap().path();
        let file = fs::read_to_string(&at).unwrap();
        let (now, traces) = answered(&file);
        seen.extend(traces.iter().map(|trace| trace.disposition.word()));
        dropped.extend(traces.iter().filter_map(|trace| trace.drop_reason).map(DropReason::word));
        if now != file {
            if std::env::var_os("GOLDEN").is_some_and(|it| it == "write") {
                fs::write(&at, now).unwrap();
            } else {
                let differs = now.lines().zip(file.lines()).find(|(now, then)| now != then);
                wrong.push(format!("{}: {differs:#?}", at.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    let missing = |words: &crate::model::enumeration::Enumeration, seen: &BTreeSet<&str>| -> Vec<&str> {
        let of_the_fabric = |name: &&str| DropReason::parse(name).is_some_and(DropReason::is_of_the_fabric);
        let names = words.words.iter().map(|word| word.name);
        names.filter(|name| !seen.contains(name) && !of_the_fabric(name)).collect()
    };
    assert_eq!(missing(&Disposition::WORDS, &seen), [""; 0], "no trace shows these dispositions");
    assert_eq!(missing(&DropReason::WORDS, &dropped), [""; 0], "no trace shows these reasons");
}
