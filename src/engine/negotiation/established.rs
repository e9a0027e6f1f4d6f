//! A session that is up: its tunnels, how they are rekeyed, and how silence is noticed.

use serde::{Deserialize, Serialize};

use super::negotiate::{Agreement, Chosen, Side, TunnelOutcome};
use super::proposal::EspChoice;
use super::schedule::{GIVES_UP_AFTER, Renewal};
use super::state::{DownReason, EspSa, Tunnel, TunnelState};
use crate::engine::Moment;

/// An exchange of messages.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Exchange {
    /// When it begins.
    pub since: Moment,
    /// Milliseconds a message takes; a later change does not matter to it.
    pub latency: u32,
    /// Who begins, the first one first.
    pub beginners: Vec<Side>,
}

impl Exchange {
    /// When so many messages, one after the other, have arrived.
    pub fn after(&self, messages: u32) -> Moment {
        let taken = i64::from(messages) * i64::from(self.latency);
        Moment(self.since.0.saturating_add(taken))
    }
}

/// How often the SAs of a session have been replaced.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rekeys {
    /// The IKE SA.
    pub ike: u64,
    /// The SAs of each tunnel, in the order of the tunnels.
    pub tunnels: Vec<u64>,
}

/// A session with an IKE SA.
pub(super) struct Established {
    /// What the ends agreed on.
    pub agreement: Agreement,
    /// The exchange in which they did.
    pub exchange: Exchange,
    /// Since when there is the IKE SA.
    pub since: Moment,
    /// Since when nothing comes from the peer.
    pub silent_since: Option<Moment>,
}

impl Established {
    /// When it is known of every tunnel whether it is up.
    pub fn all_known_at(&self) -> Moment {
        self.agreement.tunnels.iter().map(|tunnel| self.known_at(tunnel)).max().unwrap_or(self.since)
    }

    fn known_at(&self, tunnel: &TunnelOutcome) -> Moment {
        self.exchange.after(tunnel.messages)
    }

    fn ike(&self) -> Renewal {
        Renewal::of(self.since, self.agreement.ike_life_time)
    }

    /// The SAs of a tunnel; none when it did not come up.
    fn sas(&self, tunnel: &TunnelOutcome) -> Option<Renewal> {
        tunnel.first.as_ref().ok()?;
        Some(Renewal::of(self.known_at(tunnel), self.agreement.esp_life_time))
    }

    /// When a tunnel goes down because its SA could not be replaced, and why not.
    fn expiry(&self, tunnel: &TunnelOutcome) -> Option<(Moment, DownReason)> {
        let sas = self.sas(tunnel)?;
        match (&tunnel.rekeyed, self.silent_since) {
            (Err(reason), _) => Some((sas.first_ends(), reason.clone())),
            (Ok(_), Some(silence)) => Some((sas.ends_after(silence), DownReason::NoResponse)),
            (Ok(_), None) => None,
        }
    }

    /// When a tunnel goes down that could not be rekeyed because the peer was silent.
    pub fn first_expiry_in_silence(&self) -> Option<Moment> {
        let silence = self.silent_since?;
        let replaced = self.agreement.tunnels.iter().filter(|tunnel| tunnel.rekeyed.is_ok());
        replaced.filter_map(|tunnel| self.sas(tunnel)).map(|sas| sas.ends_after(silence)).min()
    }

    /// When a peer that is silent since `silence` is noticed without probes: rekeying
    /// gets no answer, until it is given up or the IKE SA has reached its end.
    pub fn noticed_by_rekeying(&self, silence: Moment) -> Moment {
        let of_tunnel = |tunnel: &TunnelOutcome| {
            let sas = self.sas(tunnel)?;
            let next = sas.next(silence);
            // One that could not be rekeyed the first time is not tried again.
            (tunnel.rekeyed.is_ok() || next == sas.replaced(1)).then_some(next)
        };
        let tunnels = self.agreement.tunnels.iter().filter_map(of_tunnel).min();
        let request = tunnels.map_or(self.ike().next(silence), |next| next.min(self.ike().next(silence)));
        Moment(request.0.saturating_add(GIVES_UP_AFTER)).min(self.ike().ends_after(silence))
    }

    /// The moments at which what [`Established::tunnels`] says becomes something else.
    pub fn changes(&self) -> Vec<Moment> {
        let of_tunnel = |tunnel: &TunnelOutcome| {
            let rekeyed = self.sas(tunnel).map(|sas| sas.replaced(1)).filter(|at| {
                tunnel.rekeyed.is_ok() && tunnel.rekeyed != tunnel.first && self.silent_since.is_none_or(|it| *at < it)
            });
            let expiry = self.expiry(tunnel).map(|(at, _)| at);
            [Some(self.known_at(tunnel)), rekeyed, expiry].into_iter().flatten()
        };
        self.agreement.tunnels.iter().flat_map(of_tunnel).collect()
    }

    /// The tunnels at `now`.
    pub fn tunnels(&self, now: Moment) -> Vec<Tunnel> {
        self.agreement.tunnels.iter().map(|tunnel| tunnel.selector.tunnel(self.tunnel(tunnel, now))).collect()
    }

    fn tunnel(&self, tunnel: &TunnelOutcome, now: Moment) -> TunnelState {
        let since = self.known_at(tunnel);
        if now < since {
            return TunnelState::Down { reason: DownReason::Negotiating };
        }
        let first = match &tunnel.first {
            Ok(choice) => choice,
            Err(reason) => return TunnelState::Down { reason: reason.clone() },
        };
        if let Some((_, reason)) = self.expiry(tunnel).filter(|(at, _)| *at <= now) {
            return TunnelState::Down { reason };
        }
        let is_rekeyed = self.replacements(tunnel, now) > 0;
        let choice = tunnel.rekeyed.as_ref().ok().filter(|_| is_rekeyed).unwrap_or(first);
        let nat_traversal = self.agreement.nat_traversal;
        TunnelState::Up { since, sa: EspSa { proposal: choice.proposal, nat_traversal, group: choice.group } }
    }

    /// What the ends have chosen, as it is at `now`: with IKEv2 the first SA of a tunnel has
    /// no group of its own.
    pub fn chosen(&self, now: Moment) -> Chosen {
        let esp = self.tunnels(now).into_iter().find_map(|tunnel| match tunnel.state {
            TunnelState::Up { sa, .. } => Some(EspChoice { proposal: sa.proposal, group: sa.group }),
            TunnelState::Down { .. } => None,
        });
        Chosen { esp, ..Chosen::of(&self.agreement) }
    }

    /// How often SAs have been replaced until `now`.
    pub fn rekeys(&self, now: Moment) -> Rekeys {
        Rekeys {
            ike: self.ike().count(self.last_answer(now)),
            tunnels: self.agreement.tunnels.iter().map(|tunnel| self.replacements(tunnel, now)).collect(),
        }
    }

    fn replacements(&self, tunnel: &TunnelOutcome, now: Moment) -> u64 {
        let sas = self.sas(tunnel).filter(|_| tunnel.rekeyed.is_ok());
        sas.map_or(0, |sas| sas.count(self.last_answer(now)))
    }

    /// The last moment until `now` at which the peer answered.
    fn last_answer(&self, now: Moment) -> Moment {
        self.silent_since.map_or(now, |silence| now.min(Moment(silence.0.saturating_sub(1))))
    }
}
