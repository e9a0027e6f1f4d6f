//! The page of what becomes of packets: every disposition and every drop reason.

use std::fmt::Write;

use crate::model::enumeration::Enumeration;
use crate::model::{Disposition, DropReason};

/// Where the page lies.
pub const PAGE: &str = "guides/drop-reasons.md";

const BEGIN: &str = r#"---
page_title: "What becomes of a packet: every disposition and drop reason"
subcategory: ""
description: |-
  The words with which path traces, flow statistics and replays say what becomes of a packet, and why it is dropped.
---

# What becomes of a packet

`vpn_path_trace`, `vpn_flow_statistics`, `terraform-provider-vpn trace` and `replay` say it in the same
words. A packet has exactly one disposition, and a drop reason if it is dropped. The explanation of a
trace adds what is known beyond the word: the reason of a session, the prefix list that keeps a route
out, the size that would fit.
"#;

/// The page.
pub fn page() -> String {
    let mut text = BEGIN.to_owned();
    table(&mut text, "Dispositions", "disposition", "what becomes of the packet", &Disposition::WORDS);
    table(&mut text, "Drop reasons", "drop reason", "why it is dropped", &DropReason::WORDS);
    text
}

fn table(text: &mut String, title: &str, word: &str, meaning: &str, of: &Enumeration) {
    // Writing to a text does not fail.
    let _ = write!(text, "\n## {title}\n\n| {word} | {meaning} |\n|---|---|\n");
    for it in of.words {
        let _ = writeln!(text, "| `{}` | {} |", it.name, it.doc.trim());
    }
}
