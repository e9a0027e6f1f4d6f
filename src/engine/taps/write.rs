//! Creating, changing and deleting, with what goes along. The checks come in the order in
//! which the plugins of tap-as-a-service make them, today's where that has changed.

use serde_json::{Map, Value as Json, json};
use uuid::Uuid;

use super::life::{DELETED, END};
use super::read::{AS_SENT, as_of, found, path, project};
use super::{AGENT_INTERVAL, FIRST_TAAS_ID, Fault, LAST_TAAS_ID, Life, Member, Quotas, body, keys, ports};
use crate::engine::object::Object;
use crate::engine::runtime::journal;
use crate::engine::store::{StoreError, StoreExt, Transaction, View};
use crate::engine::{Engine, Moment, Refusal, index};
use crate::model::{Kind, NeutronStatus, PolicyPath, TAP_FLOW, TAP_SERVICE};

impl Engine {
    /// Creates an object of Neutron from the attributes of a request, under an id that is
    /// made for it. With a `claim`, that is noted in the same step, as by
    /// [`Engine::create_claimed`].
    pub fn create_tap(
        &self,
        kind: &'static Kind,
        attributes: Map<String, Json>,
        by: &Member,
        claim: Option<&str>,
    ) -> Result<Object, Refusal> {
        let mut made = self.create_all(kind, vec![(Uuid::new_v4().to_string(), attributes)], by, claim)?;
        made.pop().ok_or_else(|| Refusal::InvalidPath(kind.example_path()))
    }

    /// The same under an id that the caller has made, which nobody else has.
    pub fn create_tap_as(
        &self,
        kind: &'static Kind,
        id: Uuid,
        attributes: Map<String, Json>,
        by: &Member,
        claim: Option<&str>,
    ) -> Result<Object, Refusal> {
        let mut made = self.create_all(kind, vec![(id.to_string(), attributes)], by, claim)?;
        made.pop().ok_or_else(|| Refusal::InvalidPath(kind.example_path()))
    }

    /// Creates several, all of them or none.
    pub fn create_taps(
        &self,
        kind: &'static Kind,
        attributes: Vec<Map<String, Json>>,
        by: &Member,
    ) -> Result<Vec<Object>, Refusal> {
        let named = attributes.into_iter().map(|attributes| (Uuid::new_v4().to_string(), attributes));
        self.create_all(kind, named.collect(), by, None)
    }

    /// Whether an object with these attributes could be created now. Tunnels that other mirrors
    /// use are none of its business: those may be about to go.
    pub fn may_create_tap(
        &self,
        kind: &'static Kind,
        attributes: &Map<String, Json>,
        by: &Member,
    ) -> Result<(), Refusal> {
        let fields = body::to_create(kind, attributes, by)?;
        self.store.read(|view| {
            let objects = [(String::new(), fields.clone())];
            let stands = within_quotas(view, kind, &objects, self.quotas)
                .and_then(|()| stands(view, kind, fields.clone(), by).map(drop));
            match stands {
                Err(Refusal::Neutron(Fault::TapMirrorTunnelConflict(_))) => Ok(()),
                // What is gone counts until somebody writes.
                Err(Refusal::Neutron(fault))
                    if fault.is_out_of_quota() && !keys::gone(view, by.caller.now)?.is_empty() =>
                {
                    Ok(())
                }
                stands => stands,
            }
        })
    }

