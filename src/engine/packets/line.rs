//! The summary of a packet as it is written: words with a space between them.
//!
//! A word is a name (`Ack`), or a name and a value (`Win=4095`). What a packet says of itself
//! goes into a line only with [`Line::quote`], which lets nothing pass that would change a
//! terminal or a file it is printed to.

use std::fmt::{Display, Write};

/// How many characters a line may have before no more words are taken.
const LONGEST: usize = 400;
/// How many characters of a text that a packet holds are shown.
const LONGEST_QUOTE: usize = 80;

/// A line that is being written.
#[derive(Debug, Default)]
pub struct Line {
    text: String,
    is_cut: bool,
}

impl Line {
    /// The line so far.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Begins again.
    pub fn clear(&mut self) {
        self.text.clear();
        self.is_cut = false;
    }

    /// Whether there is room for another word. That a word found none is told by `...`.
    fn begins(&mut self) -> bool {
        if self.is_cut {
            return false;
        }
        if !self.text.is_empty() {
            self.text.push(' ');
        }
        if self.text.len() > LONGEST {
            self.text.push_str("...");
            self.is_cut = true;
        }
        !self.is_cut
    }

    /// Adds a word.
    pub fn word(&mut self, word: &str) {
        if self.begins() {
            self.text.push_str(word);
        }
    }

    /// Adds a name and its value.
    pub fn pair(&mut self, name: &str, value: impl Display) {
        if self.begins() {
            // Writing to a text does not fail.
            let _ = write!(self.text, "{name}={value}");
        }
    }

    /// Adds a name and a number.
    pub fn number(&mut self, name: &str, value: impl itoa::Integer) {
        if self.begins() {
            self.text.push_str(name);
            self.text.push('=');
            self.text.push_str(itoa::Buffer::new().format(value));
        }
    }

    /// Adds a name and a number in hexadecimal digits.
    pub fn hex(&mut self, name: &str, value: u32) {
        self.pair(name, format_args!("{value:#010x}"));
    }

    /// Adds a word that is put together.
    pub fn args(&mut self, word: std::fmt::Arguments<'_>) {
        if self.begins() {
            let _ = self.text.write_fmt(word);
        }
    }

    /// Adds values after a name, with commas between them; nothing when there are none.
    pub fn list<T: Display>(&mut self, name: &str, values: impl IntoIterator<Item = T>) {
        for (at, value) in values.into_iter().enumerate() {
            if at == 0 {
                self.pair(name, value);
            } else if self.is_cut || self.text.len() > LONGEST {
                if !self.is_cut {
                    self.text.push_str(",...");
                }
                self.is_cut = true;
                return;
            } else {
                let _ = write!(self.text, ",{value}");
            }
        }
    }

    /// Adds a text that the packet holds, as far as it is printable ASCII; a point stands for
    /// what is not.
    pub fn quote(&mut self, text: &[u8]) {
        if !text.is_empty() && self.begins() {
            self.text.extend(text.iter().take(LONGEST_QUOTE).map(|byte| match byte {
                b' '..=b'~' => char::from(*byte),
                _ => '.',
            }));
            if text.len() > LONGEST_QUOTE {
                self.text.push_str("...");
            }
        }
    }

    /// Adds a remark on the packet itself. There is always room for it.
    pub fn remark(&mut self, remark: std::fmt::Arguments<'_>) {
        if !self.text.is_empty() {
            self.text.push(' ');
        }
        let _ = write!(self.text, "[{remark}]");
    }
}
