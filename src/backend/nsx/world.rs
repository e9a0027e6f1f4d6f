//! The world of an endpoint, rebuilt in the engine, which decides what becomes of a packet.
//!
//! What is declared is read from the endpoint, and so are the states of sessions and the
//! routes that BGP has learned. The far ends are not there to be read: for each session a
//! peer is put in its place that does what was seen. Where the session is up it agrees to
//! all that the session offers and announces the routes that its neighbors were seen to
//! teach; where it is down it cannot be reached. An endpoint that knows simulated peers is an
//! engine itself, and its peers are taken as they are.

use std::collections::BTreeMap;

use serde_json::{Value as Json, json};

use super::Nsx;
use crate::backend::addresses::Homes;
use crate::backend::transport::{ApiError, Failure, Request};
use crate::backend::{Backend, BackendError};
use crate::engine::prefix_filter::PrefixMatch;
use crate::engine::taps::PORT_TAG;
use crate::engine::topology::Topology;
use crate::engine::{Answer, Moment, Object, Planned, Question, Runtime, TraceAnswer, TraceRequest, Unseen};
use crate::model::tree::Fields;
use crate::model::{
    BGP_CONFIG, BGP_NEIGHBOR, DPD_PROFILE, IKE_PROFILE, Kind, LOCAL_ENDPOINT, LOCALE_SERVICE, POLICY_BASED_SESSION,
    PREFIX_LIST, PolicyPath, ROUTE_BASED_SESSION, SEGMENT, SEGMENT_PORT, SIMULATED_FLOW, SIMULATED_PEER, TIER_0,
    TIER_1, TUNNEL_PROFILE, Tree, VPN_SERVICE, read,
};

/// Sessions that are up have been so for longer than anything takes, in milliseconds.
const BEGAN_BEFORE: i64 = 60 * 60 * 1_000;

/// What a far end is called that nobody has declared.
const FAR_END: &str = "far end, as seen";

/// The key that sessions and their peers have here, where the true one may not be known.
const KEY: &str = "as was seen";

/// Where prefix lists lie that gateways share.
const SHARED_LISTS: &str = "/infra/routing-config";

/// The objects of an endpoint.
struct World {
    objects: Vec<(&'static Kind, PolicyPath, Tree)>,
    /// Whether its peers are simulated.
    is_engine: bool,
    /// Sessions that are not up.
    down: Vec<Down>,
    /// Whether the endpoint keeps keys from us that decide something.
    hides_keys: bool,
}

/// The world of an endpoint, in operation.
pub struct Seen {
    /// The world, for long enough that everything has come about.
    pub runtime: Runtime,
    /// Whether the endpoint is an engine, with far ends that are declared. Otherwise they
    /// stand as they were seen.
    pub is_engine: bool,
    /// Sessions that the endpoint says are not up, where the far ends are not declared.
    pub down: Vec<Down>,
    /// Whether the endpoint is an engine that does not show us keys, so that those of both
    /// ends are taken to be the same.
    pub hides_keys: bool,
}

/// A session that is not up, by what the endpoint says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Down {
    /// The session.
    pub session: PolicyPath,
    /// Its state: `DOWN`, `DEGRADED`; empty when nothing is said of it.
    pub state: String,
    /// Why, in the endpoint's words; empty when it does not say.
    pub reason: String,
}

