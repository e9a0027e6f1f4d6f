//! Reading a document: every value checked and brought into its one spelling,
//! every default filled in.

use std::collections::BTreeSet;
use std::net::IpAddr;

use super::KINDS;
use super::as_number::AsNumber;
use super::field::{Field, Presence, Record, Shape};
use super::kind::{Kind, kind_named, kinds_at, one};
use super::network::{Network, interface_address};
use super::neutron::{self, LAST_VLAN};
use super::path::{LONGEST_ID, PolicyPath, stray_character};
use super::problem::{Nature, Place, Problem, Step};
use super::rule::Facts;
use super::timestamp::Timestamp;
use super::tree::{Fields, Tree};

/// A document that has been read.
pub struct Reading {
    /// The document in its one spelling, defaults filled in. Values with a
    /// problem stand as they were.
    pub tree: Tree,
    /// What is wrong with it, in the order of the fields.
    pub problems: Vec<Problem>,
}

impl Reading {
    /// Whether the API takes it.
    pub fn is_accepted(&self) -> bool {
        use super::problem::Gravity::Refused;
        self.problems.iter().all(|problem| problem.gravity != Refused)
    }
}

/// Reads an object of `kind` that lies, or is to lie, below `parent`.
pub fn read(kind: &Kind, tree: &Tree, parent: Option<&str>) -> Reading {
    let mut reader = Reader { parent, common: kind.common(), problems: Vec::new() };
    let common = kind.common();
    let (own, other) = match tree {
        Tree::Object(fields) => fields.clone().into_iter().partition(|(name, _)| common.field(name).is_none()),
        _ => (Fields::new(), Fields::new()),
    };
    let place = Place::default();
    let mut fields = reader.fields(common, &Tree::Object(other), &place);
    fields.extend(reader.fields(kind.record, &Tree::Object(own), &place));
    let tree = Tree::Object(fields);
    for record in [common, kind.record] {
        reader.rules(record, &tree, &place);
    }
    Reading { tree, problems: reader.problems }
}

/// Reads what is said to ask for something; see [`super::result`].
pub fn read_input(record: &'static Record, tree: &Tree) -> Reading {
    let mut reader = Reader { parent: None, common: &super::common::RECORD, problems: Vec::new() };
    let tree = reader.record(record, tree, &Place::default());
    Reading { tree, problems: reader.problems }
}

/// `tree` in the one spelling of `shape`; what is wrong with it is left alone.
pub fn canonical(shape: &Shape, tree: &Tree) -> Tree {
    let mut reader = Reader { parent: None, common: &super::common::RECORD, problems: Vec::new() };
    let unnamed = Field::optional("", *shape, "");
    reader.value(&unnamed, shape, tree, &Place::default())
}

struct Reader<'a> {
    parent: Option<&'a str>,
    /// The fields that every object of the API has.
    common: &'static Record,
    problems: Vec<Problem>,
}

