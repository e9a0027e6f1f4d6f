//! Values that are known only at apply, in every attribute and every block.

use crate::attributes::{self, Attribute, Group, OTHERS};
use crate::refusals::{self, Wrong};
use crate::terraform::Workspace;

/// Collects values that become known at apply, each an output of a resource.
#[derive(Default)]
struct Later {
    hcl: String,
    count: usize,
}

impl Later {
    /// An expression that has this value, at apply.
    fn value(&mut self, value: &str) -> String {
        self.count += 1;
        self.hcl += &format!("resource \"terraform_data\" \"v{}\" {{ input = {value} }}\n", self.count);
        format!("terraform_data.v{}.output", self.count)
    }

    /// The lines `name = value`, with values that are known at apply; `only` those
    /// of which it says so.
    fn lines(&mut self, lines: &str, only: impl Fn(&str) -> bool) -> String {
        let each = |line: &str| match line.split_once(" = ") {
            Some((name, value)) if only(line) => {
                let (value, mark) = value.find(" # ").map_or((value, ""), |at| value.split_at(at));
                format!("{name} = {}{mark}", self.value(value))
            }
            _ => line.to_owned(),
        };
        lines.lines().map(each).collect::<Vec<_>>().join("\n")
    }

    /// The blocks in `lines`, each over a collection that is known at apply.
    fn blocks(&mut self, lines: &str) -> String {
        let mut depth = 0;
        let each = |line: &str| {
            let opens = line.ends_with('{');
            depth += i32::from(opens);
            let hcl = match (line.strip_suffix(" {"), depth) {
                (Some(block), 1) => format!("dynamic {block:?} {{\nfor_each = {}\ncontent {{", self.value("[1]")),
                _ if line == "}" && depth == 1 => "}\n}".to_owned(),
                _ => line.to_owned(),
            };
            depth -= i32::from(line == "}");
            hcl
        };
        lines.lines().map(each).collect::<Vec<_>>().join("\n")
    }
}

fn may_be_known_only_at_apply(group: &Group) {
    let lab = Workspace::new();
    group.prepare(&lab);
    let mut later = Later::default();
    let given = |case: &Attribute| case.given[0].replace("KEY", &case.key());
    let values: Vec<_> =
        group.cases.iter().map(|case| case.around.replace("IT", &later.lines(&given(case), |_| true))).collect();
    let hcl = group.declared(|case| values[position(&group.cases, case)].clone());
    lab.configure(&(later.hcl + &hcl));
    let (_, has_changes) = lab.plan();
    assert!(has_changes);
    lab.apply();
    lab.plan_is_empty();
    attributes::holds(&lab, &group.cases, 0);
    lab.destroy();
}

#[test]
fn every_attribute_may_be_known_only_at_apply() {
    may_be_known_only_at_apply(&Group::policy());
}

#[test]
fn every_attribute_of_the_fabric_may_be_known_only_at_apply() {
    may_be_known_only_at_apply(&Group::fabric());
}

#[test]
fn every_attribute_of_a_live_trace_may_be_known_only_at_apply() {
    may_be_known_only_at_apply(&Group::live_traces());
}

fn position(cases: &[Attribute], case: &Attribute) -> usize {
    cases.iter().position(|other| std::ptr::eq(other, case)).unwrap()
}

fn blocks_may_be_over_what_is_known_only_at_apply(group: Group) {
    let group = group.retaining(|case| case.given[0].ends_with('}'));
    let lab = Workspace::new();
    group.prepare(&lab);
    let mut later = Later::default();
    let bodies: Vec<_> =
        group.cases.iter().map(|case| case.around.replace("IT", &later.blocks(&case.given[0]))).collect();
    let hcl = group.declared(|case| {
        let (block, _) = case.name.split_once('.').unwrap_or((&case.name, ""));
        format!("-{block}\n{}", bodies[position(&group.cases, case)])
    });
    // A line with a dash leaves out what a sample would need besides.
    let hcl: String = hcl.lines().filter(|line| !line.starts_with('-')).map(|line| format!("{line}\n")).collect();
    lab.configure(&(later.hcl + &hcl)).apply();
    lab.plan_is_empty();
    attributes::holds(&lab, &group.cases, 0);
}

#[test]
fn every_block_may_be_over_what_is_known_only_at_apply() {
    let group = Group::policy();
    assert!(group.cases.iter().any(|case| case.name == "tunnel_interface.ip_subnet"));
    blocks_may_be_over_what_is_known_only_at_apply(group);
}

#[test]
fn every_block_of_the_fabric_may_be_over_what_is_known_only_at_apply() {
    blocks_may_be_over_what_is_known_only_at_apply(Group::fabric());
}

#[test]
fn every_block_of_a_live_trace_may_be_over_what_is_known_only_at_apply() {
    blocks_may_be_over_what_is_known_only_at_apply(Group::live_traces());
}

#[test]
fn what_turns_out_wrong_at_apply_is_refused_then_and_as_clearly() {
    let lab = Workspace::new();
    let mut later = Later::default();
    let names_a_value = |wrong: &&Wrong| wrong.body.lines().any(is_value);
    // Wrong whatever the value is; Terraform knows the type of an output from the
    // start; and Terraform 1.6 refuses its own planned number of 20 digits.
    const KNOWN_ALREADY: [&str; 5] =
        ["revision = ", "lifetime = ", "ike_version = [", "dh_groups = \"", "sa_life_time = 9223372036854775808"];
    let never = |wrong: &&Wrong| KNOWN_ALREADY.iter().any(|name| wrong.body.starts_with(name));
    let all: Vec<_> =
        refusals::refused_at_once().into_iter().filter(names_a_value).filter(|wrong| !never(wrong)).collect();
    let hcl: Vec<_> = all
        .iter()
        .enumerate()
        .map(|(position, wrong)| {
            refusals::declared(wrong.kind, &format!("r{position}"), &later.lines(wrong.body, is_value))
        })
        .collect();
    lab.configure(&[OTHERS, &later.hcl, &hcl.concat()].concat());
    lab.run(&["plan", "-input=false"]).succeeded();
    let (code, complaints) = lab.complaints(&["apply", "-auto-approve", "-json"]);
    assert_eq!(code, 1);
    refusals::each_is_refused(&lab, &all, &complaints);
    assert_eq!(lab.paths().len(), OTHERS.matches("resource ").count(), "{:?}", lab.paths());
}

fn is_value(line: &str) -> bool {
    line.contains(" = ") && ["# !", "# secret"].iter().any(|mark| line.ends_with(mark))
}
