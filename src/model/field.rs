//! What a field is: the one declaration from which the JSON on the wire, the
//! Terraform schema, the checks, their messages and the documentation all come.

use super::enumeration::Enumeration;
use super::rule::Rule;
use super::tree::Tree;

/// A group of fields: a whole object, or an object within one.
pub struct Record {
    /// What it is, in Markdown.
    pub doc: &'static str,
    /// Its fields, in the order the documentation shows them.
    pub fields: &'static [Field],
    /// What must hold between its fields.
    pub rules: &'static [Rule],
}

/// A field of a [`Record`].
#[derive(Clone, Copy)]
pub struct Field {
    /// Its name in the API.
    pub name: &'static str,
    /// Its name in HCL, where that differs: repeated objects are blocks in the
    /// singular.
    pub singular: Option<&'static str>,
    /// What values it takes.
    pub shape: Shape,
    /// Who sets it.
    pub presence: Presence,
    /// What it is when nobody sets it.
    pub default: Default,
    /// What it means, in Markdown, with units. Ranges, values and defaults are
    /// added from the other members.
    pub doc: &'static str,
    /// Whether it must never be shown.
    pub secret: bool,
    /// Whether the API cannot change it: the object has to be replaced.
    pub fixed: bool,
    /// Whether the API takes it and never shows it.
    pub unseen: bool,
    /// What becomes of an object that it names.
    pub tie: Tie,
    /// Set when it should no longer be used: what to use instead.
    pub deprecated: Option<&'static str>,
}

/// What becomes of an object that a field names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tie {
    /// It cannot be deleted while it is named.
    Holds,
    /// It may go.
    Watches,
}

/// Who sets a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Presence {
    /// The user must.
    Required,
    /// The user may.
    Optional,
    /// Only the system, to the default if there is one; what a user sends is
    /// ignored, as the API does.
    ReadOnly,
    /// Exists in the API but not here; the text says why.
    Unavailable(&'static str),
}

