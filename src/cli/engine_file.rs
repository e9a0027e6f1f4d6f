//! The engine file that a command looks at, and the moment it shows.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args;

use super::Failure;
use crate::engine::forwarding::Packet;
use crate::engine::prefix_filter::PrefixMatch;
use crate::engine::store::{Store, StoreError};
use crate::engine::topology::Topology;
use crate::engine::{Engine, EngineView, Moment, Refusal, TraceAnswer, TraceRequest, When};
use crate::provider::{DEFAULT_ENGINE_FILE, ENGINE_FILE_VARIABLE, PREFIX_MATCH_VARIABLE};

/// Which engine file.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Engine")]
pub struct DataFile {
    /// The engine file; unset, the one that the variable names, or the default one.
    #[arg(long, value_name = "FILE", help = format!("The engine file [default: ${ENGINE_FILE_VARIABLE}, or {DEFAULT_ENGINE_FILE}]"))]
    data: Option<PathBuf>,
    /// How ge and le of prefix lists are read [default: `$VPN_EMBEDDED_PREFIX_MATCH`, or
    /// `mask_length`]
    #[arg(long, value_name = "MODE", value_parser = prefix_match)]
    prefix_match: Option<PrefixMatch>,
}

/// Which engine file, and its state of when.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Engine")]
pub struct EngineFile {
    #[command(flatten)]
    data: DataFile,
    #[command(flatten)]
    when: Moments,
}

fn prefix_match_of_the_environment() -> Result<PrefixMatch, Failure> {
    match std::env::var(PREFIX_MATCH_VARIABLE) {
        Ok(word) if !word.is_empty() => {
            prefix_match(&word).map_err(|hint| Failure::new(format!("{PREFIX_MATCH_VARIABLE} is {word:?}")).hint(hint))
        }
        _ => Ok(PrefixMatch::default()),
    }
}

fn prefix_match(word: &str) -> Result<PrefixMatch, String> {
    PrefixMatch::parse(word).ok_or_else(|| format!("it is {}", PrefixMatch::WORDS.list()))
}

/// The state of when.
#[derive(Args, Clone, Copy, Debug)]
#[group(multiple = false)]
#[allow(clippy::struct_field_names)]
struct Moments {
    /// Sessions and neighbors as they are at this moment
    #[arg(long)]
    now: bool,
    /// Sessions and neighbors as they come to be when everything is left alone, and traffic
    /// has opened the sessions that wait for it
    #[arg(long)]
    settled: bool,
}

impl EngineFile {
    /// The view of the engine in the file; `default` is shown where the user does not
    /// say which moment is meant.
    pub fn view(&self, default: When) -> Result<EngineView, Failure> {
        let now = Moment::from_clock();
        Ok(self.data.open(now)?.view(now, self.when(default), &[])?)
    }

    /// The view of another engine, in the file at `path` that `option` names, of the same
    /// moment.
    pub fn view_of(&self, path: &Path, option: &str, default: When) -> Result<EngineView, Failure> {
        let now = Moment::from_clock();
        Ok(self.data.open_at(path, option, now)?.view(now, self.when(default), &[])?)
    }

    /// The way of a packet through the engine in the file, as the data source
    /// `vpn_path_trace` tells it; and what is declared there.
    pub fn trace(
        &self,
        packet: Packet,
        answer_size: usize,
        default: When,
    ) -> Result<(TraceAnswer, Arc<Topology>), Failure> {
        let now = Moment::from_clock();
        let engine = self.data.open(now)?;
        let request = TraceRequest { packet, answers: false, when: self.when(default), answer_size };
        let answer = engine.trace(&request, &[], now)?;
        Ok((answer, engine.view(now, When::Current, &[])?.topology))
    }

    fn when(&self, default: When) -> When {
        match self.when {
            Moments { now: true, .. } => When::Current,
            Moments { settled: true, .. } => When::Settled,
            Moments { .. } => default,
        }
    }
}

impl DataFile {
    /// The engine in the file.
    pub fn open(&self, now: Moment) -> Result<Engine, Failure> {
        self.open_at(&self.path(), "--data", now)
    }

    /// The engine in the file, to be run: the file is created when there is none.
    pub fn serve(&self, now: Moment) -> Result<Engine, Failure> {
        self.run_as_said(Engine::open(&self.path(), now))
    }

    /// The engine in `store` instead, to be run.
    pub fn serve_over(&self, store: Arc<dyn Store>, now: Moment) -> Result<Engine, Failure> {
        self.run_as_said(Engine::over(store, now))
    }

    fn run_as_said(&self, engine: Result<Engine, StoreError>) -> Result<Engine, Failure> {
        let engine = engine.map_err(|error| Failure::new(error.to_string()))?;
        let mode = self.prefix_match.map_or_else(prefix_match_of_the_environment, Ok)?;
        Ok(engine.reading_bounds_as(mode))
    }

    /// The engine in the file at `path`, which has to be there; `option` would name
    /// another.
    fn open_at(&self, path: &Path, option: &str, now: Moment) -> Result<Engine, Failure> {
        let engine = Engine::open_existing(path, now).map_err(|error| cannot_open(path, option, error))?;
        let mode = self.prefix_match.map_or_else(prefix_match_of_the_environment, Ok)?;
        Ok(engine.reading_bounds_as(mode).looking_on())
    }

    /// The file: what the user says, the variable, or the default.
    fn path(&self) -> PathBuf {
        let variable = || std::env::var_os(ENGINE_FILE_VARIABLE).filter(|path| !path.is_empty()).map(PathBuf::from);
        self.data.clone().or_else(variable).unwrap_or_else(|| DEFAULT_ENGINE_FILE.into())
    }
}

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Self {
        Self::new(refusal.to_string())
    }
}

fn cannot_open(path: &Path, option: &str, error: StoreError) -> Failure {
    match error {
        StoreError::Missing { .. } => Failure::new(format!("there is no engine file at {}", path.display()))
            .hint(format!("`terraform apply` creates it; name another one with {option}")),
        error => Failure::new(error.to_string()),
    }
}
