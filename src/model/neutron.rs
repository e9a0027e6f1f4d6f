//! What every object of Neutron has (facts: "Neutron Tap-as-a-Service"). It has no
//! revision, no tags and no type: its address tells what it is, and its project whose.

use uuid::Uuid;

use super::enumeration::words;
use super::field::{Default, Field, Record, Shape};

words! {
    /// How far an object is.
    pub enum NeutronStatus {
        /// It is declared, and nothing does it yet.
        Down = "DOWN",
        /// It is in operation.
        Active = "ACTIVE",
        /// It is deleted, and still being undone.
        PendingDelete = "PENDING_DELETE",
    }
}

/// The fields of every object of Neutron, besides those of its kind.
pub static RECORD: Record = Record {
    doc: "",
    fields: &[
        Field::optional("name", Shape::Text(0, 255), "The name people see. Several objects may have the same.")
            .or(Default::Text("")),
        Field::optional("description", Shape::Text(0, 255), "What the object is for, in words of your own.")
            .or(Default::Text("")),
        Field::optional(
            "project_id",
            Shape::Text(0, 255),
            "The project it belongs to. Unset, it is the one you are logged in to; another one takes an administrator.",
        )
        .fixed(),
        Field::read_only("id", Shape::Text(0, 0), ""),
        Field::read_only("tenant_id", Shape::Text(0, 0), ""),
    ],
    rules: &[],
};

/// How far an object is, as the field that tells.
pub(super) const STATUS: Field = Field::read_only(
    "status",
    Shape::Enum(&NeutronStatus::WORDS),
    "How far it is: `DOWN` until the agent has set it up, then `ACTIVE`, and `PENDING_DELETE` while it is taken down.",
);

/// Reads the UUID of an object in a collection of Neutron.
pub(super) fn uuid(name: &str, collection: &str, text: &str) -> Result<String, (String, String)> {
    let hint = match collection {
        "ports" => format!("Give {name} the unique_id of a segment port: vpn_segment_port.NAME.unique_id."),
        "networks" => format!("Give {name} the unique_id of a segment: vpn_segment.NAME.unique_id."),
        _ => format!("Give {name} an id, best by a reference such as vpn_tap_service.NAME.id."),
    };
    Uuid::parse_str(text).map(|uuid| uuid.to_string()).map_err(|_| (format!("{text:?} is not a UUID"), hint))
}

/// The first of some VLANs that no packet has, and whether they all are like that.
type Stray<'a> = (&'a str, bool);

/// Reads VLANs and ranges of them, as Neutron does: without a look at the numbers. With it, what of
/// them no packet has.
pub(super) fn vlans(text: &str) -> Result<(String, Option<Stray<'_>>), (String, String)> {
    if !are_vlans(text) {
        let hint = "Give VLANs and ranges of them, such as 10,20-30.".to_owned();
        return Err((format!("{text:?} is not a list of VLANs"), hint));
    }
    let exists = |part: &&str| {
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        let vlan = |text: &str| text.parse::<u16>().ok().filter(|vlan| *vlan <= LAST_VLAN);
        vlan(first).zip(vlan(last)).is_some_and(|(first, last)| first <= last)
    };
    let stray = text.split(',').find(|part| !exists(part));
    Ok((text.to_owned(), stray.map(|stray| (stray, !text.split(',').any(|part| exists(&part))))))
}

/// The last VLAN there is (IEEE 802.1Q).
pub(super) const LAST_VLAN: u16 = 4_094;

/// Whether `text` has the form that Neutron wants VLANs in: `^([0-9]+(-[0-9]+)?)(,…)*$`.
pub fn are_vlans(text: &str) -> bool {
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    text.split(',').all(|part| part.split_once('-').map_or(is_number(part), |(a, b)| is_number(a) && is_number(b)))
}
