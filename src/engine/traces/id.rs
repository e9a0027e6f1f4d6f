//! The name of a trace: `WWFCPCOPY-341-5-TCPIP11-0-0`.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// The most characters of a name of a definition or a stack.
const LONGEST: usize = 32;

/// What tells a trace from others of its region.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TraceId {
    /// What is traced, by its name.
    pub definition_name: String,
    /// The how many-th trace of this definition, the first being 1.
    pub generation: u32,
    /// The how many-th of those that began together.
    pub sequence: u32,
    /// The TCP/IP stack.
    pub stack_name: String,
    /// The trace that made this one for a connection; 0: none.
    pub tcp_creator_sequence: u32,
    /// The how many-th snapshot of a trace; 0: it is none.
    pub snapshot_sequence: u32,
}

/// A text that is no id of a trace, or no name in one.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoTraceId {
    /// It has not six parts.
    #[error("{0:?} is no id of a trace: definition-generation-sequence-stack-creator-snapshot")]
    Parts(String),
    /// A part that should be a number is none.
    #[error("{0:?} is no number in the id of a trace")]
    Number(String),
    /// A name that cannot be one.
    #[error("{0:?} is no name: 1 to 32 letters, digits, or any of _ . @ # $")]
    Name(String),
}

/// `text`, if it can be the name of a definition, a stack or a region.
pub fn name(text: &str) -> Result<String, NoTraceId> {
    let is_of = |it: char| it.is_ascii_alphanumeric() || matches!(it, '_' | '.' | '@' | '#' | '$');
    if (1..=LONGEST).contains(&text.len()) && text.chars().all(is_of) {
        Ok(text.to_owned())
    } else {
        Err(NoTraceId::Name(text.to_owned()))
    }
}

impl FromStr for TraceId {
    type Err = NoTraceId;

    fn from_str(text: &str) -> Result<Self, NoTraceId> {
        let parts: Vec<&str> = text.split('-').collect();
        let [definition, generation, sequence, stack, creator, snapshot] = parts[..] else {
            return Err(NoTraceId::Parts(text.to_owned()));
        };
        // One spelling for one trace.
        let number = |text: &str| {
            let parsed = text.parse::<u32>().ok().filter(|number| number.to_string() == text);
            parsed.ok_or_else(|| NoTraceId::Number(text.to_owned()))
        };
        Ok(Self {
            definition_name: name(definition)?,
            generation: number(generation)?,
            sequence: number(sequence)?,
            stack_name: name(stack)?,
            tcp_creator_sequence: number(creator)?,
            snapshot_sequence: number(snapshot)?,
        })
    }
}

impl fmt::Display for TraceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { definition_name, generation, sequence, stack_name, tcp_creator_sequence, snapshot_sequence } = self;
        write!(f, "{definition_name}-{generation}-{sequence}-{stack_name}-{tcp_creator_sequence}-{snapshot_sequence}")
    }
}
