//! The file of the users: what is wrong with one is told by its place and its field, and never
//! by what stands there, which may be a secret.

use std::path::Path;

use serde_json::{Value as Json, error::Category};
use serde_path_to_error::{Path as FieldPath, Segment};

use super::Credentials;
use super::credentials::CredentialsError;

/// Reads the text of the file at `path`.
pub(super) fn read(text: &str, path: &Path) -> Result<Credentials, CredentialsError> {
    let mut reader = serde_json::Deserializer::from_str(text);
    let refused = |error: &serde_json::Error, place: String| CredentialsError::Form {
        path: path.to_owned(),
        line: error.line(),
        column: error.column(),
        place,
        why: reason(error),
    };
    let read: Credentials = serde_path_to_error::deserialize(&mut reader)
        .map_err(|error| refused(error.inner(), place(error.path(), text)))?;
    reader.end().map_err(|error| refused(&error, String::new()))?;
    Ok(read)
}

/// The field, and whose it is, as far as the file can be read at all.
fn place(at: &FieldPath, text: &str) -> String {
    let mut here = serde_json::from_str::<Json>(text).ok();
    let mut whose = None;
    for segment in at {
        here = match (segment, here) {
            (Segment::Seq { index }, Some(mut list)) => list.get_mut(*index).map(Json::take),
            (Segment::Map { key }, Some(mut fields)) => fields.get_mut(key).map(Json::take),
            _ => None,
        };
        let name = |of: &str| here.as_ref()?.get(of)?.as_str().map(|name| format!(" of {name:?}"));
        whose = ["name", "id", "user"].into_iter().find_map(name).or(whose);
    }
    let field = at.to_string();
    // Where there is no field, the path is a point.
    if field == "." { String::new() } else { format!(", {field}{}", whose.unwrap_or_default()) }
}

/// What is wrong, without what stands there: names of fields are no secrets, values may be.
fn reason(error: &serde_json::Error) -> String {
    let told = error.to_string();
    let told = told.rsplit_once(" at line ").map_or(told.as_str(), |(told, _)| told);
    let is_about_fields = ["missing field", "unknown field", "duplicate field"].iter().any(|it| told.starts_with(it));
    match error.classify() {
        Category::Data if is_about_fields => told.to_owned(),
        Category::Data => told
            .rsplit_once(", expected ")
            .map_or_else(|| "the value does not fit".to_owned(), |(_, expected)| format!("expected {expected}")),
        Category::Syntax | Category::Eof | Category::Io => told.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mistake_is_told_by_its_place_and_not_by_what_stands_there() {
        for (text, says) in [
            (
                "{\"users\": [\n{\"name\": \"alice\", \"password\": \"hush\", \"role\": \"hush\"}]}",
                "line 2, column 52, users[0].role of \"alice\": expected one of `admin`, `auditor`, `member`",
            ),
            (
                r#"{"users": [{"name": "alice", "password": ["hush"], "role": "admin"}]}"#,
                "users[0].password of \"alice\": expected a string",
            ),
            (
                r#"{"applications": [{"id": "app", "secret": "hush"}]}"#,
                "applications[0] of \"app\": missing field `role`",
            ),
            (r#"{"users": [{"name": "bob", "passwrd": "hush"}]}"#, "unknown field `passwrd`, expected one of `name`"),
            (r#"{"users": "hush"}"#, "line 1, column 16, users: expected a sequence"),
            ("{\"users\": [\n,]}", "line 2, column 1, users[0]: expected value"),
            (r#"["hush"]"#, "expected a sequence"),
            ("{} {}", "trailing characters"),
        ] {
            let error = read(text, Path::new("users.json")).unwrap_err();
            let said = error.to_string();
            assert!(said.starts_with("users.json is no file of users: line "), "{said}");
            assert!(said.contains(says), "{text}: {said}");
            assert!(!format!("{said} {error:?}").contains("hush"), "{said}");
        }
    }
}
