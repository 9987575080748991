# The hub signs checkpoints and registrar's acts and locks headers, on its own mount only. It holds
# no right on any agency's mount. Encrypting needs no "create": a missing key is never made anew.
path "concordat-hub/sign/log-sign"       { capabilities = ["update"] }
path "concordat-hub/sign/registrar-sign" { capabilities = ["update"] }
path "concordat-hub/encrypt/lock"        { capabilities = ["update"] }
path "concordat-hub/decrypt/lock"        { capabilities = ["update"] }
path "concordat-hub/keys/log-sign"       { capabilities = ["read"] }
path "concordat-hub/keys/registrar-sign" { capabilities = ["read"] }
path "concordat-hub/keys/lock"           { capabilities = ["read"] }
