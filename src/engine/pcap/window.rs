//! A window that moves over a file: as many bytes in one piece as are asked for, and
//! never more memory than the largest piece.

use std::io::{self, Read};

/// What is read at once: it stays in the cache until it has been looked at.
const CHUNK: usize = 256 << 10;

/// A window over what `R` reads.
pub struct Window<R> {
    input: R,
    buffer: Vec<u8>,
    start: usize,
    end: usize,
    passed: u64,
    is_at_end: bool,
}

impl<R: Read> Window<R> {
    /// A window at the beginning of `input`.
    pub fn new(input: R) -> Self {
        Self { input, buffer: vec![0; CHUNK], start: 0, end: 0, passed: 0, is_at_end: false }
    }

    /// How many bytes lie before the window.
    pub fn position(&self) -> u64 {
        self.passed
    }

    /// At least `wanted` bytes, or all that are left.
    pub fn peek(&mut self, wanted: usize) -> io::Result<&[u8]> {
        if self.end - self.start < wanted {
            self.fill(wanted)?;
        }
        Ok(&self.buffer[self.start..self.end])
    }

    /// Moves `length` bytes on, which have been peeked at, and shows them.
    pub fn pass(&mut self, length: usize) -> &[u8] {
        let from = self.start;
        self.start = (from + length).min(self.end);
        self.passed += (self.start - from) as u64;
        &self.buffer[from..self.start]
    }

    #[cold]
    fn fill(&mut self, wanted: usize) -> io::Result<()> {
        self.buffer.copy_within(self.start..self.end, 0);
        self.end -= self.start;
        self.start = 0;
        if self.buffer.len() < wanted {
            self.buffer.resize(wanted, 0);
        }
        while self.end < wanted && !self.is_at_end {
            match self.input.read(&mut self.buffer[self.end..]) {
                Ok(0) => self.is_at_end = true,
                Ok(read) => self.end += read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}

/// The rest, from the window on.
impl<R: Read> Read for Window<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let held = self.peek(1)?.len().min(into.len());
        into[..held].copy_from_slice(self.pass(held));
        Ok(held)
    }
}
