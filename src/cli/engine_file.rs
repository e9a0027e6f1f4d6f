//! The engine file that a command looks at.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args;

use super::Failure;
use crate::engine::prefix_filter::PrefixMatch;
use crate::engine::store::{Store, StoreError};
use crate::engine::{Engine, Moment, Refusal};
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
    pub fn open_at(&self, path: &Path, option: &str, now: Moment) -> Result<Engine, Failure> {
        let engine = Engine::open_existing(path, now).map_err(|error| cannot_open(path, option, error))?;
        let mode = self.prefix_match.map_or_else(prefix_match_of_the_environment, Ok)?;
        Ok(engine.reading_bounds_as(mode).looking_on())
    }

    /// How the bounds of prefix lists are read of what is in no file: as the user says, or
    /// as an NSX does.
    pub fn prefix_match(&self) -> PrefixMatch {
        self.prefix_match.unwrap_or_default()
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
