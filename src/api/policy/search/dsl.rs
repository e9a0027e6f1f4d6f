//! The other language of queries: `segment WHERE admin_state = UP AND display_name LIKE web`.
//!
//! | form | meaning |
//! |---|---|
//! | `type` | all objects of a type: `segment`, `tier1`, `IPSecVpnSession` |
//! | `type WHERE …` | those of which this holds |
//! | `field = value`, `!=` | the field holds the value, or does not; dots lead into objects and lists |
//! | `<`, `<=`, `>`, `>=` | it holds a smaller, or larger, number |
//! | `field LIKE value` | the value is somewhere in it |
//! | `AND`, `OR`, `(…)` | AND binds closer |
//! | `"a phrase"` | a value with spaces or signs; also in single quotes |
//!
//! Upper and lower case are the same, in words of the language as well.

use super::grammar::{Pattern, Query, QueryError, Relation};
use crate::model::KINDS;

/// How deep parentheses lie within each other.
const DEEPEST: usize = 64;

/// The longest query, in bytes.
const LONGEST: usize = 16 * 1024;

#[derive(Clone, Debug, PartialEq, Eq)]
enum Token {
    Open,
    Close,
    /// A word without quotes: of the language, a name, a value.
    Word(String),
    /// A value in quotes.
    Phrase(String),
    /// `=` and its kind, `!=` if negated.
    Sign(Relation, bool),
}

impl Token {
    fn is(&self, word: &str) -> bool {
        matches!(self, Self::Word(said) if said.eq_ignore_ascii_case(word))
    }

    fn stray(self) -> QueryError {
        QueryError::Stray(match self {
            Self::Open => "(".to_owned(),
            Self::Close => ")".to_owned(),
            Self::Word(word) | Self::Phrase(word) => word,
            Self::Sign(..) => "a comparison".to_owned(),
        })
    }
}

/// Reads a query in this language.
pub fn parse(text: &str) -> Result<Query, QueryError> {
    if text.len() > LONGEST {
        return Err(QueryError::Long);
    }
    let mut parser = Parser { tokens: tokens(text)?.into_iter().peekable(), depth: 0 };
    let entity = parser.name()?;
    let is_known = KINDS.iter().any(|kind| {
        kind.resource_type.eq_ignore_ascii_case(&entity) || kind.wrapped_as().eq_ignore_ascii_case(&entity)
    });
    if !is_known {
        return Err(QueryError::Type(entity));
    }
    let of_type = Query::OfType(entity);
    match parser.tokens.next() {
        None => Ok(of_type),
        Some(token) if token.is("where") => {
            let holds = parser.any()?;
            match parser.tokens.next() {
                None => Ok(Query::All(vec![of_type, holds])),
                Some(token) => Err(token.stray()),
            }
        }
        Some(token) => Err(token.stray()),
    }
}

struct Parser {
    tokens: std::iter::Peekable<std::vec::IntoIter<Token>>,
    depth: usize,
}

impl Parser {
    fn next_is(&mut self, word: &str) -> bool {
        self.tokens.next_if(|token| token.is(word)).is_some()
    }

    fn any(&mut self) -> Result<Query, QueryError> {
        let mut terms = vec![self.all()?];
        while self.next_is("or") {
            terms.push(self.all()?);
        }
        Ok(Query::Any(terms))
    }

    fn all(&mut self) -> Result<Query, QueryError> {
        let mut terms = vec![self.one()?];
        while self.next_is("and") {
            terms.push(self.one()?);
        }
        Ok(Query::All(terms))
    }

    fn one(&mut self) -> Result<Query, QueryError> {
        if self.tokens.next_if_eq(&Token::Open).is_none() {
            return self.comparison();
        }
        self.depth += 1;
        if self.depth > DEEPEST {
            return Err(QueryError::Deep);
        }
        let inner = self.any()?;
        self.depth -= 1;
        match self.tokens.next() {
            Some(Token::Close) => Ok(inner),
            Some(other) => Err(other.stray()),
            None => Err(QueryError::Open),
        }
    }

    fn comparison(&mut self) -> Result<Query, QueryError> {
        let field = self.name()?;
        match self.tokens.next().ok_or(QueryError::End)? {
            Token::Sign(relation, is_negated) => {
                let compares = Query::Compares(field, relation, self.value()?);
                Ok(if is_negated { Query::Not(Box::new(compares)) } else { compares })
            }
            token if token.is("like") => Ok(Query::Holds(Some(field), Pattern::around(&self.value()?))),
            other => Err(other.stray()),
        }
    }

    /// The name of a type or a field.
    fn name(&mut self) -> Result<String, QueryError> {
        let is_name = |word: &str| word.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '.' | '-'));
        match self.tokens.next() {
            Some(Token::Word(word)) if is_name(&word) => Ok(word),
            Some(other) => Err(other.stray()),
            None => Err(QueryError::End),
        }
    }

    fn value(&mut self) -> Result<String, QueryError> {
        match self.tokens.next() {
            Some(Token::Word(value) | Token::Phrase(value)) => Ok(value),
            Some(other) => Err(other.stray()),
            None => Err(QueryError::End),
        }
    }
}

