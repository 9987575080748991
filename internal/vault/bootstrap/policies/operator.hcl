# The operator makes one transit mount and four exactly named keys for each agency, and reads them
# back. It holds no right to sign, decrypt, export, rotate or restore, and none on policies or roles.
# Whoever reads with this policy sends the required parameter in the query.
path "sys/mounts/concordat/+" {
  capabilities        = ["create", "update", "read"]
  required_parameters = ["type"]
  allowed_parameters  = { "type" = ["transit"], "description" = [] }
}
path "concordat/+/config/keys" {
  capabilities        = ["update", "read"]
  required_parameters = ["disable_upsert"]
  # "true" is how a query says it: without it the setting could be written and never read.
  allowed_parameters  = { "disable_upsert" = [true, "true"] }
}
path "concordat/+/keys/officer-sign" {
  capabilities        = ["update", "read"]
  required_parameters = ["type"]
  allowed_parameters  = { "type" = ["ed25519"] }
}
path "concordat/+/keys/desk-sign" {
  capabilities        = ["update", "read"]
  required_parameters = ["type"]
  allowed_parameters  = { "type" = ["ed25519"] }
}
path "concordat/+/keys/witness-sign" {
  capabilities        = ["update", "read"]
  required_parameters = ["type"]
  allowed_parameters  = { "type" = ["ed25519"] }
}
path "concordat/+/keys/wrap" {
  capabilities        = ["update", "read"]
  required_parameters = ["type"]
  allowed_parameters  = { "type" = ["aes256-gcm96"] }
}
