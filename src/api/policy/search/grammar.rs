//! The language of queries: `resource_type:Segment AND (display_name:web* OR tags.tag:prod)`.
//!
//! | form | meaning |
//! |---|---|
//! | `field:value` | the field holds the value; dots lead into objects and lists |
//! | `value` | some field holds it |
//! | `"a phrase"` | a value with spaces or signs |
//! | `?`, `*` | one character, any characters; not in phrases |
//! | `field:>5`, `>=`, `<`, `<=` | the field holds a larger, or smaller, number or text |
//! | `AND`, `&&`, `OR`, `\|\|`, `NOT`, `!` | in capitals; NOT binds closest, then AND, then OR |
//! | `(…)` | together; `field:(a OR b)` is `field:a OR field:b`, `field:(>=1 AND <9)` a range |
//! | `\` | the next character is no sign: `= > < { } [ ] ^ ~` and those above are signs |
//!
//! Terms with nothing between them must all hold. Upper and lower case are the same.

use std::cmp::Ordering;
use std::iter::Peekable;
use std::vec::IntoIter;

use crate::api::query::told;

/// How deep parentheses and negations lie within each other.
const DEEPEST: usize = 64;

/// The longest query, in bytes.
const LONGEST: usize = 16 * 1024;

/// A query.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Query {
    /// A field, or any if there is none, holds a value.
    Holds(Option<String>, Pattern),
    /// All of these hold.
    All(Vec<Query>),
    /// One of these holds.
    Any(Vec<Query>),
    /// This does not hold.
    Not(Box<Query>),
    /// A field holds a value that stands to another as said.
    Compares(String, Relation, String),
    /// The object is of this type, or of one that counts as it.
    OfType(String),
}

/// How a value stands to another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Relation {
    /// The same.
    Equal,
    /// Smaller.
    Less,
    /// Not larger.
    LessOrEqual,
    /// Larger.
    Greater,
    /// Not smaller.
    GreaterOrEqual,
}

impl Relation {
    /// Whether one value stands like this to another, when it is so compared with it.
    pub fn holds(self, order: Ordering) -> bool {
        match self {
            Self::Equal => order.is_eq(),
            Self::Less => order.is_lt(),
            Self::LessOrEqual => order.is_le(),
            Self::Greater => order.is_gt(),
            Self::GreaterOrEqual => order.is_ge(),
        }
    }
}

/// What a value looks like.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pattern {
    /// In lower case.
    pieces: Vec<Piece>,
    /// What is given of it before the first `?` or `*`, but for those it begins with.
    text: String,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Piece {
    Letter(char),
    One,
    Many,
}

/// Why a text is no query.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum QueryError {
    /// It ends too early.
    #[error("it ends where something is expected")]
    End,
    /// A phrase has no end.
    #[error("a phrase has no closing quote")]
    Quote,
    /// A parenthesis has no end.
    #[error("a parenthesis is not closed")]
    Open,
    /// A sign is where none can be.
    #[error("{} cannot stand there", told(.0))]
    Stray(String),
    /// It is nested too deeply.
    #[error("it is nested too deeply")]
    Deep,
    /// There are no objects of this type.
    #[error("{} is no type of objects that there are", told(.0))]
    Type(String),
    /// It is too long.
    #[error("it is longer than {LONGEST} bytes")]
    Long,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Token {
    Open,
    Close,
    And,
    Or,
    Not,
    /// `field:`
    Field(String),
    Value(Pattern),
    /// `>=5`
    Bound(Relation, String),
}

impl Token {
    fn shown(&self) -> String {
        match self {
            Self::Open => "(".to_owned(),
            Self::Close => ")".to_owned(),
            Self::And => "AND".to_owned(),
            Self::Or => "OR".to_owned(),
            Self::Not => "NOT".to_owned(),
            Self::Field(name) => format!("{name}:"),
            Self::Value(_) => "a value".to_owned(),
            Self::Bound(..) => "a bound without a field".to_owned(),
        }
    }
}

impl Query {
    /// Reads a query.
    pub fn parse(text: &str) -> Result<Self, QueryError> {
        if text.len() > LONGEST {
            return Err(QueryError::Long);
        }
        let mut parser = Parser { tokens: tokens(text)?.into_iter().peekable(), depth: 0 };
        let query = parser.any(None)?;
        match parser.tokens.next() {
            None => Ok(query),
            Some(token) => Err(QueryError::Stray(token.shown())),
        }
    }
}

