//! Reading and listing.

use std::collections::hash_map::Entry;
use std::collections::{BTreeSet, HashMap};
use std::ops::ControlFlow;
use std::sync::Arc;

use super::addresses::{Subnet, subnet_ids, subnets};
use super::{Attributes, NetworkFault, show, tags};
use crate::engine::mirror::{Declared, Shown};
use crate::engine::store::{StoreError, View};
use crate::engine::taps::keys::{self, Known};
use crate::engine::taps::{Fault, Member, ports};
use crate::engine::{Object, Refusal, index};
use crate::model::{Kind, NETWORK, PORT, PolicyPath, SEGMENT, SEGMENT_PORT, SUBNET};

/// The tags of the object of `kind` with this id.
pub(super) fn tags(
    view: &(impl View + ?Sized),
    kind: &'static Kind,
    id: &str,
    by: &Member,
) -> Result<Vec<String>, Refusal> {
    let (object, scope) = tagged(view, kind, id, by)?;
    Ok(tags::all(object.fields(), &scope))
}

/// The segment or the port that holds the tags of the object of `kind` with this id, and their
/// scope there.
pub(super) fn tagged(
    view: &(impl View + ?Sized),
    kind: &'static Kind,
    id: &str,
    by: &Member,
) -> Result<(Object, String), Refusal> {
    let found = match kind {
        kind if *kind == NETWORK => network(view, id, by).map(|(segment, _)| (segment, tags::TAG.to_owned())),
        kind if *kind == PORT => port(view, id, by).map(|(port, ..)| (port, tags::TAG.to_owned())),
        _ => subnet(view, id, by)
            .map(|(segment, subnet, _)| (segment, format!("{}/{}", tags::SUBNET_TAG, subnet.network))),
    };
    // The extension that has tags says it in words of its own.
    found.map_err(|refusal| match refusal {
        Refusal::Neutron(_) => {
            let resource = kind.collection().unwrap_or_default();
            Fault::from(NetworkFault::TagResourceNotFound { resource, id: id.to_owned() }).into()
        }
        other => other,
    })
}

/// Which objects a list is of, as far as that saves reading others.
#[derive(Clone, Debug, Default)]
pub struct Scope {
    /// Those with one of these ids; none: with any.
    pub ids: Option<BTreeSet<String>>,
    /// Subnets and ports of one of these networks; none: of any.
    pub networks: Option<BTreeSet<String>>,
    /// Networks and ports with one of these names; none: with any.
    pub names: Option<BTreeSet<String>>,
    /// Those that come after the one with this id.
    pub after: Option<String>,
    /// Whether the greatest id comes first.
    pub is_reversed: bool,
}

impl Scope {
    /// The paths of the segments or ports among what is `declared` that have one of the names;
    /// none where the names do not tell.
    pub(super) fn named(&self, kind: &Kind, declared: &Declared) -> Option<Vec<PolicyPath>> {
        let of = segment_or_port(kind);
        // One without a name of its own has the UUID, which nobody knows yet, or its id.
        let names = self.names.as_ref().filter(|names| *kind != SUBNET && !names.contains(""))?;
        let is_named = |shown: &&Arc<Shown>| shown.kind() == of && names.contains(shown.display_name());
        Some(declared.all().iter().filter(is_named).map(|shown| shown.path().clone()).collect())
    }

    /// Whether the object with this id comes after the one that is named.
    pub(super) fn reaches(&self, id: &str) -> bool {
        self.after.as_deref().is_none_or(|after| if self.is_reversed { id < after } else { id > after })
    }
}

/// The kind of what Neutron knows as an object of `kind`, or as the network of a subnet.
fn segment_or_port(kind: &Kind) -> &'static Kind {
    if *kind == PORT { &SEGMENT_PORT } else { &SEGMENT }
}

/// That there is no object of `kind`, a network, a subnet or a port, with this id.
fn missing(kind: &'static Kind, id: &str) -> Refusal {
    Refusal::from(match kind {
        kind if *kind == NETWORK => Fault::from(NetworkFault::NetworkNotFound(id.to_owned())),
        kind if *kind == SUBNET => NetworkFault::SubnetNotFound(id.to_owned()).into(),
        _ => Fault::PortNotFound { port: id.to_owned(), attribute: "id" },
    })
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
    let missing = || missing(&SUBNET, id);
    let path = keys::segment_with(view, id)?.ok_or_else(missing)?;
    let segment = index::get(view, &path)?.ok_or_else(missing)?;
    let subnet = subnets(&segment).into_iter().find(|subnet| subnet.id == id).ok_or_else(missing)?;
    let project = ports::owner(view, &segment)?;
    if by.sees(&project) { Ok((segment, subnet, project)) } else { Err(missing()) }
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

/// Segments, each of which is read once.
struct Segments<'v, V: ?Sized> {
    view: &'v V,
    read: HashMap<PolicyPath, Option<Object>>,
}