impl Reader<'_> {
    fn refuse(&mut self, at: &Place, what: impl Into<String>, hint: impl Into<String>) {
        self.problems.push(Problem::refused(at.clone(), what, hint));
    }

    /// Reads an object within the object, with its rules.
    fn record(&mut self, record: &'static Record, tree: &Tree, at: &Place) -> Tree {
        let read = Tree::Object(self.fields(record, tree, at));
        self.rules(record, &read, at);
        read
    }

    /// Sees whether what was `read` keeps the rules of its record.
    fn rules(&mut self, record: &'static Record, read: &Tree, at: &Place) {
        let broken = record.rules.iter().flat_map(|rule| rule(&Facts { record: read, parent: self.parent }));
        let broken: Vec<_> = broken.map(|problem| Problem { at: at.join(&problem.at), ..problem }).collect();
        // A rule may know the narrower range: what it says of a number is said once.
        let says_more = |known: &Problem, rule: &Problem| known.at == rule.at && rule.what.starts_with(&known.what);
        self.problems.retain(|known| !broken.iter().any(|rule| says_more(known, rule)));
        self.problems.extend(broken);
    }

    /// Reads the fields of a record.
    fn fields(&mut self, record: &'static Record, tree: &Tree, at: &Place) -> Fields {
        let Tree::Object(given) = tree else {
            self.refuse(at, format!("{} is not an object", last_name(at)), "Give an object with the fields described.");
            return Fields::new();
        };
        // A null says that there is nothing: clients name fields so that are not used here.
        for name in given.keys().filter(|name| record.field(name).is_none() && !tree.get(name).is_null()) {
            // An object's own fields and those of every object are read one after the other.
            let common: &[Field] = if at.0.is_empty() { self.common.fields } else { &[] };
            let mut known = record.fields.iter().chain(common).filter(|field| field.is_configurable());
            let near = known.find(|field| [field.name, field.hcl_name()].map(letters).contains(&letters(name)));
            let hint = near.map_or_else(
                || "Remove it, or correct its spelling.".to_owned(),
                |field| format!("Did you mean {}?", field.name),
            );
            self.refuse(&at.then(Step::Stray(name.clone())), format!("There is no field {name:?} here"), hint);
        }
        let mut fields = Fields::new();
        for field in record.fields {
            let value = given.get(field.name).unwrap_or(&Tree::Null);
            let at = at.field(field.name);
            let read = match (field.presence, value) {
                (Presence::ReadOnly, _) => continue,
                (Presence::Unavailable(why), Tree::Null) if !why.is_empty() => continue,
                (Presence::Unavailable(why), _) => {
                    self.refuse(&at, format!("{} cannot be set here", field.name), why);
                    continue;
                }
                (_, Tree::Null) => Tree::Null,
                (_, value) => self.value(field, &field.shape, value, &at),
            };
            let read = if field.is_the_same_as_none(&read) { Tree::Null } else { read };
            fields.insert(field.name.to_owned(), read);
        }
        self.fill_in(record, fields, at)
    }

    /// Fills in defaults, and misses what is required.
    fn fill_in(&mut self, record: &'static Record, fields: Fields, at: &Place) -> Fields {
        let siblings = Tree::Object(fields);
        let defaults: Vec<_> = record
            .fields
            .iter()
            .filter(|field| siblings.get(field.name).is_null())
            .map(|field| (field, field.default_for(&siblings)))
            .collect();
        let Tree::Object(mut fields) = siblings else { return Fields::new() };
        for (field, default) in defaults {
            if !default.is_null() {
                fields.insert(field.name.to_owned(), default);
            } else if field.presence == Presence::Required {
                self.refuse(&at.field(field.name), format!("{} is missing", field.hcl_name()), "It is required.");
            }
        }
        fields
    }

    /// Reads a value of `shape`, which is that of `field` or of its elements.
    fn value(&mut self, field: &Field, shape: &Shape, tree: &Tree, at: &Place) -> Tree {
        if matches!(tree, Tree::Null | Tree::Unknown) {
            return tree.clone();
        }
        match (shape, tree) {
            (Shape::Bool, Tree::Bool(_)) => tree.clone(),
            (Shape::Int(min, max), Tree::Number(number)) => {
                if !number.as_i64().is_some_and(|value| (*min..=*max).contains(&value)) {
                    let range =
                        if *max == i64::MAX { format!("{min} or more") } else { format!("from {min} to {max}") };
                    let what = format!("{} cannot be {number}", field.hcl_name());
                    self.refuse(at, what, format!("Use a whole number {range}."));
                }
                tree.clone()
            }
            (Shape::List(element, min, max), Tree::List(items)) => {
                self.count(field, items.len(), *min, *max, at);
                Tree::List(self.items(field, element, items, at))
            }
            (Shape::Set(element, min, max), Tree::List(items)) => {
                self.count(field, items.len(), *min, *max, at);
                Tree::List(in_order(element, self.items(field, element, items, at)))
            }
            (Shape::SetIn(name, element, min, max), Tree::List(items)) => {
                self.count(field, items.len(), *min, *max, at);
                let bare = items.iter().enumerate().map(|(position, item)| self.unwrap(name, item, &at.item(position)));
                let bare: Vec<_> = bare.collect();
                let read = in_order(element, self.items(field, element, &bare, at));
                Tree::List(read.into_iter().map(|item| wrap(name, item)).collect())
            }
            (Shape::Record(record), Tree::Object(_)) => self.record(record, tree, at),
            (Shape::Records(record, min, max), Tree::List(items)) => {
                self.count(field, items.len(), *min, *max, at);
                Tree::List(self.records(record, items, at))
            }
            (Shape::RecordSet(record, key, min, max), Tree::List(items)) => {
                self.count(field, items.len(), *min, *max, at);
                let mut records = self.records(record, items, at);
                self.distinct(field, key, &records, at);
                records.sort_by_cached_key(|item| sort_key(key, item));
                Tree::List(records)
            }
            (Shape::Text(0, _), Tree::Text(text)) if text.is_empty() => Tree::Null,
            (Shape::AsNumber, Tree::Text(text)) if text.is_empty() && field.presence == Presence::Optional => {
                Tree::Null
            }
            // Clients that take a reference away send an empty path.
            (Shape::Path(_), Tree::Text(text)) if text.is_empty() && field.may_be_absent() => Tree::Null,
            (shape, Tree::Text(text)) => self.word(field, shape, text, at),
            (shape, _) => {
                self.wrong_type(field, shape, at);
                tree.clone()
            }
        }
    }

    fn items(&mut self, field: &Field, element: &Shape, items: &[Tree], at: &Place) -> Vec<Tree> {
        let read = |(position, item)| {
            let at = at.item(position);
            if matches!(item, &Tree::Null) {
                self.refuse(&at, format!("{} holds a null", field.hcl_name()), "Leave the element out.");
            }
            self.value(field, element, item, &at)
        };
        items.iter().enumerate().map(read).collect()
    }

    fn records(&mut self, record: &'static Record, items: &[Tree], at: &Place) -> Vec<Tree> {
        let read = |(position, item): (usize, &Tree)| match item {
            Tree::Unknown => Tree::Unknown,
            item => self.record(record, item, &at.item(position)),
        };
        items.iter().enumerate().map(read).collect()
    }

    /// Takes a value out of the object it stands in on the wire. Values that
    /// stand alone, as in HCL, are taken as they are.
    fn unwrap(&mut self, name: &'static str, item: &Tree, at: &Place) -> Tree {
        let Tree::Object(fields) = item else { return item.clone() };
        for stray in fields.keys().filter(|field| *field != name) {
            self.refuse(
                &at.then(Step::Stray(stray.clone())),
                format!("There is no field {stray:?} here"),
                "Remove it.",
            );
        }
        item.get(name).clone()
    }

    fn count(&mut self, field: &Field, count: usize, min: usize, max: usize, at: &Place) {
        let name = field.hcl_name();
        if count < min {
            self.refuse(at, format!("{name} needs at least {min} and has {count}"), "Add what is missing.");
        }
        if count > max {
            self.refuse(at, format!("{name} takes at most {max} and has {count}"), "Remove what is too much.");
        }
    }

    /// Elements of a set are told apart by their key, or by all that they hold.
    fn distinct(&mut self, field: &Field, key: &str, records: &[Tree], at: &Place) {
        let mut seen = BTreeSet::new();
        for (position, record) in records.iter().enumerate() {
            let name = field.hcl_name();
            let value = record.get(key);
            if key.is_empty() && !record.has_unknown() && !seen.insert(record.to_json().to_string()) {
                self.refuse(&at.item(position), format!("Two of {name} are the same"), "Leave one of them out.");
            }
            if let Some(text) = value.text()
                && !seen.insert(text.to_owned())
            {
                let what = format!("Two of {name} have the {key} {text:?}");
                let hint =
                    format!("Give each {} of its own. Unset, it is made of what tells one from the other.", one(key));
                self.refuse(&at.item(position), what, hint);
            }
        }
    }

    fn wrong_type(&mut self, field: &Field, shape: &Shape, at: &Place) {
        self.refuse(at, format!("{} has the wrong type", field.hcl_name()), format!("Give {}.", article(shape)));
    }

    /// Reads a value that is written as text.
    fn word(&mut self, field: &Field, shape: &Shape, text: &str, at: &Place) -> Tree {
        match self.spelling(field, shape, text, at) {
            Ok(spelling) => Tree::Text(spelling),
            Err((what, hint)) => {
                let nature = match shape {
                    Shape::Path(_) | Shape::ForeignPath(_) => Nature::Path(text.to_owned()),
                    _ => Nature::Value,
                };
                self.problems.push(Problem::refused(at.clone(), what, hint).of(nature));
                Tree::Text(text.to_owned())
            }
        }
    }

    /// The one spelling of a text, or what is wrong with it and what to do.
    fn spelling(&mut self, field: &Field, shape: &Shape, text: &str, at: &Place) -> Result<String, (String, String)> {
        let name = field.hcl_name();
        match shape {
            Shape::Text(min, max) => length_within(name, text, *min, *max),
            Shape::Id => match stray_character(text) {
                _ if text.is_empty() || text.chars().count() > LONGEST_ID => {
                    Err((format!("{name} is empty or too long"), format!("Use 1 to {LONGEST_ID} characters.")))
                }
                _ if matches!(text, "." | "..") || text.trim() != text => Err((
                    format!("{text:?} cannot be an identifier"),
                    "Use a text without spaces around it, other than . and ..".to_owned(),
                )),
                Some(stray) => Err((
                    format!("{name} holds {stray:?}"),
                    "An identifier is part of a path and a URL: leave out / \\ & ? # % and control characters."
                        .to_owned(),
                )),
                None => Ok(text.to_owned()),
            },
            Shape::Enum(words) if words.has(text) => Ok(text.to_owned()),
            Shape::Enum(words) => {
                let hint = match words.ignoring_case(text) {
                    Some(word) => format!("Values are case-sensitive: did you mean {word}?"),
                    None => format!("Use {}.", words.list()),
                };
                Err((format!("{text:?} is not a value of {name}"), hint))
            }
            Shape::Address => text.parse::<IpAddr>().map(|address| address.to_string()).map_err(|_| {
                let hint =
                    if text.contains('/') { "Leave out the prefix length." } else { "Use an IPv4 or IPv6 address." };
                (format!("{text:?} is not an IP address"), hint.to_owned())
            }),
            Shape::AddressOrNetwork if text.parse::<IpAddr>().is_ok() => {
                Ok(text.parse::<IpAddr>().map_or_else(|_| text.to_owned(), |address| address.to_string()))
            }
            Shape::NetworkOrAny if text.eq_ignore_ascii_case("ANY") => Ok("ANY".to_owned()),
            Shape::Network | Shape::NetworkOrAny | Shape::AddressOrNetwork => match Network::meant(text) {
                Ok((network, false)) => Ok(network.to_string()),
                Ok((network, true)) => {
                    let what = format!("{text} has host bits set; the network meant is {network}");
                    self.problems.push(Problem::surprising(
                        at.clone(),
                        what,
                        format!("It is used as {network}. Write it so to be rid of this warning."),
                    ));
                    Ok(network.to_string())
                }
                Err(error) => Err((
                    format!("{text:?} {error}"),
                    format!("Give {name} a network in CIDR form, such as 10.0.0.0/8 or 2001:db8::/32."),
                )),
            },
            Shape::InterfaceAddress => match interface_address(text) {
                Ok((address, network)) => Ok(format!("{address}/{}", network.length())),
                Err(error) => Err((
                    format!("{text:?} {error}"),
                    "Give the address of the interface with its prefix length, such as 192.168.1.1/24.".to_owned(),
                )),
            },
            Shape::AddressRange => address_range(text),
            Shape::Mac => mac(text).ok_or_else(|| {
                (format!("{text:?} is not a MAC address"), "Use the form 00:50:56:ab:cd:ef.".to_owned())
            }),
            Shape::AsNumber => text
                .parse::<AsNumber>()
                .map(|number| number.to_string())
                .map_err(|error| (format!("{text:?} is not an AS number"), sentence(&error.to_string()))),
            Shape::Time => text.parse::<Timestamp>().map(|time| time.to_string()).map_err(|error| {
                (format!("{text:?} {error}"), "Write it like 2026-01-31T12:00:00Z (RFC 3339).".to_owned())
            }),
            Shape::NeutronId(collection) => neutron::uuid(name, collection, text),
            Shape::Vlans => neutron::vlans(text).map(|(text, stray)| {
                if let Some((stray, is_all)) = stray {
                    let what = format!("{stray} is no VLAN");
                    let hint = format!(
                        "The API takes it, and no packet matches. VLANs are 0 to {LAST_VLAN}, and of a range the first one comes \
                         first."
                    );
                    let said = if is_all { Problem::idle } else { Problem::surprising };
                    self.problems.push(said(at.clone(), what, hint));
                }
                text
            }),
            Shape::Path(kinds) => path(name, kinds, text),
            Shape::ForeignPath(collections) => foreign_path(name, collections, text),
            shape => Err((format!("{name} has the wrong type"), format!("Give {}.", article(shape)))),
        }
    }
}

