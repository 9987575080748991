# What one login of a signatory of agency @slug@ allows: one signature by officer-sign. It is not
# templated, since the agency's identity provider chooses the claims. Batches are not allowed: one
# login, one signature.
path "concordat/agency-@slug@/sign/officer-sign" {
  capabilities        = ["update"]
  required_parameters = ["input"]
  allowed_parameters  = { "input" = [] }
}
