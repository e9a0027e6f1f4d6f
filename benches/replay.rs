//! How fast `replay` goes through a capture, against `tshark` reading the same file in the
//! same run. `cargo bench --bench replay`; the first argument after `--` is the number of
//! packets.

#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::cast_precision_loss)]

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use etherparse::PacketBuilder;
use serde_json::{Value, json};
use terraform_provider_vpn::engine::{Caller, Engine, Moment};
use terraform_provider_vpn::model::{PolicyPath, system};

/// Packets in the capture.
const PACKETS: usize = 1_000_000;
/// Five-tuples in it.
const FLOWS: usize = 20_000;
/// Route-based sessions, each with one route.
const SESSIONS: usize = 5;
/// How often each command is timed; the fastest counts.
const ROUNDS: usize = 3;

fn main() {
    let packets = std::env::args().skip(1).find_map(|word| word.parse().ok()).unwrap_or(PACKETS);
    let folder = tempfile::tempdir().unwrap();
    let (capture, engine) = (folder.path().join("mix.pcap"), folder.path().join("engine.db"));
    declare(&engine);
    write_capture(&capture, packets);
    let bytes = capture.metadata().unwrap().len();

    let mut ours = Command::new(env!("CARGO_BIN_EXE_terraform-provider-vpn"));
    ours.arg("replay").arg(&capture).arg("--data").arg(&engine);
    let ours = fastest(&mut ours).unwrap();
    let rate = packets as f64 / ours.as_secs_f64();
    println!("replay: {packets} packets, {bytes} bytes in {:.2} s: {rate:.0} packets/s", ours.as_secs_f64());

    for arguments in [&["-q", "-z", "io,phs"][..], &["-q", "-z", "conv,ip"]] {
        let mut theirs = Command::new("tshark");
        theirs.arg("-n").arg("-r").arg(&capture).args(arguments);
        let name = arguments.join(" ");
        match fastest(&mut theirs) {
            Some(theirs) => {
                let ratio = theirs.as_secs_f64() / ours.as_secs_f64();
                println!("tshark {name}: {:.2} s, ratio {ratio:.1}", theirs.as_secs_f64());
            }
            None => println!("tshark {name}: not here, so nothing to compare with"),
        }
    }
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

/// An engine with sessions whose peers announce 10.0.0.0/24, 10.1.0.0/24 and so on.
fn declare(file: &Path) {
    let engine = Engine::open(file, Moment::from_clock()).unwrap();
    let by = Caller { user: "bench".to_owned(), now: Moment::from_clock() };
    let put = |at: &str, body: Value| {
        engine.put(&PolicyPath::parse(at).unwrap(), body, &by).unwrap();
    };
    for third in 98..101 {
        let body = json!({ "subnets": [{ "gateway_address": format!("192.168.{third}.1/24") }] });
        put(&format!("{}/segments/s{third}", system::COMPUTE_GATEWAY), body);
    }
    for number in 0..SESSIONS {
        let peer = format!("198.51.100.{}", number + 1);
        put(
            &format!("{}/sessions/s{number}", system::VPN_SERVICE),
            json!({
                "resource_type": "RouteBasedIPSecVpnSession",
                "local_endpoint_path": format!("{}/local-endpoints/Public-IP1", system::VPN_SERVICE),
                "peer_address": peer,
                "peer_id": peer,
                "psk": "a key",
                "tunnel_interfaces": [{ "id": "default-tunnel-interface", "ip_subnets": [
                    { "ip_addresses": [format!("169.254.{number}.1")], "prefix_length": 30 },
                ]}],
            }),
        );
        put(
            &format!("{}/neighbors/n{number}", system::BGP),
            json!({ "neighbor_address": format!("169.254.{number}.2"), "remote_as_num": "65001" }),
        );
        let routes = json!([{ "network": format!("10.{number}.0.0/24") }]);
        let body = json!({ "address": peer, "psk": "a key", "bgp": { "routes": routes } });
        put(&format!("/infra/simulated-peers/p{number}"), body);
    }
}

/// The same numbers every time (xorshift, Marsaglia 2003).
struct Dice(u32);

impl Dice {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 17;
        self.0 ^= self.0 << 5;
        self.0 as usize % bound
    }

    fn byte(&mut self, bound: usize) -> u8 {
        u8::try_from(self.below(bound)).unwrap()
    }
}

/// Writes a mix: half is TCP to networks behind peers, the rest UDP, some of it in a
/// VLAN, ICMP, IPv6 and ARP; one packet in ten goes where no route leads.
fn write_capture(file: &Path, packets: usize) {
    let mut dice = Dice(2_463_534_242);
    let frames: Vec<Vec<u8>> = (0..FLOWS).map(|_| frame(&mut dice)).collect();
    let mut out = BufWriter::new(File::create(file).unwrap());
    let header = [0xa1b2_c3d4_u32, 4 << 16 | 2, 0, 0, 262_144, 1];
    out.write_all(&header.map(u32::to_le_bytes).concat()).unwrap();
    for number in 0..packets {
        let frame = &frames[dice.below(FLOWS)];
        let length = u32::try_from(frame.len()).unwrap();
        let record = [u32::try_from(number / 1_000).unwrap(), 0, length, length];
        out.write_all(&record.map(u32::to_le_bytes).concat()).unwrap();
        out.write_all(frame).unwrap();
    }
    out.flush().unwrap();
}

fn frame(dice: &mut Dice) -> Vec<u8> {
    let data = vec![0; [0, 40, 200, 512, 1_300, 1_400][dice.below(6)]];
    let source = [192, 168, 98 + dice.byte(3), 2 + dice.byte(240)];
    let destination =
        if dice.below(10) == 0 { [11, 0, 0, 1] } else { [10, dice.byte(SESSIONS), 0, 1 + dice.byte(250)] };
    let port = u16::try_from(49_152 + dice.below(16_384)).unwrap();
    let ethernet = PacketBuilder::ethernet2([2; 6], [4; 6]);
    let mut bytes = Vec::new();
    match dice.below(100) {
        0..50 => ethernet.ipv4(source, destination, 64).tcp(port, 443, 1, 8_192).write(&mut bytes, &data).unwrap(),
        50..80 => ethernet.ipv4(source, destination, 64).udp(port, 53).write(&mut bytes, &data).unwrap(),
        80..87 => {
            let vlan = ethernet.single_vlan(10.try_into().unwrap());
            vlan.ipv4(source, destination, 64).udp(port, 53).write(&mut bytes, &data).unwrap();
        }
        87..92 => {
            let ping = ethernet.ipv4(source, destination, 64).icmpv4_echo_request(port, 1);
            ping.write(&mut bytes, &data).unwrap();
        }
        92..98 => ethernet.ipv6([0x20; 16], [0x21; 16], 64).udp(port, 53).write(&mut bytes, &data).unwrap(),
        _ => bytes = [&[2; 6][..], &[4; 6], &[8, 6], &[0; 28]].concat(),
    }
    bytes
}
