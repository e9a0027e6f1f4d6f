//! Every file below `examples/`, as a user would run it, and the pages made of
//! them.

use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};

use terraform_provider_vpn::cli::docs;
use terraform_provider_vpn::cli::docs::examples::{Import, configurations, imports};

use crate::terraform::Workspace;

fn examples() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("examples")
}

/// The folders of a folder, in the order of their names.
fn folders(of: &Path) -> Vec<PathBuf> {
    let mut found: Vec<_> = fs::read_dir(of).unwrap().map(|entry| entry.unwrap().path()).collect();
    found.sort();
    found
}

/// A workspace in which each of `files` is a module of its own: it has nothing but
/// itself, and one run serves them all. Returns the modules' names as well.
fn modules(files: &[PathBuf]) -> (Workspace, Vec<String>) {
    let lab = Workspace::new();
    let mut root = String::new();
    let mut names = Vec::new();
    for (position, file) in files.iter().enumerate() {
        let name = format!("example_{position}");
        let folder = lab.folder().join(&name);
        fs::create_dir(&folder).unwrap();
        fs::copy(file, folder.join("main.tf")).unwrap();
        // The registry leaves it out of examples, and says it once for all of them.
        fs::write(folder.join("versions.tf"), requirements()).unwrap();
        let _ = writeln!(root, "module \"{name}\" {{\n  source = \"./{name}\"\n}}");
        names.push(name);
    }
    lab.configure(&root);
    lab.run(&["get"]).succeeded();
    (lab, names)
}

/// The `terraform` block of the provider's example.
fn requirements() -> String {
    let text = fs::read_to_string(examples().join("provider/provider.tf")).unwrap();
    text.split("\n}\n").next().unwrap().to_owned() + "\n}\n"
}

fn nothing_is_left(lab: &Workspace) {
    assert!(lab.paths().is_empty(), "left behind: {:?}", lab.paths());
}

#[test]
fn every_resource_example_applies_and_is_imported_by_every_form() {
    let folders = folders(&examples().join("resources"));
    assert_eq!(folders.len(), 20, "an example for each resource");
    let files: Vec<_> = folders.iter().flat_map(|folder| configurations(folder).unwrap()).collect();
    let (lab, modules) = modules(&files);
    lab.apply();
    lab.plan_is_empty();
    let wanted: Vec<Vec<Import>> = folders
        .iter()
        .map(|folder| {
            // Only the plain example declares what is imported.
            let module = files.iter().position(|file| *file == folder.join("resource.tf")).unwrap();
            let script = fs::read_to_string(folder.join("import.sh")).unwrap();
            let imports = imports(&script);
            assert!(!imports.is_empty(), "{}", folder.display());
            imports
                .into_iter()
                .map(|import| Import { to: format!("module.{}.{}", modules[module], import.to), ..import })
                .collect()
        })
        .collect();
    let rounds = wanted.iter().map(Vec::len).max().unwrap();
    for round in 0..rounds {
        let imports: Vec<_> = wanted.iter().filter_map(|imports| imports.get(round)).collect();
        let forget = ["state", "rm"].into_iter().chain(imports.iter().map(|import| import.to.as_str()));
        lab.run(&forget.collect::<Vec<_>>()).succeeded();
        let blocks = imports.iter().map(|it| format!("import {{\n  to = {}\n  id = {:?}\n}}\n", it.to, it.id));
        lab.write("import.tf", &blocks.collect::<String>());
        nothing_differs(&lab);
        lab.apply().mentions(&[&format!("{} imported, 0 added", imports.len()), "0 destroyed"]);
        lab.plan_is_empty();
    }
    lab.destroy();
    nothing_is_left(&lab);
}

#[test]
fn every_data_source_example_applies() {
    let folders = folders(&examples().join("data-sources"));
    assert_eq!(folders.len(), 33, "an example for each data source");
    let files: Vec<_> = folders.iter().flat_map(|folder| configurations(folder).unwrap()).collect();
    let (lab, _) = modules(&files);
    lab.apply();
    lab.plan_is_empty();
    lab.destroy();
    nothing_is_left(&lab);
}

