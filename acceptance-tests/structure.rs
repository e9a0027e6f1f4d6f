//! The rooms of the house: who may know whom, and how long a file may be.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// What each room may use; all of it lies below. See `src/lib.rs`.
const ROOMS: [(&str, &[&str]); 7] = [
    ("model", &[]),
    ("tf_provider", &[]),
    ("engine", &["model"]),
    ("backend", &["engine", "model"]),
    ("api", &["backend", "engine", "model"]),
    ("provider", &["backend", "engine", "model", "tf_provider"]),
    ("cli", &["api", "provider", "backend", "engine", "model", "tf_provider"]),
];

/// Longer than this, a file is more than one thing.
const LONGEST: usize = 1_000;

fn source() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src")
}

/// The files of the library, by their paths within `src`.
fn files() -> BTreeMap<PathBuf, String> {
    let mut found = BTreeMap::new();
    let mut open = vec![source()];
    while let Some(folder) = open.pop() {
        for entry in fs::read_dir(folder).unwrap().flatten() {
            let path = entry.path();
            if path.is_dir() {
                open.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let name = path.strip_prefix(source()).unwrap().to_owned();
                found.insert(name, fs::read_to_string(path).unwrap());
            }
        }
    }
    assert!(found.len() > 50, "this is not the source");
    found
}

/// The modules that a file's own module lies in, itself included.
fn module(file: &Path) -> Vec<String> {
    let mut parts: Vec<_> = file.with_extension("").iter().map(|part| part.to_str().unwrap().to_owned()).collect();
    if matches!(parts.last().map(String::as_str), Some("mod" | "lib" | "main")) {
        parts.pop();
    }
    parts
}

/// The words and signs of a source text that say something of modules: names,
/// `::` and braces, commas. Without comments and literals.
fn tokens(source: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut rest = source;
    while let Some(first) = rest.chars().next() {
        let skip = if rest.starts_with("//") {
            rest.find('\n').unwrap_or(rest.len())
        } else if let Some(hashes) = raw_text(rest) {
            let end = format!("\"{}", "#".repeat(hashes));
            let begin = hashes + 2;
            begin + rest[begin..].find(&end).map_or(rest.len() - begin, |at| at + end.len())
        } else if first == '"' {
            text(rest)
        } else if first == '\'' {
            character(rest)
        } else if first.is_alphabetic() || first == '_' {
            let end = rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len());
            found.push(rest[..end].to_owned());
            end
        } else if rest.starts_with("::") {
            found.push("::".to_owned());
            2
        } else {
            if matches!(first, '{' | '}' | ',' | ';' | '*' | '!' | '(') {
                found.push(first.to_string());
            }
            first.len_utf8()
        };
        rest = &rest[skip..];
    }
    found
}

/// How many signs `#` a raw text here is enclosed in, if one begins here.
fn raw_text(rest: &str) -> Option<usize> {
    let after = rest.strip_prefix('r')?;
    let hashes = after.len() - after.trim_start_matches('#').len();
    after[hashes..].starts_with('"').then_some(hashes)
}

/// The length of the text that begins here.
fn text(rest: &str) -> usize {
    let mut escaped = false;
    let end = rest.char_indices().skip(1).find(|(_, c)| {
        let ends = *c == '"' && !escaped;
        escaped = *c == '\\' && !escaped;
        ends
    });
    end.map_or(rest.len(), |(at, _)| at + 1)
}

/// The length of the character that begins here, or of the quote of a lifetime.
fn character(rest: &str) -> usize {
    let mut chars = rest.char_indices().skip(1);
    match (chars.next(), chars.next()) {
        (Some((_, '\\')), Some((at, escaped))) => {
            let from = at + escaped.len_utf8();
            from + rest[from..].find('\'').map_or(0, |at| at + 1)
        }
        (Some(_), Some((at, '\''))) => at + 1,
        _ => 1,
    }
}

/// The rooms that a file names, with the path by which it names each.
fn rooms_named(file: &Path, source: &str) -> BTreeMap<String, String> {
    let tokens = tokens(source);
    let own = module(file);
    // Modules within the file: the depth of braces each was opened at.
    let (mut inner, mut depth): (Vec<usize>, usize) = (Vec::new(), 0);
    let mut named = BTreeMap::new();
    let mut at = 0;
    while at < tokens.len() {
        match tokens[at].as_str() {
            "mod" if tokens.get(at + 2).is_some_and(|token| token == "{") => {
                inner.push(depth);
                depth += 1;
                at += 3;
                continue;
            }
            "{" => depth += 1,
            "}" => {
                depth = depth.saturating_sub(1);
                inner.pop_if(|opened| *opened == depth);
            }
            "crate" if tokens.get(at + 1).is_some_and(|token| token == "::") => {
                for name in heads(&tokens[at + 2..]) {
                    named.insert(name.clone(), format!("crate::{name}"));
                }
            }
            "super" => {
                let supers = tokens[at..].chunks(2).take_while(|pair| pair[0] == "super").count();
                // Below the crate there are the file's modules and the ones within it.
                let levels = own.len() + inner.len();
                if supers >= levels {
                    for name in heads(&tokens[(at + 2 * supers).min(tokens.len())..]) {
                        named.insert(name.clone(), format!("{}{name}", "super::".repeat(supers)));
                    }
                }
                at += 2 * supers - 1;
            }
            _ => {}
        }
        at += 1;
    }
    named.retain(|name, _| name.chars().next().is_some_and(char::is_lowercase) || name == "*");
    named
}