/// Far ends that do what was seen, and the sessions that were not seen to be up.
type FarEnds = (Vec<(&'static Kind, PolicyPath, Tree)>, Vec<Down>);

impl Nsx {
    /// What the endpoint is, rebuilt: read only. The bounds of prefix lists are read as
    /// `mode` says, which on an NSX is by the length of masks.
    pub async fn seen(&self, mode: PrefixMatch) -> Result<Seen, BackendError> {
        let World { objects, is_engine, down, hides_keys } = self.world(true).await?;
        Ok(Seen { runtime: runtime(&objects, mode), is_engine, down, hides_keys })
    }

    /// Traces a packet through what the endpoint is. What is planned of sessions and
    /// neighbors is left out, since nobody knows what their far ends will do.
    pub(super) async fn traced(
        &self,
        request: &TraceRequest,
        planned: &[Planned],
    ) -> Result<TraceAnswer, BackendError> {
        let world = self.seen(PrefixMatch::default()).await?;
        let planned = Homes::of(self, None, planned).await?.planned(planned);
        let (known, open): (Vec<_>, Vec<_>) = planned.into_iter().partition(|planned| {
            world.is_engine || planned.declared.as_ref().is_none_or(|(kind, _)| !depends_on_a_far_end(kind))
        });
        let known = if world.is_engine && !world.hides_keys { known } else { beside_hidden_keys(known) };
        let mut answer = world.runtime.traced(request, &known);
        answer.unknown.extend(open.into_iter().map(|planned| planned.path));
        answer.unseen.extend(world.hides_keys.then_some(Unseen::Keys));
        Ok(answer)
    }

    /// Answers a question about what will be, if the endpoint is an engine whose world can be
    /// rebuilt; `None` if it is not.
    pub(super) async fn foreseen(
        &self,
        question: &Question,
        planned: &[Planned],
    ) -> Result<Option<Answer>, BackendError> {
        let world = self.world(false).await?;
        let homes = Homes::of(self, Some(question), planned).await?;
        let (question, planned) = (homes.question(question), homes.planned(planned));
        let planned = if world.hides_keys { beside_hidden_keys(planned) } else { planned };
        let answer = || runtime(&world.objects, PrefixMatch::default()).asked(&question, &planned);
        Ok(world.is_engine.then(answer))
    }

    /// What the endpoint holds, with far ends that do what was seen if that is wanted.
    async fn world(&self, with_far_ends: bool) -> Result<World, BackendError> {
        let mut objects = Vec::new();
        for kind in [&IKE_PROFILE, &TUNNEL_PROFILE, &DPD_PROFILE] {
            objects.extend(self.list(kind, "/infra").await?);
        }
        let is_engine = self.is_engine().await?;
        if is_engine {
            objects.extend(self.list(&SIMULATED_PEER, "/infra").await?);
            objects.extend(self.list(&SIMULATED_FLOW, "/infra").await?);
        }
        objects.extend(self.list(&PREFIX_LIST, SHARED_LISTS).await?);
        self.add_segments("/infra", &mut objects).await?;
        for kind in [&TIER_1, &TIER_0] {
            for gateway in self.list(kind, "/infra").await? {
                self.add_gateway(gateway, &mut objects).await?;
            }
        }
        if is_engine {
            let mut revealed = Vec::new();
            for object in objects {
                revealed.push(self.reveal(object).await?);
            }
            objects = revealed;
        }
        let (far_ends, down) =
            if with_far_ends && !is_engine { self.far_ends(&objects).await? } else { FarEnds::default() };
        let declared = |object: &Object| (object.kind(), object.path().clone(), declared(object, is_engine));
        let hides_keys = is_engine && objects.iter().any(Object::hides_secrets);
        Ok(World { objects: objects.iter().map(declared).chain(far_ends).collect(), is_engine, down, hides_keys })
    }

    /// Whether the endpoint is an engine: an NSX knows no simulated peers.
    pub(super) async fn is_engine(&self) -> Result<bool, Failure> {
        let ask = || async {
            let request = Request::get("/infra/simulated-peers").with("page_size", "1");
            match self.transport.send(request).await {
                Ok(reply) => Ok(!reply.document.is_null()),
                Err(Failure::Refused(ApiError { status, .. }) | Failure::NotTheApi { status, .. }) if status < 500 => {
                    Ok(false)
                }
                Err(failure) => Err(failure),
            }
        };
        self.is_engine.get_or_try_init(ask).await.copied()
    }

    /// Adds the segments below `parent`, with their ports.
    async fn add_segments(&self, parent: &str, objects: &mut Vec<Object>) -> Result<(), BackendError> {
        for segment in self.list(&SEGMENT, parent).await? {
            objects.extend(self.list(&SEGMENT_PORT, segment.path().as_str()).await?);
            objects.push(segment);
        }
        Ok(())
    }

    /// Adds a gateway with what lies below it.
    async fn add_gateway(&self, gateway: Object, objects: &mut Vec<Object>) -> Result<(), BackendError> {
        let path = gateway.path().as_str();
        if gateway.path().is_of_tier1() {
            self.add_segments(path, objects).await?;
        } else {
            objects.extend(self.list(&PREFIX_LIST, path).await?);
        }
        for service in self.list(&LOCALE_SERVICE, path).await? {
            self.add_locale_service(&service, objects).await?;
            objects.push(service);
        }
        objects.push(gateway);
        Ok(())
    }

    /// Adds what lies below a locale service.
    async fn add_locale_service(&self, service: &Object, objects: &mut Vec<Object>) -> Result<(), BackendError> {
        if !service.path().is_of_tier1() {
            let bgp = BGP_CONFIG.path(service.path(), "bgp");
            objects.extend(self.get(&bgp).await?);
            objects.extend(self.list(&BGP_NEIGHBOR, bgp.as_str()).await?);
        }
        for vpn in self.list(&VPN_SERVICE, service.path().as_str()).await? {
            for kind in [&LOCAL_ENDPOINT, &ROUTE_BASED_SESSION, &POLICY_BASED_SESSION] {
                objects.extend(self.list(kind, vpn.path().as_str()).await?);
            }
            objects.push(vpn);
        }
        Ok(())
    }

    /// Peers that do what was seen of the far ends of the sessions among `objects`.
    async fn far_ends(&self, objects: &[Object]) -> Result<FarEnds, BackendError> {
        let trees: Vec<_> = objects.iter().map(|object| (object.kind(), object.path(), object.tree())).collect();
        let topology =
            Topology::of(trees.iter().map(|(kind, path, tree)| (*kind, *path, tree)), PrefixMatch::default());
        // What each neighbor taught, by the session that leads to it.
        let mut taught: BTreeMap<PolicyPath, Vec<Json>> = BTreeMap::new();
        for neighbor in topology.neighbors.values() {
            let Some((session, _)) = topology.session_of(neighbor) else { continue };
            let routes = self.answer(&Question::LearnedRoutes(neighbor.path.clone()), &[]).await?;
            let own_as = neighbor.remote_as.to_string();
            let routes = routes.document.as_ref().map(|document| routes_in(document, &own_as)).unwrap_or_default();
            taught.entry(session.path.clone()).or_default().extend(routes);
        }
        let (mut peers, mut down): (BTreeMap<String, Json>, Vec<_>) = Default::default();
        for session in objects.iter().filter(|object| is_session(object.kind())) {
            let text = |name: &str| session.get(name).and_then(Json::as_str).unwrap_or_default().to_owned();
            let status = self.answer(&Question::SessionStatus(session.path().clone()), &[]).await?.document;
            let is_up = status.as_ref().is_some_and(super::runtime::is_up);
            let peer = peers.entry(text("peer_address")).or_insert_with(|| {
                let id = text("peer_id");
                let id = if id.is_empty() { text("peer_address") } else { id };
                let mut peer = json!({
                    "display_name": FAR_END, "address": text("peer_address"), "ike_id": id, "reachable": false,
                });
                if text("authentication_mode") == "CERTIFICATE" {
                    peer["certificate_subject"] = json!(id);
                } else {
                    peer["psk"] = json!(KEY);
                }
                peer
            });
            if is_up {
                peer["reachable"] = json!(true);
            } else {
                down.push(is_down(session.path(), status.as_ref()));
            }
            if let Some(routes) = taught.remove(session.path()) {
                if !peer["bgp"].is_object() {
                    peer["bgp"] = json!({ "routes": [] });
                }
                if let Some(all) = peer["bgp"]["routes"].as_array_mut() {
                    all.extend(routes);
                }
            }
        }
        let placed = peers.into_values().enumerate().filter_map(|(number, peer)| {
            let path = PolicyPath::parse(&format!("/infra/simulated-peers/seen-{number}")).ok()?;
            Some((&SIMULATED_PEER, path, read(&SIMULATED_PEER, &Tree::from(&peer), None).tree))
        });
        Ok((placed.collect(), down))
    }
}

/// Objects in operation, for long enough that everything has come about.
fn runtime(objects: &[(&'static Kind, PolicyPath, Tree)], mode: PrefixMatch) -> Runtime {
    let now = Moment::from_clock();
    let objects = objects.iter().map(|(kind, path, tree)| (*kind, path, tree));
    Runtime::of_world(objects, mode, Moment(now.0 - BEGAN_BEFORE), now)
}

/// What the status of a session says of it.
fn is_down(session: &PolicyPath, status: Option<&Json>) -> Down {
    let result = status.map(|status| &status["results"][0]);
    let text = |value: Option<&Json>| value.and_then(Json::as_str).unwrap_or_default().to_owned();
    Down {
        session: session.clone(),
        state: text(result.map(|result| &result["runtime_status"])),
        reason: text(result.map(|result| &result["ike_status"]["fail_reason"])),
    }
}

fn is_session(kind: &Kind) -> bool {
    *kind == ROUTE_BASED_SESSION || *kind == POLICY_BASED_SESSION
}

fn depends_on_a_far_end(kind: &Kind) -> bool {
    is_session(kind) || *kind == BGP_NEIGHBOR
}

/// What is declared of an object. Keys that were seen to work are the same at both ends, and
/// so are those that nobody shows.
fn declared(object: &Object, is_engine: bool) -> Tree {
    let mut fields: Fields = match object.tree() {
        Tree::Object(fields) => fields,
        tree => return tree,
    };
    let tags = object.get("tags").and_then(Json::as_array).into_iter().flatten();
    let neutron = tags.filter(|tag| tag["scope"] == PORT_TAG).find_map(|tag| tag["tag"].as_str());
    // Taps name the port as Neutron does.
    if let Some(id) = neutron.filter(|_| *object.kind() == SEGMENT_PORT) {
        fields.insert("unique_id".to_owned(), Tree::from(id));
    }
    if !is_engine || object.hides_secrets() {
        take_usual_keys(object.kind(), &mut fields);
    }
    Tree::Object(fields)
}

/// Puts the key in place that all have here, so that both ends have the same.
fn take_usual_keys(kind: &Kind, fields: &mut Fields) {
    fields.remove("password");
    if let Some(Tree::Object(bgp)) = fields.get_mut("bgp") {
        bgp.remove("password");
    }
    let is = |name: &str, value: &str| fields.get(name).is_none_or(|it| it.is_null() || it.text() == Some(value));
    let has_key = is_session(kind) && is("authentication_mode", "PSK")
        || *kind == SIMULATED_PEER && is("certificate_subject", "");
    if has_key {
        fields.insert("psk".to_owned(), Tree::from(KEY));
    }
}

/// What is planned, beside a world that does not show its keys: whatever keys are planned, those
/// of both ends are taken to be the same.
fn beside_hidden_keys(planned: Vec<Planned>) -> Vec<Planned> {
    let usual = |planned: Planned| {
        let declared = planned.declared.map(|(kind, tree)| match tree {
            Tree::Object(mut fields) => {
                take_usual_keys(kind, &mut fields);
                (kind, Tree::Object(fields))
            }
            tree => (kind, tree),
        });
        Planned { declared, ..planned }
    };
    planned.into_iter().map(usual).collect()
}

/// The routes in the API's answer, as a speaker of the AS `own` announces them.
fn routes_in(document: &Json, own: &str) -> Vec<Json> {
    let results = document["results"].as_array().into_iter().flatten();
    let nodes = results.flat_map(|result| result["edge_node_routes"].as_array().into_iter().flatten());
    let routes = nodes.flat_map(|node| node["routes"].as_array().into_iter().flatten());
    let route = |route: &Json| {
        let path: Vec<_> = route["as_path"].as_str().unwrap_or_default().split_whitespace().collect();
        let beyond = if path.first() == Some(&own) { &path[1..] } else { &path[..] };
        json!({ "network": route["network"], "as_path": beyond, "med": route["med"].as_i64().unwrap_or_default() })
    };
    let mut routes: Vec<_> = routes.map(route).collect();
    // Several edges have learned the same.
    routes.dedup();
    routes
}