/// What a field is when nobody sets it.
#[derive(Clone, Copy)]
pub enum Default {
    /// Absent.
    Absent,
    /// This truth value.
    Bool(bool),
    /// This number.
    Int(i64),
    /// This text.
    Text(&'static str),
    /// This list.
    Texts(&'static [&'static str]),
    /// What the other fields of the record make of it, and how that is described.
    Derived(fn(&Tree) -> Tree, &'static str),
}

/// What values a field takes.
#[derive(Clone, Copy)]
pub enum Shape {
    /// `true` or `false`.
    Bool,
    /// A whole number in a closed range.
    Int(i64, i64),
    /// A text with a length in a closed range, in characters. Where it may be
    /// empty, an empty one is the same as none.
    Text(usize, usize),
    /// An identifier: part of a path.
    Id,
    /// One of a fixed list of words, case-sensitive.
    Enum(&'static Enumeration),
    /// An IPv4 or IPv6 address.
    Address,
    /// An IPv4 or IPv6 network in CIDR form; host bits are cleared.
    Network,
    /// An IPv4 or IPv6 address, or a [`Shape::Network`].
    AddressOrNetwork,
    /// A [`Shape::Network`], or `ANY` for all networks.
    NetworkOrAny,
    /// The address of an interface with its prefix length: `192.168.1.1/24`.
    InterfaceAddress,
    /// An address, or a range `first-last`.
    AddressRange,
    /// A MAC address.
    Mac,
    /// An autonomous system number, plain or in dot form. Where it may be left out,
    /// an empty one is the same as none.
    AsNumber,
    /// A point in time (RFC 3339); it is kept in UTC, to the millisecond.
    Time,
    /// The path of an object of one of these kinds.
    Path(&'static [&'static str]),
    /// The UUID of an object in this collection of Neutron: `ports`.
    NeutronId(&'static str),
    /// VLANs and ranges of them: `10,20-30`.
    Vlans,
    /// The path of an object this engine does not hold: below one of these
    /// collections, in which `*` stands for an identifier.
    ForeignPath(&'static [&'static str]),
    /// Values in an order that means something, with the fewest and most allowed.
    List(&'static Shape, usize, usize),
    /// Values in no order, each once, with the fewest and most allowed.
    Set(&'static Shape, usize, usize),
    /// Like [`Shape::Set`]; on the wire each value stands in an object of its own
    /// under this name.
    SetIn(&'static str, &'static Shape, usize, usize),
    /// An object.
    Record(&'static Record),
    /// Objects in an order that means something, with the fewest and most allowed.
    Records(&'static Record, usize, usize),
    /// Objects in no order, told apart by the field of this name, with the fewest
    /// and most allowed.
    RecordSet(&'static Record, &'static str, usize, usize),
}

impl Field {
    /// A field the user may set and that is absent otherwise.
    pub const fn optional(name: &'static str, shape: Shape, doc: &'static str) -> Self {
        Self {
            name,
            singular: None,
            shape,
            presence: Presence::Optional,
            default: Default::Absent,
            doc,
            secret: false,
            fixed: false,
            unseen: false,
            tie: Tie::Holds,
            deprecated: None,
        }
    }

    /// A field the user must set.
    pub const fn required(name: &'static str, shape: Shape, doc: &'static str) -> Self {
        Self { presence: Presence::Required, ..Self::optional(name, shape, doc) }
    }

    /// A field only the system sets.
    pub const fn read_only(name: &'static str, shape: Shape, doc: &'static str) -> Self {
        Self { presence: Presence::ReadOnly, ..Self::optional(name, shape, doc) }
    }

    /// A field of the API that is refused here; `why` says so to the user.
    pub const fn unavailable(name: &'static str, why: &'static str) -> Self {
        Self { presence: Presence::Unavailable(why), ..Self::optional(name, Shape::Bool, "") }
    }

    /// Unset, it is this.
    #[must_use]
    pub const fn or(self, default: Default) -> Self {
        Self { default, ..self }
    }

    /// Its name in HCL.
    #[must_use]
    pub const fn singular(self, name: &'static str) -> Self {
        Self { singular: Some(name), ..self }
    }

    /// It must never be shown.
    #[must_use]
    pub const fn secret(self) -> Self {
        Self { secret: true, ..self }
    }

    /// The API cannot change it.
    #[must_use]
    pub const fn fixed(self) -> Self {
        Self { fixed: true, ..self }
    }

    /// The API takes it and never shows it.
    #[must_use]
    pub const fn unseen(self) -> Self {
        Self { unseen: true, ..self }
    }

    /// What it names has to be there when the object is written, and may go later.
    #[must_use]
    pub const fn watched(self) -> Self {
        Self { tie: Tie::Watches, ..self }
    }

    /// No longer to be used.
    #[must_use]
    pub const fn deprecated(self, instead: &'static str) -> Self {
        Self { deprecated: Some(instead), ..self }
    }

    /// Its name in HCL.
    pub fn hcl_name(&self) -> &'static str {
        self.singular.unwrap_or(self.name)
    }

    /// What it is when nobody sets it and the rest of the record is `siblings`.
    pub fn default_for(&self, siblings: &Tree) -> Tree {
        match self.default {
            Default::Absent => Tree::Null,
            Default::Bool(value) => value.into(),
            Default::Int(value) => value.into(),
            Default::Text(value) => value.into(),
            Default::Texts(values) => Tree::List(values.iter().map(|value| Tree::from(*value)).collect()),
            Default::Derived(derive, _) => derive(siblings),
        }
    }

    /// Whether the API makes no difference between `value` and none: an empty list
    /// where nothing is filled in.
    pub fn is_the_same_as_none(&self, value: &Tree) -> bool {
        self.may_be_absent() && matches!(value, Tree::List(items) if items.is_empty())
    }

    /// Whether it is absent when nobody sets it.
    pub fn may_be_absent(&self) -> bool {
        self.presence == Presence::Optional && matches!(self.default, Default::Absent)
    }

    /// Whether Terraform does not show it: its documentation is empty.
    pub fn is_hidden(&self) -> bool {
        self.doc.is_empty()
    }

    /// Whether the user may set it.
    pub fn is_configurable(&self) -> bool {
        matches!(self.presence, Presence::Required | Presence::Optional)
    }
}

impl Record {
    /// The field of this name in the API.
    pub fn field(&self, name: &str) -> Option<&'static Field> {
        self.fields.iter().find(|field| field.name == name)
    }
}

impl Shape {
    /// The record of a shape that holds objects.
    pub fn record(&self) -> Option<&'static Record> {
        match self {
            Self::Record(record) | Self::Records(record, ..) | Self::RecordSet(record, ..) => Some(record),
            _ => None,
        }
    }
}

/// The fields of two parts of a record, one after the other. `M` is `A + B`.
pub(super) const fn concat<const A: usize, const B: usize, const M: usize>(
    first: [Field; A],
    second: [Field; B],
) -> [Field; M] {
    let mut all = [const { Field::optional("", Shape::Bool, "") }; M];
    let mut position = 0;
    while position < M {
        all[position] = if position < A { first[position] } else { second[position - A] };
        position += 1;
    }
    all
}
