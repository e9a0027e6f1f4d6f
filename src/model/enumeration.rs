//! Fixed lists of words.

/// A fixed list of words the API knows, case-sensitive.
pub struct Enumeration {
    /// The words, in the order they are documented; sets are kept in this order.
    pub words: &'static [Word],
}

/// A word of an [`Enumeration`].
pub struct Word {
    /// The word on the wire.
    pub name: &'static str,
    /// What it means.
    pub doc: &'static str,
}

impl Enumeration {
    /// Whether `text` is one of the words.
    pub fn has(&self, text: &str) -> bool {
        self.position(text).is_some()
    }

    /// The position of the word `text`.
    pub fn position(&self, text: &str) -> Option<usize> {
        self.words.iter().position(|word| word.name == text)
    }

    /// The word that `text` is when case is ignored.
    pub fn ignoring_case(&self, text: &str) -> Option<&'static str> {
        self.words.iter().map(|word| word.name).find(|name| name.eq_ignore_ascii_case(text))
    }

    /// What the word `text` means, in a sentence; empty if it is none of the words.
    pub fn meaning(&self, text: &str) -> &'static str {
        self.position(text).and_then(|at| self.words.get(at)).map_or("", |word| word.doc.trim())
    }

    /// All words, for a message: `A, B or C`.
    pub fn list(&self) -> String {
        let names: Vec<_> = self.words.iter().map(|word| word.name).collect();
        match names.split_last() {
            Some((last, [])) => (*last).to_owned(),
            Some((last, rest)) => format!("{} or {last}", rest.join(", ")),
            None => String::new(),
        }
    }
}

/// Declares an enum whose variants are words of the API, with the words, their
/// meaning and the Rust names in one place.
macro_rules! words {
    ($(#[doc = $doc:literal])* pub enum $name:ident { $($(#[doc = $word_doc:literal])+ $variant:ident = $word:literal,)+ }) => {
        $(#[doc = $doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name {
            $($(#[doc = $word_doc])+ $variant,)+
        }

        impl $name {
            /// The words of the API.
            pub const WORDS: $crate::model::enumeration::Enumeration = $crate::model::enumeration::Enumeration {
                words: &[$($crate::model::enumeration::Word { name: $word, doc: concat!($($word_doc),+) },)+],
            };

            /// The word on the wire.
            pub const fn word(self) -> &'static str {
                match self {
                    $(Self::$variant => $word,)+
                }
            }

            /// The variant that `word` stands for.
            pub fn parse(word: &str) -> Option<Self> {
                match word {
                    $($word => Some(Self::$variant),)+
                    _ => None,
                }
            }
        }

        /// As the word on the wire.
        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.word())
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let word = <String as serde::Deserialize>::deserialize(deserializer)?;
                Self::parse(&word).ok_or_else(|| serde::de::Error::unknown_variant(&word, &[]))
            }
        }
    };
}

pub(crate) use words;
