//! Answers of an agent: JSON, or literals of Python, as the seed prints them.

use serde_json::Value as Json;

/// Reads an answer; `None` when it is neither.
pub fn read(text: &str) -> Option<Json> {
    let text = text.trim();
    if text.is_empty() {
        return Some(Json::Null);
    }
    serde_json::from_str(text).ok().or_else(|| serde_json::from_str(&json_of(text)?).ok())
}

/// The JSON of a literal of Python: texts in double quotes, and `true` for `True`. Whether it is
/// any is for a parser of JSON to say.
fn json_of(text: &str) -> Option<String> {
    let mut json = String::with_capacity(text.len());
    let mut rest = text.chars().peekable();
    while let Some(character) = rest.next() {
        match character {
            quote @ ('\'' | '"') => {
                let mut string = String::new();
                loop {
                    match rest.next()? {
                        end if end == quote => break,
                        '\\' => match rest.next()? {
                            'n' => string.push('\n'),
                            'r' => string.push('\r'),
                            't' => string.push('\t'),
                            'x' => string.push(numbered(&mut rest, 2)?),
                            'u' => string.push(numbered(&mut rest, 4)?),
                            'U' => string.push(numbered(&mut rest, 8)?),
                            other => string.push(other),
                        },
                        other => string.push(other),
                    }
                }
                json.push_str(&Json::String(string).to_string());
            }
            letter if letter.is_ascii_alphabetic() => {
                let mut word = String::from(letter);
                while let Some(next) = rest.next_if(char::is_ascii_alphanumeric) {
                    word.push(next);
                }
                json.push_str(match word.as_str() {
                    "True" => "true",
                    "False" => "false",
                    "None" => "null",
                    // The u of a text, or the e of a number.
                    "u" => "",
                    other => other,
                });
            }
            // Tuples are lists.
            '(' => json.push('['),
            ')' => json.push(']'),
            other => json.push(other),
        }
    }
    Some(json)
}

/// The character whose number so many hexadecimal digits are.
fn numbered(rest: &mut impl Iterator<Item = char>, digits: usize) -> Option<char> {
    let digits: String = rest.take(digits).collect();
    char::from_u32(u32::from_str_radix(&digits, 16).ok()?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn both_forms_are_read() {
        assert_eq!(read("{\"code\": 0}"), Some(json!({ "code": 0 })));
        assert_eq!(
            read("{'ID': \"('10.1.1.1', 6)\", 'a': [True, None, 1.5, u'x', (1, 2)]}"),
            Some(json!({ "ID": "('10.1.1.1', 6)", "a": [true, null, 1.5, "x", [1, 2]] }))
        );
        assert_eq!(read(r"'\x00\u00e9\U0001f600'"), Some(json!("\0é😀")));
        assert_eq!(read(r"'\ud800'"), None);
        assert_eq!(read(""), Some(Json::Null));
        assert_eq!(read("<html>"), None);
        assert_eq!(read("{'a"), None);
    }
}
