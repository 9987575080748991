# What a desk of agency @slug@ may do from the agency's own site: what every managed desk may, on the
# one mount that is named here. It is not templated: the cluster, which a template would believe, does
# not know the site.
path "concordat/agency-@slug@/encrypt/wrap"       { capabilities = ["update"] }
path "concordat/agency-@slug@/decrypt/wrap"       { capabilities = ["update"] }
path "concordat/agency-@slug@/sign/desk-sign"     { capabilities = ["update"] }
path "concordat/agency-@slug@/sign/witness-sign"  { capabilities = ["update"] }
path "concordat/agency-@slug@/keys/officer-sign"  { capabilities = ["read"] }
path "concordat/agency-@slug@/keys/desk-sign"     { capabilities = ["read"] }
path "concordat/agency-@slug@/keys/witness-sign"  { capabilities = ["read"] }
path "concordat/agency-@slug@/keys/wrap"          { capabilities = ["read"] }

# The site keeps its token alive by itself.
path "auth/token/lookup-self" { capabilities = ["read"] }
path "auth/token/renew-self"  { capabilities = ["update"] }
