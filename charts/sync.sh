#!/usr/bin/env bash
# Copies into the chart what it shares with kustomize, so that both install the
# same. A test refuses a chart that is behind.
set -euo pipefail
cd "$(dirname "$0")"
rm -rf concordat/files
mkdir -p concordat/files/{crd,system,rbac,policies,samples}
cp ../config/crd/concordat.dev_*.yaml concordat/files/crd/
cp ../config/system/{namespace,default-deny}.yaml concordat/files/system/
cp ../config/rbac/{operator,people,vault-reviewer}.yaml concordat/files/rbac/
cp ../config/policies/policies.yaml concordat/files/policies/
cp ../config/samples/agencies/agency?.yaml concordat/files/samples/
