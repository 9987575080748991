// Peers that the product is measured against, kept apart from it.
module github.com/concordat-hub/concordat/test/bench

go 1.26.0

require (
	github.com/cedar-policy/cedar-go v1.9.0
	github.com/concordat-hub/concordat v0.0.0
)

require (
	github.com/go-json-experiment/json v0.0.0-20260820222146-c27c302e5fc3 // indirect
	github.com/golang-jwt/jwt/v5 v5.3.1 // indirect
	github.com/gowebpki/jcs v1.0.2 // indirect
	golang.org/x/exp v0.0.0-20220921023135-46d9e7742f1e // indirect
)

replace github.com/concordat-hub/concordat => ../..
