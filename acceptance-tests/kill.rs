//! `kill -9` of the provider and of Terraform at random moments.
//!
//! `KILL_SEED` repeats a run, `KILL_ROUNDS` makes it longer.

use std::fs;
use std::sync::Mutex;
use std::thread;
use std::time::Duration;

use crate::dice::{Dice, number, seed};
use crate::fleet::{UNIT, fleet, fleet_without_twins};
use crate::processes::{Running, engine_is_state, nobody_is_left};
use crate::terraform::Workspace;

/// Whom it hits.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Victim {
    Provider,
    Terraform,
}

impl Victim {
    /// How many objects it is killed over. Terraform, when it has dismissed the
    /// provider and not written its state yet, loses what nobody can find again: it is
    /// killed well before its end.
    fn units(self) -> usize {
        match self {
            Self::Provider => 2,
            Self::Terraform => 8,
        }
    }

    /// After how many of them, at most.
    fn latest(self) -> usize {
        match self {
            Self::Provider => self.units() * UNIT,
            Self::Terraform => self.units() * UNIT / 2,
        }
    }

    /// How long after its start, at most, where it is killed anywhere; in
    /// milliseconds.
    fn anywhere(self) -> u64 {
        match self {
            Self::Provider => 900,
            Self::Terraform => 200,
        }
    }
}

/// So many rounds are under way at once.
const AT_ONCE: usize = 4;

const APPLY: [&str; 3] = ["apply", "-auto-approve", "-input=false"];
const DESTROY: [&str; 3] = ["destroy", "-auto-approve", "-input=false"];

/// Runs rounds until `rounds` of them have hit, each with dice of its own.
fn rounds(rounds: u64, fleet: &str, round: impl Fn(&Workspace, &mut Dice) -> bool + Sync) {
    let seed = seed("KILL_SEED");
    let rounds = number("KILL_ROUNDS").unwrap_or(rounds);
    let next = Mutex::new(0..rounds);
    let failed: Vec<_> = thread::scope(|scope| {
        let worker = || {
            let lab = Workspace::new();
            lab.configure(fleet);
            loop {
                let Some(number) = next.lock().unwrap().next() else { return Ok(()) };
                let played = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
                    round(&lab, &mut Dice::of_round(seed, number))
                }));
                match played {
                    Ok(true) => {}
                    // One more instead.
                    Ok(false) => next.lock().unwrap().end += 1,
                    Err(_) => return Err(number),
                }
            }
        };
        let workers: Vec<_> = (0..AT_ONCE).map(|_| scope.spawn(worker)).collect();
        workers.into_iter().filter_map(|worker| worker.join().unwrap().err()).collect()
    });
    assert!(failed.is_empty(), "KILL_SEED={seed} made the rounds {failed:?} of {rounds} fail");
}

/// Runs `command` and ends `victim` at some moment of it. Says whether it was there
/// to be hit.
fn killed(lab: &Workspace, dice: &mut Dice, victim: Victim, command: &[&str]) -> bool {
    let mut running = Running::terraform(lab, command);
    if dice.once_in(5) {
        // Anywhere, the beginning included.
        thread::sleep(Duration::from_millis(dice.below(victim.anywhere())));
    } else {
        // While it is at work.
        let words = if command[0] == "apply" { "Creation complete" } else { "Destruction complete" };
        running.has_said(words, dice.index(victim.latest()));
        thread::sleep(Duration::from_micros(dice.below(20_000)));
    }
    let has_hit = match victim {
        Victim::Provider => running.kill_providers(),
        Victim::Terraform => {
            running.signal("KILL");
            true
        }
    };
    let said = running.ended();
    assert!(!said.says("panic"), "{}", said.text);
    nobody_is_left(lab);
    if victim == Victim::Terraform {
        mend_state(lab);
    }
    has_hit
}

/// Terraform rewrites its local state in place. A kill in the middle of that
/// leaves an empty file, and then only the backup helps, which is the state from
/// before the run.
pub fn mend_state(lab: &Workspace) {
    let [state, backup] = ["terraform.tfstate", "terraform.tfstate.backup"].map(|name| lab.folder().join(name));
    let is_whole = |text: String| serde_json::from_str::<serde_json::Value>(&text).is_ok();
    if fs::read_to_string(&state).is_ok_and(|text| !is_whole(text)) {
        eprintln!("Terraform lost its state");
        fs::remove_file(&state).unwrap();
        if backup.exists() {
            fs::copy(&backup, &state).unwrap();
        }
    }
}

/// What is declared comes to be, and nothing else.
fn converges(lab: &Workspace, victim: Victim) {
    lab.apply();
    engine_is_state(lab, victim.units() * UNIT);
    lab.plan_is_empty();
}

/// One kill while creating, and in every other round one while destroying. Says
/// whether the first one hit.
fn creating_and_destroying(lab: &Workspace, dice: &mut Dice, victim: Victim) -> bool {
    let has_hit = killed(lab, dice, victim, &APPLY);
    converges(lab, victim);
    if dice.once_in(2) {
        killed(lab, dice, victim, &DESTROY);
        if dice.once_in(2) {
            converges(lab, victim);
        }
    }
    lab.destroy();
    assert_eq!(lab.paths(), [""; 0]);
    has_hit
}

#[test]
fn the_provider_at_fifty_random_moments() {
    rounds(50, &fleet(Victim::Provider.units()), |lab, dice| creating_and_destroying(lab, dice, Victim::Provider));
}

/// Terraform may lose everything it knew of the run.
#[test]
fn terraform_at_random_moments() {
    rounds(5, &fleet_without_twins(Victim::Terraform.units()), |lab, dice| {
        creating_and_destroying(lab, dice, Victim::Terraform)
    });
}
