//! Networks, subnets and ports, as Neutron has them (facts: "Neutron Tap-as-a-Service").
//! The engine holds segments and segment ports; here they are seen, and written, from the
//! other side.
//!
//! | module | what it holds |
//! |---|---|
//! | [`fault`] | why Neutron refuses a request |
//! | `addresses` | pools, and which addresses of them are free |
//! | `tags` | what Neutron has and the policy API has no field for |
//! | `show` | segments and ports as Neutron shows them |
//! | `read` | reading and listing |
//! | `write` | networks and subnets: creating, changing and deleting |
//! | `ports` | the same for ports |
//!
//! | Neutron | policy API |
//! |---|---|
//! | a network | a segment, under its `unique_id`; one that Neutron creates is `/infra/segments/UUID`, connected to no gateway |
//! | a subnet | a subnet of the segment, under a UUID made of the segment's and the network |
//! | `allocation_pools`, `enable_dhcp` | `dhcp_ranges`, and whether there are any |
//! | a port | a segment port, under its `unique_id` |
//! | `fixed_ips`, `mac_address` | `address_bindings` |
//! | `device_id` | the tag [`tags::DEVICE`], or else the `id` of the attachment |
//! | `tags` | tags of the scope [`tags::TAG`]; of a subnet, of [`tags::SUBNET_TAG`] and its network |

mod addresses;
pub mod fault;
mod ports;
mod read;
mod show;
pub mod tags;
#[cfg(test)]
mod tests;
mod write;

use std::ops::ControlFlow;

use serde_json::{Map, Value as Json};

pub(super) use addresses::subnet_ids;
pub use fault::NetworkFault;
pub use read::Scope;

use super::store::{StoreExt, Transaction, View};
use super::taps::{Fault, Member, body};
use super::{Engine, Refusal};
use crate::model::{Kind, NETWORK, PORT};

/// The attributes of an object of Neutron, by their names there.
pub type Attributes = Map<String, Json>;

/// The object that a change or a deletion is of.
#[derive(Clone, Debug)]
pub struct Target {
    /// Its kind: a network, a subnet, a port or a tap.
    pub kind: &'static Kind,
    /// Its id.
    pub id: String,
    /// The `revision_number` it has to be at; none: any. Taps have none.
    pub revision: Option<i64>,
}

/// What becomes of the tags of an object.
#[derive(Clone, Debug)]
pub enum Tagging {
    /// It has these.
    Replace(Vec<String>),
    /// It has this one besides.
    Add(String),
    /// It has this one no longer.
    Remove(String),
}

impl Target {
    /// The object of `kind` with this id, at any revision.
    pub fn new(kind: &'static Kind, id: impl Into<String>) -> Self {
        Self { kind, id: id.into(), revision: None }
    }

    /// That it is at the revision that is wanted.
    fn is_at_its_revision(&self, view: &(impl View + ?Sized), by: &Member) -> Result<(), Refusal> {
        let Some(expected) = self.revision else { return Ok(()) };
        let shown = read::one(view, self.kind, &self.id, by)?;
        let current = shown.get("revision_number").and_then(Json::as_i64).unwrap_or_default();
        if current == expected {
            return Ok(());
        }
        Err(Fault::from(NetworkFault::RevisionNumberConstraintFailed { expected, current }).into())
    }
}

impl Engine {
    /// Shows `take` the objects of `kind`, a network, a subnet, a port or a tap, that `by` can
    /// see and that are in `scope`, in the order of their ids, until it breaks. What it is not
    /// shown is not read, as far as `scope` tells it from the rest.
    pub fn each_in_neutron(
        &self,
        kind: &'static Kind,
        scope: &Scope,
        by: &Member,
        take: &mut dyn FnMut(Attributes) -> ControlFlow<()>,
    ) -> Result<(), Refusal> {
        if is_view(kind) {
            let named = match &scope.names {
                Some(_) => {
                    let declared = self.declared()?;
                    scope.named(kind, &declared)
                }
                None => None,
            };
            return self.store.read(|view| read::each(view, kind, scope, named, by, take));
        }
        let mut taps = match &scope.ids {
            None => self.taps(kind, by)?,
            Some(ids) => self.taps_with(kind, ids, by)?,
        };
        taps.retain(|tap| scope.reaches(tap.unique_id()));
        if scope.is_reversed {
            taps.reverse();
        }
        for tap in taps {
            if take(tap.shown_by_neutron()).is_break() {
                break;
            }
        }
        Ok(())
    }

