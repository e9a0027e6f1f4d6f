#!/bin/sh
# What `make demo` does: examples/quickstart applied by real Terraform on the
# embedded engine, in the folder .demo/ and nowhere else. It can be repeated; each
# time it starts from nothing.

set -eu

root=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd -P)
demo=$root/.demo
terraform=$("$root/scripts/terraform-setup.sh")

if [ -t 1 ]; then
    bold=$(printf '\033[1m') plain=$(printf '\033[0m') colours=''
else
    bold='' plain='' colours=-no-color
fi

title() { printf '\n%s== %s%s\n\n' "$bold" "$1" "$plain"; }

# Runs Terraform; what it says is shown only when it fails.
quietly() {
    "$terraform" "$@" >"$demo/log" 2>&1 || {
        cat "$demo/log" >&2
        exit 1
    }
}

# Nothing that the caller has set for other work may reach into the demo.
unset TF_WORKSPACE TF_DATA_DIR TF_LOG TF_CLI_ARGS TF_REATTACH_PROVIDERS VPN_EMBEDDED_PATH

rm -rf "$demo"
mkdir "$demo"
cp -R "$root/examples/quickstart" "$demo/quickstart"
"$root/scripts/install.sh" debug "$demo/plugins" >/dev/null
cat >"$demo/terraform.rc" <<END
provider_installation {
  filesystem_mirror {
    path = "$demo/plugins"
  }
}
END
export TF_CLI_CONFIG_FILE="$demo/terraform.rc" CHECKPOINT_DISABLE=1 TF_IN_AUTOMATION=1
cd "$demo/quickstart"

title "Two VPNs of an SDDC to a data center: terraform apply"
quietly init -input=false
quietly plan -input=false -var-file=demo.tfvars -out=plan.bin
"$terraform" apply -input=false $colours plan.bin
rm plan.bin

title "What there is now: terraform state list"
"$terraform" state list

provider=$(find "$demo/plugins" -type f -name 'terraform-provider-vpn*' | head -n 1)

title "What happens to a packet: terraform-provider-vpn trace"
"$provider" trace --summary --return --protocol tcp --destination-port 443 --syn 192.168.98.10 10.20.1.20

title "And to one for a network that the prefix list keeps out"
"$provider" trace --summary 192.168.98.10 10.30.1.130 && {
    echo "demo: the packet should have been dropped" >&2
    exit 1
}

title "The same configuration again: terraform plan"
code=0
"$terraform" plan -input=false -detailed-exitcode $colours -var-file=demo.tfvars || code=$?
[ "$code" -eq 0 ] || {
    echo "demo: there should be nothing to do" >&2
    exit 1
}

title "A mistake, AS number 0, and what becomes of it: terraform plan -var peer_as=0"
if "$terraform" plan -input=false $colours -var-file=demo.tfvars -refresh=false -var peer_as=0 2>&1; then
    echo "demo: the plan should have been refused" >&2
    exit 1
fi

title "Go on from here"
cat <<END
The configuration, Terraform's state and the engine's file vpn-engine.db are in
.demo/quickstart. Change main.tf, then:

  export TF_CLI_CONFIG_FILE="$demo/terraform.rc"
  cd "$demo/quickstart"
  "$terraform" apply -var-file=demo.tfvars
  "$terraform" destroy -var-file=demo.tfvars

  "$provider" topology --output vpn.svg

Afterwards, \`unset TF_CLI_CONFIG_FILE\`: with it, Terraform knows no provider but this one.
END
