//! Reading and listing.

use std::collections::HashMap;

use super::addresses::{Subnet, subnets};
use super::{Attributes, NetworkFault, show};
use crate::engine::store::{StoreError, View};
use crate::engine::taps::{self, Fault, Member, keys, ports};
use crate::engine::{Object, Refusal, index};
use crate::model::{Kind, NETWORK, PORT, PolicyPath, SEGMENT, SEGMENT_PORT, SUBNET};

/// That there is no object of `kind`, a network, a subnet, a port or a tap, with this id.
pub fn no_such_object(kind: &'static Kind, id: &str) -> Fault {
    match kind {
        kind if *kind == NETWORK => NetworkFault::NetworkNotFound(id.to_owned()).into(),
        kind if *kind == SUBNET => NetworkFault::SubnetNotFound(id.to_owned()).into(),
        kind if *kind == PORT => Fault::PortNotFound { port: id.to_owned(), attribute: "id" },
        _ => taps::missing(kind, id),
    }
}

fn missing(kind: &'static Kind, id: &str) -> Refusal {
    no_such_object(kind, id).into()
}

/// The segment that is the network `id`, and its project.
pub(super) fn network(view: &(impl View + ?Sized), id: &str, by: &Member) -> Result<(Object, String), Refusal> {
    let segment = ports::known(view, &SEGMENT, id)?.ok_or_else(|| missing(&NETWORK, id))?;
    let project = ports::owner(view, &segment)?;
    if by.sees(&project) { Ok((segment, project)) } else { Err(missing(&NETWORK, id)) }
}

/// The segment port that is the port `id`, its segment, and its project.
pub(super) fn port(view: &(impl View + ?Sized), id: &str, by: &Member) -> Result<(Object, Object, String), Refusal> {
    let (port, project) = ports::port(view, id, "id", by)?;
    let segment = segment_of(view, port.path())?.ok_or_else(|| missing(&PORT, id))?;
    Ok((port, segment, project))
}

fn segment_of(view: &(impl View + ?Sized), port: &PolicyPath) -> Result<Option<Object>, StoreError> {
    match SEGMENT_PORT.parent(port) {
        Some(path) => index::get(view, &path),
        None => Ok(None),
    }
}

/// The segment of the subnet `id`, the subnet, and their project.
pub(super) fn subnet(view: &(impl View + ?Sized), id: &str, by: &Member) -> Result<(Object, Subnet, String), Refusal> {
    for segment in segments(view)? {
        let Some(subnet) = subnets(&segment).into_iter().find(|subnet| subnet.id == id) else { continue };
        let project = ports::owner(view, &segment)?;
        if by.sees(&project) {
            return Ok((segment, subnet, project));
        }
    }
    Err(missing(&SUBNET, id))
}

fn segments(view: &(impl View + ?Sized)) -> Result<Vec<Object>, StoreError> {
    of_kind(view, &SEGMENT)
}

/// All segments, or all ports, by their UUIDs.
fn of_kind(view: &(impl View + ?Sized), kind: &Kind) -> Result<Vec<Object>, StoreError> {
    let mut found = Vec::new();
    for path in keys::all_known(view)?.into_iter().filter(|path| kind.owns(path)) {
        found.extend(index::get(view, &path)?);
    }
    Ok(found)
}

/// The object of `kind` with this id.
pub(super) fn one(
    view: &(impl View + ?Sized),
    kind: &'static Kind,
    id: &str,
    by: &Member,
) -> Result<Attributes, Refusal> {
    Ok(match kind {
        kind if *kind == NETWORK => {
            let (segment, project) = network(view, id, by)?;
            show::network(&segment, &project)
        }
        kind if *kind == PORT => {
            let (found, segment, project) = port(view, id, by)?;
            show::port(&found, &segment, &project)
        }
        _ => {
            let (segment, found, project) = subnet(view, id, by)?;
            show::subnet(&segment, &found, &project)
        }
    })
}

/// The objects of `kind` that `by` can see.
pub(super) fn all(view: &(impl View + ?Sized), kind: &'static Kind, by: &Member) -> Result<Vec<Attributes>, Refusal> {
    let mut shown = Vec::new();
    let segments = segments(view)?;
    if *kind == PORT {
        let known: HashMap<_, _> = segments.iter().map(|segment| (segment.path(), segment)).collect();
        for port in of_kind(view, &SEGMENT_PORT)? {
            let project = ports::owner(view, &port)?;
            let segment = SEGMENT_PORT.parent(port.path());
            if let Some(segment) = segment.and_then(|path| known.get(&path).copied()).filter(|_| by.sees(&project)) {
                shown.push(show::port(&port, segment, &project));
            }
        }
        return Ok(shown);
    }
    for segment in &segments {
        let project = ports::owner(view, segment)?;
        if !by.sees(&project) {
            continue;
        }
        if *kind == NETWORK {
            shown.push(show::network(segment, &project));
        } else {
            shown.extend(subnets(segment).iter().map(|subnet| show::subnet(segment, subnet, &project)));
        }
    }
    Ok(shown)
}
