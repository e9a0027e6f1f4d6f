//! What a prefix list lets pass, and its one spelling.

use super::Declaration;
use crate::engine::prefix_filter::{Entry, PrefixFilter, PrefixMatch};
use crate::model::field::{Default, Field, Record, Shape};
use crate::model::{Network, PREFIX_LIST_ENTRY, Place, Problem, Tree};

const ENTRIES: Field = Field::required(
    "prefixes",
    Shape::Records(&PREFIX_LIST_ENTRY, 1, usize::MAX),
    "The entries in their order: `prefix` of a `vpn_prefix_list`, `prefixes` of the data source, or objects with the \
     attributes below.",
);

const MODE: Field = Field::optional(
    "prefix_match",
    Shape::Enum(&PrefixMatch::WORDS),
    "How `ge` and `le` are read, where the embedded engine is told to read them in another way than routers do.",
)
.or(Default::Text(PrefixMatch::MaskLength.word()));

static ASKED: Record = Record {
    doc: "",
    fields: &[
        ENTRIES,
        Field::required(
            "network",
            Shape::Network,
            "The network of the route, in CIDR form. The address of an interface with its prefix length is taken for the \
             network that it is in.",
        ),
        MODE,
    ],
    rules: &[],
};

/// Whether a route passes.
pub static PREFIX_LIST_PERMITS: Declaration = Declaration {
    name: "prefix_list_permits",
    summary: "Whether a prefix list lets a route pass",
    doc: "Whether the first entry that matches the network permits it. What no entry matches is denied. It is what the \
          embedded engine decides, so a list can be tested before it filters anything.",
    arguments: &ASKED,
    answer: Shape::Bool,
    compute: |arguments| {
        let (entries, mode) = list(arguments)?;
        let text = arguments.get("network").text().unwrap_or_default();
        let network: Network = text.parse().map_err(|error| {
            Problem::refused(Place::default().field("network"), format!("{text:?} {error}"), "Give it in CIDR form.")
        })?;
        Ok(Tree::from(PrefixFilter::new(&entries, mode).judge(network).permits()))
    },
};

static LIST: Record = Record { doc: "", fields: &[ENTRIES, MODE], rules: &[] };

/// A list in its one spelling.
pub static PREFIX_LIST_NORMALIZE: Declaration = Declaration {
    name: "prefix_list_normalize",
    summary: "A prefix list in one spelling, without what never decides",
    doc: "The entries in the spelling of the API, with all attributes (`action` is filled in, and `ge` and `le` are null \
          where there is none), less those that can never decide because whatever they match, earlier entries match. Two \
          lists that give the same here treat every route alike; what differs may still do so.\n\nUse it to compare lists, \
          and in `for_each` of a `dynamic \"prefix\"` block.",
    arguments: &LIST,
    answer: Shape::Records(&PREFIX_LIST_ENTRY, 0, usize::MAX),
    compute: |arguments| {
        let (entries, mode) = list(arguments)?;
        let prefixes = arguments.get("prefixes").items();
        let deciding = PrefixFilter::deciding(&entries, mode).into_iter();
        Ok(Tree::List(deciding.filter_map(|position| prefixes.get(position).cloned()).collect()))
    },
};

/// The entries, and how their bounds are read.
fn list(arguments: &Tree) -> Result<(Vec<Entry>, PrefixMatch), Problem> {
    let mode = arguments.get("prefix_match").text().and_then(PrefixMatch::parse).unwrap_or_default();
    let entries = Entry::all_of(arguments)
        .map_err(|error| Problem::refused(error.at.clone(), error.to_string(), "Correct the entry."))?;
    Ok((entries, mode))
}
