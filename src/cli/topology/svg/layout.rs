//! Where everything is: five columns, and every line between two of them is straight and
//! level. A gateway is as high as all that hangs on it, and a peer as its sessions.

use super::measure::{Font, cut, wrap};
use crate::cli::topology::diagram::{Card, Diagram, Link, Region, Site, State, Tier1};

/// The size of the text of names.
pub const TITLE: Font = Font { size: 14.0, is_bold: true };
/// The size of other text on cards.
pub const LINE: Font = Font { size: 12.0, is_bold: false };
/// The size of captions and labels.
pub const SMALL: Font = Font { size: 11.0, is_bold: false };

/// Around everything.
pub const MARGIN: f64 = 24.0;
/// Between a card's edge and its text.
pub const PADDING: f64 = 14.0;
/// From the baseline of one line to that of the next.
pub const LEADING: f64 = 17.0;
/// From a card's top to the baseline of its caption.
pub const CAPTION: f64 = 20.0;
/// Where the cards begin; above are the summary and the legend.
const TOP: f64 = 84.0;
/// Between cards, one below the other.
const GAP: f64 = 14.0;
/// Between regions.
const REGION_GAP: f64 = 36.0;
/// The width that the summary and the legend need.
const NARROWEST: f64 = 640.0;
/// Lines of text into which one line may be broken.
const MOST_LINES: usize = 3;

/// The columns, from the left: segments, tier-1, tier-0, sessions, peers. Each has its
/// width, and the gap to the next one.
const COLUMNS: [(f64, f64); 5] = [(176.0, 44.0), (138.0, 44.0), (138.0, 44.0), (288.0, 150.0), (216.0, 0.0)];

/// A picture's parts in their places.
#[derive(Default)]
pub struct Layout<'a> {
    /// The cards.
    pub cards: Vec<Placed<'a>>,
    /// The lines.
    pub lines: Vec<Level<'a>>,
    /// The width of the picture.
    pub width: f64,
    /// Its height.
    pub height: f64,
}

/// A card in its place.
pub struct Placed<'a> {
    /// The card.
    pub card: &'a Card,
    /// Its left edge.
    pub x: f64,
    /// Its top.
    pub y: f64,
    /// Its width.
    pub width: f64,
    /// Its height.
    pub height: f64,
    /// Its name, as far as there is room.
    pub title: String,
    /// Its lines, broken where they have to be.
    pub lines: Vec<String>,
}

/// A level line.
pub struct Level<'a> {
    /// Its left end.
    pub from: f64,
    /// Its right end.
    pub to: f64,
    /// Its height.
    pub y: f64,
    /// What is between a session and its peer.
    pub link: Option<&'a Link>,
    /// How it is.
    pub state: Option<State>,
}

impl<'a> Layout<'a> {
    /// The places of a diagram's parts.
    pub fn of(diagram: &'a Diagram) -> Self {
        let mut layout = Self::default();
        let mut y = TOP;
        for (number, region) in diagram.regions.iter().enumerate() {
            y += if number > 0 { REGION_GAP } else { 0.0 };
            y = layout.region(region, y);
        }
        layout.height = y + MARGIN;
        let right = layout.cards.iter().map(|placed| placed.x + placed.width + MARGIN);
        layout.width = right.fold(NARROWEST, f64::max);
        layout
    }

    /// Places a region at `y`; its lower end.
    fn region(&mut self, region: &'a Region, y: f64) -> f64 {
        let mut left = y;
        for (number, tier1) in region.tier1s.iter().enumerate() {
            left += if number > 0 { GAP } else { 0.0 };
            left = self.tier1(tier1, left, region.tier0.is_some());
        }
        let mut right = y;
        for (number, site) in region.sites.iter().enumerate() {
            right += if number > 0 { GAP } else { 0.0 };
            right = self.site(site, right);
        }
        let Some(tier0) = &region.tier0 else { return left.max(right) };
        let lower = left.max(right).max(y + height(tier0, 2));
        self.place(tier0, 2, y, lower - y);
        lower
    }

    fn tier1(&mut self, tier1: &'a Tier1, y: f64, has_tier0: bool) -> f64 {
        let mut lower = y;
        for (number, segment) in tier1.segments.iter().enumerate() {
            lower += if number > 0 { GAP } else { 0.0 };
            let height = height(segment, 0);
            self.place(segment, 0, lower, height);
            if segment.is_connected() {
                self.line(0, lower + height / 2.0, None, segment.state);
            }
            lower += height;
        }
        let lower = lower.max(y + height(&tier1.card, 1));
        self.place(&tier1.card, 1, y, lower - y);
        if has_tier0 {
            self.line(1, f64::midpoint(y, lower), None, None);
        }
        lower
    }

    fn site(&mut self, site: &'a Site, y: f64) -> f64 {
        let heights: Vec<f64> = site.sessions.iter().map(|(card, _)| height(card, 3)).collect();
        // As many as are shown; never more than a few.
        #[allow(clippy::cast_precision_loss)]
        let sessions = heights.len() as f64;
        let own = heights.iter().sum::<f64>() + GAP * (sessions - 1.0);
        let all = own.max(height(&site.peer, 4));
        let stretch = ((all - own) / sessions).floor();
        let mut top = y;
        for ((card, link), height) in site.sessions.iter().zip(heights) {
            let height = height + stretch;
            self.line(2, top + height / 2.0, None, None);
            self.place(card, 3, top, height);
            self.line(3, top + height / 2.0, Some(link), Some(link.state));
            top += height + GAP;
        }
        self.place(&site.peer, 4, y, all);
        y + all
    }

    fn place(&mut self, card: &'a Card, at: usize, y: f64, height: f64) {
        let (x, width) = column(at);
        let title = cut(&card.title, TITLE.letters(width - 2.0 * PADDING));
        self.cards.push(Placed { card, x, y, width, height, title, lines: lines(card, width) });
    }

    /// A line from column `at` to the next.
    fn line(&mut self, at: usize, y: f64, link: Option<&'a Link>, state: Option<State>) {
        let ((x, width), (next, _)) = (column(at), column(at + 1));
        self.lines.push(Level { from: x + width, to: next, y, link, state });
    }
}

/// The left edge and the width of a column.
fn column(at: usize) -> (f64, f64) {
    let before: f64 = COLUMNS.iter().take(at).map(|(width, gap)| width + gap).sum();
    (MARGIN + before, COLUMNS.get(at).map_or(0.0, |(width, _)| *width))
}

/// The height that a card's text needs.
fn height(card: &Card, at: usize) -> f64 {
    // A card has a handful of lines.
    #[allow(clippy::cast_precision_loss)]
    let lines = lines(card, column(at).1).len() as f64;
    CAPTION + LEADING * (lines + 1.0) + PADDING
}

fn lines(card: &Card, width: f64) -> Vec<String> {
    let letters = LINE.letters(width - 2.0 * PADDING);
    card.lines.iter().flat_map(|line| wrap(line, letters, MOST_LINES)).collect()
}
