//! Policy paths, taken apart and put together.

use super::{Declaration, answer};
use crate::model::field::{Field, Record, Shape};
use crate::model::{Place, PolicyPath, Problem, Tree, kinds_at};
use crate::provider::resources::FACES;

/// The longest path that is taken, in characters.
const LONGEST: usize = 8_192;

static PATH: Record = Record {
    doc: "",
    fields: &[Field::required("path", Shape::Text(1, LONGEST), "The policy path, in any of its forms.")],
    rules: &[],
};

static PARTS: Record = Record {
    doc: "",
    fields: &[
        Field::required(
            "path",
            Shape::Text(1, LONGEST),
            "The path as this provider spells it: that of a VPN service has its locale service.",
        ),
        Field::required("id", Shape::Id, "The identifier of the object: the last part."),
        Field::required("collection", Shape::Text(1, LONGEST), "The part before: `prefix-lists`, `sessions`."),
        Field::required(
            "parent_path",
            Shape::Text(1, LONGEST),
            "The path of the object it lies below, as `gateway_path` and its like take it. Null right below `/infra`, and \
             for paths that no object of this provider has.",
        ),
        Field::required(
            "gateway_path",
            Shape::Text(1, LONGEST),
            "The path of the tier-0 or tier-1 gateway it belongs to; null if none.",
        ),
        Field::required("gateway_id", Shape::Text(1, LONGEST), "The identifier of that gateway."),
        Field::required("locale_service_id", Shape::Text(1, LONGEST), "That of the locale service; null if none."),
        Field::required("vpn_service_id", Shape::Text(1, LONGEST), "That of the VPN service; null if none."),
        Field::required(
            "resources",
            Shape::List(&Shape::Text(1, LONGEST), 0, usize::MAX),
            "The resources of this provider whose objects lie there. A session has two, of which its `resource_type` \
             decides; a path of anything else has none.",
        ),
    ],
    rules: &[],
};

/// What a path says.
pub static POLICY_PATH_PARSE: Declaration = Declaration {
    name: "policy_path_parse",
    summary: "The parts of a policy path",
    doc: "Takes a policy path apart: the identifiers along it, and the paths of what it lies below. The two addresses of a \
          VPN service, with its locale service and without, give the same.",
    arguments: &PATH,
    answer: Shape::Record(&PARTS),
    compute: |arguments| {
        let path = parsed("path", arguments.get("path").text().unwrap_or_default())?;
        let text = |text: Option<&str>| text.map_or(Tree::Null, Tree::from);
        let kind = kinds_at(&path).next();
        let gateway = path.gateway();
        let resources = FACES.iter().filter(|face| face.kind.owns(&path)).map(|face| Tree::from(face.type_name()));
        let parent = kind.and_then(|kind| kind.parent(&path));
        Ok(answer([
            ("path", Tree::from(path.as_str())),
            ("id", Tree::from(path.id())),
            ("collection", Tree::from(path.collection())),
            ("parent_path", text(parent.as_ref().map(PolicyPath::as_str))),
            ("gateway_path", text(gateway.as_ref().map(PolicyPath::as_str))),
            ("gateway_id", text(gateway.as_ref().map(PolicyPath::id))),
            ("locale_service_id", text(path.within("locale-services"))),
            ("vpn_service_id", text(path.within("ipsec-vpn-services"))),
            ("resources", Tree::List(resources.collect())),
        ]))
    },
};

static JOINED: Record = Record {
    doc: "",
    fields: &[
        Field::required("path", Shape::Text(1, LONGEST), "The path to begin with: of an object, or `/infra`."),
        Field::required(
            "parts",
            Shape::List(&Shape::Id, 1, 64),
            "What follows, each without a slash: collections and identifiers in turn, such as `[\"prefix-lists\", \"in\"]`.",
        ),
    ],
    rules: &[],
};

/// A path made of its parts.
pub static POLICY_PATH_JOIN: Declaration = Declaration {
    name: "policy_path_join",
    summary: "A policy path of its parts",
    doc: "Puts a policy path together and gives it as this provider spells it, so that it is the same text as the `path` of \
          that object. A part that no identifier may hold, such as one with a slash, is refused; that the object exists is \
          checked where the path is used.",
    arguments: &JOINED,
    answer: Shape::Text(1, LONGEST),
    compute: |arguments| {
        let base = arguments.get("path").text().unwrap_or_default();
        if base != "/infra" {
            parsed("path", base)?;
        }
        let parts = arguments.get("parts").items().iter().filter_map(Tree::text);
        let joined = parts.fold(base.to_owned(), |path, part| path + "/" + part);
        parsed("parts", &joined).map(|path| Tree::from(path.as_str()))
    },
};

/// The path that the argument `field` is.
fn parsed(field: &'static str, text: &str) -> Result<PolicyPath, Problem> {
    PolicyPath::parse(text).map_err(|error| {
        let hint = "Give the path of an object, such as /infra/tier-0s/vmc/prefix-lists/in.";
        Problem::refused(Place::default().field(field), format!("{text:?} {error}"), hint)
    })
}
