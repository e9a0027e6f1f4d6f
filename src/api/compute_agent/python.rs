//! JSON as a literal of Python: the samples of the seed are written so, which no parser of
//! JSON reads. It is given on request (`?format=python`).

use std::fmt::Write as _;

use serde_json::Value as Json;

/// `value` as a literal of Python 3.
pub fn literal(value: &Json) -> String {
    let mut text = String::new();
    write(value, &mut text);
    text
}

fn write(value: &Json, text: &mut String) {
    match value {
        Json::Null => text.push_str("None"),
        Json::Bool(true) => text.push_str("True"),
        Json::Bool(false) => text.push_str("False"),
        Json::Number(number) => text.push_str(&number.to_string()),
        Json::String(string) => write_text(string, text),
        Json::Array(items) => {
            text.push('[');
            for (position, item) in items.iter().enumerate() {
                if position > 0 {
                    text.push_str(", ");
                }
                write(item, text);
            }
            text.push(']');
        }
        Json::Object(fields) => {
            text.push('{');
            for (position, (name, value)) in fields.iter().enumerate() {
                if position > 0 {
                    text.push_str(", ");
                }
                write_text(name, text);
                text.push_str(": ");
                write(value, text);
            }
            text.push('}');
        }
    }
}

/// As `repr` does it: in double quotes if it has single ones and no double ones.
fn write_text(string: &str, text: &mut String) {
    let quote = if string.contains('\'') && !string.contains('"') { '"' } else { '\'' };
    text.push(quote);
    for character in string.chars() {
        match character {
            '\\' => text.push_str("\\\\"),
            '\n' => text.push_str("\\n"),
            '\r' => text.push_str("\\r"),
            '\t' => text.push_str("\\t"),
            other if other == quote => {
                text.push('\\');
                text.push(other);
            }
            other if other.is_control() => {
                // Writing to a text does not fail.
                let _ = write!(text, "\\x{:02x}", u32::from(other));
            }
            other => text.push(other),
        }
    }
    text.push(quote);
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    /// The answers of `repr` in Python 3.
    #[test]
    fn literals_are_those_of_repr() {
        for (value, text) in [
            (json!({ "a": [1, 2.5, true, null] }), "{'a': [1, 2.5, True, None]}"),
            (json!("('10.1.1.1', 6)"), "\"('10.1.1.1', 6)\""),
            (json!("it's \"so\""), "'it\\'s \"so\"'"),
            (json!("a\\b\n"), "'a\\\\b\\n'"),
            (json!("\u{0}\u{7f}\u{9f}é"), "'\\x00\\x7f\\x9fé'"),
            (json!([]), "[]"),
        ] {
            assert_eq!(literal(&value), text);
        }
    }
}
