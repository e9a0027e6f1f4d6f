//! What commands print: text with colours that only a terminal gets to see.

use std::fmt::Display;
use std::io::{self, Write};
use std::process::ExitCode;

use anstyle::{AnsiColor, Style};

/// What has succeeded, and what arrives.
pub const GOOD: Style = AnsiColor::Green.on_default().bold();
/// What has failed, and what is dropped.
pub const BAD: Style = AnsiColor::Red.on_default().bold();
/// What has not been decided yet.
pub const PENDING: Style = AnsiColor::Yellow.on_default();
/// Headings and names.
pub const STRONG: Style = Style::new().bold();
/// What is there to be looked up, such as paths.
pub const FAINT: Style = Style::new().dimmed();

/// `text` in `style`.
pub fn styled(style: Style, text: impl Display) -> String {
    format!("{style}{text}{style:#}")
}

/// Prints `text` on stdout, without its colours where that is no terminal or
/// `NO_COLOR` is set. That the reader has gone away is no failure.
pub fn print(text: &str) -> Result<(), Failure> {
    let mut out = anstream::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(Failure::new(format!("cannot write the output: {error}")))
        }
        _ => Ok(()),
    }
}

/// Says something on the standard error that belongs to no output.
pub fn note(text: &str) {
    let mut out = anstream::stderr().lock();
    // Nobody can be told that nobody can be told.
    let _ = writeln!(out, "{} {text}", styled(STRONG, "note:"));
}

/// Warns on stderr.
pub fn warn(text: &str) {
    let _ = writeln!(anstream::stderr().lock(), "{} {text}", styled(PENDING, "warning:"));
}

/// The exit codes of the commands that answer a question, as those of diff(1): 0 and 1
/// are answers, and 2 is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// It arrives; nothing differs.
    Yes,
    /// It does not; something does.
    No,
    /// The user interrupted the command.
    Interrupted,
}

/// The exit code when there is no answer.
const TROUBLE: u8 = 2;
/// The exit code after an interrupt: 128 and the number of SIGINT, as shells have it.
const INTERRUPTED: u8 = 130;

/// Why a command has no answer.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{message}")]
pub struct Failure {
    message: String,
    hint: Option<String>,
}

impl Failure {
    /// A failure in words.
    pub fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), hint: None }
    }

    /// The same failure with what to do about it.
    #[must_use]
    pub fn hint(self, hint: impl Into<String>) -> Self {
        Self { hint: Some(hint.into()), ..self }
    }
}

/// Ends a command: prints its failure on stderr, and tells the shell.
pub fn finish(result: Result<Answer, Failure>) -> ExitCode {
    match result {
        Ok(Answer::Yes) => ExitCode::SUCCESS,
        Ok(Answer::No) => ExitCode::FAILURE,
        Ok(Answer::Interrupted) => INTERRUPTED.into(),
        Err(Failure { message, hint }) => {
            let mut out = anstream::stderr().lock();
            let _ = writeln!(out, "{} {message}", styled(BAD, "error:"));
            if let Some(hint) = hint {
                let _ = writeln!(out, "\n  {} {hint}", styled(GOOD, "tip:"));
            }
            TROUBLE.into()
        }
    }
}
