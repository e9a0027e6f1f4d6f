//! `reset-statistics`: the counters of a session, from zero again, as the API's
//! `…/sessions/ID/statistics?action=reset` does it.

use clap::Args;

use super::engine_file::DataFile;
use super::names::{self, Names};
use super::output::{self, Answer, FAINT, Failure, STRONG, styled};
use crate::engine::{Moment, When};

/// What the `reset-statistics` command is given.
#[derive(Args)]
pub struct Options {
    /// The session: its id, or its policy path
    session: String,
    #[command(flatten)]
    data: DataFile,
}

/// Resets the statistics, and says of which session.
pub fn run(options: &Options) -> Result<Answer, Failure> {
    let now = Moment::from_clock();
    let engine = options.data.open(now)?;
    let topology = engine.view(now, When::Current, &[])?.topology;
    let (path, _) = names::find(&topology.sessions, "session", &options.session)?;
    engine.reset_statistics(path, now)?;
    let (name, path) = (styled(STRONG, Names(&topology).of(path)), styled(FAINT, path));
    output::print(&format!("The statistics of session {name} count from zero again  {path}\n"))?;
    Ok(Answer::Yes)
}
