//! The keys in the store.
//!
//! | key | value |
//! |---|---|
//! | `o` path | the object |
//! | `r` path of the one referred to, newline, path of the one that refers | nothing |
//! | `t`, `a`, `n`, `g`, `w`, `h` or `l`, scope, newline, last address in hex, newline, network, newline, path | nothing: what the object has for itself ([`hold`](crate::model::hold)) |
//! | `u`, `q`, `v`, `x`, `d` … | what taps need (see `taps::keys`) |
//! | `y` path | until when a compute agent ends a collection (see `fabric::agent`) |
//! | `c` path | the claim with which the object was created, until it is settled |
//! | `k` path | who has come to know of the object since |
//! | `p/` name | a note of the caller's: when it was made, and its lines (see `ledger`) |
//! | `s/owner` | the UUID of the engine |
//! | `s/signing-key` | the key with which access tokens are signed |
//! | `s/system-objects` | that the objects of `system` were created |
//! | `s/settled`, `s/journal` | the settled state, and the number of the journal's last entry (see `runtime::journal`) |
//! | `m/` … | packet traces (see `traces::kept`) |
//! | `j/` number | an entry of the journal |
//!
//! No identifier holds a control character, so the newlines part the keys safely,
//! and what belongs together stands together.

use std::net::IpAddr;
use std::ops::ControlFlow;

use uuid::Uuid;

use super::object::Object;
use super::refusal::Refusal;
use super::store::{StoreError, Transaction, View, ViewExt};
use super::taps;
use crate::model::hold::{self, Hold, Use};
use crate::model::network::Network;
use crate::model::path::PolicyPath;
use crate::model::problem::{Place, Problem};
use crate::model::{Kind, Tree, reference};

/// The key of the engine's UUID.
const OWNER: &str = "s/owner";

pub(super) fn object_key(path: &PolicyPath) -> String {
    format!("o{path}")
}

fn claim_key(path: &PolicyPath) -> String {
    format!("c{path}")
}

fn keeper_key(path: &PolicyPath) -> String {
    format!("k{path}")
}

fn reference_key(to: &str, from: &PolicyPath) -> String {
    format!("r{to}\n{from}")
}

fn address_digits(address: IpAddr) -> String {
    match address {
        IpAddr::V4(address) => format!("4{:08x}", u32::from(address)),
        IpAddr::V6(address) => format!("6{:032x}", u128::from(address)),
    }
}

/// What begins the keys of what is held in this use.
fn letter(used_as: Use) -> char {
    match used_as {
        Use::TunnelSubnet => 't',
        Use::TunnelAddress => 'a',
        Use::Neighbor => 'n',
        Use::SegmentSubnet => 'g',
        Use::PeerAddress => 'w',
        Use::HostAddress => 'h',
        Use::Interface => 'l',
    }
}

fn hold_key(hold: &Hold, path: &PolicyPath) -> String {
    let Hold { scope, used_as, network, .. } = hold;
    format!("{}{scope}\n{}\n{network}\n{path}", letter(*used_as), address_digits(network.last()))
}

/// The object at `path`.
pub(super) fn get(view: &(impl View + ?Sized), path: &PolicyPath) -> Result<Option<Object>, StoreError> {
    let key = object_key(path);
    view.get(&key)?.map(|stored| parse(&key, &stored)).transpose()
}

/// Reads a stored object. One that cannot be read is not taken for none: it would be
/// written over.
pub(super) fn parse(key: &str, stored: &[u8]) -> Result<Object, StoreError> {
    Object::parse(stored).ok_or_else(|| StoreError::Unreadable { key: key[1..].to_owned() })
}

/// The objects below `parent` in the collection `collection`, not those further
/// down.
pub(super) fn collection(
    view: &(impl View + ?Sized),
    parent: &str,
    collection: &str,
) -> Result<Vec<Object>, StoreError> {
    let prefix = format!("o{parent}/{collection}/");
    let direct = |(key, _): &(String, Vec<u8>)| !key[prefix.len()..].contains('/');
    view.entries(&prefix)?.into_iter().filter(direct).map(|(key, stored)| parse(&key, &stored)).collect()
}