fn tokens(text: &str) -> Result<Vec<Token>, QueryError> {
    let mut found = Vec::new();
    let mut rest = text.chars().peekable();
    while let Some(next) = rest.next() {
        let token = match next {
            _ if next.is_whitespace() => continue,
            '(' => Token::Open,
            ')' => Token::Close,
            '=' => Token::Sign(Relation::Equal, false),
            '!' => match rest.next_if_eq(&'=') {
                Some(_) => Token::Sign(Relation::Equal, true),
                None => return Err(QueryError::Stray("!".to_owned())),
            },
            '<' | '>' => {
                let relation = match (next, rest.next_if_eq(&'=').is_some()) {
                    ('<', false) => Relation::Less,
                    ('<', true) => Relation::LessOrEqual,
                    (_, false) => Relation::Greater,
                    (_, true) => Relation::GreaterOrEqual,
                };
                Token::Sign(relation, false)
            }
            quote @ ('"' | '\'') => {
                let mut phrase = String::new();
                loop {
                    match rest.next() {
                        None => return Err(QueryError::Quote),
                        Some(letter) if letter == quote => break,
                        Some('\\') => phrase.push(rest.next().ok_or(QueryError::Quote)?),
                        Some(letter) => phrase.push(letter),
                    }
                }
                Token::Phrase(phrase)
            }
            first => {
                let mut word = first.to_string();
                let ends = |c: &char| c.is_whitespace() || matches!(c, '(' | ')' | '=' | '!' | '<' | '>' | '"' | '\'');
                while let Some(letter) = rest.next_if(|c| !ends(c)) {
                    word.push(letter);
                }
                Token::Word(word)
            }
        };
        found.push(token);
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value as Json, json};

    use super::*;
    use crate::api::policy::search::matches;

    fn found(query: &str) -> bool {
        let object = json!({
            "resource_type": "RouteBasedIPSecVpnSession",
            "display_name": "VPN to Dallas",
            "enabled": true,
            "_revision": 12,
            "tags": [{ "scope": "env", "tag": "prod" }],
            "peer_address": "198.51.100.1",
        });
        let Json::Object(fields) = object else { unreachable!() };
        matches(&parse(query).unwrap_or_else(|error| panic!("{query}: {error}")), &fields)
    }

    #[test]
    fn objects_are_found_by_type_and_fields() {
        for (query, expected) in [
            ("RouteBasedIPSecVpnSession", true),
            ("ipsecvpnsession", true),
            ("segment", false),
            ("IPSecVpnSession where enabled = TRUE", true),
            ("IPSecVpnSession WHERE display_name = 'vpn to dallas'", true),
            ("IPSecVpnSession where display_name = Dallas", false),
            ("IPSecVpnSession where display_name like Dallas", true),
            ("IPSecVpnSession where display_name != Dallas", true),
            ("IPSecVpnSession where _revision > 9 and _revision <= 12", true),
            ("IPSecVpnSession where _revision<12", false),
            ("IPSecVpnSession where tags.tag = prod", true),
            ("IPSecVpnSession where tags.tag != prod", false),
            ("IPSecVpnSession where enabled = false or _revision = 12", true),
            ("IPSecVpnSession where enabled = false and _revision = 12 or peer_address = 198.51.100.1", true),
            ("IPSecVpnSession where enabled = false and (_revision = 12 or peer_address = 198.51.100.1)", false),
            ("IPSecVpnSession where nothing = 1", false),
        ] {
            assert_eq!(found(query), expected, "{query}");
        }
    }

    #[test]
    fn what_is_no_query_says_why() {
        let stray = |text: &str| QueryError::Stray(text.to_owned());
        for (text, why) in [
            ("", QueryError::End),
            ("VirtualMachine", QueryError::Type("VirtualMachine".to_owned())),
            ("segment admin_state = UP", stray("admin_state")),
            ("segment where", QueryError::End),
            ("segment where a", QueryError::End),
            ("segment where a =", QueryError::End),
            ("segment where a b c", stray("b")),
            ("segment where (a = b", QueryError::Open),
            ("segment where a = b)", stray(")")),
            ("segment where a = \"b", QueryError::Quote),
            ("segment where a ! b", stray("!")),
            ("segment where a = b and", QueryError::End),
            ("(segment)", stray("(")),
        ] {
            assert_eq!(parse(text), Err(why), "{text:?}");
        }
        assert_eq!(parse(&format!("segment where {}", "(".repeat(1_000))), Err(QueryError::Deep));
        assert_eq!(parse(&"a ".repeat(LONGEST)), Err(QueryError::Long));
    }
}
