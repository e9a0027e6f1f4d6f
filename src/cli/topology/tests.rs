//! A handmade diagram in every language, and diagrams of a small world.

use serde_json::json;

use super::diagram::{Card, Diagram, Link, Region, Site, State, Tier1};
use super::{Format, dot, draw, mermaid, survey, svg};
use crate::cli::testing::{Lab, golden, session};

fn card(sort: &'static str, title: &str, lines: &[&str], state: Option<State>) -> Card {
    let lines = lines.iter().map(|line| (*line).to_owned()).collect();
    Card { sort, title: title.to_owned(), lines, state }
}

/// Every state, two sessions of one peer, and a gateway on its own.
fn diagram() -> Diagram {
    let sessions = State::ALL.map(|state| {
        let link = Link { labels: vec!["BGP ACTIVE".to_owned(), "3 prefixes learned".to_owned()], state };
        (card("session", state.word(), &["route-based", "203.0.113.66 → 198.51.100.1"], Some(state)), link)
    });
    let [up, degraded, rest @ ..] = sessions;
    let shared = Site { sessions: vec![up, degraded], peer: card("peer", "Dallas", &["198.51.100.1"], None) };
    let others =
        rest.map(|session| Site { sessions: vec![session], peer: card("peer", "Other", &[], Some(State::Down)) });
    let segment = card("segment", "a \"quoted\" <b>&amp;</b> `name` \\n #35; | [x]\u{7}", &["192.168.98.0/24"], None);
    let tier1 = |name| Tier1 { card: card("tier-1 gateway", name, &[], None), segments: vec![segment.clone()] };
    Diagram {
        summary: "5 sessions: \"1\" UP & 4 <not>".to_owned(),
        regions: vec![
            Region {
                tier0: Some(card("tier-0 gateway", "vmc", &["AS 65000"], None)),
                tier1s: vec![tier1("cgw")],
                sites: std::iter::once(shared).chain(others).collect(),
            },
            Region { tier0: None, tier1s: vec![tier1("alone")], sites: vec![] },
        ],
    }
}

#[test]
fn every_language_draws_the_same_diagram() {
    golden("topology/goldens/diagram.svg", &svg::text(&diagram()));
    golden("topology/goldens/diagram.mermaid", &mermaid::text(&diagram()));
    golden("topology/goldens/diagram.dot", &dot::text(&diagram()));
}

/// The texts of a picture, as a reader of XML has them.
fn texts(svg: &str) -> Vec<String> {
    let document = roxmltree::Document::parse(svg).unwrap();
    let texts = document.descendants().filter(|node| node.has_tag_name("text"));
    texts.filter_map(|node| Some(node.text()?.to_owned())).collect()
}

#[test]
fn a_picture_is_xml_and_says_what_was_meant() {
    let texts = texts(&svg::text(&diagram()));
    for text in ["5 sessions: \"1\" UP & 4 <not>", "vmc", "AS 65000", "Dallas", "198.51.100.1", "3 prefixes learned"] {
        assert!(texts.iter().any(|it| it == text), "{text:?} is not in {texts:?}");
    }
    // A name too long for its card is cut there, and whole where the mouse rests.
    assert!(texts.iter().any(|it| it.starts_with("a \"quoted\" <b>&") && it.ends_with('…')));
    let svg = svg::text(&diagram());
    let document = roxmltree::Document::parse(&svg).unwrap();
    let titles = document.descendants().filter(|node| node.has_tag_name("title")).filter_map(|node| node.text());
    assert!(titles.into_iter().any(|title| title == "a \"quoted\" <b>&amp;</b> `name` \\n #35; | [x]"));
}

/// The frames of the cards: left, top, right, bottom.
fn frames(svg: &str) -> Vec<[f64; 4]> {
    let document = roxmltree::Document::parse(svg).unwrap();
    let frames = document.descendants().filter(|node| node.has_tag_name("rect") && node.has_attribute("x"));
    let frame = |node: roxmltree::Node<'_, '_>| {
        let [x, y, width, height] =
            ["x", "y", "width", "height"].map(|name| node.attribute(name).unwrap().parse::<f64>().unwrap());
        [x, y, x + width, y + height]
    };
    frames.map(frame).collect()
}

