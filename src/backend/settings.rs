//! What a user sets of a live system: in the provider's block, in environment variables, on the
//! command line. Each system has a table of its settings; all else is made of it.

use std::collections::BTreeMap;
use std::env;
use std::fmt;

/// What a setting takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Takes {
    /// A text.
    Text,
    /// A text that says who one is. It is no secret, and is not for command lines either.
    Credential,
    /// A text that nobody else may see.
    Secret,
    /// A truth value.
    Flag,
    /// A whole number.
    Number,
    /// Whole numbers.
    Numbers,
    /// Texts by names.
    Texts,
}

/// A setting.
#[derive(Clone, Copy, Debug)]
pub struct Setting {
    /// The name of the attribute.
    pub name: &'static str,
    /// What it takes.
    pub takes: Takes,
    /// The environment variables that stand for it; the first that is set counts.
    pub variables: &'static [&'static str],
    /// What it means, for people.
    pub doc: &'static str,
}

/// What is set, by the names of the attributes. Nothing is checked yet.
#[derive(Clone, Default)]
pub struct Given {
    /// Texts; an empty one is none.
    pub texts: BTreeMap<&'static str, String>,
    /// Truth values.
    pub flags: BTreeMap<&'static str, bool>,
    /// Numbers.
    pub numbers: BTreeMap<&'static str, i64>,
    /// Several numbers.
    pub lists: BTreeMap<&'static str, Vec<i64>>,
    /// Texts by names.
    pub maps: BTreeMap<&'static str, BTreeMap<String, String>>,
}

/// A setting that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wrong {
    /// The attribute.
    pub attribute: &'static str,
    /// What is wrong.
    pub what: String,
    /// What to do.
    pub hint: String,
}

impl fmt::Display for Wrong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}. {}", self.what, self.hint)
    }
}

/// That `attribute` is wrong.
pub fn wrong(attribute: &'static str, what: impl Into<String>, hint: impl Into<String>) -> Wrong {
    Wrong { attribute, what: what.into(), hint: hint.into() }
}

impl Given {
    /// What the environment variables of `table` say.
    ///
    /// # Errors
    /// The first variable that cannot be read.
    pub fn of_the_environment(table: &[Setting]) -> Result<Self, Wrong> {
        of_variables(table, |name| env::var(name).ok())
    }
}

fn of_variables(table: &[Setting], variable: impl Fn(&str) -> Option<String>) -> Result<Given, Wrong> {
    let mut given = Given::default();
    for Setting { name, takes, variables, .. } in table {
        let set = variables.iter().find_map(|name| Some((name, variable(name).filter(|text| !text.is_empty())?)));
        let Some((variable, text)) = set else { continue };
        let wrong = |what: &str| {
            let summary = format!("The environment variable {variable} is no {what}");
            wrong(name, summary, format!("It stands for {name} and is {text:?}."))
        };
        match takes {
            Takes::Text | Takes::Credential | Takes::Secret => drop(given.texts.insert(name, text)),
            Takes::Flag => {
                let flag = match text.to_ascii_lowercase().as_str() {
                    "true" | "1" | "t" => true,
                    "false" | "0" | "f" => false,
                    _ => return Err(wrong("truth value (true or false)")),
                };
                given.flags.insert(name, flag);
            }
            Takes::Number => drop(given.numbers.insert(name, text.parse().map_err(|_| wrong("whole number"))?)),
            Takes::Numbers => {
                let numbers = text.split(',').map(|number| number.trim().parse());
                let numbers = numbers.collect::<Result<Vec<i64>, _>>().map_err(|_| wrong("list of whole numbers"))?;
                given.lists.insert(name, numbers);
            }
            Takes::Texts => {}
        }
    }
    Ok(given)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backend::nsx::settings::SETTINGS;

    #[test]
    fn a_variable_that_cannot_be_read_is_named() {
        let of = |name: &'static str, value: &'static str| {
            of_variables(&SETTINGS, |asked| (asked == name).then(|| value.to_owned())).map_err(|wrong| wrong.what)
        };
        assert!(!of("NSXT_SESSION_AUTH", "False").unwrap().flags["session_auth"]);
        assert_eq!(of("NSXT_MAX_RETRIES", "3").unwrap().numbers["max_retries"], 3);
        assert!(of("NSXT_MAX_RETRIES", "").unwrap().numbers.is_empty());
        assert_eq!(of("NSXT_RETRY_ON_STATUS_CODES", "429, 503").unwrap().lists["retry_on_status_codes"], [429, 503]);
        for (name, value) in
            [("NSXT_SESSION_AUTH", "maybe"), ("NSXT_MAX_RETRIES", "some"), ("NSXT_RETRY_ON_STATUS_CODES", "429;503")]
        {
            assert!(of(name, value).map(drop).unwrap_err().contains(name));
        }
    }
}
