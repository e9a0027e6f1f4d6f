//! `capture`: the copies that taps and the mirrors of flow traces have made, the packets of simulated
//! flows, and those that live traces have captured, as a capture file.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};

use super::engine_file::DataFile;
use super::names::{self, Names, sort};
use super::output::{self, Answer, FAINT, Failure, STRONG, styled};
use crate::engine::live_trace::Direction;
use crate::engine::taps::frames;
use crate::engine::topology::Topology;
use crate::engine::traces::Source;
use crate::engine::{Capture, CaptureOf, CaptureRequest, Engine, Moment, When};
use crate::model::PolicyPath;
use crate::model::timestamp::Timestamp;

/// What the `capture` command is given.
#[derive(Args)]
pub struct Options {
    #[command(flatten)]
    of: Of,
    /// The capture file to write, which is overwritten; - is standard output
    #[arg(short, long, value_name = "FILE")]
    output: PathBuf,
    /// Of a live trace, which way the packets go: those that entered at the source are forward
    #[arg(long, value_enum, requires = "live_trace", value_name = "DIRECTION")]
    direction: Option<Which>,
    /// Copies of packets sent at this time or later, such as 2026-01-31T12:00:00Z [default: as
    /// early as can be seen]
    #[arg(long, value_name = "TIME", conflicts_with = "live_trace")]
    from: Option<Timestamp>,
    /// Copies of packets sent before this time [default: now]
    #[arg(long, value_name = "TIME", conflicts_with = "live_trace")]
    to: Option<Timestamp>,
    /// So many copies at most, the first ones
    #[arg(short, long, default_value_t = 1_000_000, value_name = "NUMBER", conflicts_with = "live_trace")]
    count: usize,
    #[command(flatten)]
    data: DataFile,
}

/// Whose copies.
#[derive(Args)]
#[group(required = true, multiple = false)]
pub struct Of {
    /// Copies that a tap service has delivered: its id or its name
    #[arg(long, value_name = "SERVICE")]
    tap_service: Option<String>,
    /// Copies that a tap flow has made: its id or its name
    #[arg(long, value_name = "FLOW")]
    tap_flow: Option<String>,
    /// Copies that a tap mirror has sent, as they are wrapped: its id or its name
    #[arg(long, value_name = "MIRROR")]
    tap_mirror: Option<String>,
    /// Copies that were delivered to a segment port, by all services: its id, its path or its
    /// UUID
    #[arg(long, value_name = "PORT")]
    port: Option<String>,
    /// The packets of a simulated flow at its source, those that it sends and the answers that
    /// arrive: its id or its path
    #[arg(long, value_name = "FLOW")]
    flow: Option<String>,
    /// Copies that devices of the fabric have sent to the analyzer of a flow trace or a tunnel
    /// trace, as they are wrapped: its id or its path
    #[arg(long, value_name = "TRACE")]
    flow_trace: Option<String>,
    /// Packets that a live trace has captured: its id or its path
    #[arg(long, value_name = "TRACE")]
    live_trace: Option<String>,
}

/// Which packets of a live trace.
#[derive(Clone, Copy, ValueEnum)]
pub enum Which {
    /// Those that entered at the source
    Forward,
    /// Those that entered at the destination
    Backward,
}

impl Which {
    /// As the engine has it.
    pub const fn direction(self) -> Direction {
        match self {
            Self::Forward => Direction::Forward,
            Self::Backward => Direction::Backward,
        }
    }
}

/// Writes the file, and says what is in it.
pub fn run(options: &Options) -> Result<Answer, Failure> {
    let now = Moment::from_clock();
    let engine = options.data.open(now)?;
    let topology = engine.view(now, When::Current, &[])?.topology;
    if let Some(said) = &options.of.live_trace {
        return of_live_trace(&engine, &topology, said, options, now);
    }
    let of = options.of.found(&topology)?;
    let moment = |time: Option<Timestamp>| time.map(|time| Moment(time.0));
    let (from, to) = (moment(options.from), moment(options.to));
    let request = CaptureRequest {
        of: of.clone(),
        from,
        skip: 0,
        to,
        most: options.count,
        // The file is written packet by packet.
        most_bytes: u64::MAX,
    };
    let capture = engine.capture(&request, now)?;
    if let Some(from) = from.filter(|from| *from < capture.since) {
        let what = format!("what happened before {} cannot be seen any more", Timestamp(capture.since.0));
        let hint = format!("{} is before that; leave --from out to begin there", Timestamp(from.0));
        return Err(Failure::new(what).hint(hint));
    }
    let written = write(&options.output, &capture)?;
    if options.output.as_os_str() == "-" {
        return Ok(Answer::Yes);
    }
    output::print(&said(&of, &capture, written, &options.output))?;
    Ok(Answer::Yes)
}

