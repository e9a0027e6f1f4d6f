//! What callers note beside the objects.

use serde_json::json;

use super::*;

const SEGMENT: &str = "/infra/tier-1s/cgw/segments/a";

fn claimed(lab: &Lab, at: &str, claim: &str) -> Result<Object, Refusal> {
    lab.engine.create_claimed(&path(at), json!({}), &lab.caller(), claim)
}

fn claims(lab: &Lab) -> Vec<(String, String)> {
    lab.engine.claims().unwrap().into_iter().map(|(path, claim)| (path.to_string(), claim)).collect()
}

#[test]
fn a_claim_stays_until_it_is_settled() {
    let lab = Lab::new();
    claimed(&lab, SEGMENT, "mine").unwrap();
    lab.patch(SEGMENT, json!({ "description": "changed" })).unwrap();
    assert_eq!(claims(&lab), [(SEGMENT.to_owned(), "mine".to_owned())]);
    let elsewhere = Engine::open(&lab.folder.path().join("engine.db"), Moment(1)).unwrap();
    assert_eq!(elsewhere.claims().unwrap(), [(path(SEGMENT), "mine".to_owned())]);
    assert_eq!(lab.get(SEGMENT).unwrap().get("claim"), None, "nobody sees it in the object");

    let paths = [path("/infra/tier-1s/cgw/segments/other"), path(SEGMENT)];
    lab.engine.reclaim(&paths, "still mine").unwrap();
    assert_eq!(claims(&lab), [(SEGMENT.to_owned(), "still mine".to_owned())], "no claim on what there is not");
    assert_eq!(lab.engine.keeper(&paths[1]).unwrap(), None);
    lab.engine.settle(&paths, "me").unwrap();
    assert_eq!(claims(&lab), []);
    assert_eq!(paths.each_ref().map(|path| lab.engine.keeper(path).unwrap()), [None, Some("me".to_owned())]);
    lab.engine.reclaim(&paths, "mine again").unwrap();
    assert_eq!(claims(&lab), [], "what is settled stays so");
    lab.engine.claim(&paths, "yours").unwrap();
    assert_eq!(claims(&lab), [(SEGMENT.to_owned(), "yours".to_owned())], "until somebody claims it anew");
    assert!(lab.get(SEGMENT).is_ok());
}

#[test]
fn claims_and_keepers_go_with_the_object() {
    let lab = Lab::new();
    claimed(&lab, SEGMENT, "mine").unwrap();
    lab.delete(SEGMENT).unwrap();
    assert_eq!(claims(&lab), []);
    lab.put(SEGMENT, json!({})).unwrap();
    assert_eq!(claims(&lab), [], "another object of that name");
    lab.engine.settle(&[path(SEGMENT)], "me").unwrap();
    lab.delete(SEGMENT).unwrap();
    lab.put(SEGMENT, json!({})).unwrap();
    assert_eq!(lab.engine.keeper(&path(SEGMENT)).unwrap(), None, "nor has it that one's keeper");
}

#[test]
fn who_creates_nothing_claims_nothing() {
    let lab = Lab::new();
    lab.put(SEGMENT, json!({})).unwrap();
    assert_eq!(code(claimed(&lab, SEGMENT, "mine")), (400, 500_127));
    assert!(claimed(&lab, "/infra/tier-1s/none/segments/a", "mine").is_err());
    assert_eq!(claims(&lab), []);
}

#[test]
fn a_note_stays_until_it_is_forgotten_or_old() {
    const DAY: i64 = 24 * 60 * 60 * 1000;
    let lab = Lab::new();
    let lines = ["one".to_owned(), "two".to_owned()];
    lab.engine.note("a", &lines, Moment(0)).unwrap();
    lab.engine.note("b", &lines[..1], Moment(6 * DAY)).unwrap();
    let elsewhere = Engine::open(&lab.folder.path().join("engine.db"), Moment(1)).unwrap();
    assert_eq!(elsewhere.noted("a").unwrap(), lines);
    assert_eq!(elsewhere.noted("b").unwrap(), lines[..1]);
    assert!(elsewhere.noted("c").unwrap().is_empty());
    lab.engine.note("b", &lines, Moment(6 * DAY)).unwrap();
    assert_eq!(elsewhere.noted("b").unwrap(), lines, "the later one counts");
    lab.engine.note("b/c", &lines[1..], Moment(6 * DAY)).unwrap();
    assert_eq!(elsewhere.noted("b").unwrap(), ["one", "two", "two"]);
    lab.engine.forget("b").unwrap();
    assert!(elsewhere.noted("b").unwrap().is_empty());
    lab.engine.note("c", &[], Moment(8 * DAY)).unwrap();
    assert!(elsewhere.noted("a").unwrap().is_empty(), "whoever makes a note removes old ones");
}