/// The name of the value at `at`, for a message.
fn last_name(at: &Place) -> &str {
    at.0.iter()
        .rev()
        .find_map(|step| match step {
            Step::Field(name) => Some(*name),
            Step::Stray(name) => Some(name.as_str()),
            Step::Item(_) => None,
        })
        .unwrap_or("The document")
}

/// The letters of a name: what is left to tell names apart by when case and the
/// signs between words are not known for sure.
fn letters(name: &str) -> String {
    name.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect()
}

/// The object a value stands in on the wire.
fn wrap(name: &str, item: Tree) -> Tree {
    Tree::Object(Fields::from([(name.to_owned(), item)]))
}

fn sentence(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |first| format!("{}{}.", first.to_uppercase(), chars.as_str()))
}

/// What a value of `shape` is, with an article.
fn article(shape: &Shape) -> &'static str {
    match shape {
        Shape::Bool => "true or false",
        Shape::Int(..) => "a whole number",
        Shape::List(..) | Shape::Set(..) | Shape::SetIn(..) | Shape::Records(..) | Shape::RecordSet(..) => "a list",
        Shape::Record(_) => "an object",
        _ => "a text",
    }
}

/// Elements of a set in the order they are kept in, each once.
fn in_order(element: &Shape, mut items: Vec<Tree>) -> Vec<Tree> {
    items.sort_by_cached_key(|item| match (element, item) {
        (Shape::Enum(words), Tree::Text(text)) => (words.position(text).unwrap_or(usize::MAX), text.clone()),
        (_, item) => (0, item.text().unwrap_or("\u{10ffff}").to_owned()),
    });
    items.dedup_by(|a, b| !a.has_unknown() && a == b);
    items
}

