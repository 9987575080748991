// Package schemas holds the JSON Schemas that others read our documents with, as
// they are published: the program prints exactly these files.
package schemas

import _ "embed"

// AgreementV2 is the JSON Schema (draft 2020-12) of an agreement document of
// schema concordat.agreement/v2.
//
//go:embed agreement-v2.schema.json
var AgreementV2 []byte
