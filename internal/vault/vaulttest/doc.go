// Package vaulttest helps tests of packages that use Vault: the small interfaces that consumers
// declare, one conformance suite for whatever stands behind them, a fake in memory that passes it,
// and Start, which runs the real server for one test.
//
// A test that decides something about Vault itself (policies, errors, key checks) uses Start. The
// fake is for tests whose subject is elsewhere and that would otherwise start a server a hundred
// times.
//
// Only tests import this package.
package vaulttest
