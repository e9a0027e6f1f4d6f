//! TELNET (RFC 854), and of TN3270 (RFC 2355) what is negotiated. Of data only the number of
//! bytes is told: what is typed may be a password.

use super::{Bytes, Flaw, Layer, Line};

/// "Interpret as command": what a command begins with.
const IAC: u8 = 255;
/// Begin and end of a subnegotiation.
const SB: u8 = 250;
const SE: u8 = 240;

/// Adds commands, and how much data there is.
pub fn line(line: &mut Line, data: &[u8], _: Layer) -> Result<(), Flaw> {
    line.word("TELNET");
    let mut bytes = Bytes::new(data);
    let mut count = 0_usize;
    let done = commands(line, &mut bytes, &mut count);
    if count > 0 {
        line.number("Data", count);
    }
    done
}

fn commands(line: &mut Line, bytes: &mut Bytes<'_>, data: &mut usize) -> Result<(), Flaw> {
    while !bytes.is_empty() {
        if bytes.u8()? != IAC {
            *data += 1;
            continue;
        }
        let command = bytes.u8()?;
        match command {
            // Twice the same is one byte of data.
            IAC => *data += 1,
            SB => {
                let about = option(bytes.u8()?);
                line.args(format_args!("SB({about})"));
                loop {
                    if bytes.u8()? == IAC && bytes.u8()? == SE {
                        break;
                    }
                }
            }
            251..=254 => {
                let verb = ["Will", "Wont", "Do", "Dont"][usize::from(command - 251)];
                line.args(format_args!("{verb}({})", option(bytes.u8()?)));
            }
            other => match name(other) {
                Some(name) => line.word(name),
                None => line.number("Command", other),
            },
        }
    }
    Ok(())
}

const fn name(command: u8) -> Option<&'static str> {
    Some(match command {
        239 => "EndOfRecord",
        240 => "SE",
        241 => "NOP",
        242 => "DataMark",
        243 => "Break",
        244 => "Interrupt",
        245 => "AbortOutput",
        246 => "AreYouThere",
        247 => "EraseCharacter",
        248 => "EraseLine",
        249 => "GoAhead",
        _ => return None,
    })
}

/// The name of an option (IANA "TELNET Options").
fn option(number: u8) -> String {
    let name = match number {
        0 => "Binary",
        1 => "Echo",
        3 => "SuppressGoAhead",
        5 => "Status",
        6 => "TimingMark",
        24 => "TerminalType",
        25 => "EndOfRecord",
        31 => "WindowSize",
        32 => "TerminalSpeed",
        33 => "FlowControl",
        34 => "Linemode",
        36 => "Environment",
        39 => "NewEnvironment",
        40 => "TN3270E",
        46 => "StartTLS",
        number => return number.to_string(),
    };
    name.to_owned()
}
