//! How fast `packets` sums up a capture on one core, against `tshark` reading the same file in the
//! same run, and how much memory it has at most. `cargo bench --bench packets`; the first argument
//! after `--` is the number of packets.

#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::cast_precision_loss)]

use std::fs::File;
use std::io::{BufWriter, Read};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use etherparse::PacketBuilder;
use terraform_provider_vpn::engine::pcap::{Link, Writer};

/// Packets in the capture.
const PACKETS: usize = 1_000_000;
/// How often each command is timed; the fastest counts.
const ROUNDS: usize = 3;
/// What a summary says, as tshark calls it.
const FIELDS: [&str; 17] = [
    "frame.number",
    "frame.time_epoch",
    "ip.src",
    "ip.dst",
    "ip.len",
    "ip.proto",
    "tcp.srcport",
    "tcp.dstport",
    "tcp.flags",
    "tcp.window_size_value",
    "tcp.seq_raw",
    "tcp.ack_raw",
    "udp.srcport",
    "udp.dstport",
    "esp.spi",
    "esp.sequence",
    "_ws.col.Info",
];

fn main() {
    let packets = std::env::args().skip(1).find_map(|word| word.parse().ok()).unwrap_or(PACKETS);
    let folder = tempfile::tempdir().unwrap();
    let capture = folder.path().join("mix.pcap");
    write_capture(&capture, packets);
    let bytes = capture.metadata().unwrap().len();
    println!("{packets} packets, {bytes} bytes");

    let ours = ["json", "csv"].map(|format| {
        let mut command = on_one_core(env!("CARGO_BIN_EXE_terraform-provider-vpn"));
        command.arg("packets").arg(&capture).args(["--format", format]);
        let time = fastest(&mut command).unwrap();
        let rate = packets as f64 / time.as_secs_f64();
        println!("packets --format {format}: {:.2} s, {rate:.0} packets/s", time.as_secs_f64());
        time
    });
    let fields: Vec<&str> = FIELDS.iter().flat_map(|field| ["-e", field]).collect();
    for (name, arguments) in [("-T fields", [&["-T", "fields"][..], &fields].concat()), ("summary", vec![])] {
        let mut theirs = on_one_core("tshark");
        theirs.arg("-n").arg("-r").arg(&capture).args(arguments);
        match fastest(&mut theirs) {
            Some(theirs) => {
                let ratios = ours.map(|ours| theirs.as_secs_f64() / ours.as_secs_f64());
                let [json, csv] = ratios;
                println!("tshark {name}: {:.2} s, ratio {json:.1} (json), {csv:.1} (csv)", theirs.as_secs_f64());
            }
            None => println!("tshark {name}: not here, so nothing to compare with"),
        }
    }
    let once = memory(&capture);
    write_capture(&capture, packets * 10);
    let tenfold = memory(&capture);
    println!("memory at most: {once} kB, with ten times the packets {tenfold} kB");
}

/// A command on the first core alone, where `taskset` is.
fn on_one_core(program: &str) -> Command {
    if Command::new("taskset").arg("--version").stdout(Stdio::null()).status().is_ok() {
        let mut command = Command::new("taskset");
        command.args(["-c", "0", program]);
        return command;
    }
    Command::new(program)
}

/// The fastest of some runs; none when the command cannot be run.
fn fastest(command: &mut Command) -> Option<Duration> {
    let mut time = || {
        let start = Instant::now();
        let status = command.stdout(Stdio::null()).stderr(Stdio::null()).status().ok()?;
        status.success().then(|| start.elapsed())
    };
    (0..ROUNDS).map(|_| time()).min().flatten()
}

/// The most memory that a listing has had, in kB (`VmHWM`), read when nearly all was listed.
fn memory(capture: &Path) -> u64 {
    let mut child = Command::new(env!("CARGO_BIN_EXE_terraform-provider-vpn"))
        .arg("packets")
        .arg(capture)
        .args(["--format", "json"])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let status = format!("/proc/{}/status", child.id());
    let mut out = child.stdout.take().unwrap();
    let mut buffer = vec![0; 1 << 16];
    let mut most = 0;
    while out.read(&mut buffer).unwrap() > 0 {
        let read = std::fs::read_to_string(&status).unwrap_or_default();
        let line = read.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let now = line.and_then(|it| it.trim().trim_end_matches(" kB").parse().ok());
        most = most.max(now.unwrap_or_default());
    }
    child.wait().unwrap();
    most
}

/// TCP, UDP, DNS and ESP over 20,000 flows.
fn write_capture(file: &Path, packets: usize) {
    let mut writer = Writer::new(BufWriter::new(File::create(file).unwrap()), Link::Ethernet).unwrap();
    let payload = [b'x'; 1_400];
    let mut frame = Vec::new();
    for number in 0..packets {
        let flow = u16::try_from(number * 7_919 % 20_000).unwrap();
        let [a, b] = flow.to_be_bytes();
        let builder = PacketBuilder::ethernet2([2; 6], [4; 6]).ipv4([10, 0, a, b], [198, 51, 100, b], 64);
        let length = number * 31 % 1_300;
        let sequence = u32::try_from(number).unwrap();
        frame.clear();
        match number % 10 {
            0..6 => {
                let tcp = builder.tcp(30_000 + flow, 8_443, sequence, 4_095).ack(sequence / 2).psh();
                let stamp = [etherparse::TcpOptionElement::Timestamp(sequence, 7)];
                tcp.options(&stamp).unwrap().write(&mut frame, &payload[..length]).unwrap();
            }
            6..8 => builder.udp(30_000 + flow, 9_000).write(&mut frame, &payload[..length]).unwrap(),
            8 => {
                let query =
                    b"\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x03www\x07example\x03com\x00\x00\x01\x00\x01";
                builder.udp(30_000 + flow, 53).write(&mut frame, query).unwrap();
            }
            _ => builder.write(&mut frame, etherparse::IpNumber(50), &payload[..length.max(40)]).unwrap(),
        }
        let time = 1_700_000_000_000_000_000 + i64::try_from(number).unwrap() * 10_000;
        writer.write(time, u32::try_from(frame.len()).unwrap(), &frame).unwrap();
    }
    writer.finish().unwrap();
}
