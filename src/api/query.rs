//! The parameters of a request's URL.

use std::borrow::Cow;
use std::collections::BTreeMap;

use percent_encoding::percent_decode_str;

use super::error::ApiError;

/// So many characters of what somebody has sent are repeated in an error.
const LONGEST_TOLD: usize = 100;

/// What somebody has sent, as an error repeats it: in quotes, and no more of it than tells what
/// is meant.
pub fn told(text: &str) -> String {
    format!("{:?}", shortened(text))
}

/// The same without quotes.
pub fn shortened(text: &str) -> Cow<'_, str> {
    match text.char_indices().nth(LONGEST_TOLD) {
        None => text.into(),
        Some((end, _)) => format!("{}…", &text[..end]).into(),
    }
}

/// The parameters of a request, each once. What a handler does not take is refused by
/// [`Query::end`]: a misspelt one would be ignored.
#[derive(Debug, Default)]
pub struct Query {
    parameters: BTreeMap<String, String>,
}

impl Query {
    /// Reads what follows the `?`.
    pub fn parse(text: Option<&str>) -> Result<Self, ApiError> {
        let mut parameters = BTreeMap::new();
        for pair in text.unwrap_or_default().split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let (name, value) = (decoded(name)?, decoded(value)?);
            if parameters.contains_key(&name) {
                return Err(ApiError::bad_request(format!("The parameter {} is given more than once.", told(&name))));
            }
            parameters.insert(name, value);
        }
        Ok(Self { parameters })
    }

    /// Takes a parameter; an empty one is none.
    pub fn take(&mut self, name: &str) -> Option<String> {
        self.parameters.remove(name).filter(|value| !value.is_empty())
    }

    /// Takes a truth value.
    pub fn take_bool(&mut self, name: &str) -> Result<Option<bool>, ApiError> {
        match self.take(name).as_deref() {
            None => Ok(None),
            Some("true") => Ok(Some(true)),
            Some("false") => Ok(Some(false)),
            Some(other) => Err(ApiError::bad_request(format!("{name} is true or false, not {}.", told(other)))),
        }
    }

    /// Takes one of these words.
    pub fn take_word(&mut self, name: &str, words: &[&str]) -> Result<Option<String>, ApiError> {
        match self.take(name) {
            Some(word) if !words.contains(&word.as_str()) => {
                Err(ApiError::bad_request(format!("{name} is {}, not {}.", words.join(" or "), told(&word))))
            }
            word => Ok(word),
        }
    }

    /// Nothing is left.
    pub fn end(self) -> Result<(), ApiError> {
        match self.parameters.into_keys().next() {
            Some(name) => Err(ApiError::bad_request(format!("There is no parameter {} at this address.", told(&name)))),
            None => Ok(()),
        }
    }
}

fn decoded(text: &str) -> Result<String, ApiError> {
    let spaced = text.replace('+', " ");
    let text = percent_decode_str(&spaced).decode_utf8();
    text.map(Into::into).map_err(|_| ApiError::bad_request("The parameters of the URL are not UTF-8."))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_decoded_and_taken_once() {
        let mut query = Query::parse(Some("cursor=a%2Fb+c&page_size=&sort_ascending=false")).unwrap();
        assert_eq!(query.take("cursor").as_deref(), Some("a/b c"));
        assert_eq!(query.take("page_size"), None);
        assert_eq!(query.take_bool("sort_ascending").unwrap(), Some(false));
        query.end().unwrap();
    }

    #[test]
    fn of_a_long_value_the_beginning_is_told() {
        assert_eq!(told("a\"b"), r#""a\"b""#);
        let long = "ä".repeat(70_000);
        let said = Query::parse(Some(&format!("a={long}"))).unwrap().take_bool("a").unwrap_err();
        let end = format!("not \"{}…\".", "ä".repeat(LONGEST_TOLD));
        assert!(said.message().ends_with(&end) && said.message().len() < 300, "{}", said.message());
    }

    #[test]
    fn what_cannot_be_meant_is_refused() {
        for text in ["a=1&a=2", "a=%ff"] {
            Query::parse(Some(text)).unwrap_err();
        }
        Query::parse(Some("nobody=1")).unwrap().end().unwrap_err();
        Query::parse(Some("a=yes")).unwrap().take_bool("a").unwrap_err();
        Query::parse(Some("a=c")).unwrap().take_word("a", &["b"]).unwrap_err();
    }
}