impl<V: View + ?Sized> Segments<'_, V> {
    /// The segment at `path`.
    fn at(&mut self, path: &PolicyPath) -> Result<Option<&Object>, StoreError> {
        Ok(match self.read.entry(path.clone()) {
            Entry::Occupied(known) => known.into_mut().as_ref(),
            Entry::Vacant(place) => place.insert(index::get(self.view, path)?).as_ref(),
        })
    }

    /// What is known of `kind` in `scope`, which may be more than what is asked for; `named` are
    /// the paths of those with its names.
    fn known(
        &mut self,
        kind: &'static Kind,
        scope: &Scope,
        named: Option<Vec<PolicyPath>>,
    ) -> Result<Vec<Known>, StoreError> {
        let view = self.view;
        let with = |ids: &BTreeSet<String>, path_of: &dyn Fn(&str) -> Result<Option<PolicyPath>, StoreError>| {
            let known = |id: &String| Ok(path_of(id)?.map(|path| Known { id: id.clone(), path }));
            ids.iter().filter_map(|id| known(id).transpose()).collect::<Result<Vec<_>, _>>()
        };
        let of = segment_or_port(kind);
        if let Some(ids) = &scope.ids {
            return match kind {
                kind if *kind == SUBNET => with(ids, &|id| keys::segment_with(view, id)),
                _ => with(ids, &|id| Ok(keys::known_by(view, id)?.filter(|path| of.owns(path)))),
            };
        }
        if let Some(paths) = named {
            let known = |path: PolicyPath| {
                let found = index::get(view, &path)?;
                Ok::<_, StoreError>(found.map(|object| Known { id: object.unique_id().to_owned(), path }))
            };
            let mut found: Vec<_> =
                paths.into_iter().filter_map(|path| known(path).transpose()).collect::<Result<_, _>>()?;
            found.sort();
            return Ok(found);
        }
        let Some(networks) = scope.networks.as_ref().filter(|_| *kind != NETWORK) else {
            return if *kind == SUBNET { keys::all_subnets(view) } else { keys::all_known(view, of) };
        };
        let mut found = Vec::new();
        for Known { path, .. } in with(networks, &|id| Ok(keys::known_by(view, id)?.filter(|path| SEGMENT.owns(path))))?
        {
            let ids = match self.at(&path)? {
                Some(segment) if *kind == SUBNET => subnet_ids(segment),
                _ => Vec::new(),
            };
            found.extend(ids.into_iter().map(|id| Known { id, path: path.clone() }));
            if *kind == PORT {
                let ports = index::collection(view, path.as_str(), "ports")?;
                found.extend(
                    ports.iter().map(|port| Known { id: port.unique_id().to_owned(), path: port.path().clone() }),
                );
            }
        }
        found.sort();
        Ok(found)
    }

    /// What is known, as Neutron shows it, if `by` can see it.
    fn shown(&mut self, kind: &'static Kind, known: &Known, by: &Member) -> Result<Option<Attributes>, StoreError> {
        if *kind == PORT {
            let port = index::get(self.view, &known.path)?;
            let segment = SEGMENT_PORT.parent(&known.path);
            let (Some(port), Some(segment)) = (port, segment) else { return Ok(None) };
            let Some(segment) = self.at(&segment)? else { return Ok(None) };
            let project = ports::owner_within(&port, Some(segment));
            return Ok(by.sees(&project).then(|| show::port(&port, segment, &project)));
        }
        if *kind == NETWORK {
            let Some(segment) = index::get(self.view, &known.path)? else { return Ok(None) };
            let project = ports::owner_within(&segment, None);
            return Ok(by.sees(&project).then(|| show::network(&segment, &project)));
        }
        let Some(segment) = self.at(&known.path)? else { return Ok(None) };
        let project = ports::owner_within(segment, None);
        let subnet = subnets(segment).into_iter().find(|subnet| subnet.id == known.id);
        Ok(subnet.filter(|_| by.sees(&project)).map(|subnet| show::subnet(segment, &subnet, &project)))
    }
}

/// Shows `take` the objects of `kind` that `by` can see and that are in `scope`, in the order of
/// their ids, until it breaks. `named` are the paths of those with its names, if that is known.
pub(super) fn each(
    view: &(impl View + ?Sized),
    kind: &'static Kind,
    scope: &Scope,
    named: Option<Vec<PolicyPath>>,
    by: &Member,
    take: &mut dyn FnMut(Attributes) -> ControlFlow<()>,
) -> Result<(), Refusal> {
    let mut segments = Segments { view, read: HashMap::new() };
    let mut known = segments.known(kind, scope, named)?;
    known.retain(|known| scope.reaches(&known.id));
    if scope.is_reversed {
        known.reverse();
    }
    for known in known {
        let shown = segments.shown(kind, &known, by)?;
        if shown.is_some_and(|shown| take(shown).is_break()) {
            break;
        }
    }
    Ok(())
}
