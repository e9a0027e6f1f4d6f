//! How wide text is, as far as that can be told without its font: wide enough for the
//! usual sans-serif ones. All in pixels.

/// The width of a usual letter, as a part of the size of its font. Arial has 0.5 on the
/// average of English text, `DejaVu Sans` 0.58.
const LETTER: f64 = 0.56;
/// The same for bold letters.
const BOLD_LETTER: f64 = 0.61;

/// A font.
#[derive(Clone, Copy)]
pub struct Font {
    /// Its size in pixels.
    pub size: f64,
    /// Whether it is bold.
    pub is_bold: bool,
}

impl Font {
    /// How many letters have room in `width` pixels.
    pub fn letters(self, width: f64) -> usize {
        let letter = self.size * if self.is_bold { BOLD_LETTER } else { LETTER };
        // Widths are small and not negative.
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
        let letters = (width / letter) as usize;
        letters
    }
}

/// How many letters' room a character takes: those of East Asian scripts and emoji take
/// two.
fn width(c: char) -> usize {
    if u32::from(c) >= 0x1100 { 2 } else { 1 }
}

/// How many letters' room a text takes.
fn room(text: &str) -> usize {
    text.chars().map(width).sum()
}

/// `text`, cut to the room of `letters`, with an ellipsis where something is missing.
pub fn cut(text: &str, letters: usize) -> String {
    let text = text.trim();
    if room(text) <= letters {
        return text.to_owned();
    }
    let mut room = letters.saturating_sub(1);
    let fits = |c: &char| {
        let taken = room.checked_sub(width(*c));
        room = taken.unwrap_or(0);
        taken.is_some()
    };
    let kept: String = text.chars().take_while(fits).collect();
    kept.trim_end().to_owned() + "…"
}

/// `text` in lines of at most `letters`, broken between words; what has no room in `most`
/// lines is cut.
pub fn wrap(text: &str, letters: usize, most: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        let is_full = lines.len() == most;
        match lines.last_mut() {
            Some(line) if is_full || room(line) + 1 + room(word) <= letters => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines.iter().map(|line| cut(line, letters)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_cut_to_its_room() {
        for (text, letters, cut_text) in [
            ("Dallas", 6, "Dallas"),
            ("Dallas", 5, "Dall…"),
            ("Dal las", 5, "Dal…"),
            ("東京都", 6, "東京都"),
            ("東京都", 5, "東京…"),
            ("東京都", 4, "東…"),
            ("Dallas", 0, "…"),
            ("", 0, ""),
        ] {
            assert_eq!(cut(text, letters), cut_text, "{text} in {letters}");
        }
    }

    #[test]
    fn lines_are_broken_between_words_and_the_last_is_cut() {
        assert_eq!(wrap("one two three", 7, 3), ["one two", "three"]);
        assert_eq!(wrap("one two three four", 7, 2), ["one two", "three…"]);
        assert_eq!(wrap("indivisible", 6, 2), ["indiv…"]);
        assert_eq!(wrap("", 6, 2), [""; 0]);
    }
}