#[test]
fn no_card_covers_another_and_all_are_on_the_page() {
    for svg in [svg::text(&diagram()), draw(&Lab::new().view(), Format::Svg), draw(&Lab::empty().view(), Format::Svg)] {
        let document = roxmltree::Document::parse(&svg).unwrap();
        let [width, height] =
            ["width", "height"].map(|name| document.root_element().attribute(name).unwrap().parse::<f64>().unwrap());
        let frames = frames(&svg);
        for (number, one) in frames.iter().enumerate() {
            assert!(one[0] >= 0.0 && one[1] >= 0.0 && one[2] <= width && one[3] <= height, "{one:?}");
            for other in &frames[..number] {
                let apart = one[2] <= other[0] || other[2] <= one[0] || one[3] <= other[1] || other[3] <= one[1];
                assert!(apart, "{one:?} covers {other:?}");
            }
        }
    }
}

#[test]
fn nothing_that_people_write_ends_a_label() {
    // In DOT a quote ends a label unless a backslash is before it.
    let dot = dot::text(&diagram());
    for line in dot.lines().filter(|line| line.contains("label=")) {
        let plain = line.replace("\\\\", "").replace("\\\"", "");
        assert_eq!(plain.matches('"').count() % 2, 0, "{line}");
    }
    // In Mermaid nothing within quotes may be a quote, or a bracket of a shape.
    let mermaid = mermaid::text(&diagram());
    for line in mermaid.lines().filter(|line| line.contains("[\"")) {
        let label = line.split_once("[\"").unwrap().1.rsplit_once("\"]").unwrap().0;
        let label = label.replace("<br/>", "").replace("<b>", "").replace("</b>", "").replace(" [", " ");
        assert!(!label.contains(['"', '<', '>', '`', '\\', '|']), "{line}");
    }
}

#[test]
fn a_small_world_is_surveyed() {
    let diagram = survey::diagram(&Lab::new().view());
    let [region] = &diagram.regions[..] else { panic!("{diagram:?}") };
    assert_eq!(region.tier0.as_ref().unwrap().lines, ["AS 65000"]);
    let segments: Vec<_> = region.tier1s[0].segments.iter().map(|it| (it.title.as_str(), it.lines.join(" "))).collect();
    let expected =
        [("App servers", "192.168.98.0/24".to_owned()), ("Databases & <more>", "192.168.99.0/24".to_owned())];
    assert_eq!(segments, expected);
    let sites: Vec<_> = region
        .sites
        .iter()
        .map(|site| (site.sessions[0].0.title.as_str(), site.sessions[0].0.state.unwrap(), site.peer.title.as_str()))
        .collect();
    let expected = [
        ("VPN to Dallas", State::Up, "Dallas"),
        ("VPN to Frankfurt", State::Up, "Frankfurt"),
        ("VPN to nobody", State::Down, "nobody there"),
    ];
    assert_eq!(sites, expected);
    // Six networks are announced, four are named.
    let networks = ["→ 10.1.0.0/24", "→ 10.1.1.0/24", "→ 10.1.2.0/24", "→ 10.1.3.0/24", "… and 2 more"];
    assert_eq!(region.sites[0].peer.lines[1..], networks);
    assert_eq!(region.sites[0].sessions[0].1.labels, ["BGP ESTABLISHED", "6 prefixes learned"]);
    assert_eq!(region.sites[1].sessions[0].1.labels, ["1 tunnel"]);
    assert_eq!(diagram.summary, "3 sessions: 2 UP, 1 DOWN; 1 BGP neighbor: 1 ESTABLISHED");
}

#[test]
fn the_same_view_gives_the_same_picture() {
    let lab = Lab::new();
    for format in [Format::Svg, Format::Mermaid, Format::Dot] {
        assert_eq!(draw(&lab.view(), format), draw(&lab.view(), format));
    }
}

#[test]
fn a_disabled_session_is_not_one_that_has_failed() {
    let lab = Lab::new();
    lab.delete(&session("nobody"));
    let body = json!({
        "resource_type": "PolicyBasedIPSecVpnSession",
        "local_endpoint_path": format!("{}/local-endpoints/Public-IP1", crate::model::system::VPN_SERVICE),
        "peer_address": "198.51.100.3",
        "peer_id": "198.51.100.3",
        "psk": "a key",
        "enabled": false,
        "rules": [{ "id": "r", "sources": [{ "subnet": "10.0.0.0/8" }], "destinations": [{ "subnet": "172.17.0.0/24" }] }],
    });
    lab.put(&session("off"), body);
    let diagram = survey::diagram(&lab.view());
    assert_eq!(diagram.regions[0].sites[2].sessions[0].0.state, Some(State::Disabled));
}
