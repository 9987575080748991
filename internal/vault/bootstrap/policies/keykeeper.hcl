# For two persons together, for an hour, never in a pod: rotation, retirement and the kill switch.
# Make a token for it with: vault token create -policy=concordat-keykeeper -ttl=1h -orphan
# It holds no right to sign, decrypt, export, back up, restore or import.

# Rotation makes a new version; older ones stay for verification and decryption.
path "concordat/+/keys/+/rotate"   { capabilities = ["update"] }
path "concordat-hub/keys/+/rotate" { capabilities = ["update"] }
path "concordat/+/keys/+"          { capabilities = ["read"] }
path "concordat-hub/keys/+"        { capabilities = ["read"] }

# Retirement of versions. A key can be made neither exportable nor open to plain-text backup.
path "concordat/+/keys/+/config" {
  capabilities       = ["update"]
  allowed_parameters = { "min_decryption_version" = [], "min_encryption_version" = [] }
}

# Shredding at the end of offboarding concerns only what decrypts. Signing keys are never deleted.
path "concordat/+/keys/wrap/config" {
  capabilities       = ["update"]
  allowed_parameters = { "min_decryption_version" = [], "min_encryption_version" = [], "deletion_allowed" = [] }
}
path "concordat/+/keys/wrap"      { capabilities = ["read", "delete"] }
path "concordat/+/keys/wrap/trim" { capabilities = ["update"] }

# The kill switch of one agency: find its entity, disable it, revoke its tokens.
path "identity/lookup/entity" { capabilities = ["update"] }
path "identity/entity/id/+" {
  capabilities       = ["read", "update"]
  allowed_parameters = { "disabled" = [] }
}
path "auth/token/revoke-accessor" { capabilities = ["update"] }
