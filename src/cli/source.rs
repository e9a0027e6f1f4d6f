//! What a command looks at: an engine file, or a live endpoint; and the moment it shows.

use std::path::Path;
use std::sync::Arc;

use clap::Args;

use super::Failure;
use super::endpoint::{Endpoint, EndpointOptions};
use super::engine_file::DataFile;
use crate::engine::forwarding::Packet;
use crate::engine::topology::Topology;
use crate::engine::{EngineView, Moment, TraceAnswer, TraceRequest, When};

/// Which engine, and its state of when.
#[derive(Args, Clone)]
#[command(next_help_heading = "Engine")]
pub struct Source {
    #[command(flatten)]
    data: DataFile,
    #[command(flatten)]
    when: Moments,
    #[command(flatten)]
    endpoint: EndpointOptions,
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

impl Source {
    /// The view of the engine; `default` is shown where the user does not say which moment
    /// is meant.
    pub fn view(&self, default: When) -> Result<EngineView, Failure> {
        let when = self.when(default);
        if let Some(endpoint) = self.endpoint()? {
            return Ok(endpoint.seen(self.data.prefix_match())?.runtime.seen(when));
        }
        let now = Moment::from_clock();
        Ok(self.data.open(now)?.view(now, when, &[])?)
    }

    /// The view of another engine, in the file at `path` that `option` names, of the same
    /// moment.
    pub fn view_of(&self, path: &Path, option: &str, default: When) -> Result<EngineView, Failure> {
        let now = Moment::from_clock();
        Ok(self.data.open_at(path, option, now)?.view(now, self.when(default), &[])?)
    }

    /// The way of a packet through the engine, as the data source `vpn_path_trace` tells it;
    /// and what is declared there.
    pub fn trace(
        &self,
        packet: Packet,
        answer_size: usize,
        default: When,
    ) -> Result<(TraceAnswer, Arc<Topology>), Failure> {
        let request = TraceRequest { packet, answers: false, when: self.when(default), answer_size };
        if let Some(endpoint) = self.endpoint()? {
            let runtime = endpoint.seen(self.data.prefix_match())?.runtime;
            let topology = runtime.view().topology;
            return Ok((runtime.traced(&request, &[]), topology));
        }
        let now = Moment::from_clock();
        let engine = self.data.open(now)?;
        let answer = engine.trace(&request, &[], now)?;
        Ok((answer, engine.view(now, When::Current, &[])?.topology))
    }

    /// The live endpoint, if one is named.
    pub fn endpoint(&self) -> Result<Option<Endpoint>, Failure> {
        self.endpoint.open()
    }

    /// Whether the user wants to see what everything comes to be.
    pub fn is_to_settle(&self) -> bool {
        self.when.settled
    }

    fn when(&self, default: When) -> When {
        match self.when {
            Moments { now: true, .. } => When::Current,
            Moments { settled: true, .. } => When::Settled,
            Moments { .. } => default,
        }
    }
}