/// All objects, in the order of their paths.
pub(super) fn all(view: &(impl View + ?Sized)) -> Result<Vec<Object>, StoreError> {
    let mut found = Vec::new();
    each(view, |key, stored| {
        found.push(parse(key, stored)?);
        Ok(())
    })?;
    Ok(found)
}

/// Shows `each` the key and the stored form of every object, in the order of their paths. No
/// more than one is held at a time.
pub(super) fn each(
    view: &(impl View + ?Sized),
    mut each: impl FnMut(&str, &[u8]) -> Result<(), StoreError>,
) -> Result<(), StoreError> {
    let mut seen = Ok(());
    view.scan_prefix("o/", &mut |key, stored| {
        seen = each(key, stored);
        if seen.is_ok() { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    })?;
    seen
}

/// Stores `object` in place of `before`, and keeps the indexes in step.
pub(super) fn put(tx: &mut dyn Transaction, object: &Object, before: Option<&Object>) -> Result<(), StoreError> {
    let (old, new) = (before.map(index_keys).unwrap_or_default(), index_keys(object));
    for key in old.iter().filter(|key| !new.contains(key)) {
        tx.delete(key)?;
    }
    for key in new.iter().filter(|key| !old.contains(key)) {
        tx.put(key, &[])?;
    }
    tx.put(&object_key(object.path()), &object.to_stored())
}

/// The UUID of the engine, which is the `owner_id` of its objects.
pub(super) fn owner(view: &(impl View + ?Sized)) -> Result<String, StoreError> {
    Ok(view.get(OWNER)?.and_then(|owner| String::from_utf8(owner).ok()).unwrap_or_default())
}

/// Gives the engine a UUID unless it has one.
pub(super) fn name_owner(tx: &mut dyn Transaction) -> Result<(), StoreError> {
    if tx.get(OWNER)?.is_none() {
        tx.put(OWNER, Uuid::new_v4().to_string().as_bytes())?;
    }
    Ok(())
}

/// Notes the claim with which the object at `path` is created.
pub(super) fn claim(tx: &mut dyn Transaction, path: &PolicyPath, claim: &str) -> Result<(), StoreError> {
    tx.put(&claim_key(path), claim.as_bytes())
}

/// The claims that are not settled.
pub(super) fn claims(view: &(impl View + ?Sized)) -> Result<Vec<(PolicyPath, String)>, StoreError> {
    let claim =
        |(key, claim): (String, Vec<u8>)| Some((PolicyPath::parse(&key[1..]).ok()?, String::from_utf8(claim).ok()?));
    Ok(view.entries("c/")?.into_iter().filter_map(claim).collect())
}

/// Puts `claim` in place of the claim on the object at `path`, if there is one.
pub(super) fn reclaim(tx: &mut dyn Transaction, path: &PolicyPath, claim: &str) -> Result<(), StoreError> {
    let key = claim_key(path);
    if tx.get(&key)?.is_some() { tx.put(&key, claim.as_bytes()) } else { Ok(()) }
}

/// Settles the claim on the object at `path`, which `keeper` knows of now.
pub(super) fn settle(tx: &mut dyn Transaction, path: &PolicyPath, keeper: &str) -> Result<(), StoreError> {
    tx.delete(&claim_key(path))?;
    if tx.get(&object_key(path))?.is_some() { tx.put(&keeper_key(path), keeper.as_bytes()) } else { Ok(()) }
}

/// Who knows of the object at `path`.
pub(super) fn keeper(view: &(impl View + ?Sized), path: &PolicyPath) -> Result<Option<String>, StoreError> {
    Ok(view.get(&keeper_key(path))?.and_then(|keeper| String::from_utf8(keeper).ok()))
}

/// Removes `object` and what the indexes hold of it.
pub(super) fn remove(tx: &mut dyn Transaction, object: &Object) -> Result<(), StoreError> {
    tx.delete(&claim_key(object.path()))?;
    tx.delete(&keeper_key(object.path()))?;
    for key in index_keys(object) {
        tx.delete(&key)?;
    }
    tx.delete(&object_key(object.path())).map(|_| ())
}

fn index_keys(object: &Object) -> Vec<String> {
    let references = reference::references(object.kind(), &object.tree());
    let mut keys = taps::keys::of(object);
    let holding = references.iter().filter(|reference| reference.holds);
    keys.extend(holding.map(|reference| reference_key(&reference.to, object.path())));
    let holds = hold::holds(object.kind(), object.path(), &object.tree());
    keys.extend(holds.iter().map(|hold| hold_key(hold, object.path())));
    keys.sort();
    keys.dedup();
    keys
}

/// The objects that refer to the one at `path`.
pub(super) fn referrers(view: &(impl View + ?Sized), path: &PolicyPath) -> Result<Vec<PolicyPath>, StoreError> {
    let prefix = format!("r{path}\n");
    let keys = view.entries(&prefix)?;
    Ok(keys.iter().filter_map(|(key, _)| PolicyPath::parse(&key[prefix.len()..]).ok()).collect())
}

/// What keeps `object` from being deleted: its children, who refers to it, and
/// for a route-based session every BGP neighbor in its tunnel subnet.
pub(super) fn holders(view: &(impl View + ?Sized), object: &Object) -> Result<Vec<PolicyPath>, Refusal> {
    let mut holders = Vec::new();
    let mut keep = |text: &str| holders.extend(PolicyPath::parse(text).ok());
    for (key, _) in view.entries(&format!("o{}/", object.path()))? {
        keep(&key[1..]);
    }
    for referrer in referrers(view, object.path())? {
        keep(referrer.as_str());
    }
    let holds = hold::holds(object.kind(), object.path(), &object.tree());
    for subnet in holds.iter().filter(|hold| hold.used_as == Use::TunnelSubnet) {
        let neighbors = held(view, &subnet.scope, Use::Neighbor, subnet.network)?;
        holders.extend(neighbors.into_iter().map(|(path, _)| path));
    }
    holders.sort();
    holders.dedup();
    Ok(holders)
}

/// What is held in a use and overlaps `network`, and by whom.
///
/// But for IPv6 link-local addresses, what is held never overlaps, so that the
/// order of the last addresses is also that of the first ones: one scan from the
/// first possible entry finds all of them, and reads one entry more.
fn held(
    view: &(impl View + ?Sized),
    scope: &str,
    used_as: Use,
    network: Network,
) -> Result<Vec<(PolicyPath, Hold)>, StoreError> {
    let prefix = format!("{}{scope}\n", letter(used_as));
    let from = format!("{prefix}{}", address_digits(network.first()));
    let to = format!("{prefix}{}", if network.is_v6() { '7' } else { '5' });
    let mut found = Vec::new();
    view.scan(&from, Some(&to), None, &mut |key, _| {
        let mut parts = key[prefix.len()..].split('\n').skip(1);
        let (Some(Ok(other)), Some(Ok(path))) =
            (parts.next().map(str::parse::<Network>), parts.next().map(PolicyPath::parse))
        else {
            return ControlFlow::Continue(());
        };
        if other.first() > network.last() {
            return ControlFlow::Break(());
        }
        found.push((path, Hold { scope: scope.to_owned(), used_as, network: other, at: Place::default() }));
        ControlFlow::Continue(())
    })?;
    Ok(found)
}

/// What other objects have that the object of `kind` at `path`, declared by
/// `tree`, would need for itself, and who has it.
pub(super) fn clashes(
    view: &(impl View + ?Sized),
    kind: &Kind,
    path: &PolicyPath,
    tree: &Tree,
) -> Result<Vec<(PolicyPath, Problem)>, StoreError> {
    let mut clashes = Vec::new();
    for own in hold::holds(kind, path, tree) {
        for used_as in own.used_as.against() {
            let others = held(view, &own.scope, *used_as, own.network)?;
            let others = others.into_iter().filter(|(whose, _)| whose != path);
            clashes.extend(others.filter_map(|(whose, other)| {
                let problem = hold::clash(&own, &other, &whose)?;
                Some((whose, problem))
            }));
        }
    }
    Ok(clashes)
}

/// Writes the index of every object anew, where an earlier release had less of it.
pub(super) fn renew(tx: &mut dyn Transaction) -> Result<(), StoreError> {
    for object in all(&*tx)? {
        for key in index_keys(&object) {
            tx.put(&key, &[])?;
        }
    }
    Ok(())
}