impl Query {
    /// Puts what `other` has in place of each value, or of what one begins with.
    pub fn respell<E>(&mut self, other: &mut impl FnMut(&str) -> Result<Option<String>, E>) -> Result<(), E> {
        match self {
            Self::All(queries) | Self::Any(queries) => queries.iter_mut().try_for_each(|query| query.respell(other)),
            Self::Not(query) => query.respell(other),
            Self::Holds(_, pattern) => {
                if let Some(said) = other(&pattern.text)? {
                    pattern.begin_with(said);
                }
                Ok(())
            }
            Self::Compares(_, _, value) => {
                if let Some(said) = other(value)? {
                    *value = said;
                }
                Ok(())
            }
            Self::OfType(_) => Ok(()),
        }
    }
}

struct Parser {
    tokens: Peekable<IntoIter<Token>>,
    depth: usize,
}

impl Parser {
    /// Terms with OR between them. Values without a field are those of `field`.
    fn any(&mut self, field: Option<&str>) -> Result<Query, QueryError> {
        let mut terms = vec![self.all(field)?];
        while self.tokens.next_if_eq(&Token::Or).is_some() {
            terms.push(self.all(field)?);
        }
        Ok(joined(terms, Query::Any))
    }

    /// Terms with AND, or nothing, between them.
    fn all(&mut self, field: Option<&str>) -> Result<Query, QueryError> {
        let mut terms = vec![self.one(field)?];
        loop {
            let and = self.tokens.next_if_eq(&Token::And).is_some();
            match self.tokens.peek() {
                None | Some(Token::Or | Token::Close) if !and => return Ok(joined(terms, Query::All)),
                _ => terms.push(self.one(field)?),
            }
        }
    }

    fn one(&mut self, field: Option<&str>) -> Result<Query, QueryError> {
        self.depth += 1;
        if self.depth > DEEPEST {
            return Err(QueryError::Deep);
        }
        let term = match self.tokens.next() {
            None => return Err(QueryError::End),
            Some(Token::Not) => Query::Not(Box::new(self.one(field)?)),
            Some(Token::Open) => {
                let inner = self.any(field)?;
                if self.tokens.next() != Some(Token::Close) {
                    return Err(QueryError::Open);
                }
                inner
            }
            Some(Token::Field(name)) if field.is_none() => match self.tokens.peek() {
                Some(Token::Value(_) | Token::Bound(..) | Token::Open) => self.one(Some(&name))?,
                None => return Err(QueryError::End),
                Some(other) => return Err(QueryError::Stray(other.shown())),
            },
            Some(Token::Value(pattern)) => Query::Holds(field.map(str::to_owned), pattern),
            Some(Token::Bound(relation, value)) if field.is_some() => {
                Query::Compares(field.unwrap_or_default().to_owned(), relation, value)
            }
            Some(other) => return Err(QueryError::Stray(other.shown())),
        };
        self.depth -= 1;
        Ok(term)
    }
}

fn joined(mut terms: Vec<Query>, how: fn(Vec<Query>) -> Query) -> Query {
    if terms.len() > 1 { how(terms) } else { terms.pop().unwrap_or(Query::All(Vec::new())) }
}

fn tokens(text: &str) -> Result<Vec<Token>, QueryError> {
    let mut found = Vec::new();
    let mut rest = text.chars().peekable();
    while let Some(&next) = rest.peek() {
        match next {
            _ if next.is_whitespace() => drop(rest.next()),
            '(' | ')' | '!' => {
                rest.next();
                found.push(match next {
                    '(' => Token::Open,
                    ')' => Token::Close,
                    _ => Token::Not,
                });
            }
            '&' | '|' => {
                rest.next();
                if rest.next_if_eq(&next).is_none() {
                    return Err(QueryError::Stray(next.to_string()));
                }
                found.push(if next == '&' { Token::And } else { Token::Or });
            }
            '>' | '<' => {
                rest.next();
                let or_equal = rest.next_if_eq(&'=').is_some();
                found.push(Token::Bound(relation(next, or_equal), bound(&mut rest)?));
            }
            _ if is_sign(next) => return Err(QueryError::Stray(next.to_string())),
            '"' => {
                rest.next();
                let mut phrase = Vec::new();
                loop {
                    match rest.next() {
                        None => return Err(QueryError::Quote),
                        Some('"') => break,
                        Some('\\') => phrase.push(rest.next().ok_or(QueryError::Quote)?),
                        Some(letter) => phrase.push(letter),
                    }
                }
                found.push(Token::Value(Pattern::of(phrase.into_iter().map(Piece::Letter))));
            }
            _ => found.push(word(&mut rest)?),
        }
    }
    Ok(found)
}

