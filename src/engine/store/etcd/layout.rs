//! What an engine looks like in etcd.
//!
//! | key | value |
//! |---|---|
//! | prefix `//head` | the [`Head`], as JSON; every commit writes it |
//! | prefix `//e/` key | the entry of the store: `=` and its bytes, or `@` and the [`Blob`] that holds them |
//! | prefix `//b/` blob `/` number in hex | a part of a blob |
//! | prefix `//turn` | the writer whom all others let go first, with a lease |
//!
//! No prefix holds two slashes in a row, so that no engine lies within another one.

use serde::{Deserialize, Serialize};

use super::wire::RequestOp;

/// The newest format this release understands, and the one it writes.
pub(super) const FORMAT: u32 = 1;

/// Values of more bytes lie in a blob of their own: etcd takes requests of 1.5 MiB.
pub(super) const LARGE: usize = 512 << 10;
/// The bytes of a part of a blob.
pub(super) const PART: usize = 1 << 20;
/// The most operations on entries in a transaction of etcd's, which takes 128 of all sorts.
pub(super) const MOST_OPERATIONS: usize = 120;
/// The most bytes of one.
pub(super) const MOST_BYTES: usize = 1 << 20;

/// The writers that a head remembers.
const WRITERS: usize = 16;

/// What the newest commit has made of the engine, beside the entries.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Head {
    pub format: u32,
    /// The writers that have committed last, the last one first, and the number of the last
    /// commit of each: whoever got no answer finds here whether it has committed.
    pub writers: Vec<(String, u64)>,
    /// The requests of a commit that is too large for one transaction of etcd's, and is not
    /// spread over the entries yet: a [`TxnRequest`](super::wire::TxnRequest). The entries
    /// are as they say.
    pub staged: Option<Blob>,
}

/// Bytes in parts of their own, which never change. They are written before the commit that
/// refers to them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Blob {
    /// The revision of the head that the commit replaces, in hex, and a UUID. Once there is
    /// another head, a blob that nothing refers to never will be: it can be deleted.
    pub id: String,
    /// How many parts there are.
    pub parts: u32,
}

/// What a head of any format holds.
#[derive(Deserialize)]
struct AnyHead {
    format: u32,
}

/// Why a head cannot be used.
pub(super) enum Unusable {
    Format(u32),
    Damaged,
}

impl Head {
    pub fn parse(value: &[u8]) -> Result<Self, Unusable> {
        let AnyHead { format } = serde_json::from_slice(value).map_err(|_| Unusable::Damaged)?;
        if format > FORMAT {
            return Err(Unusable::Format(format));
        }
        serde_json::from_slice(value).map_err(|_| Unusable::Damaged)
    }

    pub fn to_value(&self) -> Vec<u8> {
        // It holds nothing that JSON has not.
        serde_json::to_vec(self).unwrap_or_default()
    }

    /// The head after commit `number` of `writer`.
    pub fn after(&self, writer: &str, number: u64, staged: Option<Blob>) -> Self {
        let others = self.writers.iter().filter(|(other, _)| other != writer).take(WRITERS - 1).cloned();
        let writers = std::iter::once((writer.to_owned(), number)).chain(others).collect();
        Self { format: FORMAT, writers, staged }
    }

    /// Whether commit `number` of `writer`, which would have replaced `base`, is among those
    /// that have led to this head. `None` when it might have been forgotten.
    pub fn includes(&self, writer: &str, number: u64, base: &Self) -> Option<bool> {
        if let Some((_, last)) = self.writers.iter().find(|(other, _)| other == writer) {
            return Some(*last == number);
        }
        // Who has committed comes first. As long as somebody is there who has not, nobody
        // who has was forgotten.
        let is_old = |commit| base.writers.contains(commit);
        if self.writers.len() < WRITERS || self.writers.iter().any(is_old) { Some(false) } else { None }
    }
}

/// What the value at the key of an entry holds.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Stored<'v> {
    Bytes(&'v [u8]),
    Blob(Blob),
}

pub(super) fn stored(value: &[u8]) -> Option<Stored<'_>> {
    match value.split_first()? {
        (b'=', bytes) => Some(Stored::Bytes(bytes)),
        (b'@', blob) => serde_json::from_slice(blob).ok().map(Stored::Blob),
        _ => None,
    }
}

