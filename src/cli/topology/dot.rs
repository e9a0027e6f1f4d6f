//! A diagram as a graph for Graphviz.

use std::fmt::Write;

use super::diagram::{Card, Diagram, Line, State};

/// The graph.
pub fn text(diagram: &Diagram) -> String {
    let mut text = String::from(
        "graph vpn {\n  rankdir=LR;\n  bgcolor=\"transparent\";\n  \
         node [shape=box, style=\"rounded\", fontname=\"sans-serif\", fontsize=11];\n  \
         edge [fontname=\"sans-serif\", fontsize=9, color=\"#57606a\"];\n",
    );
    let flat = diagram.flat();
    let _ = writeln!(text, "  label=\"{}\";\n  labelloc=t;\n  fontname=\"sans-serif\";", escaped(&diagram.summary));
    for (number, card) in flat.cards.iter().enumerate() {
        let color = card.state.map_or("#57606a", color);
        let style = if is_solid(card.state) { "rounded" } else { "rounded,dashed" };
        let _ = writeln!(text, "  n{number} [label=\"{}\", color=\"{color}\", style=\"{style}\"];", label(card));
    }
    for Line { from, to, link } in &flat.lines {
        let _ = match link {
            None => writeln!(text, "  n{from} -- n{to};"),
            Some(link) => {
                let labels: Vec<_> = link.labels.iter().map(|label| escaped(label)).collect();
                let style = if is_solid(Some(link.state)) { "solid" } else { "dashed" };
                let (labels, color) = (labels.join("\\n"), color(link.state));
                writeln!(text, "  n{from} -- n{to} [label=\"{labels}\", color=\"{color}\", style={style}];")
            }
        };
    }
    text + "}\n"
}

/// The sort, the name with the state, and the lines, in lines of the label.
fn label(card: &Card) -> String {
    let title = match card.state {
        Some(state) => format!("{} [{}]", card.title, state.word()),
        None => card.title.clone(),
    };
    let lines = [card.sort, &title].into_iter().chain(card.lines.iter().map(String::as_str));
    lines.map(escaped).collect::<Vec<_>>().join("\\n")
}

fn is_solid(state: Option<State>) -> bool {
    matches!(state, None | Some(State::Up | State::Degraded))
}

fn color(state: State) -> &'static str {
    match state {
        State::Up => "#1a7f37",
        State::Degraded | State::Negotiating => "#9a6700",
        State::Down => "#cf222e",
        State::Disabled => "#6e7781",
    }
}

/// Text within quotes of the DOT language, where a backslash begins an escape and an
/// ampersand an entity.
fn escaped(text: &str) -> String {
    let text: String = text.chars().filter(|c| !c.is_control()).collect();
    text.replace('\\', "\\\\").replace('"', "\\\"").replace('&', "&amp;")
}
