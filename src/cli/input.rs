//! Where packets come from: a file, or the standard input.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::time::Duration;

use super::output::Failure;
use crate::engine::pcap::Window;

/// How much is read from the standard input at once, in bytes.
const CHUNK: usize = 1 << 16;
/// How many such chunks wait to be used.
const AHEAD: usize = 8;
/// How long an interrupt may wait for input that does not come.
const PATIENCE: Duration = Duration::from_millis(100);

/// Opens the file, or the standard input if it is `-`, and tells how many bytes it has, if
/// that is known.
pub fn open(path: &Path, is_interrupted: &Arc<AtomicBool>) -> Result<(Box<dyn Read>, Option<u64>), Failure> {
    if path == Path::new("-") {
        return Ok((Box::new(Fed::by(io::stdin(), Arc::clone(is_interrupted))), None));
    }
    let failed = |error: io::Error| Failure::new(format!("cannot read {}: {error}", path.display()));
    let file = File::open(path).map_err(failed)?;
    let size = file.metadata().map_err(failed)?.len();
    Ok((Box::new(file), Some(size)))
}

/// A failure that names the file.
pub fn named(path: &Path, error: &Failure) -> Failure {
    Failure::new(format!("{}: {error}", path.display()))
}

/// A window at the beginning of `input`, which is neither empty nor compressed.
pub fn window(input: Box<dyn Read>) -> Result<Window<Box<dyn Read>>, Failure> {
    let mut window = Window::new(input);
    let begin = window.peek(1).map_err(|error| Failure::new(error.to_string()))?;
    if begin.is_empty() {
        return Err(Failure::new("is empty"));
    }
    if let Some(compressed) = compression(begin) {
        return Err(Failure::new(format!("is compressed with {compressed}: unpack it first")));
    }
    Ok(window)
}

/// What a file is compressed with, by its first bytes.
fn compression(begin: &[u8]) -> Option<&'static str> {
    match begin {
        [0x1f, 0x8b, ..] => Some("gzip"),
        [0x28, 0xb5, 0x2f, 0xfd, ..] => Some("zstd"),
        [0xfd, b'7', b'z', b'X', b'Z', ..] => Some("xz"),
        [b'B', b'Z', b'h', ..] => Some("bzip2"),
        _ => None,
    }
}

/// Input that may have to be waited for; an interrupt ends it, also while nothing comes.
struct Fed {
    chunks: Receiver<io::Result<Vec<u8>>>,
    chunk: io::Cursor<Vec<u8>>,
    is_interrupted: Arc<AtomicBool>,
}

impl Fed {
    fn by(mut input: impl Read + Send + 'static, is_interrupted: Arc<AtomicBool>) -> Self {
        let (sender, chunks) = sync_channel(AHEAD);
        std::thread::spawn(move || {
            loop {
                let mut chunk = vec![0; CHUNK];
                let read = match input.read(&mut chunk) {
                    Ok(0) => break,
                    Ok(length) => {
                        chunk.truncate(length);
                        Ok(chunk)
                    }
                    Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                    Err(error) => Err(error),
                };
                if sender.send(read).is_err() {
                    break;
                }
            }
        });
        Self { chunks, chunk: io::Cursor::default(), is_interrupted }
    }
}

impl Read for Fed {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        loop {
            match self.chunk.read(into)? {
                0 => {}
                length => return Ok(length),
            }
            if self.is_interrupted.load(Ordering::Relaxed) {
                return Ok(0);
            }
            match self.chunks.recv_timeout(PATIENCE) {
                Ok(chunk) => self.chunk = io::Cursor::new(chunk?),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return Ok(0),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn interrupted(is: bool) -> Arc<AtomicBool> {
        Arc::new(AtomicBool::new(is))
    }

    #[test]
    fn everything_is_read_in_order() {
        let all: Vec<u8> = (0..3 * CHUNK + 5).map(|it| u8::try_from(it % 251).unwrap()).collect();
        let mut read = Vec::new();
        Fed::by(io::Cursor::new(all.clone()), interrupted(false)).read_to_end(&mut read).unwrap();
        assert!(read == all);
    }

    #[test]
    fn an_interrupt_ends_input_that_does_not_come() {
        let (silent, _keeps_it_open) = io::pipe().unwrap();
        assert_eq!(Fed::by(silent, interrupted(true)).read(&mut [0; 8]).unwrap(), 0);
    }

    #[test]
    fn an_error_is_one() {
        struct Broken;
        impl Read for Broken {
            fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
                Err(io::Error::other("broken"))
            }
        }
        let error = Fed::by(Broken, interrupted(false)).read(&mut [0; 8]).unwrap_err();
        assert_eq!(error.to_string(), "broken");
    }
}
