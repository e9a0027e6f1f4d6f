//! Objects that are created with a claim.

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

    lab.engine.settle(&[path("/infra/tier-1s/cgw/segments/other"), path(SEGMENT)]).unwrap();
    assert_eq!(claims(&lab), []);
    assert!(lab.get(SEGMENT).is_ok());
}

#[test]
fn it_goes_with_the_object() {
    let lab = Lab::new();
    claimed(&lab, SEGMENT, "mine").unwrap();
    lab.delete(SEGMENT).unwrap();
    assert_eq!(claims(&lab), []);
    lab.put(SEGMENT, json!({})).unwrap();
    assert_eq!(claims(&lab), [], "another object of that name");
}

#[test]
fn who_creates_nothing_claims_nothing() {
    let lab = Lab::new();
    lab.put(SEGMENT, json!({})).unwrap();
    assert_eq!(code(claimed(&lab, SEGMENT, "mine")), (400, 500_127));
    assert!(claimed(&lab, "/infra/tier-1s/none/segments/a", "mine").is_err());
    assert_eq!(claims(&lab), []);
}