#[test]
fn every_function_example_applies() {
    let folders = folders(&examples().join("functions"));
    assert_eq!(folders.len(), 11, "an example for each function");
    let files: Vec<_> = folders.iter().flat_map(|folder| configurations(folder).unwrap()).collect();
    // A Terraform without functions cannot even read them.
    if !crate::functions::are_known(&Workspace::new()) {
        return;
    }
    let (lab, _) = modules(&files);
    lab.apply();
    lab.plan_is_empty();
    lab.destroy();
    nothing_is_left(&lab);
}

#[test]
fn the_provider_example_applies() {
    let lab = Workspace::new();
    fs::copy(examples().join("provider/provider.tf"), lab.folder().join("main.tf")).unwrap();
    lab.write("profile.tf", "resource \"vpn_dpd_profile\" \"a\" {\n  display_name = \"a\"\n}\n");
    lab.apply();
    assert!(lab.folder().join("lab.db").exists(), "the engine's file is the one of the example");
    lab.plan_is_empty();
    lab.destroy();
}

/// Whatever the plan holds, no value of any resource changes.
///
/// Terraform 1.6 plans a change after the import of an object whose key comes from a
/// sensitive variable, of nothing but the mark that it is sensitive (hashicorp/terraform
/// issue 33597); newer ones do not.
fn nothing_differs(lab: &Workspace) {
    let plan = lab.planned();
    for resource in plan["resource_changes"].as_array().unwrap() {
        let change = &resource["change"];
        assert_eq!(change["before"], change["after"], "{}", resource["address"]);
    }
}

/// The quickstart in a folder of its own, as a user copies it.
fn quickstart() -> Workspace {
    let lab = Workspace::new();
    for file in fs::read_dir(examples().join("quickstart")).unwrap() {
        let file = file.unwrap().path();
        fs::copy(&file, lab.folder().join(file.file_name().unwrap())).unwrap();
    }
    fs::rename(lab.folder().join("demo.tfvars"), lab.folder().join("terraform.tfvars")).unwrap();
    lab
}

#[test]
fn the_quickstart_applies_changes_is_imported_and_goes() {
    let lab = quickstart();
    lab.apply().mentions(&["11 added, 0 changed, 0 destroyed"]);
    lab.plan_is_empty();
    let outputs = lab.json(&["output", "-json"]);
    assert_eq!(outputs["tunnel"]["value"]["bgp"], "169.254.151.1 (AS 65006)");
    let sources = serde_json::json!(["10.2.1.140/32", "192.168.98.0/24"]);
    assert_eq!(outputs["protected"]["value"][0]["sources"], sources);

    // Another network for the workloads, and the rule follows it.
    let main = fs::read_to_string(lab.folder().join("main.tf")).unwrap();
    lab.write("main.tf", &main.replace("192.168.98.", "192.168.97."));
    lab.apply().mentions(&["0 added, 4 changed, 0 destroyed"]);
    lab.plan_is_empty();
    let sources = serde_json::json!(["10.2.1.140/32", "192.168.97.0/24"]);
    assert_eq!(lab.json(&["output", "-json"])["protected"]["value"][0]["sources"], sources);

    // The state is lost; the engine still has everything.
    fs::remove_file(lab.folder().join("terraform.tfstate")).unwrap();
    let script = fs::read_to_string(lab.folder().join("import.sh")).unwrap();
    let imports = imports(&script);
    assert_eq!(imports.len(), 11);
    for import in imports {
        lab.run(&["import", "-input=false", &import.to, &import.id]).succeeded();
    }
    nothing_differs(&lab);

    lab.destroy();
    nothing_is_left(&lab);
}

#[test]
fn the_pages_are_up_to_date() {
    let pages = docs::pages(&examples()).unwrap();
    let stale = docs::stale(&Path::new(env!("CARGO_MANIFEST_DIR")).join("docs"), &pages).unwrap();
    assert!(stale.is_empty(), "run `make docs`: {stale:?}");
}
