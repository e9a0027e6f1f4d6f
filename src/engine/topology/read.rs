//! Typed values out of documents that the model has checked.

use std::net::IpAddr;

use crate::model::{AsNumber, Network, PolicyPath, Tree};

/// A document whose values are asked for by type. A value that is absent, or not
/// known while Terraform plans, is none.
#[derive(Clone, Copy)]
pub(super) struct Doc<'a>(pub &'a Tree);

impl<'a> Doc<'a> {
    pub fn get(self, field: &str) -> Doc<'a> {
        Doc(self.0.get(field))
    }

    pub fn items(self, field: &str) -> impl Iterator<Item = Doc<'a>> {
        self.0.get(field).items().iter().map(Doc)
    }

    pub fn is_null(self) -> bool {
        self.0.is_null()
    }

    pub fn text(self, field: &str) -> Option<&'a str> {
        self.0.get(field).text()
    }

    pub fn string(self, field: &str) -> Option<String> {
        self.text(field).map(str::to_owned)
    }

    pub fn bool(self, field: &str, default: bool) -> bool {
        self.0.get(field).bool().unwrap_or(default)
    }

    pub fn number<T: TryFrom<i64>>(self, field: &str) -> Option<T> {
        self.0.get(field).int().and_then(|number| T::try_from(number).ok())
    }

    pub fn parsed<T: std::str::FromStr>(self, field: &str) -> Option<T> {
        self.text(field).and_then(|text| text.parse().ok())
    }

    pub fn address(self, field: &str) -> Option<IpAddr> {
        self.parsed(field)
    }

    pub fn as_number(self, field: &str) -> Option<AsNumber> {
        self.parsed(field)
    }

    pub fn path(self, field: &str) -> Option<PolicyPath> {
        self.text(field).and_then(|text| PolicyPath::parse(text).ok())
    }

    pub fn word<T>(self, field: &str, parse: fn(&str) -> Option<T>) -> Option<T> {
        self.text(field).and_then(parse)
    }

    pub fn words<T>(self, field: &str, parse: fn(&str) -> Option<T>) -> Vec<T> {
        self.0.get(field).items().iter().filter_map(|word| parse(word.text()?)).collect()
    }

    pub fn all_parsed<T: std::str::FromStr>(self, field: &str) -> Vec<T> {
        self.0.get(field).items().iter().filter_map(|text| text.text()?.parse().ok()).collect()
    }

    /// The first path of a list.
    pub fn first_path(self, field: &str) -> Option<PolicyPath> {
        PolicyPath::parse(self.0.get(field).items().first()?.text()?).ok()
    }

    /// The networks of a list of `{subnet = …}`.
    pub fn subnets(self, field: &str) -> Vec<Network> {
        self.items(field).filter_map(|item| item.parsed("subnet")).collect()
    }
}