    /// The object of `kind` with this id.
    pub fn neutron_object(&self, kind: &'static Kind, id: &str, by: &Member) -> Result<Attributes, Refusal> {
        if !is_view(kind) {
            return Ok(self.tap(kind, id, by)?.shown_by_neutron());
        }
        self.store.read(|view| read::one(view, kind, id, by))
    }

    /// Creates several, all of them or none.
    pub fn create_in_neutron(
        &self,
        kind: &'static Kind,
        objects: Vec<Attributes>,
        by: &Member,
    ) -> Result<Vec<Attributes>, Refusal> {
        if !is_view(kind) {
            let made = self.create_taps(kind, objects, by)?;
            return Ok(made.iter().map(super::Object::shown_by_neutron).collect());
        }
        let wanted = |given: Attributes| Ok((body::to_create(kind, &given, by)?, given));
        let objects: Vec<_> = objects.into_iter().map(wanted).collect::<Result<_, Refusal>>()?;
        let by = by.clone();
        self.writing(&by.clone(), move |tx| {
            let mut is_due = false;
            let mut ids = Vec::with_capacity(objects.len());
            for (wanted, given) in &objects {
                let (id, due) = match kind {
                    kind if *kind == NETWORK => write::create_network(tx, wanted, &by)?,
                    kind if *kind == PORT => ports::create(tx, wanted, given, &by)?,
                    _ => write::create_subnet(tx, wanted, given, &by)?,
                };
                is_due |= due;
                ids.push(id);
            }
            let made = ids.iter().map(|id| read::one(&*tx, kind, id, &by)).collect::<Result<_, _>>()?;
            Ok((made, is_due))
        })
    }

    /// Changes the attributes that a request gives.
    pub fn update_in_neutron(&self, of: &Target, given: &Attributes, by: &Member) -> Result<Attributes, Refusal> {
        if !is_view(of.kind) {
            return Ok(self.update_tap(of.kind, &of.id, given, by)?.shown_by_neutron());
        }
        let (of, given, by) = (of.clone(), given.clone(), by.clone());
        self.writing(&by.clone(), move |tx| {
            of.is_at_its_revision(&*tx, &by)?;
            let is_due = match of.kind {
                kind if *kind == NETWORK => write::update_network(tx, &of.id, &given, &by)?,
                kind if *kind == PORT => ports::update(tx, &of.id, &given, &by)?,
                _ => write::update_subnet(tx, &of.id, &given, &by)?,
            };
            Ok((read::one(&*tx, of.kind, &of.id, &by)?, is_due))
        })
    }

    /// Deletes an object, and the taps that go with it.
    pub fn delete_in_neutron(&self, of: &Target, by: &Member) -> Result<(), Refusal> {
        if !is_view(of.kind) {
            return self.delete_tap(of.kind, &of.id, by);
        }
        let (of, by) = (of.clone(), by.clone());
        self.writing(&by.clone(), move |tx| {
            of.is_at_its_revision(&*tx, &by)?;
            let is_due = match of.kind {
                kind if *kind == NETWORK => write::delete_network(tx, &of.id, &by)?,
                kind if *kind == PORT => ports::delete(tx, &of.id, &by)?,
                _ => write::delete_subnet(tx, &of.id, &by)?,
            };
            Ok(((), is_due))
        })
    }

    /// The tags of a network, a subnet or a port.
    pub fn neutron_tags(&self, of: &Target, by: &Member) -> Result<Vec<String>, Refusal> {
        self.store.read(|view| read::tags(view, of.kind, &of.id, by))
    }

    /// Changes the tags of a network, a subnet or a port; returns those it has then.
    pub fn tag_in_neutron(&self, of: &Target, change: Tagging, by: &Member) -> Result<Vec<String>, Refusal> {
        let (of, by) = (of.clone(), by.clone());
        self.writing(&by.clone(), move |tx| {
            let is_due = write::tag(tx, &of, &change, &by)?;
            Ok((read::tags(&*tx, of.kind, &of.id, &by)?, is_due))
        })
    }

    /// Does `work` in one transaction, and settles the state if it says so.
    fn writing<T: Send + 'static>(
        &self,
        by: &Member,
        work: impl Fn(&mut dyn Transaction) -> Result<(T, bool), Refusal> + Send + 'static,
    ) -> Result<T, Refusal> {
        let (done, is_due) = self.store.write(work)?;
        self.settle_if(is_due, by.caller.now);
        Ok(done)
    }
}

/// Whether its objects are segments and ports, seen from Neutron. Those have tags; taps have none.
pub fn is_view(kind: &Kind) -> bool {
    crate::model::NEUTRON_VIEWS.contains(&kind)
}
