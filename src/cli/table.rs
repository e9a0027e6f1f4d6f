//! Tables whose columns stand below each other.

use std::fmt::Write;

use super::output::{STRONG, styled};

/// A cell of a table: its text, whether it stands on the right, and its style.
pub struct Cell(String, Side, anstyle::Style);

/// Where a cell's text stands.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Side {
    Left,
    Right,
}

/// A cell with text.
pub fn left(text: impl Into<String>) -> Cell {
    Cell(text.into(), Side::Left, anstyle::Style::new())
}

/// A cell with a number.
pub fn right(text: impl Into<String>) -> Cell {
    Cell(text.into(), Side::Right, anstyle::Style::new())
}

impl Cell {
    /// The same in `style`.
    pub fn in_style(self, style: anstyle::Style) -> Self {
        Self(self.0, self.1, style)
    }

    /// Its text, in its style.
    pub fn styled(&self) -> String {
        styled(self.2, &self.0)
    }
}

/// Adds a table with a heading, unless it has no rows.
pub fn table<const N: usize>(text: &mut String, first: &str, heads: [&str; N], rows: Vec<Vec<Cell>>) {
    if rows.is_empty() {
        return;
    }
    let sides: Vec<Side> = rows.first().into_iter().flatten().map(|Cell(_, side, _)| *side).collect();
    let heads = std::iter::once(first).chain(heads);
    let heads = heads.zip(&sides).map(|(head, side)| Cell(head.to_owned(), *side, STRONG)).collect();
    let rows: Vec<Vec<Cell>> = std::iter::once(heads).chain(rows).collect();
    let width = |at: usize| {
        rows.iter().filter_map(|row| row.get(at)).map(|cell| cell.0.chars().count()).max().unwrap_or_default()
    };
    let widths: Vec<usize> = (0..sides.len()).map(width).collect();
    text.push('\n');
    for row in &rows {
        // What is on the left of nothing needs no room after it.
        let last = row.iter().rposition(|cell| !cell.0.is_empty()).unwrap_or_default();
        let mut line = String::from("  ");
        for (at, (Cell(words, side, style), width)) in row.iter().zip(&widths).enumerate().take(last + 1) {
            let gap = width - words.chars().count();
            let styled = styled(*style, words);
            let _ = match side {
                Side::Right => write!(line, "{:gap$}{styled}", ""),
                Side::Left if at == last => write!(line, "{styled}"),
                Side::Left => write!(line, "{styled}{:gap$}", ""),
            };
            line.push_str("   ");
        }
        let _ = writeln!(text, "{}", line.trim_end());
    }
}