/// Where an element stands in a set told apart by `key`: unknown ones last.
fn sort_key(key: &str, item: &Tree) -> (bool, String) {
    match item.get(key).text() {
        Some(text) => (false, text.to_owned()),
        None => (true, item.to_json().to_string()),
    }
}

fn length_within(name: &str, text: &str, min: usize, max: usize) -> Result<String, (String, String)> {
    let length = text.chars().count();
    if (min..=max).contains(&length) {
        return Ok(text.to_owned());
    }
    let hint =
        if min == 0 { format!("Use at most {max} characters.") } else { format!("Use {min} to {max} characters.") };
    Err((format!("{name} has {length} characters"), hint))
}

fn address_range(text: &str) -> Result<String, (String, String)> {
    let (first, last) = text.split_once('-').unwrap_or((text, text));
    match (first.trim().parse::<IpAddr>(), last.trim().parse::<IpAddr>()) {
        (Ok(first), Ok(last)) if first.is_ipv4() == last.is_ipv4() && first > last => Err((
            format!("The range {text:?} runs backwards"),
            format!("Give the lower address first: {last}-{first}."),
        )),
        (Ok(first), Ok(last)) if first.is_ipv4() == last.is_ipv4() => {
            Ok(if text.contains('-') { format!("{first}-{last}") } else { first.to_string() })
        }
        _ => {
            let hint = "Give an address, or a range first-last of one address family.".to_owned();
            Err((format!("{text:?} is not an address or a range of addresses"), hint))
        }
    }
}