/// Writes what a live trace has captured.
fn of_live_trace(
    engine: &Engine,
    topology: &Topology,
    said: &str,
    options: &Options,
    now: Moment,
) -> Result<Answer, Failure> {
    let path = live_trace(topology, said)?;
    let direction = options.direction.map_or(Direction::Forward, Which::direction);
    let Some(file) = engine.live_trace_capture(path, direction, now)? else {
        let what = format!("the live trace {} has captured no packets that go {}", path.id(), direction.word());
        return Err(Failure::new(what).hint("only the action pktcap_config captures packets"));
    };
    let failed = |error: io::Error| Failure::new(format!("cannot write {}: {error}", options.output.display()));
    if options.output.as_os_str() == "-" {
        io::stdout().lock().write_all(&file).map_err(failed)?;
        return Ok(Answer::Yes);
    }
    File::create(&options.output).and_then(|mut out| out.write_all(&file)).map_err(failed)?;
    let name = styled(STRONG, path.id());
    let written = format!("The packets of {name} that go {} are in {}", direction.word(), options.output.display());
    output::print(&format!("{written}  {}\n", styled(FAINT, path)))?;
    Ok(Answer::Yes)
}

fn said(of: &CaptureOf, capture: &Capture, written: u64, file: &Path) -> String {
    let path = of.path();
    let name = styled(STRONG, Names(&capture.topology).of(path));
    let frames = if written == 1 { "frame" } else { "frames" };
    let more = if capture.rest.is_some() { ", and there are more: say --count" } else { "" };
    let since = Timestamp(capture.since.0);
    let (file, sort, path) = (file.display(), sort(path), styled(FAINT, path));
    format!("{written} {frames} of {sort} {name} since {since} in {file}{more}  {path}\n")
}

fn write(file: &Path, capture: &Capture) -> Result<u64, Failure> {
    let failed = |error: io::Error| Failure::new(format!("cannot write {}: {error}", file.display()));
    let out: Box<dyn Write> = if file.as_os_str() == "-" {
        Box::new(io::stdout().lock())
    } else {
        Box::new(File::create(file).map_err(failed)?)
    };
    frames::write_capture(&capture.topology, &capture.copies, BufWriter::new(out)).map_err(failed)
}

impl Of {
    /// What a trace of it is made of: what a live trace captures of one direction, or of both.
    pub fn source(&self, topology: &Topology, direction: Option<Which>) -> Result<Source, Failure> {
        let Some(said) = &self.live_trace else { return self.found(topology).map(Source::Copies) };
        let path = live_trace(topology, said)?;
        let captures = topology.live_traces.get(path).is_some_and(|trace| trace.watched.capture.is_some());
        if !captures {
            return Err(Failure::new(format!("the live trace {} captures no packets", path.id()))
                .hint("only the action pktcap_config captures packets"));
        }
        Ok(Source::LiveTrace(path.clone(), direction.map(Which::direction)))
    }

    /// Whose, of what is declared; a live trace is asked apart.
    fn found(&self, topology: &Topology) -> Result<CaptureOf, Failure> {
        let named = [
            self.tap_service.as_deref().map(|said| tap(topology, &topology.tap_services, "tap service", said)),
            self.tap_flow.as_deref().map(|said| tap(topology, &topology.tap_flows, "tap flow", said)),
            self.tap_mirror.as_deref().map(|said| tap(topology, &topology.tap_mirrors, "tap mirror", said)),
            self.port.as_deref().map(|said| port(topology, said)),
            self.flow.as_deref().map(|said| flow(topology, said)),
            self.flow_trace.as_deref().map(|said| flow_trace(topology, said)),
        ];
        let none = || Err(Failure::new("nothing says whose packets are wanted"));
        named.into_iter().flatten().next().unwrap_or_else(none)
    }
}

fn live_trace<'a>(topology: &'a Topology, said: &str) -> Result<&'a PolicyPath, Failure> {
    names::find(&topology.live_traces, "live trace", said).map(|(path, _)| path)
}

fn flow(topology: &Topology, said: &str) -> Result<CaptureOf, Failure> {
    names::find(&topology.flows, "simulated flow", said).map(|(path, _)| CaptureOf::Flow(path.clone()))
}

/// A tap, by its id, its address or its name.
fn tap<T>(topology: &Topology, taps: &BTreeMap<PolicyPath, T>, sort: &str, said: &str) -> Result<CaptureOf, Failure> {
    let mut called = taps.keys().filter(|path| topology.name_of_tap(path) == Some(said));
    match (called.next(), called.next()) {
        (Some(path), None) => Ok(CaptureOf::Tap(path.clone())),
        (Some(_), Some(_)) => {
            Err(Failure::new(format!("more than one {sort} is called {said}")).hint("say the id of the one meant"))
        }
        (None, _) => names::find(taps, sort, said).map(|(path, _)| CaptureOf::Tap(path.clone())),
    }
}

fn flow_trace(topology: &Topology, said: &str) -> Result<CaptureOf, Failure> {
    let (path, collection) = names::find(&topology.collections, "flow trace or tunnel trace", said)?;
    if collection.analyzer.is_none() {
        return Err(Failure::new(format!("{} is not mirrored", names::Names(topology).full(path)))
            .hint("set its mirror_type, mirror_dir and mirror_analyzer"));
    }
    Ok(CaptureOf::Collection(path.clone()))
}

fn port(topology: &Topology, said: &str) -> Result<CaptureOf, Failure> {
    let by_uuid = topology.ports.values().find(|port| port.id.as_deref() == Some(said));
    let path = match by_uuid {
        Some(port) => &port.path,
        None => names::find(&topology.ports, "segment port", said)?.0,
    };
    Ok(CaptureOf::Port(path.clone()))
}
