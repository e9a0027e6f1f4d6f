//! A diagram as a picture: one SVG file with no parts elsewhere, which follows the
//! reader's choice of light or dark.
//!
//! | module | what it holds |
//! |---|---|
//! | `layout` | where everything is |
//! | `measure` | how much room text takes |

mod layout;
mod measure;

use std::fmt::Write;

use super::diagram::{Diagram, State};
use layout::{CAPTION, LEADING, LINE, Layout, Level, MARGIN, PADDING, Placed, SMALL, TITLE};

/// Colours in the light and in the dark. States differ by their signs and words as well.
const STYLE: &str = "\
text{font-family:system-ui,-apple-system,'Segoe UI',Helvetica,Arial,sans-serif;fill:#1f2328}
.page{fill:#ffffff}.card{fill:#f6f8fa;stroke:#d0d7de}.gateway{fill:#ddf4ff;stroke:#54aeff}
.faint{fill:#59636e}.line{stroke:#8c959f;fill:none}
.up{fill:#1a7f37;stroke:#1a7f37}.degraded{fill:#9a6700;stroke:#9a6700}.negotiating{fill:#9a6700;stroke:#9a6700}
.down{fill:#cf222e;stroke:#cf222e}.disabled{fill:#59636e;stroke:#59636e}
@media(prefers-color-scheme:dark){text{fill:#e6edf3}
.page{fill:#0d1117}.card{fill:#161b22;stroke:#3d444d}.gateway{fill:#121d2f;stroke:#316dca}
.faint{fill:#9198a1}.line{stroke:#6e7681}
.up{fill:#3fb950;stroke:#3fb950}.degraded{fill:#d29922;stroke:#d29922}.negotiating{fill:#d29922;stroke:#d29922}
.down{fill:#f85149;stroke:#f85149}.disabled{fill:#9198a1;stroke:#9198a1}}
text.up,text.degraded,text.negotiating,text.down,text.disabled{stroke:none}
.hollow{fill:none}
";

/// The picture.
pub fn text(diagram: &Diagram) -> String {
    let layout = Layout::of(diagram);
    let Layout { width, height, .. } = layout;
    let summary = escaped(&diagram.summary);
    let mut text = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" viewBox=\"0 0 {width} {height}\" \
         role=\"img\" aria-label=\"{summary}\">\n<title>{summary}</title>\n<style>\n{STYLE}</style>\n\
         <rect class=\"page\" width=\"{width}\" height=\"{height}\" rx=\"12\"/>\n"
    );
    let _ = writeln!(text, "{}", letters(MARGIN, 36.0, TITLE.size + 2.0, "", true, &diagram.summary));
    text += &legend();
    for line in &layout.lines {
        text += &level(line);
    }
    for card in &layout.cards {
        text += &placed(card);
    }
    text + "</svg>\n"
}

/// What the signs mean.
fn legend() -> String {
    let mut text = String::new();
    let mut x = MARGIN + 6.0;
    for state in State::ALL {
        text += &sign(state, x, 58.0);
        let word = state.word();
        let _ = writeln!(text, "{}", letters(x + 11.0, 62.0, SMALL.size, "faint", false, word));
        // Capitals are wide.
        #[allow(clippy::cast_precision_loss)]
        let width = word.chars().count() as f64 * SMALL.size * 0.66;
        x += (width + 32.0).round();
    }
    text
}

/// A card with its text.
fn placed(placed: &Placed<'_>) -> String {
    let Placed { card, x, y, width, height, .. } = *placed;
    let class = if card.sort.ends_with("gateway") { "gateway" } else { "card" };
    let mut text = format!("<g><title>{}</title>\n", escaped(&card.title));
    let _ =
        writeln!(text, "<rect class=\"{class}\" x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{height}\" rx=\"8\"/>");
    let left = x + PADDING;
    let mut baseline = y + CAPTION;
    let _ = writeln!(text, "{}", letters(left, baseline, SMALL.size, "faint", false, card.sort));
    if let Some(state) = card.state {
        let class = format!("{}\" text-anchor=\"end", class_of(state));
        let right = x + width - PADDING;
        let _ = writeln!(text, "{}", letters(right - 16.0, baseline, SMALL.size, &class, true, state.word()));
        text += &sign(state, right - 5.0, baseline - 4.0);
    }
    baseline += LEADING + 1.0;
    let _ = writeln!(text, "{}", letters(left, baseline, TITLE.size, "", true, &placed.title));
    for line in &placed.lines {
        baseline += LEADING;
        let _ = writeln!(text, "{}", letters(left, baseline, LINE.size, "", false, line));
    }
    text + "</g>\n"
}

/// A line with its labels: the first above it, the others below.
fn level(level: &Level<'_>) -> String {
    let Level { from, to, y, link, state } = *level;
    let class = state.filter(|_| link.is_some()).map_or("line", class_of);
    let dashes = match state {
        Some(State::Down | State::Negotiating | State::Disabled) => " stroke-dasharray=\"5 4\"",
        _ => "",
    };
    let width = if link.is_some() { "2" } else { "1.5" };
    let mut text =
        format!("<path class=\"{class} hollow\" stroke-width=\"{width}\"{dashes} d=\"M{from} {y}H{to}\"/>\n");
    let class = "faint\" text-anchor=\"middle";
    let middle = f64::midpoint(from, to);
    let mut below = y + 4.0;
    for (number, label) in link.iter().flat_map(|link| &link.labels).enumerate() {
        let at = if number == 0 {
            y - 6.0
        } else {
            below += 12.0;
            below
        };
        let _ = writeln!(text, "{}", letters(middle, at, SMALL.size, class, false, label));
    }
    text
}

/// The sign of a state, around a point: they differ in shape, not only in colour.
fn sign(state: State, x: f64, y: f64) -> String {
    let class = class_of(state);
    match state {
        State::Up => format!("<circle class=\"{class}\" cx=\"{x}\" cy=\"{y}\" r=\"4.5\"/>\n"),
        State::Negotiating => {
            format!("<circle class=\"{class} hollow\" stroke-width=\"2\" cx=\"{x}\" cy=\"{y}\" r=\"4\"/>\n")
        }
        State::Degraded => {
            format!("<path class=\"{class}\" d=\"M{} {}l5 9h-10z\"/>\n", x, y - 5.0)
        }
        State::Down => {
            let (left, top) = (x - 4.0, y - 4.0);
            format!("<path class=\"{class} hollow\" stroke-width=\"2.5\" d=\"M{left} {top}l8 8m0 -8l-8 8\"/>\n")
        }
        State::Disabled => {
            format!("<path class=\"{class} hollow\" stroke-width=\"2.5\" d=\"M{} {y}h9\"/>\n", x - 4.5)
        }
    }
}

fn class_of(state: State) -> &'static str {
    match state {
        State::Up => "up",
        State::Degraded => "degraded",
        State::Negotiating => "negotiating",
        State::Down => "down",
        State::Disabled => "disabled",
    }
}

/// A line of text whose baseline begins at a point.
fn letters(x: f64, y: f64, size: f64, class: &str, is_bold: bool, text: &str) -> String {
    let weight = if is_bold { " font-weight=\"600\"" } else { "" };
    let class = if class.is_empty() { String::new() } else { format!(" class=\"{class}\"") };
    format!("<text x=\"{x}\" y=\"{y}\" font-size=\"{size}\"{weight}{class}>{}</text>", escaped(text))
}

/// Text as XML holds it. Control characters, which XML cannot hold at all, are left out.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            c if c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}') => {}
            c => escaped.push(c),
        }
    }
    escaped
}
