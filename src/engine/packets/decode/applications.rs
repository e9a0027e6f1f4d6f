//! Who speaks over TCP and UDP: one row for each protocol, which tells how it is known.
//!
//! Another protocol is another module, with a function `line`, and another row.

use super::{Flaw, Layer, Line};
use super::{bgp, dns, drda, enterprise_extender, esp, ftp, http, ike, smc, telnet, vxlan};

/// What carries it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transport {
    /// A stream: what a segment begins may end in another one.
    Tcp,
    /// Datagrams, each for itself.
    Udp,
}

/// A protocol, and how it is known.
struct Application {
    transport: Transport,
    /// The ports it has on one of the two ends; none: any.
    ports: &'static [u16],
    /// Whether the data may be its own.
    is: fn(&[u8]) -> bool,
    /// Adds the data to a line.
    line: fn(&mut Line, &[u8], Layer) -> Result<(), Flaw>,
}

const fn tcp(
    ports: &'static [u16],
    is: fn(&[u8]) -> bool,
    line: fn(&mut Line, &[u8], Layer) -> Result<(), Flaw>,
) -> Application {
    Application { transport: Transport::Tcp, ports, is, line }
}

const fn udp(ports: &'static [u16], line: fn(&mut Line, &[u8], Layer) -> Result<(), Flaw>) -> Application {
    Application { transport: Transport::Udp, ports, is: any, line }
}

/// The ports are those of IANA's registry, where nothing else is said.
const APPLICATIONS: [Application; 13] = [
    tcp(&[179], bgp::is, bgp::line),
    tcp(&[21], ftp::is, ftp::line),
    tcp(&[23], any, telnet::line),
    tcp(&[53], any, dns::over_tcp),
    tcp(&[], smc::is, smc::line),
    tcp(&[], drda::is, drda::line),
    tcp(&[], http::is, http::line),
    udp(&[53, 5353], dns::line),
    udp(&[500], ike::line),
    udp(&[4500], esp::over_udp),
    // 8472 is Linux' own, from before the registration.
    udp(&[4789, 8472], vxlan::line),
    udp(&enterprise_extender::PORTS, enterprise_extender::line),
    // Known, and not decoded: nothing is said of what DHCP carries.
    udp(&[67, 68], |line, _, _| {
        line.word("DHCP");
        Ok(())
    }),
];

fn any(_: &[u8]) -> bool {
    true
}

/// Adds data between two ports to the line; nothing when nobody knows it.
pub fn line(
    line: &mut Line,
    transport: Transport,
    (from, to): (u16, u16),
    data: &[u8],
    layer: Layer,
) -> Result<(), Flaw> {
    let found = APPLICATIONS.iter().find(|it| {
        let at_port = || it.ports.contains(&from) || it.ports.contains(&to);
        it.transport == transport && (it.ports.is_empty() || at_port()) && (it.is)(data)
    });
    let Some(application) = found else { return Ok(()) };
    match ((application.line)(line, data, layer), transport) {
        // The rest comes in another segment.
        (Err(Flaw::Short), Transport::Tcp) => {
            line.word("...");
            Ok(())
        }
        (done, _) => done,
    }
}