fn mac(text: &str) -> Option<String> {
    let parts: Vec<_> = text.split([':', '-']).collect();
    let octet = |part: &&str| part.len() == 2 && part.bytes().all(|byte| byte.is_ascii_hexdigit());
    (parts.len() == 6 && parts.iter().all(octet)).then(|| parts.join(":").to_ascii_lowercase())
}

/// Reads the path of an object of one of `kinds`.
fn path(name: &str, kinds: &[&str], text: &str) -> Result<String, (String, String)> {
    let wanted: Vec<_> = kinds.iter().filter_map(|kind| kind_named(kind)).collect();
    let like = || {
        let form = |kind: &&Kind| format!("{} ({})", kind.example_paths().collect::<Vec<_>>().join(" or "), kind.title);
        let forms: Vec<_> = wanted.iter().map(form).collect();
        let held = wanted.iter().filter(|kind| KINDS.contains(kind));
        let names: Vec<_> = held.map(|kind| format!("vpn_{}.NAME.path", kind.name)).collect();
        format!("Give {name} a path like {}, best by a reference: {}.", forms.join(" or "), names.join(" or "))
    };
    let path = PolicyPath::parse(text).map_err(|error| (format!("{text:?} is not a path: it {error}"), like()))?;
    if wanted.iter().any(|kind| kind.owns(&path)) {
        return Ok(path.to_string());
    }
    let what = match kinds_at(&path).next() {
        Some(kind) => format!("{text:?} is the path of another kind of object ({})", kind.title),
        None => format!("{text:?} is no path of an object of the kind wanted"),
    };
    Err((what, like()))
}

/// Reads the path of an object that lies in one of `collections`.
fn foreign_path(name: &str, collections: &[&str], text: &str) -> Result<String, (String, String)> {
    let like = || format!("Give {name} a path like {}ID.", collections.join("ID or ").replace('*', "ID"));
    let path = PolicyPath::parse(text).map_err(|error| (format!("{text:?} is not a path: it {error}"), like()))?;
    let lies_in = |collection: &&str| {
        let mut parts = path.parts();
        let folder = collection.split('/').filter(|part| !part.is_empty());
        folder.into_iter().all(|wanted| parts.next().is_some_and(|part| wanted == "*" || wanted == part))
            && parts.next().is_some()
            && parts.next().is_none()
    };
    if collections.iter().any(lies_in) {
        return Ok(path.to_string());
    }
    Err((format!("{text:?} is the path of another kind of object"), like()))
}

/// What is wrong with `id` as an identifier, if anything.
pub fn problem_of_id(id: &str) -> Option<Problem> {
    let mut reader = Reader { parent: None, common: &super::common::RECORD, problems: Vec::new() };
    let field = Field::optional("id", Shape::Id, "");
    reader.word(&field, &Shape::Id, id, &Place::default());
    reader.problems.pop()
}