    fn create_all(
        &self,
        kind: &'static Kind,
        objects: Vec<(String, Map<String, Json>)>,
        by: &Member,
        claim: Option<&str>,
    ) -> Result<Vec<Object>, Refusal> {
        let read = |(id, attributes): (String, Map<String, Json>)| {
            let mut fields = body::to_create(kind, &attributes, by)?;
            let sent = attributes.get("directions").filter(|sent| fields.get("directions") != Some(*sent));
            fields.extend(sent.map(|sent| (AS_SENT.to_owned(), sent.clone())));
            Ok((id, fields))
        };
        let objects: Vec<_> = objects.into_iter().map(read).collect::<Result<_, Refusal>>()?;
        let (by, quotas, claim) = (by.clone(), self.quotas, claim.map(str::to_owned));
        let now = by.caller.now;
        let (made, is_due) = self.store.write(move |tx| {
            let mut is_due = sweep(tx, now)?;
            within_quotas(&*tx, kind, &objects, quotas)?;
            let mut made = Vec::with_capacity(objects.len());
            for (id, fields) in &objects {
                let path = path(kind, id).ok_or_else(|| Refusal::InvalidPath(id.clone()))?;
                if index::get(&*tx, &path)?.is_some() {
                    return Err(Refusal::Exists(path));
                }
                let fields = stands(&*tx, kind, fields.clone(), &by)?;
                let object = Object::create_in_neutron(kind, path, fields, &by.caller);
                index::put(tx, &object, None)?;
                is_due |= journal::note(tx, now, object.path(), None)?;
                if let Some(claim) = &claim {
                    index::claim(tx, object.path(), claim)?;
                }
                made.extend(as_of(object, now));
            }
            Ok::<_, Refusal>((made, is_due))
        })?;
        self.settle_if(is_due, now);
        Ok(made)
    }

    /// Changes the attributes that a request gives.
    pub fn update_tap(
        &self,
        kind: &'static Kind,
        id: &str,
        attributes: &Map<String, Json>,
        by: &Member,
    ) -> Result<Object, Refusal> {
        let (id, attributes, by) = (id.to_owned(), attributes.clone(), by.clone());
        let now = by.caller.now;
        let (object, is_due) = self.store.write(move |tx| {
            let mut is_due = sweep(tx, now)?;
            let seen = found(&*tx, kind, &id, &by)?;
            let Some(before) = index::get(&*tx, seen.path())? else { return Ok((seen, is_due)) };
            let fields = body::to_change(kind, before.declared(), &attributes)?;
            if fields != before.declared() {
                let after = before.change(fields, &by.caller);
                index::put(tx, &after, Some(&before))?;
                is_due |= journal::note(tx, now, after.path(), Some(&before))?;
            }
            Ok::<_, Refusal>((found(&*tx, kind, &id, &by)?, is_due))
        })?;
        self.settle_if(is_due, now);
        Ok(object)
    }

    /// Deletes the object with this id. A tap service takes its tap flows along.
    pub fn delete_tap(&self, kind: &'static Kind, id: &str, by: &Member) -> Result<(), Refusal> {
        let (id, by) = (id.to_owned(), by.clone());
        let now = by.caller.now;
        let is_due = self.store.write(move |tx| {
            let mut is_due = sweep(tx, now)?;
            let object = found(&*tx, kind, &id, &by)?;
            is_due |= delete(tx, object.path(), now)?;
            Ok::<_, Refusal>(is_due)
        })?;
        self.settle_if(is_due, now);
        Ok(())
    }
}

/// Nobody gets more than its quota.
fn within_quotas(
    view: &(impl View + ?Sized),
    kind: &Kind,
    new: &[(String, Map<String, Json>)],
    quotas: Quotas,
) -> Result<(), Refusal> {
    let Some((limit, fault)) = quotas.of(kind) else { return Ok(()) };
    let mut wanted = std::collections::BTreeMap::<&str, usize>::new();
    for (_, fields) in new {
        *wanted.entry(fields.get("project_id").and_then(Json::as_str).unwrap_or_default()).or_default() += 1;
    }
    for (project, wanted) in wanted {
        if keys::count(view, kind, project)? + wanted > limit {
            return Err(fault.into());
        }
    }
    Ok(())
}