/// The first names of what follows `crate::`: one, or those of a group in braces.
fn heads(tokens: &[String]) -> BTreeSet<String> {
    let Some(first) = tokens.first() else { return BTreeSet::new() };
    if first != "{" {
        return BTreeSet::from([first.clone()]);
    }
    let (mut depth, mut begins, mut names) = (1, true, BTreeSet::new());
    for token in &tokens[1..] {
        match token.as_str() {
            "{" => depth += 1,
            "}" => depth -= 1,
            "," => begins = depth == 1,
            name if begins => {
                names.insert(name.to_owned());
                begins = false;
            }
            _ => {}
        }
        if depth == 0 {
            break;
        }
    }
    names
}

#[test]
fn arrows_point_down() {
    let rooms: BTreeMap<_, _> = ROOMS.into_iter().collect();
    let mut wrong = Vec::new();
    let mut used: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (file, source) in files() {
        let Some(room) = module(&file).first().cloned() else { continue };
        assert!(
            rooms.contains_key(room.as_str()),
            "{room} is a new room: say in ROOMS what it may use, and in src/lib.rs"
        );
        for (other, path) in rooms_named(&file, &source) {
            if other == room || !rooms.contains_key(other.as_str()) && other != "*" {
                continue;
            }
            used.entry(room.clone()).or_default().insert(other.clone());
            if !rooms[room.as_str()].contains(&other.as_str()) {
                wrong.push(format!("src/{}: {path}", file.display()));
            }
        }
    }
    assert_eq!(wrong, [""; 0], "a room uses what is not below it");
    assert!(
        used["provider"].contains("tf_provider") && used["engine"].contains("model"),
        "nothing was found: {used:?}"
    );
    // Rooms with nothing left below them are taken away until none is left.
    while let Some(bottom) = used.iter().find(|(_, below)| below.iter().all(|room| !used.contains_key(room))) {
        let bottom = bottom.0.clone();
        used.remove(&bottom);
    }
    assert!(used.is_empty(), "a circle: {used:?}");
}

#[test]
fn what_may_not_be_used_is_found() {
    let named = |file: &str, source: &str| rooms_named(Path::new(file), source).into_keys().collect::<Vec<_>>();
    assert_eq!(named("model/a.rs", "use crate::engine::Object;"), ["engine"]);
    assert_eq!(
        named("model/a.rs", "use crate::{engine, backend::{Backend, cli}, provider::x};"),
        ["backend", "engine", "provider"]
    );
    assert_eq!(named("model/a.rs", "fn f() { crate::engine::g() }"), ["engine"]);
    assert_eq!(named("model/a.rs", "use super::super::engine::Object;"), ["engine"]);
    assert_eq!(named("model/mod.rs", "use super::engine::Object;"), ["engine"]);
    assert_eq!(named("model/a/b.rs", "use super::super::c;"), [""; 0]);
    assert_eq!(named("model/a.rs", "mod tests { use super::super::b; } use super::super::engine;"), ["engine"]);
    assert_eq!(named("model/a.rs", "mod tests { use super::super::super::engine; }"), ["engine"]);
    assert_eq!(named("model/mod.rs", "use super::*;"), ["*"]);
    let silent = "// crate::engine\n/// [`crate::engine`]\nconst A: &str = \"crate::engine \\\" crate::cli\"; \
                  const B: &str = r#\"crate::cli\"#; fn f<'a>(c: char) -> bool { c == '\"' || c == '\\'' } use crate::model;";
    assert_eq!(named("model/a.rs", silent), ["model"]);
}

#[test]
fn no_file_is_too_long() {
    let long: Vec<_> = files()
        .into_iter()
        .map(|(file, source)| (file, source.lines().count()))
        .filter(|(_, lines)| *lines > LONGEST)
        .map(|(file, lines)| format!("src/{}: {lines} lines", file.display()))
        .collect();
    assert_eq!(long, [""; 0]);
}
