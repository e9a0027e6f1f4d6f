//! Between what Neutron answers and what the model has of it.

use serde_json::{Map, Value as Json, json};

use crate::engine::Object;
use crate::model::field::Field;
use crate::model::kind::spell;
use crate::model::{Kind, PolicyPath, Tree, read};

/// What the model has of an object of `kind` that Neutron answered; none when it is on its way
/// out.
pub fn read_object(kind: &'static Kind, raw: &Map<String, Json>) -> Option<Object> {
    if raw.get("status").is_some_and(|status| status == "PENDING_DELETE") {
        return None;
    }
    let path = path_of(kind, raw)?;
    let Json::Object(mut fields) = declared(kind, raw).to_json() else { return None };
    for field in kind.fields().filter(|field| !field.is_configurable()) {
        fields.extend(raw.get(field.name).map(|kept| (field.name.to_owned(), kept.clone())));
    }
    // Releases of before 2016 know of a tenant only.
    let project = ["project_id", "tenant_id"].iter().find_map(|name| raw.get(*name).filter(|value| !value.is_null()));
    for name in ["project_id", "tenant_id"] {
        fields.extend(project.map(|project| (name.to_owned(), project.clone())));
    }
    fields.insert("path".to_owned(), json!(path.as_str()));
    fields.insert("_revision".to_owned(), raw.get("revision_number").cloned().unwrap_or_else(|| json!(0)));
    Object::from_fields(fields)
}

/// The path of an object that Neutron answered.
pub fn path_of(kind: &Kind, raw: &Map<String, Json>) -> Option<PolicyPath> {
    let id = raw.get("id")?.as_str()?;
    PolicyPath::parse(&spell(kind.places.first()?, [id])).ok()
}

/// What is declared of an object that Neutron answered, in its one spelling.
fn declared(kind: &Kind, raw: &Map<String, Json>) -> Tree {
    let mut known = raw.clone();
    known.retain(|name, value| !value.is_null() && kind.field(name).is_some_and(Field::is_configurable));
    // The tunnel ids of a mirror come back as they were sent: as numbers or as texts.
    if let Some(Json::Object(tunnels)) = known.get_mut("directions") {
        for id in tunnels.values_mut() {
            if let Some(number) = id.as_str().and_then(|text| text.parse::<i64>().ok()) {
                *id = json!(number);
            }
        }
    }
    read(kind, &Tree::from(&Json::Object(known)), None).tree
}

/// Whether `raw` is what a request with `body` creates.
pub fn is_what_was_written(kind: &Kind, raw: &Map<String, Json>, body: &Map<String, Json>) -> bool {
    let (there, written) = (declared(kind, raw).to_json(), declared(kind, body).to_json());
    let shown = |name: &str| kind.field(name).is_some_and(|field| !field.unseen);
    body.keys().filter(|name| shown(name)).all(|name| there.get(name) == written.get(name))
}
