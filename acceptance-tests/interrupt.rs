//! Ctrl-C in the middle of an apply, and of a destroy.

use std::thread;
use std::time::Duration;

use crate::fleet::{UNIT, fleet};
use crate::processes::{Running, engine_is_state, nobody_is_left, sockets_of, state_of};
use crate::terraform::{Said, Workspace};

const UNITS: usize = 20;
const ALL: usize = UNITS * UNIT;

const APPLY: [&str; 4] = ["apply", "-auto-approve", "-input=false", "-parallelism=2"];
const DESTROY: [&str; 4] = ["destroy", "-auto-approve", "-input=false", "-parallelism=2"];

/// Runs `command` and interrupts it when it has said `words` so many times.
fn interrupted(lab: &Workspace, command: &[&str], (words, times): (&str, usize), how: impl Fn(&mut Running)) -> Said {
    let mut running = Running::terraform(lab, command);
    assert!(running.has_said(words, times), "{}", running.ended().text);
    how(&mut running);
    let said = running.ended();
    assert_ne!(said.code, 0, "it was not interrupted:\n{}", said.text);
    said.mentions(&["Interrupt received", "Gracefully shutting down"]);
    nobody_is_left(lab);
    assert_eq!(sockets_of(lab), [""; 0]);
    said
}

/// Goes on to the end, where everything is as declared, and back. Returns what
/// was said on the way to the end.
fn goes_on(lab: &Workspace) -> Said {
    let again = lab.apply();
    engine_is_state(lab, ALL);
    lab.plan_is_empty();
    lab.destroy();
    assert_eq!(lab.paths(), [""; 0]);
    nobody_is_left(lab);
    again
}

/// The same, with nothing lost on the way.
fn goes_on_seamlessly(lab: &Workspace) {
    let said = goes_on(lab);
    assert!(!said.says("existed already"), "{}", said.text);
}

fn ctrl_c(running: &mut Running) {
    running.signal_group("INT");
}

#[test]
fn ctrl_c_at_several_moments_of_one_apply() {
    let lab = Workspace::new();
    lab.configure(&fleet(UNITS));
    let mut created = 0;
    for more in [1, 80, 50] {
        interrupted(&lab, &APPLY, ("Creation complete", more), ctrl_c);
        let now = state_of(&lab).len();
        assert!((created + more..ALL).contains(&now), "{created} and at least {more} are {now}");
        engine_is_state(&lab, now);
        created = now;
    }
    goes_on_seamlessly(&lab);
}

#[test]
fn an_interrupt_for_terraform_alone_and_one_while_destroying() {
    let lab = Workspace::new();
    lab.configure(&fleet(UNITS));
    interrupted(&lab, &APPLY, ("Creation complete", 150), |apply| apply.signal("INT"));
    engine_is_state(&lab, state_of(&lab).len());
    interrupted(&lab, &DESTROY, ("Destruction complete", 50), ctrl_c);
    let left = state_of(&lab).len();
    assert!((1..=ALL - 50).contains(&left), "{left} are left");
    engine_is_state(&lab, left);
    goes_on_seamlessly(&lab);
}

#[test]
fn ctrl_c_twice() {
    let lab = Workspace::new();
    lab.configure(&fleet(UNITS));
    let said = interrupted(&lab, &APPLY, ("Creation complete", 100), |apply| {
        ctrl_c(apply);
        apply.has_said("Interrupt received", 1);
        ctrl_c(apply);
    });
    said.mentions(&["Two interrupts received"]);
    // Terraform warns that it may have lost something by exiting at once.
    goes_on(&lab);
}

/// Terraform exits with operations under way, which the provider cannot end.
#[test]
fn ctrl_c_twice_while_the_engine_is_busy() {
    let lab = Workspace::new();
    lab.configure(&fleet(UNITS));
    let mut apply = Running::terraform(&lab, &APPLY);
    assert!(apply.has_said("Creation complete", 30));
    let somebody = rusqlite::Connection::open(lab.engine()).unwrap();
    somebody.busy_timeout(Duration::from_secs(30)).unwrap();
    somebody.execute_batch("BEGIN IMMEDIATE").unwrap();
    thread::sleep(Duration::from_millis(300));
    ctrl_c(&mut apply);
    apply.has_said("Interrupt received", 1);
    ctrl_c(&mut apply);
    apply.has_said("Two interrupts received", 1);
    thread::sleep(Duration::from_millis(500));
    somebody.execute_batch("COMMIT").unwrap();
    drop(somebody);
    assert_ne!(apply.ended().code, 0);
    nobody_is_left(&lab);
    goes_on(&lab);
}