/// What a key is of.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Item<'k> {
    Head,
    Turn,
    Entry(&'k str),
    Part(&'k str, u32),
}

/// The keys of one engine.
#[derive(Clone)]
pub(super) struct Keys {
    root: String,
}

impl Keys {
    pub fn new(prefix: &str) -> Self {
        Self { root: format!("{prefix}//") }
    }

    /// The first key, and the one after the last.
    pub fn all(&self) -> (Vec<u8>, Vec<u8>) {
        (self.root.clone().into_bytes(), ended(&self.root))
    }

    pub fn head(&self) -> Vec<u8> {
        format!("{}head", self.root).into_bytes()
    }

    pub fn turn(&self) -> Vec<u8> {
        format!("{}turn", self.root).into_bytes()
    }

    pub fn entry(&self, key: &str) -> Vec<u8> {
        format!("{}e/{key}", self.root).into_bytes()
    }

    pub fn part(&self, blob: &str, number: u32) -> Vec<u8> {
        format!("{}b/{blob}/{number:08x}", self.root).into_bytes()
    }

    /// What `key` is of; `None` if it is none of an engine's.
    pub fn item<'k>(&self, key: &'k [u8]) -> Option<Item<'k>> {
        let name = std::str::from_utf8(key).ok()?.strip_prefix(&self.root)?;
        match name {
            "head" => Some(Item::Head),
            "turn" => Some(Item::Turn),
            _ => match name.split_once('/')? {
                ("e", key) => Some(Item::Entry(key)),
                ("b", part) => {
                    let (blob, number) = part.split_once('/')?;
                    Some(Item::Part(blob, u32::from_str_radix(number, 16).ok()?))
                }
                _ => None,
            },
        }
    }

    pub fn put_entry(&self, key: &str, value: &[u8]) -> RequestOp {
        RequestOp::put(self.entry(key), [b"=", value].concat())
    }

    pub fn put_reference(&self, key: &str, blob: &Blob) -> RequestOp {
        // It holds nothing that JSON has not.
        let reference = serde_json::to_vec(blob).unwrap_or_default();
        RequestOp::put(self.entry(key), [b"@", reference.as_slice()].concat())
    }

    pub fn delete_entry(&self, key: &str) -> RequestOp {
        RequestOp::delete(self.entry(key), Vec::new())
    }

    /// Deletes all parts of a blob.
    pub fn delete_blob(&self, blob: &str) -> RequestOp {
        let parts = format!("{}b/{blob}/", self.root);
        let end = ended(&parts);
        RequestOp::delete(parts.into_bytes(), end)
    }
}

/// The first text after all that begin with `text`, which ends with a slash: `0` follows it.
fn ended(text: &str) -> Vec<u8> {
    format!("{}0", text.strip_suffix('/').unwrap_or(text)).into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_read_as_what_they_were_written_for() {
        let keys = Keys::new("/team/vpn");
        let item = |key: &[u8]| keys.item(key).map(|item| format!("{item:?}"));
        assert_eq!(item(&keys.head()).as_deref(), Some("Head"));
        assert_eq!(item(&keys.turn()).as_deref(), Some("Turn"));
        for key in ["", "/", "o/infra", "head", "//", "b/x/1", "\0\u{10ffff}"] {
            assert_eq!(keys.item(&keys.entry(key)), Some(Item::Entry(key)));
        }
        assert_eq!(keys.item(&keys.part("x-y", 255)), Some(Item::Part("x-y", 255)));
        assert_eq!(keys.item(b"/team/vpn//x"), None);
        assert_eq!(keys.item(b"/team/vpn//e/\xff"), None);
        assert_eq!(keys.item(&Keys::new("/team").head()), None);
    }

    #[test]
    fn all_keys_of_an_engine_and_no_others_are_in_its_range() {
        let keys = Keys::new("/a");
        let (first, end) = keys.all();
        for key in [keys.head(), keys.turn(), keys.entry("\u{10ffff}"), keys.part("x", 0)] {
            assert!(first <= key && key < end);
        }
        for other in ["/", "/a/b", "/aa", "/a0"] {
            let key = Keys::new(other).entry("x");
            assert!(key < first || end <= key, "{other}");
        }
    }

    #[test]
    fn a_head_tells_who_has_committed() {
        let (none, base) =
            (Head::default(), (0..40).fold(Head::default(), |head, at| head.after(&at.to_string(), 1, None)));
        assert_eq!(none.includes("a", 1, &none), Some(false));
        assert_eq!(base.includes("a", 1, &base), Some(false));
        let mut head = base.after("a", 1, None).after("b", 7, None);
        assert_eq!((head.includes("a", 1, &base), head.includes("a", 2, &base)), (Some(true), Some(false)));
        assert_eq!(head.includes("c", 1, &base), Some(false));
        for other in 100..120 {
            head = head.after(&other.to_string(), 1, None);
        }
        assert_eq!(head.includes("a", 1, &base), None);
        assert_eq!(Head::parse(&head.to_value()).ok(), Some(head));
    }

    #[test]
    fn a_newer_format_is_told_from_damage() {
        assert!(matches!(Head::parse(br#"{"format": 9, "else": 1}"#), Err(Unusable::Format(9))));
        assert!(matches!(Head::parse(b"x"), Err(Unusable::Damaged)));
    }
}
