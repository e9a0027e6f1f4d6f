//! A diagram as a flowchart for Mermaid.

use std::fmt::Write;

use super::diagram::{Card, Diagram, Line, State};

/// The flowchart.
pub fn text(diagram: &Diagram) -> String {
    let mut text = String::from("flowchart LR\n");
    let flat = diagram.flat();
    for (number, card) in flat.cards.iter().enumerate() {
        let class = card.state.map_or("plain", class);
        let _ = writeln!(text, "  n{number}[\"{}\"]:::{class}", label(card));
    }
    for Line { from, to, link } in &flat.lines {
        let _ = match link {
            None => writeln!(text, "  n{from} --- n{to}"),
            Some(link) => {
                let labels: Vec<_> = link.labels.iter().map(|label| escaped(label)).collect();
                let line = if matches!(link.state, State::Up | State::Degraded) { "---" } else { "-.-" };
                writeln!(text, "  n{from} {line}|\"{}\"| n{to}", labels.join("<br/>"))
            }
        };
    }
    text += "  classDef plain stroke:#57606a\n";
    for state in State::ALL {
        let (stroke, dashes) = match state {
            State::Up => ("#1a7f37", ""),
            State::Degraded => ("#9a6700", ""),
            State::Negotiating => ("#9a6700", ",stroke-dasharray:5 3"),
            State::Down => ("#cf222e", ",stroke-dasharray:5 3"),
            State::Disabled => ("#6e7781", ",stroke-dasharray:2 3"),
        };
        let _ = writeln!(text, "  classDef {} stroke:{stroke},stroke-width:2px{dashes}", class(state));
    }
    text
}

/// The name with the state, and the lines.
fn label(card: &Card) -> String {
    let title = match card.state {
        Some(state) => format!("<b>{}</b> [{}]", escaped(&card.title), state.word()),
        None => format!("<b>{}</b>", escaped(&card.title)),
    };
    let lines = card.lines.iter().map(|line| escaped(line));
    [escaped(card.sort), title].into_iter().chain(lines).collect::<Vec<_>>().join("<br/>")
}

/// The name of the class of a state; `end` and the like are taken in Mermaid.
fn class(state: State) -> &'static str {
    match state {
        State::Up => "up",
        State::Degraded => "degraded",
        State::Negotiating => "negotiating",
        State::Down => "down",
        State::Disabled => "disabled",
    }
}

/// Text within quotes, with the entities of Mermaid: `#` and a decimal number.
fn escaped(text: &str) -> String {
    let mut escaped = String::new();
    for c in text.chars() {
        match c {
            '"' | '#' | '<' | '>' | '&' | '`' | '\\' | ';' | '[' | ']' | '{' | '}' | '|' => {
                let _ = write!(escaped, "#{};", u32::from(c));
            }
            c if c.is_control() => {}
            c => escaped.push(c),
        }
    }
    escaped
}
