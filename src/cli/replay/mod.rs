//! stub
use super::output::{Answer, Failure};
/// stub
#[derive(clap::Args)]
pub struct Options {}
/// stub
pub fn run(_options: &Options) -> Result<Answer, Failure> {
    Ok(Answer::Yes)
}
