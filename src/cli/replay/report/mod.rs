//! What was counted, in the order in which it is told.
//!
//! | module | what it holds |
//! |---|---|
//! | `table` | for people |
//! | `machine` | JSON and CSV, for programs |

mod machine;
mod table;

use std::collections::BTreeMap;

use super::Format;
use super::tally::{Amount, Flow, Outcome, Tally, Verdict};
use crate::cli::names::Names;
use crate::cli::output::Failure;
use crate::engine::pcap::Skip;
use crate::model::PolicyPath;

/// What was counted.
pub struct Report {
    /// All packets that were sent through the engine.
    pub all: Amount,
    /// Frames that were not, by reason.
    pub skipped: Vec<(Skip, Amount)>,
    /// What became of the packets in the engine.
    pub verdicts: Vec<(Verdict, Amount)>,
    /// By session, the largest first.
    pub sessions: Vec<SessionLine>,
    /// The largest flows.
    pub flows: Vec<FlowLine>,
    /// How many flows and outcomes there are.
    pub rows: usize,
    /// What has no row of its own.
    pub unlisted: Amount,
    /// What differs in the other engine, if there is one.
    pub changes: Option<Vec<Change>>,
}

/// What was counted of a session.
pub struct SessionLine {
    /// Its name and its path; none for packets that no session takes.
    pub session: Option<Named>,
    /// What arrives.
    pub delivered: Amount,
    /// What does not.
    pub dropped: Amount,
}

/// An object's name and path.
#[derive(Clone)]
pub struct Named {
    /// The name people see.
    pub name: String,
    /// The policy path.
    pub path: PolicyPath,
}

/// What was counted of a flow with one outcome.
pub struct FlowLine {
    /// The flow.
    pub flow: Flow,
    /// What became of it.
    pub outcome: Outcome,
    /// How much.
    pub amount: Amount,
    /// The session that takes it.
    pub session: Option<Named>,
}

/// Packets that fare in one way in the engine, and in another in the other.
pub struct Change {
    /// Which ways.
    pub before: Verdict,
    /// In the other engine.
    pub after: Verdict,
    /// How much.
    pub amount: Amount,
    /// How many flows.
    pub rows: usize,
    /// The largest of them.
    pub flows: Vec<FlowLine>,
}

impl Report {
    /// What was counted, with the `limit` largest flows.
    pub fn of(tally: &Tally<'_>, limit: usize) -> Self {
        let names = Names(&tally.judge.before.topology);
        let named = |path: &PolicyPath| Named { name: names.of(path).to_owned(), path: path.clone() };
        let session = |session: Option<u32>| session.and_then(|it| tally.session_path(it)).map(named);
        let largest = |which: &dyn Fn(&Outcome) -> bool| {
            let mut rows: Vec<_> = tally.rows.iter().filter(|((_, outcome), _)| which(outcome)).collect();
            let count = rows.len();
            rows.sort_by_key(|(key, row)| (std::cmp::Reverse(row.amount), **key));
            let lines = rows.into_iter().take(limit).map(|((flow, outcome), row)| FlowLine {
                flow: *flow,
                outcome: *outcome,
                amount: row.amount,
                session: session(row.session),
            });
            (count, lines.collect::<Vec<_>>())
        };
        let mut all = Amount::default();
        let mut verdicts: BTreeMap<Verdict, Amount> = BTreeMap::new();
        let outcomes = tally.outcomes();
        for (outcome, amount) in &outcomes {
            all += *amount;
            *verdicts.entry(outcome.before).or_default() += *amount;
        }
        let (rows, flows) = largest(&|_| true);
        let changed = outcomes.iter().filter_map(|(outcome, amount)| {
            let after = outcome.after.filter(|after| *after != outcome.before)?;
            let (rows, flows) = largest(&|it| it == outcome);
            Some(Change { before: outcome.before, after, amount: *amount, rows, flows })
        });
        let changes = tally.judge.after.map(|_| {
            let mut changes: Vec<_> = changed.collect();
            changes.sort_by_key(|change| (change.gravity(), std::cmp::Reverse(change.amount)));
            changes
        });
        let mut unlisted = Amount::default();
        tally.unlisted.values().for_each(|amount| unlisted += *amount);
        let mut sessions: Vec<_> = tally
            .sessions()
            .map(|(path, it)| SessionLine { session: path.map(named), delivered: it.delivered, dropped: it.dropped })
            .filter(|line| line.total().packets > 0)
            .collect();
        sessions.sort_by_key(|line| std::cmp::Reverse(line.total()));
        Self {
            all,
            skipped: tally.skipped.iter().map(|(skip, amount)| (*skip, *amount)).collect(),
            verdicts: verdicts.into_iter().collect(),
            sessions,
            flows,
            rows,
            unlisted,
            changes,
        }
    }

    /// Whether anything fares differently in the other engine.
    pub fn differs(&self) -> bool {
        self.changes.as_ref().is_some_and(|changes| !changes.is_empty())
    }
}

impl SessionLine {
    fn total(&self) -> Amount {
        let mut total = self.delivered;
        total += self.dropped;
        total
    }
}

impl Change {
    /// What no longer arrives comes first, and what is dropped for another reason last.
    fn gravity(&self) -> u8 {
        match (self.before.1, self.after.1) {
            (None, Some(_)) => 0,
            (Some(_), None) => 1,
            (None, None) => 2,
            (Some(_), Some(_)) => 3,
        }
    }
}

/// The report in a form.
pub fn text(report: &Report, format: Format) -> Result<String, Failure> {
    match format {
        Format::Table => Ok(table::text(report)),
        Format::Json => Ok(machine::json(report)),
        Format::Csv => machine::csv(report).map_err(|error| Failure::new(format!("cannot write CSV: {error}"))),
    }
}
