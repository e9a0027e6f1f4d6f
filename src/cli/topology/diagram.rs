//! A diagram: cards and the lines between them, without a place or a language.
//!
//! It is a tree from the left to the right and back: a region is a tier-0 gateway with
//! the segments behind its tier-1 gateways on one side, and the sites that its sessions
//! lead to on the other.

/// A diagram.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Diagram {
    /// What it shows, in one line.
    pub summary: String,
    /// The tier-0 gateways with all that hangs on them.
    pub regions: Vec<Region>,
}

/// A tier-0 gateway with all that hangs on it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Region {
    /// The gateway; none for tier-1 gateways that have no tier-0.
    pub tier0: Option<Card>,
    /// Its tier-1 gateways.
    pub tier1s: Vec<Tier1>,
    /// Where its sessions lead.
    pub sites: Vec<Site>,
}

/// A tier-1 gateway with its segments.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tier1 {
    /// The gateway.
    pub card: Card,
    /// Its segments.
    pub segments: Vec<Card>,
}

/// A peer, with the sessions that lead to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Site {
    /// The sessions, each with what is between it and the peer.
    pub sessions: Vec<(Card, Link)>,
    /// The peer.
    pub peer: Card,
}

/// An object.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Card {
    /// What sort of object it is.
    pub sort: &'static str,
    /// Its name.
    pub title: String,
    /// What there is to know of it.
    pub lines: Vec<String>,
    /// How it is, where it can be one way or the other.
    pub state: Option<State>,
}

impl Card {
    /// Whether the card of a segment hangs on its gateway: one that is connected to nothing is
    /// disabled.
    pub fn is_connected(&self) -> bool {
        self.state != Some(State::Disabled)
    }
}

/// What is between a session and its peer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    /// What goes over it.
    pub labels: Vec<String>,
    /// How it is.
    pub state: State,
}

/// How something is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum State {
    /// All of it works.
    Up,
    /// Some of it works.
    Degraded,
    /// It is on the way.
    Negotiating,
    /// It should work, and does not.
    Down,
    /// It should not work.
    Disabled,
}

impl State {
    /// Every state, the best first.
    pub const ALL: [Self; 5] = [Self::Up, Self::Degraded, Self::Negotiating, Self::Down, Self::Disabled];

    /// Its word.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Up => "UP",
            Self::Degraded => "DEGRADED",
            Self::Negotiating => "NEGOTIATING",
            Self::Down => "DOWN",
            Self::Disabled => "DISABLED",
        }
    }
}

/// A line between two cards, by their numbers in [`Flat::cards`].
pub struct Line<'a> {
    /// The left end.
    pub from: usize,
    /// The right end.
    pub to: usize,
    /// What is between a session and its peer.
    pub link: Option<&'a Link>,
}

/// The cards and lines of a diagram, for languages that find the places themselves.
#[derive(Default)]
pub struct Flat<'a> {
    /// The cards.
    pub cards: Vec<&'a Card>,
    /// The lines.
    pub lines: Vec<Line<'a>>,
}

impl Diagram {
    /// The cards and lines, one after the other.
    pub fn flat(&self) -> Flat<'_> {
        let mut flat = Flat::default();
        for region in &self.regions {
            let tier0 = region.tier0.as_ref().map(|card| flat.card(card));
            for Tier1 { card, segments } in &region.tier1s {
                let tier1 = flat.card(card);
                for card in segments {
                    let segment = flat.card(card);
                    if card.is_connected() {
                        flat.line(segment, tier1, None);
                    }
                }
                if let Some(tier0) = tier0 {
                    flat.line(tier1, tier0, None);
                }
            }
            for Site { sessions, peer } in &region.sites {
                let peer = flat.card(peer);
                for (card, link) in sessions {
                    let session = flat.card(card);
                    if let Some(tier0) = tier0 {
                        flat.line(tier0, session, None);
                    }
                    flat.line(session, peer, Some(link));
                }
            }
        }
        flat
    }
}

impl<'a> Flat<'a> {
    fn card(&mut self, card: &'a Card) -> usize {
        self.cards.push(card);
        self.cards.len() - 1
    }

    fn line(&mut self, from: usize, to: usize, link: Option<&'a Link>) {
        self.lines.push(Line { from, to, link });
    }
}
