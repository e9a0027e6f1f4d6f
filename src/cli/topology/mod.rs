//! `topology`: a picture of segments, gateways, tunnels and peers, with their state.
//!
//! | module | what it holds |
//! |---|---|
//! | `diagram` | boxes and lines, without a place or a language |
//! | `survey` | the diagram of an engine's view |
//! | `svg` | the diagram as a picture of its own |
//! | `mermaid`, `dot` | the diagram in the languages of Mermaid and Graphviz |
//!
//! The same view gives the same text, byte for byte.

mod diagram;
mod dot;
mod mermaid;
mod survey;
mod svg;
#[cfg(test)]
mod tests;

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::output::{self, Answer, Failure};
use super::source::Source;
use crate::engine::{EngineView, When};

/// What the `topology` command is given.
#[derive(Args)]
pub struct Options {
    #[command(flatten)]
    engine: Source,
    /// The language of the picture
    #[arg(long, value_enum, default_value_t = Format::Svg, help_heading = "Output")]
    format: Format,
    /// Where the picture goes [default: standard output]
    #[arg(long, short, value_name = "FILE", help_heading = "Output")]
    output: Option<PathBuf>,
}

/// The languages of pictures.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// A picture that browsers and READMEs show
    Svg,
    /// A flowchart for Mermaid, which Markdown can hold
    Mermaid,
    /// A graph for Graphviz
    Dot,
}

/// Draws the engine.
pub fn run(options: &Options) -> Result<Answer, Failure> {
    let view = options.engine.view(When::Current)?;
    let picture = draw(&view, options.format);
    match &options.output {
        None => output::print(&picture)?,
        Some(file) => std::fs::write(file, picture)
            .map_err(|error| Failure::new(format!("cannot write {}: {error}", file.display())))?,
    }
    Ok(Answer::Yes)
}

/// The picture of `view`.
pub fn draw(view: &EngineView, format: Format) -> String {
    let diagram = survey::diagram(view);
    match format {
        Format::Svg => svg::text(&diagram),
        Format::Mermaid => mermaid::text(&diagram),
        Format::Dot => dot::text(&diagram),
    }
}
