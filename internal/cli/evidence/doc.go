// Package evidence verifies a receipt offline and says what it proves.
//
// It asks nobody: the receipt, the log's key and, where given, the agencies'
// public keys and the content are all that it reads. A receipt proves that an
// entry is in the ledger; the signature inside it proves who acted; the content
// commitment proves which text it was about. Each of the three is reported apart,
// because each may be missing.
//
// The package is pure. Only the command line imports it.
package evidence
