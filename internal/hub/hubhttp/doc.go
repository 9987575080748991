// Package hubhttp is the hub's HTTP API: authentication, sizes, rates, spelling.
// It decides nothing; every right is asked of the hub's service.
//
// Errors are problem documents of RFC 9457 with a stable code. What a caller may
// not see and what does not exist get the same status, headers and bytes.
package hubhttp
