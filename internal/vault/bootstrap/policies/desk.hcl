# One policy for all desks. The only thing that differs is the Kubernetes namespace of the desk's
# ServiceAccount, which is "agency-<slug>" as the mount is: Vault learns it from the cluster's own
# apiserver, a namespace's name cannot hold a wildcard, and only the operator makes such namespaces.
# No claim of an agency's identity provider ever reaches a template: a claim "+" would match every
# agency's mount.
path "concordat/{{identity.entity.aliases.@accessor(kubernetes)@.metadata.service_account_namespace}}/encrypt/wrap"      { capabilities = ["update"] }
path "concordat/{{identity.entity.aliases.@accessor(kubernetes)@.metadata.service_account_namespace}}/decrypt/wrap"      { capabilities = ["update"] }
path "concordat/{{identity.entity.aliases.@accessor(kubernetes)@.metadata.service_account_namespace}}/sign/desk-sign"    { capabilities = ["update"] }
path "concordat/{{identity.entity.aliases.@accessor(kubernetes)@.metadata.service_account_namespace}}/sign/witness-sign" { capabilities = ["update"] }
path "concordat/{{identity.entity.aliases.@accessor(kubernetes)@.metadata.service_account_namespace}}/keys/officer-sign" { capabilities = ["read"] }
path "concordat/{{identity.entity.aliases.@accessor(kubernetes)@.metadata.service_account_namespace}}/keys/desk-sign"    { capabilities = ["read"] }
path "concordat/{{identity.entity.aliases.@accessor(kubernetes)@.metadata.service_account_namespace}}/keys/witness-sign" { capabilities = ["read"] }
path "concordat/{{identity.entity.aliases.@accessor(kubernetes)@.metadata.service_account_namespace}}/keys/wrap"         { capabilities = ["read"] }
