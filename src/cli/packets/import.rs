//! `packets import`, `packets snapshot` and `packets follow`: keeping packets as a trace in the
//! engine.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args;
use ipnet::IpNet;

use super::network;
use crate::cli::capture::{Of, Which};
use crate::cli::engine_file::DataFile;
use crate::cli::input::{self, named};
use crate::cli::output::{self, Answer, FAINT, Failure, STRONG, styled};
use crate::engine::traces::{Head, Import, ImportError, REGION, Source, State};
use crate::engine::{Caller, CaptureOf, Engine, Moment, When};

/// The user that is kept with traces.
const USER: &str = "admin";

/// What `import` is given.
#[derive(Args)]
pub struct Options {
    /// A capture (pcap or pcapng); `-` is the standard input
    capture: PathBuf,
    #[command(flatten)]
    trace: Trace,
}

/// What `snapshot` is given.
#[derive(Args)]
pub struct SnapshotOptions {
    #[command(flatten)]
    from: Origin,
    #[command(flatten)]
    trace: Trace,
}

/// What `follow` is given.
#[derive(Args)]
pub struct FollowOptions {
    #[command(flatten)]
    from: Origin,
    /// So long at most [default: until what is followed ends]
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u32).range(1..))]
    seconds: Option<u32>,
    #[command(flatten)]
    trace: Trace,
}

/// Where packets come from.
#[derive(Args)]
struct Origin {
    #[command(flatten)]
    of: Of,
    /// Of a live trace, only the packets that go this way: those that entered at the source are
    /// forward
    #[arg(long, value_enum, requires = "live_trace", value_name = "DIRECTION")]
    direction: Option<Which>,
}

/// What the trace is to be.
#[derive(Args)]
struct Trace {
    /// The name of the definition of the trace
    #[arg(long, value_name = "NAME")]
    definition: String,
    /// The region of NetMaster
    #[arg(long, value_name = "NAME", default_value = REGION)]
    region: String,
    /// The name of the TCP/IP stack
    #[arg(long, value_name = "NAME", default_value = "TCPIP")]
    stack: String,
    /// An address or a network that is local; may be given several times
    #[arg(long, value_name = "ADDRESS", value_parser = network)]
    local: Vec<IpNet>,
    /// The name of the interface, where the capture does not tell it
    #[arg(long, value_name = "NAME", default_value = "")]
    interface: String,
    /// So many packets are kept at most, the first ones; all are counted
    #[arg(short, long, default_value_t = 1_000_000, value_name = "NUMBER")]
    count: u64,
    #[command(flatten)]
    data: DataFile,
}

/// Keeps the packets, and says under which id.
pub fn run(options: &Options) -> Result<Answer, Failure> {
    let file = &options.capture;
    // Ctrl-C ends the program: what has been kept by then is whole.
    let (input, _) = input::open(file, &Arc::default())?;
    let mut capture = super::open(input).map_err(|failure| named(file, &failure))?;
    let now = Moment::from_clock();
    let engine = options.trace.data.open(now)?;
    let import = options.trace.wanted(source(file));
    match engine.import_packets(&import, &mut capture, &by(now)) {
        Ok(trace) => {
            output::print(&said(&trace))?;
            Ok(Answer::Yes)
        }
        Err(error @ ImportError::Name(_)) => Err(Failure::new(error.to_string())),
        Err(error) => Err(named(file, &Failure::new(error.to_string()))),
    }
}

/// Keeps what there is so far, and says under which id.
pub fn snapshot(options: &SnapshotOptions) -> Result<Answer, Failure> {
    let now = Moment::from_clock();
    let engine = options.trace.data.open(now)?;
    let (source, import) = options.from.wanted(&engine, &options.trace, now)?;
    kept(engine.keep_snapshot(&import, &source, &by(now)))
}

/// Begins a trace that goes on, and says under which id.
pub fn follow(options: &FollowOptions) -> Result<Answer, Failure> {
    let now = Moment::from_clock();
    let engine = options.trace.data.open(now)?;
    let (source, import) = options.from.wanted(&engine, &options.trace, now)?;
    // Each device numbers its copies, and a trace that goes on does not know how far it was.
    if let Source::Copies(CaptureOf::Collection(path)) = &source {
        return Err(Failure::new(format!("the copies of {path} cannot be followed"))
            .hint("packets snapshot keeps those that there are"));
    }
    let until = options.seconds.map(|seconds| Moment(now.0.saturating_add(i64::from(seconds) * 1_000)));
    kept(engine.follow_packets(&import, source, until, &by(now)))
}

fn by(now: Moment) -> Caller {
    Caller { user: USER.to_owned(), now }
}

fn kept(trace: Result<Head, ImportError>) -> Result<Answer, Failure> {
    let trace = trace.map_err(|error| Failure::new(error.to_string()))?;
    output::print(&said(&trace))?;
    Ok(Answer::Yes)
}

impl Origin {
    /// What the trace is made of, and what it is to be.
    fn wanted(&self, engine: &Engine, trace: &Trace, now: Moment) -> Result<(Source, Import), Failure> {
        let topology = engine.view(now, When::Current, &[])?.topology;
        let source = self.of.source(&topology, self.direction)?;
        let path = source.path();
        let said = match &source {
            Source::Copies(CaptureOf::Tap(_) | CaptureOf::Port(_) | CaptureOf::Collection(_)) => {
                format!("the copies of {path}")
            }
            Source::Copies(CaptureOf::Flow(_)) => format!("the flow {path}"),
            Source::LiveTrace(..) => format!("the live trace {path}"),
        };
        Ok((source, trace.wanted(said)))
    }
}

impl Trace {
    fn wanted(&self, source: String) -> Import {
        Import {
            region: self.region.clone(),
            definition: self.definition.clone(),
            stack: self.stack.clone(),
            locals: self.local.clone(),
            interface: self.interface.clone(),
            source,
            most: self.count,
        }
    }
}

/// What a trace is made of: the name of the file.
fn source(file: &Path) -> String {
    if file == Path::new("-") {
        return "standard input".to_owned();
    }
    file.file_name().map_or_else(|| file.display().to_string(), |name| name.to_string_lossy().into_owned())
}

fn said(trace: &Head) -> String {
    let cut = if trace.is_cut { ", and there are more: say --count," } else { "" };
    let going_on = if trace.state == State::Running { ", and those to come," } else { "" };
    let address = format!("/api/v1/tcpip/{}/smart/trace/{}", trace.region, trace.id);
    format!("{} packets{cut}{going_on} as {}  {}\n", trace.kept, styled(STRONG, &trace.id), styled(FAINT, address))
}