/// Whether a character is one that means something, and stands in no word unless it is
/// escaped.
fn is_sign(letter: char) -> bool {
    matches!(letter, ':' | '=' | '>' | '<' | '{' | '}' | '[' | ']' | '^' | '~')
}

fn relation(sign: char, or_equal: bool) -> Relation {
    match (sign, or_equal) {
        ('>', false) => Relation::Greater,
        ('>', true) => Relation::GreaterOrEqual,
        (_, false) => Relation::Less,
        (_, true) => Relation::LessOrEqual,
    }
}

/// The value after `>=` and its kind.
fn bound(rest: &mut Peekable<std::str::Chars<'_>>) -> Result<String, QueryError> {
    let mut value = String::new();
    while let Some(letter) = rest.next_if(|c| !c.is_whitespace() && !matches!(c, '(' | ')') && !is_sign(*c)) {
        value.push(if letter == '\\' { rest.next().ok_or(QueryError::End)? } else { letter });
    }
    if value.is_empty() { Err(QueryError::End) } else { Ok(value) }
}

/// A word: a field, a value, or one of the words between terms.
fn word(rest: &mut Peekable<std::str::Chars<'_>>) -> Result<Token, QueryError> {
    let mut pieces = Vec::new();
    let mut plain = String::new();
    let mut is_plain = true;
    // Colons in a value, as of IPv6 addresses, belong to it: a field's name comes first.
    while let Some(letter) =
        rest.next_if(|c| !c.is_whitespace() && !matches!(c, '(' | ')' | '"' | '&' | '|') && !is_sign(*c))
    {
        plain.push(letter);
        pieces.push(match letter {
            '?' => Piece::One,
            '*' => Piece::Many,
            '\\' => {
                is_plain = false;
                Piece::Letter(rest.next().ok_or(QueryError::End)?)
            }
            _ => Piece::Letter(letter),
        });
    }
    if rest.next_if_eq(&':').is_some() {
        let is_name = is_plain && plain.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '.' | '-'));
        if !is_name || plain.is_empty() {
            return Err(QueryError::Stray(format!("{plain}:")));
        }
        // What follows at once, up to a space, is one value, colons included.
        return Ok(Token::Field(plain));
    }
    Ok(match plain.as_str() {
        "AND" if is_plain => Token::And,
        "OR" if is_plain => Token::Or,
        "NOT" if is_plain => Token::Not,
        _ => Token::Value(Pattern::of(pieces.into_iter())),
    })
}

fn lower(piece: Piece) -> Vec<Piece> {
    match piece {
        Piece::Letter(letter) => letter.to_lowercase().map(Piece::Letter).collect(),
        sign => vec![sign],
    }
}

impl Pattern {
    /// A text with this somewhere in it.
    pub(super) fn around(text: &str) -> Self {
        let letters = text.chars().map(Piece::Letter);
        Self::of([Piece::Many].into_iter().chain(letters).chain([Piece::Many]))
    }

    fn of(pieces: impl Iterator<Item = Piece> + Clone) -> Self {
        let text = pieces.clone().skip_while(|piece| *piece == Piece::Many).map_while(|piece| match piece {
            Piece::Letter(letter) => Some(letter),
            Piece::One | Piece::Many => None,
        });
        Self { text: text.collect(), pieces: pieces.flat_map(lower).collect() }
    }

    /// Puts another text in place of the one it begins with.
    fn begin_with(&mut self, text: String) {
        let start = self.pieces.iter().take_while(|piece| **piece == Piece::Many).count();
        let given = self.text.chars().map(Piece::Letter).flat_map(lower).count();
        self.pieces.splice(start..start + given, text.chars().map(Piece::Letter).flat_map(lower));
        self.text = text;
    }