/// The fields of a new object, which can be among what there is.
fn stands(
    view: &(impl View + ?Sized),
    kind: &'static Kind,
    mut fields: Map<String, Json>,
    by: &Member,
) -> Result<Map<String, Json>, Refusal> {
    let text = |name: &str| fields.get(name).and_then(Json::as_str).unwrap_or_default().to_owned();
    let own = text("project_id");
    if *kind == TAP_FLOW {
        let service = found(view, &TAP_SERVICE, &text("tap_service_id"), by)?;
        if project(&service) != own {
            return Err(Fault::TapServiceNotBelongToTenant.into());
        }
        ports::port(view, &text("source_port"), "source_port", by)?;
        // It is gone with its service at the latest.
        if let Some(end) = Life::of_fields(service.fields()).end() {
            fields.insert(END.to_owned(), json!(end.0));
        }
        return Ok(fields);
    }
    let (_, owner) = ports::port(view, &text("port_id"), "port_id", by)?;
    if owner != own {
        return Err(Fault::PortDoesNotBelongToTenant.into());
    }
    if *kind == TAP_SERVICE {
        let mut ids = FIRST_TAAS_ID..=LAST_TAAS_ID;
        let free = loop {
            let Some(id) = ids.next() else { return Err(Fault::TapServiceLimitReached.into()) };
            if !keys::has_taas_id(view, id)? {
                break id;
            }
        };
        fields.insert(keys::TAAS_ID.to_owned(), json!(free));
    } else {
        for id in keys::tunnel_ids_of(fields.get("directions")) {
            if keys::has_tunnel(view, id)? {
                return Err(Fault::TapMirrorTunnelConflict(id).into());
            }
        }
    }
    Ok(fields)
}

/// Deletes the object at `path`: what is in operation is undone first, anything else is gone
/// at once. Whether the state is to be settled.
fn delete(tx: &mut dyn Transaction, path: &PolicyPath, now: Moment) -> Result<bool, StoreError> {
    let Some(object) = index::get(&*tx, path)? else { return Ok(false) };
    let mut is_due = false;
    for flow in of_service(&*tx, &object)? {
        is_due |= delete(tx, &flow, now)?;
    }
    let life = Life::of_fields(object.fields());
    let has_status = object.kind().record.field("status").is_some();
    if has_status && life.status(now) == Some(NeutronStatus::Active) {
        let end = Moment(now.0.saturating_add(AGENT_INTERVAL));
        let end = life.end().map_or(end, |known| known.min(end));
        let after = object.clone().with(DELETED, json!(now.0)).with(END, json!(end.0));
        index::put(tx, &after, Some(&object))?;
        return Ok(is_due | journal::note(tx, now, path, Some(&object))?);
    }
    Ok(is_due | remove(tx, &object, now)?)
}

/// The object is gone, and its flows with it.
fn remove(tx: &mut dyn Transaction, object: &Object, now: Moment) -> Result<bool, StoreError> {
    let mut is_due = false;
    for flow in of_service(&*tx, object)? {
        if let Some(flow) = index::get(&*tx, &flow)? {
            is_due |= remove(tx, &flow, now)?;
        }
    }
    index::remove(tx, object)?;
    Ok(is_due | journal::note(tx, now, object.path(), Some(object))?)
}

/// The flows of a service.
fn of_service(view: &(impl View + ?Sized), object: &Object) -> Result<Vec<PolicyPath>, StoreError> {
    if *object.kind() == TAP_SERVICE { index::referrers(view, object.path()) } else { Ok(Vec::new()) }
}

/// What is gone by `now` is removed. Whether the state is to be settled.
fn sweep(tx: &mut dyn Transaction, now: Moment) -> Result<bool, StoreError> {
    let mut is_due = false;
    for path in keys::gone(&*tx, now)? {
        if let Some(object) = index::get(&*tx, &path)? {
            is_due |= remove(tx, &object, now)?;
        }
    }
    Ok(is_due)
}

/// A port is deleted: the services on it go, then the flows and the mirrors of it. Whether
/// the state is to be settled.
pub(in crate::engine) fn port_deleted(
    tx: &mut dyn Transaction,
    port: &Object,
    now: Moment,
) -> Result<bool, StoreError> {
    let address = PolicyPath::of_neutron("ports", port.unique_id());
    let mut of_it = index::referrers(&*tx, &address)?;
    of_it.sort_by_key(|path| !TAP_SERVICE.owns(path));
    let mut is_due = false;
    for path in of_it {
        is_due |= delete(tx, &path, now)?;
    }
    Ok(is_due)
}