    /// Whether `text` looks like this from its beginning to its end, in any case.
    pub fn fits(&self, text: &str) -> bool {
        let pieces = &self.pieces;
        let mut rest = text.chars().flat_map(char::to_lowercase);
        // The last `*`, and what comes after what it stands for, so far.
        let (mut piece, mut star) = (0, None);
        loop {
            let here = rest.clone();
            let Some(next) = rest.next() else { break };
            match pieces.get(piece) {
                Some(Piece::Many) => {
                    star = Some((piece, here.clone()));
                    rest = here;
                    piece += 1;
                }
                Some(Piece::One) => piece += 1,
                Some(Piece::Letter(letter)) if *letter == next => piece += 1,
                _ => match &mut star {
                    Some((many, after)) => {
                        after.next();
                        rest = after.clone();
                        piece = *many + 1;
                    }
                    None => return false,
                },
            }
        }
        pieces[piece..].iter().all(|piece| *piece == Piece::Many)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn holds(field: &str, value: &str) -> Query {
        let field = (!field.is_empty()).then(|| field.to_owned());
        Query::Holds(field, Pattern::of(value.chars().map(Piece::Letter)))
    }

    fn parsed(text: &str) -> Query {
        Query::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"))
    }

    #[test]
    fn not_binds_closest_then_and_then_or() {
        let expected =
            Query::Any(vec![holds("a", "1"), Query::All(vec![Query::Not(Box::new(holds("b", "2"))), holds("", "x")])]);
        for text in ["a:1 OR NOT b:2 AND x", "a:1 || !b:2 && x", "a:1 OR (NOT b:2 x)", "(a:1) OR ((NOT (b:2)) AND (x))"]
        {
            assert_eq!(parsed(text), expected, "{text}");
        }
    }

    #[test]
    fn a_field_may_have_several_values() {
        assert_eq!(parsed("a:(x OR y)"), Query::Any(vec![holds("a", "x"), holds("a", "y")]));
        assert_eq!(parsed("a.b:\"x (y) AND\""), holds("a.b", "x (y) AND"));
    }

    #[test]
    fn a_range_has_bounds() {
        let compares = |relation, value: &str| Query::Compares("vni".to_owned(), relation, value.to_owned());
        assert_eq!(parsed("vni:>50001"), compares(Relation::Greater, "50001"));
        let range = vec![compares(Relation::GreaterOrEqual, "50001"), compares(Relation::Less, "90000")];
        assert_eq!(parsed("vni:(>=50001 AND <90000)"), Query::All(range));
    }

    #[test]
    fn words_in_small_letters_are_values() {
        assert_eq!(parsed("a and b"), Query::All(vec![holds("", "a"), holds("", "and"), holds("", "b")]));
    }

    #[test]
    fn what_is_no_query_says_why() {
        for (text, why) in [
            ("", QueryError::End),
            ("a:", QueryError::End),
            ("a AND", QueryError::End),
            ("(a", QueryError::Open),
            ("a)", QueryError::Stray(")".to_owned())),
            ("\"a", QueryError::Quote),
            ("OR a", QueryError::Stray("OR".to_owned())),
            ("a:b:c", QueryError::Stray("b:".to_owned())),
            (":a", QueryError::Stray(":".to_owned())),
            ("a & b", QueryError::Stray("&".to_owned())),
            ("a:>", QueryError::End),
            ("a:> 5", QueryError::End),
            (">5", QueryError::Stray("a bound without a field".to_owned())),
            ("a=b", QueryError::Stray("=".to_owned())),
            ("a:[1 TO 5]", QueryError::Stray("[".to_owned())),
        ] {
            assert_eq!(Query::parse(text), Err(why), "{text:?}");
        }
        assert_eq!(Query::parse(&"(".repeat(1_000)), Err(QueryError::Deep));
        assert_eq!(Query::parse(&"a ".repeat(LONGEST)), Err(QueryError::Long));
    }

    #[test]
    fn many_terms_in_a_row_are_not_deep() {
        Query::parse(&"a OR ".repeat(1_000).chars().chain("a".chars()).collect::<String>()).unwrap();
    }

    #[test]
    fn wildcards_stand_for_characters() {
        for (pattern, text, fits) in [
            ("web*", "WEB-01", true),
            ("web*", "my-web", false),
            ("*web*", "my-web-1", true),
            ("w?b", "wab", true),
            ("w?b", "wb", false),
            ("*a*b*", "xxaxxbxx", true),
            ("*", "", true),
            ("a**", "a", true),
            ("web", "web-01", false),
            ("w\\*", "w*", true),
            ("w\\*", "wx", false),
            ("\\(a\\+b\\)\\=c", "(a+b)=c", true),
        ] {
            let Query::Holds(None, pattern_read) = parsed(pattern) else { panic!("{pattern}") };
            assert_eq!(pattern_read.fits(text), fits, "{pattern} {text}");
        }
    }
}
